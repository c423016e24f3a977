//! Where everything is, and how other programs are started.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a command comes to. These errors are read by a person and by nobody else, so they are sentences.
pub type Outcome<T = ()> = Result<T, String>;

/// The working copy.
pub struct Project {
    /// Its top directory.
    pub root: PathBuf,
    /// Where cargo builds.
    pub target: PathBuf,
    /// The workspace's packages, as cargo describes them.
    pub packages: Vec<Value>,
}

impl Project {
    /// The working copy that these commands belong to.
    pub fn find() -> Outcome<Project> {
        // Cargo says at run time where the package lies; what was true at compile time may be another copy.
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).ancestors().nth(2).ok_or("start it as `cargo xtask`")?.to_path_buf();
        let described =
            output(Command::new(cargo()).args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(&root))?;
        let mut described: Value = serde_json::from_str(&described).map_err(|error| error.to_string())?;
        let target = described["target_directory"].as_str().ok_or("cargo metadata names no target directory")?.into();
        let packages = match described["packages"].take() {
            Value::Array(packages) => packages,
            _ => return Err("cargo metadata names no packages".into()),
        };
        Ok(Project { root, target, packages })
    }

    /// The UI's directory.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// A place for what these commands leave behind.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.target.join("xtask").join(name)
    }

    /// Cargo, in the working copy.
    pub fn cargo(&self, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(cargo());
        command.args(arguments).current_dir(&self.root);
        run(&mut command)
    }
}

/// The cargo that started us, which is the right one where there are several.
pub fn cargo() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Says what is being done.
pub fn say(what: &str) {
    println!("→ {what}");
}

/// A command as one would type it.
fn spelled(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(name).chain(command.get_args()).map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Shows a command, runs it to its end, and takes a failure as one's own.
pub fn run(command: &mut Command) -> Outcome {
    say(&spelled(command));
    succeed(command)
}

fn succeed(command: &mut Command) -> Outcome {
    let spelled = spelled(command);
    let status = command.status().map_err(|error| format!("`{spelled}` can't be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{spelled}` failed ({status})")) }
}

/// Builds a program of ours and starts it with what else was said. Only what it prints itself goes to the standard output, for
/// those who read its JSON.
pub fn start(project: &Project, package: [&str; 2], arguments: &[&str]) -> Outcome {
    let mut command = Command::new(cargo());
    command.args(["run", "--release", "--quiet"]).args(package).arg("--").args(arguments).current_dir(&project.root);
    succeed(&mut command)
}

/// What a command prints.
pub fn output(command: &mut Command) -> Outcome<String> {
    let spelled = spelled(command);
    let output = command.output().map_err(|error| format!("`{spelled}` can't be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{spelled}` failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{spelled}` printed something that is not text"))
}

/// Whether a program can be started from here.
pub fn is_installed(program: &str) -> bool {
    let Some(path) = env::var_os("PATH") else { return false };
    let names = [program.to_string(), format!("{program}.exe"), format!("{program}.cmd")];
    env::split_paths(&path).any(|directory| names.iter().any(|name| directory.join(name).is_file()))
}
