//! The developer's commands. `cargo xtask` lists them.

mod app;
mod bench;
mod check;
mod fuzz;
mod project;
mod setup;
mod soak;
mod ui;

mod boundaries;
mod tidy;

use std::process::ExitCode;

use project::{Outcome, Project};

const USAGE: &str = "\
cargo xtask COMMAND

  run [--fresh] [--release]   build the app and start it on data of its own under target/, with a sample
                              workspace; --fresh begins with empty data. Without a display the app draws on
                              a virtual one, and a picture of its window is saved
  demo                        two windows of two people who share a temporary folder, side by side
  test                        every test: Rust, the UI's, and the real app end to end
  tidy                        format, lints, the UI's types, the direction of dependencies, file sizes,
                              generated bindings
  fuzz [TARGET] [--seconds N] bytes from a fuzzer against what reads bytes, a minute for each target of
                              src-tauri/fuzz or as long as it says; a failing input is named and kept
  soak folder [--from S] [--seeds N] [--json] | --seed S
                              installations that meet through simulated disks and sync services at their worst,
                              N runs (100) from seed S (0) on; --seed runs one again and says what happens
  figures join|scan|strangers|typing
                              what joining a large folder, a scan that finds nothing new, strangers' files and a day
                              of typing cost, as JSON
  build [--release]           leave the app in target/debug/inkfold (or target/release/inkfold), UI inside
  bench engine [--json] […]   the engine beside its peers, on the same traces in one process; --help lists the rest

Each sets up what it lacks first: system packages (installed on Debian and its like, named elsewhere), the UI's
packages, the built UI. Rust, a C compiler and Node have to be there.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match perform(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &[&str]) -> Outcome {
    let Some((command, options)) = arguments.split_first() else {
        println!("{USAGE}");
        return Ok(());
    };
    match *command {
        "bench" => return bench::bench(&Project::find()?, options),
        "figures" => return soak::figures(&Project::find()?, options),
        "soak" => return soak::soak(&Project::find()?, options),
        "fuzz" => return fuzz::fuzz(&Project::find()?, options),
        _ => {}
    }
    let allowed: &[&str] = match *command {
        "run" => &["--fresh", "--release"],
        "build" => &["--release"],
        "demo" | "test" | "tidy" => &[],
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return Ok(());
        }
        other => return Err(format!("there is no command `{other}`\n\n{USAGE}")),
    };
    if let Some(unknown) = options.iter().find(|option| !allowed.contains(option)) {
        return Err(format!("`{command}` has no option `{unknown}`\n\n{USAGE}"));
    }
    let release = options.contains(&"--release");
    let project = Project::find()?;
    match *command {
        "run" => app::run(&project, release, options.contains(&"--fresh")),
        "build" => app::build(&project, release).map(|binary| println!("{}", binary.display())),
        "demo" => app::demo(&project),
        "test" => check::test(&project),
        _ => tidy::tidy(&project),
    }
}
