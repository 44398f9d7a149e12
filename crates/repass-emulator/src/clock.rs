//! Time, from the system or from a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

/// How far ahead the clock can be, in seconds: a thousand years. Times from it can still be added
/// to, and written as dates.
const FARTHEST: u64 = 1000 * 31_557_600;

/// Where the emulator reads the time.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<Ahead>);

#[derive(Debug, Default)]
struct Ahead {
    /// Seconds that the clock was moved ahead of the system's.
    seconds: AtomicU64,
    moved: watch::Sender<()>,
}

impl Clock {
    /// Moves the clock forward, in whole seconds, for every emulator that has a clone of it; to a
    /// thousand years ahead of the system's at most.
    pub fn advance(&self, by: Duration) {
        let ahead = |ahead: u64| Some(ahead.saturating_add(by.as_secs()).min(FARTHEST));
        // It never refuses, because there is always a new value.
        let _ = (self.0.seconds).fetch_update(Ordering::Relaxed, Ordering::Relaxed, ahead);
        self.0.moved.send_replace(());
    }

    pub(crate) fn now(&self) -> SystemTime {
        let now = SystemTime::now();
        let ahead = Duration::from_secs(self.0.seconds.load(Ordering::Relaxed));
        // The system's clock itself would have to be at the end of time.
        now.checked_add(ahead).unwrap_or(now)
    }

    /// Waits until this time, whether it comes by itself or the clock is moved there.
    pub(crate) async fn reached(&self, time: SystemTime) {
        let mut moved = self.0.moved.subscribe();
        while let Ok(left) = time.duration_since(self.now())
            && !left.is_zero()
        {
            // It ends early if the clock is moved; its sender lives as long as the clock.
            let _ = tokio::time::timeout(left, moved.changed()).await;
        }
    }
}
