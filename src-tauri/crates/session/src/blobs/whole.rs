//! What the folder's files of blobs that were added here looked like when they were last known to be whole. A file that looks
//! different is read once; what is the same is never read, since a service may have to fetch it first.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use inkfold_folder::FileHash;
use inkfold_folder::fs::Facts;

/// What of a file's facts tells that its bytes may be others.
type Look = [i128; 4];

/// Which files were whole. Losing this costs only that they are read once more.
pub(crate) struct Whole {
    path: PathBuf,
    known: BTreeMap<FileHash, Look>,
    is_kept: bool,
}

impl Whole {
    /// What an earlier run has kept, as far as it can be read.
    pub fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let line = |line: &str| {
            let mut words = line.split(' ');
            let hash = words.next()?.parse().ok()?;
            let look: Vec<i128> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
            Some((hash, look.try_into().ok()?))
        };
        Whole { known: text.lines().filter_map(line).collect(), path, is_kept: true }
    }

    /// Whether the blob's file looks as it did when it was whole.
    pub fn is_known(&self, hash: &FileHash, facts: &Facts) -> bool {
        self.known.get(hash) == Some(&look(facts))
    }

    /// The blob's file is whole, and looks like this.
    pub fn note(&mut self, hash: FileHash, facts: &Facts) {
        self.is_kept &= self.known.insert(hash, look(facts)) == Some(look(facts));
    }

    /// Keeps it for later runs.
    pub fn keep(&mut self) {
        if self.is_kept {
            return;
        }
        let mut text = String::new();
        for (hash, [size, modified, changed, inode]) in &self.known {
            let _ = writeln!(text, "{hash} {size} {modified} {changed} {inode}");
        }
        let beside = self.path.with_file_name("~whole.tmp");
        match fs::write(&beside, text).and_then(|()| fs::rename(&beside, &self.path)) {
            Ok(()) => self.is_kept = true,
            Err(error) => tracing::warn!("which images and attachments are whole could not be kept: {error}"),
        }
    }
}

fn look(facts: &Facts) -> Look {
    [facts.size.into(), facts.modified.into(), facts.changed.into(), facts.inode.into()]
}
