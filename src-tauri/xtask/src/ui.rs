//! The UI's packages and its built form, renewed only when something they come from has changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::project::{Outcome, Project, run};

/// The built UI, which the app takes into itself.
pub fn ensure_built(project: &Project) -> Outcome {
    ensure_packages(project)?;
    let sources = fingerprint(&project.ui())?;
    let stamp = project.scratch("ui.stamp");
    let is_current = fs::read_to_string(&stamp).is_ok_and(|known| known == sources);
    if is_current && project.ui().join("dist/index.html").is_file() {
        return Ok(());
    }
    npm(project, &["run", "build"])?;
    write(&stamp, &sources)
}

/// The packages that the lock file names, exactly.
pub fn ensure_packages(project: &Project) -> Outcome {
    let read = |name| -> Option<Value> {
        let text = fs::read_to_string(project.ui().join(name)).ok()?;
        serde_json::from_str(&text).ok()
    };
    let locked = read("package-lock.json").ok_or("ui/package-lock.json can't be read")?;
    // npm writes down here what it has installed.
    let installed = read("node_modules/.package-lock.json");
    if installed.is_some_and(|installed| holds(&installed, &locked)) {
        return Ok(());
    }
    npm(project, &["ci", "--no-audit", "--no-fund"])
}

/// npm, in the UI's directory.
pub fn npm(project: &Project, arguments: &[&str]) -> Outcome {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    run(Command::new(program).args(arguments).current_dir(project.ui()))
}

/// Whether what is installed is what is locked. Packages for other platforms are locked and never installed.
fn holds(installed: &Value, locked: &Value) -> bool {
    let (Some(installed), Some(locked)) = (installed["packages"].as_object(), locked["packages"].as_object()) else {
        return false;
    };
    locked.iter().filter(|(path, _)| !path.is_empty()).all(|(path, package)| match installed.get(path) {
        Some(found) => found["version"] == package["version"] && found["integrity"] == package["integrity"],
        None => package["optional"] == true,
    })
}

/// Something that changes with every file that the built UI is made from.
fn fingerprint(ui: &Path) -> Outcome<String> {
    let mut files = Vec::new();
    collect(ui, &mut files).map_err(|error| format!("ui/ can't be read: {error}"))?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(ui).unwrap_or(&file).hash(&mut hasher);
        fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        } else if entry.file_type()?.is_dir()
            && !["node_modules", "dist", "test"].iter().any(|skipped| name == *skipped)
        {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Outcome {
    let directory = path.parent().ok_or("a file has a directory")?;
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{} can't be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn packages_are_current_only_if_all_are_there() {
        let lock = |packages: Value| json!({ "packages": packages });
        let a = json!({ "version": "1.0.0", "integrity": "x" });
        let b = json!({ "version": "1.0.1", "integrity": "y" });
        let optional = json!({ "version": "1.0.0", "integrity": "z", "optional": true });
        let locked = lock(json!({ "": {}, "node_modules/a": a, "node_modules/o": optional }));
        assert!(holds(&lock(json!({ "node_modules/a": a })), &locked));
        assert!(!holds(&lock(json!({ "node_modules/a": b })), &locked));
        assert!(!holds(&lock(json!({ "node_modules/o": optional })), &locked));
        assert!(!holds(&json!({}), &locked));
    }
}
