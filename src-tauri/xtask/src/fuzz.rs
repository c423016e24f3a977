//! Bytes from a fuzzer against everything that reads bytes, and against histories.

use std::fs;
use std::process::Command;

use crate::project::{Outcome, Project, cargo, is_installed, run};

/// What there is to fuzz; `src-tauri/fuzz` says what each is.
const TARGETS: &[&str] =
    &["record", "block", "segment", "checkpoint", "blob", "acknowledgement", "presence", "history"];
/// How long each is run where nothing is said.
const SECONDS: u32 = 60;

/// Runs one target or all of them, from the seeds that are kept and what earlier runs found.
///
/// `options` are a target's name and `--seconds N`.
pub fn fuzz(project: &Project, options: &[&str]) -> Outcome {
    let (mut targets, mut seconds) = (TARGETS, SECONDS);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match TARGETS.iter().position(|target| target == option) {
            Some(index) => targets = &TARGETS[index..=index],
            None if *option == "--seconds" => {
                let number = options.next().and_then(|number| number.parse().ok());
                seconds = number.ok_or("`--seconds` needs a number")?;
            }
            None => return Err(format!("`fuzz` knows no `{option}`; there are {}", TARGETS.join(", "))),
        }
    }
    if !is_installed("cargo-fuzz") {
        run(Command::new(cargo()).args(["install", "cargo-fuzz", "--locked"]))?;
    }
    for target in targets {
        // What is new goes into the first directory, which isn't kept; the seeds are only read.
        let corpus = format!("src-tauri/fuzz/corpus/{target}");
        fs::create_dir_all(project.root.join(&corpus)).map_err(|error| format!("{corpus}: {error}"))?;
        let seeds = format!("src-tauri/fuzz/seeds/{target}");
        let time = format!("-max_total_time={seconds}");
        // Without a sanitizer, which stable Rust doesn't have: there is no unsafe code to watch.
        let build = ["fuzz", "run", "-s", "none", target, "--fuzz-dir", "src-tauri/fuzz"];
        let limits = ["-timeout=20", "-rss_limit_mb=1024", "-print_final_stats=1"];
        let mut command = Command::new(cargo());
        command.args(build).args([&corpus, &seeds, "--", &time]).args(limits).current_dir(&project.root);
        run(&mut command)?;
    }
    Ok(())
}
