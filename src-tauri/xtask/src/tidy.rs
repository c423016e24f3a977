//! What a reviewer should not have to look for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::boundaries;
use crate::project::{Outcome, Project, cargo, output, run, say};
use crate::setup::{self, Purpose};
use crate::ui;

/// A source file of more lines is split before it grows on.
const LONGEST: usize = 1_000;
/// A source file of more lines is worth a thought.
const LONG: usize = 500;
/// What counts as a source file.
const SOURCES: &[&str] = &["rs", "ts", "js", "mjs", "svelte", "css"];

/// A check: what it looks at, and how.
type Check = (&'static str, fn(&Project) -> Outcome);

/// Runs every check, says what is wrong with each, and fails if anything is.
pub fn tidy(project: &Project) -> Outcome {
    setup::ensure(Purpose::Build)?;
    // The app takes the built UI into itself, so the lints need it to be there.
    ui::ensure_built(project)?;
    let checks: &[Check] = &[
        ("the direction of dependencies", boundaries::packages),
        ("who talks to the host", boundaries::host),
        ("file sizes", sizes),
        ("format", |project| {
            project.cargo(&["fmt", "--all", "--check"])?;
            project.cargo(&["fmt", "--manifest-path", "src-tauri/bench/Cargo.toml", "--check"])
        }),
        ("lints", |project| {
            let lint = |package: &[&str]| {
                project.cargo(
                    &[&["clippy"], package, &["--all-targets", "--all-features", "--", "-D", "warnings"]].concat(),
                )
            };
            lint(&["--workspace"])?;
            // Packages of their own, which nothing else builds.
            lint(&["--manifest-path", "src-tauri/bench/Cargo.toml"])?;
            lint(&["--manifest-path", "src-tauri/fuzz/Cargo.toml"])
        }),
        ("the UI's types", |project| ui::npm(project, &["run", "check"])),
        ("generated bindings", bindings),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = check(project) {
            eprintln!("✗ {name}: {error}");
            failed.push(*name);
        }
    }
    if failed.is_empty() {
        say("tidy");
        Ok(())
    } else {
        Err(format!("not tidy: {}", failed.join(", ")))
    }
}

/// No source file is too long to be read at one sitting.
fn sizes(project: &Project) -> Outcome {
    let mut too_long = Vec::new();
    for file in source_files(project)? {
        let Ok(text) = fs::read_to_string(project.root.join(&file)) else { continue };
        let lines = text.lines().count();
        if lines > LONGEST {
            too_long.push(format!("{file} has {lines} lines"));
        } else if lines > LONG {
            say(&format!("{file} has {lines} lines; {LONG} are enough"));
        }
    }
    if too_long.is_empty() { Ok(()) } else { Err(format!("{}; {LONGEST} are the most", too_long.join(", "))) }
}

/// The project's own sources, committed or not, without what is generated.
fn source_files(project: &Project) -> Outcome<Vec<String>> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(&project.root);
    let files = output(&mut list)?;
    let is_source = |file: &&str| {
        let extension = Path::new(file).extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| SOURCES.contains(&extension)) && !file.starts_with("ui/src/bindings/")
    };
    Ok(files.lines().filter(is_source).map(str::to_string).collect())
}

/// The UI's types are those that the session's would be generated as now.
fn bindings(project: &Project) -> Outcome {
    let fresh = project.scratch("bindings");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|error| error.to_string())?;
    }
    // The generator is a test of the package that the types are in.
    let mut generate = Command::new(cargo());
    generate
        .args(["test", "--quiet", "--package", "inkfold-session", "--lib", "export_bindings"])
        .env("TS_RS_EXPORT_DIR", &fresh)
        .current_dir(&project.root);
    run(&mut generate)?;
    let (now, known) = (contents(&fresh)?, contents(&project.ui().join("src/bindings"))?);
    if now.is_empty() {
        return Err("no type was generated".into());
    }
    let stale: Vec<_> =
        now.keys().chain(known.keys()).filter(|file| now.get(*file) != known.get(*file)).map(String::as_str).collect();
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("not current: {}; `cargo test -p inkfold-session` writes them anew", stale.join(", ")))
    }
}

fn contents(directory: &Path) -> Outcome<BTreeMap<String, String>> {
    let mut contents = BTreeMap::new();
    let problem = |error: std::io::Error| format!("{}: {error}", directory.display());
    for entry in fs::read_dir(directory).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.extension().is_some_and(|extension| extension == "ts") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            contents.insert(name, fs::read_to_string(&path).map_err(problem)?);
        }
    }
    Ok(contents)
}
