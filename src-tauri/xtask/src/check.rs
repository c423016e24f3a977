//! Every test there is.

use crate::app;
use crate::project::{Outcome, Project};
use crate::setup::{self, Purpose};
use crate::ui;

/// Runs them, the quick ones first; the first failure ends it.
pub fn test(project: &Project) -> Outcome {
    setup::ensure(Purpose::Test)?;
    ui::ensure_built(project)?;
    ui::npm(project, &["run", "check"])?;
    ui::npm(project, &["test"])?;
    app::compile(project, false)?;
    project.cargo(&["test", "--workspace"])?;
    project.cargo(&["test", "--workspace", "--features", "inkfold-tests/e2e", "--test", "e2e"])
}
