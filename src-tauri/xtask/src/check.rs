//! Every test there is.

use crate::project::{Outcome, Project};
use crate::setup::{self, Purpose};
use crate::ui;

/// Runs them, the quick ones first; the first failure ends it.
pub fn test(project: &Project) -> Outcome {
    setup::ensure(Purpose::Test)?;
    ui::ensure_built(project)?;
    ui::npm(project, &["run", "check"])?;
    ui::npm(project, &["test"])?;
    // Everything at once: cargo chooses the features of shared dependencies for what it is asked to build, and
    // two different questions would compile the web view's bindings twice. This command itself is left out, since
    // Windows can't replace a program that runs.
    project.cargo(&["build", "--workspace", "--exclude", "inkfold-xtask", "--bins"])?;
    project.cargo(&["test", "--workspace"])?;
    project.cargo(&["test", "--workspace", "--features", "inkfold-tests/e2e", "--test", "e2e"])
}
