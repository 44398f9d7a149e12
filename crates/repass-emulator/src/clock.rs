//! Time, from the system or from a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Where the emulator reads the time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Seconds that the clock was moved ahead of the system's.
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// Moves the clock forward, in whole seconds, for every emulator that has a clone of it.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(by.as_secs(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_secs(self.ahead.load(Ordering::Relaxed))
    }
}
