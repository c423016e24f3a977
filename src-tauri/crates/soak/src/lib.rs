//! The exchange through a shared folder under everything that can happen to one.
//!
//! Installations of the real program, without threads ([`inkfold_session::Installation`]), on disks in memory
//! ([`inkfold_testkit::folder`]) write, crash and meet through a sync service that does its worst. Then everything is
//! allowed to calm down, and a run is good if nobody lost a word. What a run does is drawn from its seed alone.
//!
//! ```
//! let outcome = inkfold_soak::run(1);
//! assert!(outcome.is_good(), "{outcome:?}");
//! ```
#![deny(missing_docs)]

mod chaos;
pub mod computer;
pub mod kept;
mod meddle;
mod outcome;
pub mod surroundings;
mod world;

pub use outcome::{Outcome, Sum};

/// Runs one seed.
pub fn run(seed: u64) -> Outcome {
    world::run(seed, false)
}

/// Runs one seed and says on the standard error output what happens.
pub fn trace(seed: u64) -> Outcome {
    world::run(seed, true)
}
