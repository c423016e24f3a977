//! Time that only a simulation moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use inkfold_folder::Clock;

/// When simulations begin: a day in 2026, in nanoseconds since 1970.
const BEGINNING: i64 = 1_767_225_600_000_000_000;

/// A computer's clock. Clones are the same clock; what passes on one passes on all that were made from the same time.
#[derive(Debug, Clone, Default)]
pub struct VirtualClock {
    /// Nanoseconds since the simulation began.
    passed: Arc<AtomicU64>,
    /// How far the computer's wall clock is off, in nanoseconds.
    off: Arc<AtomicI64>,
}

impl VirtualClock {
    /// Another computer's clock: the same time passes, but its owner may have set it to another.
    pub fn another(&self) -> Self {
        VirtualClock { passed: self.passed.clone(), off: Arc::default() }
    }

    /// Lets time pass, for everybody.
    pub fn advance(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.passed.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Sets this computer's wall clock to be off by so many seconds.
    pub fn set_off(&self, seconds: i64) {
        self.off.store(seconds.saturating_mul(1_000_000_000), Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.passed.load(Ordering::Relaxed))
    }

    fn wall_nanos(&self) -> i64 {
        let passed = i64::try_from(self.passed.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        BEGINNING.saturating_add(passed).saturating_add(self.off.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}
