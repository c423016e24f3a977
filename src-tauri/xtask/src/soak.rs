//! Long runs of what is decided by a seed.

use crate::project::{Outcome, Project, start};

/// Builds what runs the seeds and starts it.
pub fn soak(project: &Project, arguments: &[&str]) -> Outcome {
    start(project, ["--package", "inkfold-soak"], arguments)
}

/// Builds what measures the exchange through a folder and starts it.
pub fn figures(project: &Project, arguments: &[&str]) -> Outcome {
    start(project, ["--package", "inkfold-figures"], arguments)
}
