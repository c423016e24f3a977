//! What is known of the folder's files, kept over a restart, so that a run doesn't begin with reading what it holds already.
//! It is kept in the database that holds the files' records: whatever becomes of the one becomes of the other.

use std::path::{Path, PathBuf};

use inkfold_folder::FileHash;
use inkfold_folder::fs::{Facts, Kind};
use inkfold_folder::kind::FileKind;
use inkfold_folder::memory::Settled;
use inkfold_store::{Batch, FileFact};

use crate::error::SessionError;
use crate::workspace::{Workspace, setting};

impl Workspace {
    /// The files that an earlier run has taken in, as they were then. What can't be told is read again.
    pub fn recall_files(&mut self, root: &Path) -> Vec<Settled> {
        self.try_recall(root).unwrap_or_else(|error| {
            tracing::warn!(code = error.code(), "what was known of the folder's files is lost; they are read again");
            Vec::new()
        })
    }

    fn try_recall(&mut self, root: &Path) -> Result<Vec<Settled>, SessionError> {
        let known = self.store.setting(setting::KNOWN_FOLDER)?;
        let facts = self.store.facts()?;
        if known.as_deref() != Some(root.as_os_str().as_encoded_bytes()) {
            // The same path in another folder is another file.
            let facts = facts.into_iter().map(|(path, _)| (path, None)).collect();
            self.store.commit(&Batch { facts, ..Batch::default() })?;
            return Ok(Vec::new());
        }
        let mut recalled = Vec::new();
        for (path, fact) in facts {
            let (Ok(path), Some(stretch)) = (String::from_utf8(path), fact.stretch) else { continue };
            let hash = FileHash(fact.hash);
            self.exchange.coverage.recall(hash, &stretch);
            let FileFact { size, modified, changed, inode, .. } = fact;
            let facts = Facts { kind: Kind::File, size, modified, changed, inode, offline: false };
            let content = Some((FileKind::Segment, hash));
            recalled.push(Settled { path: PathBuf::from(path), facts, content });
        }
        Ok(recalled)
    }

    /// Keeps what has become of files. Losing it costs time, nothing else.
    pub fn remember_files(&mut self, root: &Path, changes: Vec<(PathBuf, Option<Settled>)>) {
        let fact = |settled: Settled| {
            let (FileKind::Segment, hash) = settled.content? else { return None };
            let Facts { size, modified, changed, inode, .. } = settled.facts;
            let stretch = self.exchange.coverage.stretch(&hash)?;
            Some(FileFact { size, modified, changed, inode, hash: hash.0, stretch: Some(stretch) })
        };
        let facts = changes
            .into_iter()
            .filter_map(|(path, settled)| Some((path.to_str()?.as_bytes().to_vec(), settled.and_then(fact))))
            .collect();
        let folder = root.as_os_str().as_encoded_bytes().to_vec();
        let settings = vec![(setting::KNOWN_FOLDER.to_owned(), Some(folder))];
        if let Err(error) = self.store.commit(&Batch { facts, settings, ..Batch::default() }) {
            tracing::info!(code = error.code(), "what is known of the folder's files could not be kept");
        }
    }
}
