//! Time, from the system or from a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// How far ahead the clock can be, in seconds: a thousand years. Times from it can still be added
/// to, and written as dates.
const FARTHEST: u64 = 1000 * 31_557_600;

/// Where the emulator reads the time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Seconds that the clock was moved ahead of the system's.
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// Moves the clock forward, in whole seconds, for every emulator that has a clone of it; to a
    /// thousand years ahead of the system's at most.
    pub fn advance(&self, by: Duration) {
        let ahead = |ahead: u64| Some(ahead.saturating_add(by.as_secs()).min(FARTHEST));
        // It never refuses, for there is always a new value.
        let _ = self
            .ahead
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, ahead);
    }

    pub(crate) fn now(&self) -> SystemTime {
        let now = SystemTime::now();
        let ahead = Duration::from_secs(self.ahead.load(Ordering::Relaxed));
        // The system's clock itself would have to be at the end of time.
        now.checked_add(ahead).unwrap_or(now)
    }
}
