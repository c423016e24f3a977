//! A clock that can be put forward, for what only happens after a day.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inkfold_folder::{Clock, RealClock};
use inkfold_session::{Facts, Profile, Session, SessionError, Surroundings};

/// The computer's clock, and how far it was put forward.
#[derive(Default)]
pub struct Patience {
    real: RealClock,
    ahead: AtomicU64,
}

impl Patience {
    /// So much time passes at once.
    pub fn wait(&self, duration: Duration) {
        self.ahead.fetch_add(duration.as_secs(), Ordering::Relaxed);
    }

    fn ahead(&self) -> Duration {
        Duration::from_secs(self.ahead.load(Ordering::Relaxed))
    }
}

impl Clock for Patience {
    fn monotonic(&self) -> Duration {
        self.real.monotonic() + self.ahead()
    }

    fn wall_nanos(&self) -> i64 {
        self.real.wall_nanos() + self.ahead().as_nanos() as i64
    }

    fn sleep(&self, duration: Duration) {
        self.real.sleep(duration);
    }
}

impl Surroundings for Patience {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), SessionError> {
        getrandom::fill(bytes).expect("there is randomness");
        Ok(())
    }
}

/// Opens a data directory where this clock counts, and shows the workspace that was shown last.
pub async fn open_by(clock: &Arc<Patience>, data: &Path) -> Session {
    let profile = Profile::open(data).expect("a data directory");
    let session = Session::open_with(profile, Facts::here(data), clock.clone()).expect("nobody else has it");
    session.start().await.expect("it starts");
    session
}

/// More than the time after which others bring back what is missing.
pub const OVER_A_DAY: Duration = Duration::from_secs(25 * 3600);
