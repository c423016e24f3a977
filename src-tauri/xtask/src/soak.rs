//! Long runs of what is decided by a seed.

use std::process::Command;

use crate::project::{Outcome, Project, cargo};

/// Builds what runs the seeds and starts it with what else was said. Only what it prints itself goes to the standard
/// output, for those who read its JSON.
pub fn soak(project: &Project, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(cargo());
    command.args(["run", "--release", "--quiet", "--package", "inkfold-soak", "--"]);
    let status = command.args(arguments).current_dir(&project.root).status();
    let status = status.map_err(|error| format!("cargo can't be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`soak` failed ({status})")) }
}
