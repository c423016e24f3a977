//! Measuring. What it needs is a package of its own, so that nobody else waits for the peers to be built.

use std::process::Command;

use crate::project::{Outcome, Project, cargo};

/// Builds what measures the engine and starts it with what else was said. Only what it prints itself goes to the
/// standard output, for those who read its JSON.
pub fn bench(project: &Project, arguments: &[&str]) -> Outcome {
    let Some((&"engine", options)) = arguments.split_first() else {
        return Err("`bench` measures one thing so far: `cargo xtask bench engine`".into());
    };
    eprintln!("→ building src-tauri/bench; the first time takes minutes");
    let mut command = Command::new(cargo());
    command.args(["run", "--release", "--quiet", "--manifest-path", "src-tauri/bench/Cargo.toml", "--"]);
    let status = command.args(options).current_dir(&project.root).status();
    let status = status.map_err(|error| format!("cargo can't be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`bench engine` failed ({status})")) }
}
