//! Which room may know which. A dependency in the wrong direction is cheap to take out on the day it is made and
//! dear a month later, so a machine looks for it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::project::{Outcome, Project};

/// The order of the packages that make up the app: each may depend on those of a lower level only. So the store
/// and the folder do not know each other.
const LEVELS: &[(&str, u32)] = &[
    ("inkfold-engine", 0),
    ("inkfold-store", 1),
    ("inkfold-folder", 1),
    ("inkfold-convert", 1),
    ("inkfold-session", 2),
    ("inkfold", 3),
];
/// These are for developing: the app depends on none of them but for its tests.
const DEVELOPMENT: &[&str] =
    &["inkfold-testkit", "inkfold-soak", "inkfold-figures", "inkfold-xtask", "inkfold-tests", "inkfold-bench"];
/// Dependencies that one package alone may have, by the beginning of their name.
const RESERVED: &[(&str, &str)] = &[("tauri", "inkfold"), ("rusqlite", "inkfold-store"), ("notify", "inkfold-folder")];
/// The one directory of the UI that speaks to the shell, and what nothing else may import.
const HOST: (&str, &str) = ("src/host", "@tauri-apps");

/// No package depends on what is above it.
pub fn packages(project: &Project) -> Outcome {
    let breaches: Vec<String> = project.packages.iter().flat_map(breaches).collect();
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("; ")) }
}

/// Nothing in the UI but its host speaks to the shell, so that everything else runs without one.
pub fn host(project: &Project) -> Outcome {
    let ui = project.ui();
    let mut breaches = Vec::new();
    search(&ui, &ui, &mut breaches).map_err(|error| format!("ui/ can't be read: {error}"))?;
    if breaches.is_empty() {
        Ok(())
    } else {
        Err(format!("only ui/{} imports {}, but so do: {}", HOST.0, HOST.1, breaches.join(", ")))
    }
}

fn level(name: &str) -> Option<u32> {
    LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
}

fn breaches(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let is_development = DEVELOPMENT.contains(&name);
    let own = level(name);
    if own.is_none() && !is_development {
        return vec![format!("{name} has no place in the order of packages; give it one in xtask's boundaries")];
    }
    let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for dependency in dependencies {
        let needed = dependency["name"].as_str().unwrap_or_default();
        let is_for_tests = dependency["kind"] == "dev";
        if let (Some(own), Some(other)) = (own, level(needed))
            && other >= own
            && !is_for_tests
        {
            found.push(format!("{name} must not depend on {needed}"));
        }
        if own.is_some() && DEVELOPMENT.contains(&needed) && !is_for_tests {
            found.push(format!("{name} may depend on {needed} for its tests only"));
        }
        // What drives the finished app from outside may look into everything it wrote.
        let owner = RESERVED.iter().find(|(prefix, _)| needed == *prefix || needed.starts_with(&format!("{prefix}-")));
        if let Some((_, owner)) = owner
            && name != *owner
            && name != "inkfold-tests"
        {
            found.push(format!("only {owner} may depend on {needed}, not {name}"));
        }
    }
    found
}

fn search(ui: &Path, directory: &Path, breaches: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let inner = path.strip_prefix(ui).unwrap_or(&path);
        if entry.file_type()?.is_dir() {
            if !["node_modules", "dist"].iter().any(|skipped| inner == Path::new(skipped)) && inner != Path::new(HOST.0)
            {
                search(ui, &path, breaches)?;
            }
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_source = extension.is_some_and(|extension| ["ts", "js", "mjs", "svelte"].contains(&extension));
        if is_source && fs::read_to_string(&path)?.contains(HOST.1) {
            breaches.push(format!("ui/{}", inner.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Whether a package of this name may have this dependency, of this kind.
    fn allowed(name: &str, needed: &str, kind: Value) -> bool {
        breaches(&json!({ "name": name, "dependencies": [{ "name": needed, "kind": kind }] })).is_empty()
    }

    #[test]
    fn dependencies_point_down_only() {
        let cases = [
            ("inkfold-store", "inkfold-engine", true),
            ("inkfold-session", "inkfold-folder", true),
            ("inkfold", "inkfold-session", true),
            ("inkfold-engine", "inkfold-store", false),
            ("inkfold-store", "inkfold-folder", false),
            ("inkfold-folder", "inkfold-store", false),
            ("inkfold-session", "inkfold", false),
            ("inkfold-session", "tauri", false),
            ("inkfold-engine", "tauri-plugin-dialog", false),
            ("inkfold", "tauri", true),
            ("inkfold", "rusqlite", false),
            ("inkfold-store", "rusqlite", true),
            ("inkfold-session", "notify", false),
            ("inkfold-folder", "notify", true),
            ("inkfold-folder", "notify-types", true),
            ("inkfold-engine", "inkfold-testkit", false),
            ("inkfold-testkit", "inkfold-session", true),
            ("inkfold-tests", "rusqlite", true),
            ("inkfold-stranger", "serde", false),
        ];
        for (name, needed, expected) in cases {
            assert_eq!(allowed(name, needed, Value::Null), expected, "{name} → {needed}");
        }
    }

    #[test]
    fn tests_may_look_across_but_not_out() {
        assert!(allowed("inkfold-engine", "inkfold-testkit", json!("dev")));
        assert!(allowed("inkfold-store", "inkfold-folder", json!("dev")));
        assert!(!allowed("inkfold-engine", "tauri", json!("dev")));
    }
}
