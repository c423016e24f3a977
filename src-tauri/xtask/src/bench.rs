//! Measuring. What it needs is a package of its own, so that nobody else waits for the peers to be built.

use crate::project::{Outcome, Project, start};

/// Builds what measures the engine and starts it.
pub fn bench(project: &Project, arguments: &[&str]) -> Outcome {
    let Some((&"engine", options)) = arguments.split_first() else {
        return Err("`bench` measures one thing so far: `cargo xtask bench engine`".into());
    };
    eprintln!("→ building src-tauri/bench; the first time takes minutes");
    start(project, ["--manifest-path", "src-tauri/bench/Cargo.toml"], options)
}
