//! Somebody who writes into a folder of their own that nothing keeps in step: what they write arrives elsewhere when a
//! test brings it, and under what name the test says. Nobody else may repair such a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use inkfold_tests::{Installation, path_text};

/// The files below a folder by their paths in it, without what carriers put there for themselves.
pub type Contents = BTreeMap<PathBuf, Vec<u8>>;

/// A third writer.
pub struct Third {
    installation: Installation,
    folder: PathBuf,
    document: String,
}

/// A file that a third writer has published.
pub struct Brought {
    /// Where it belongs in the folder.
    pub path: PathBuf,
    bytes: Vec<u8>,
}

impl Third {
    /// Joins a copy of this folder, made in `place`.
    #[track_caller]
    pub fn begin(place: &Path, shared: &Path, document: &str) -> Third {
        let folder = place.join("thirds");
        copy(shared, &folder);
        let installation = Installation::new(place.join("third"));
        installation.ok(&["join", "--folder", path_text(&folder), "--person", "Cleo"]);
        let third = Third { installation, folder, document: document.to_owned() };
        third.installation.ok(&["sync"]);
        third
    }

    /// Puts all that is in the third's folder into another one.
    #[track_caller]
    pub fn bring(&self, folder: &Path) {
        copy(&self.folder, folder);
    }

    /// Appends a paragraph, or one a line.
    #[track_caller]
    pub fn append(&self, text: &str) {
        self.installation.ok(&["append", &self.document, text]);
    }

    /// Appends a paragraph; the file that holds it. To be called before there are enough small files for a larger one.
    #[track_caller]
    pub fn write(&self, text: &str) -> Brought {
        let before = contents(&self.folder);
        self.append(text);
        let segment = |path: &Path| path.extension().is_some_and(|extension| extension == "ink");
        let after = contents(&self.folder).into_iter();
        let mut new = after.filter(|(path, bytes)| segment(path) && before.get(path) != Some(bytes));
        let (path, bytes) = new.next().expect("it is in the folder");
        assert_eq!(new.next(), None, "more than one file was written");
        Brought { path, bytes }
    }
}

impl Brought {
    /// Puts it into a folder in another file's place.
    #[track_caller]
    pub fn bring_as(&self, folder: &Path, path: &Path) {
        write(&folder.join(path), &self.bytes);
    }
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in contents(from) {
        write(&to.join(path), &bytes);
    }
}

/// Writes a file that isn't there with these bytes already.
fn write(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return;
    }
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a directory");
    fs::write(path, bytes).expect("a file can be written");
}

/// What is in a folder now.
#[track_caller]
pub fn contents(folder: &Path) -> Contents {
    let mut found = Contents::new();
    let mut directories = vec![folder.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if path.is_dir() {
                directories.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                // Who is gone before it is read was only on its way to another name.
                found.insert(path.strip_prefix(folder).expect("it lies below").to_owned(), bytes);
            }
        }
    }
    found
}
