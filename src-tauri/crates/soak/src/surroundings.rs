//! Time and chance of a computer, from a seed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use inkfold_folder::Clock;
use inkfold_session::{SessionError, Surroundings};
use inkfold_testkit::folder::clock::VirtualClock;

/// Time and chance that can be had again.
pub struct Drawn {
    clock: VirtualClock,
    rng: Mutex<Rng>,
}

impl Drawn {
    /// Time from a clock, chance from a seed.
    pub fn new(clock: VirtualClock, seed: u64) -> Self {
        Drawn { clock, rng: Mutex::new(Rng::with_seed(seed)) }
    }
}

impl Clock for Drawn {
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn wall_nanos(&self) -> i64 {
        self.clock.wall_nanos()
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }
}

impl Surroundings for Drawn {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), SessionError> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
        Ok(())
    }
}
