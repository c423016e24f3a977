//! Waiting for something to become true.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits before it gives up: what takes a tenth of a second alone takes seconds where two cores
/// build and test at once.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer, and fails the test if there is none in time.
#[track_caller]
pub fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "waited {} s in vain: {what}", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(10));
    }
}
