//! What an installation has from the computer it runs on: time and chance. Passed in, so that a simulation can repeat a
//! run.

use std::sync::Arc;
use std::time::Duration;

use inkfold_folder::{Clock, IdentityError, RealClock};

use crate::error::SessionError;

/// Time and chance.
pub trait Surroundings: Clock {
    /// Fills bytes that nobody can guess.
    ///
    /// # Errors
    /// There is no randomness to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), SessionError>;
}

/// The computer's own.
#[derive(Default)]
struct RealSurroundings(RealClock);

impl Clock for RealSurroundings {
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wall_nanos(&self) -> i64 {
        self.0.wall_nanos()
    }

    fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
    }
}

impl Surroundings for RealSurroundings {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), SessionError> {
        Ok(getrandom::fill(bytes).map_err(IdentityError::NoRandomness)?)
    }
}

/// A moment of this run, by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(Duration);

/// The surroundings, as everything within a workspace shares them.
#[derive(Clone)]
pub(crate) struct Around(pub Arc<dyn Surroundings>);

impl Around {
    /// This computer's.
    pub fn real() -> Self {
        Around(Arc::new(RealSurroundings::default()))
    }

    /// The clock alone.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0
    }

    /// This moment.
    pub fn moment(&self) -> Moment {
        Moment(self.0.monotonic())
    }

    /// How long ago a moment was.
    pub fn since(&self, moment: Moment) -> Duration {
        self.0.monotonic().saturating_sub(moment.0)
    }

    /// Milliseconds since 1970 by this machine's clock; for people only.
    pub fn now(&self) -> i64 {
        self.0.wall_nanos() / 1_000_000
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], SessionError> {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes)?;
        Ok(bytes)
    }
}
