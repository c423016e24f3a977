//! Power cuts: the call after which nothing more happens, and what is then left on the disk.

use std::path::{Path, PathBuf};

use inkfold_folder::fs::Kind;

use super::{Disk, Loose, Node, State, below};

/// What unwinds out of the call after which the power failed. Whoever drives the program catches it, throws the run away
/// and begins another on what is left.
#[derive(Debug)]
pub struct PowerCut;

/// What unwinds out of a call when there were too many.
#[derive(Debug)]
pub struct Endless;

impl Loose {
    /// The key of the directory that has to be made durable.
    pub(super) fn directory(&self) -> &PathBuf {
        match self {
            Loose::Made { directory, .. } | Loose::Renamed { directory, .. } | Loose::Removed { directory, .. } => {
                directory
            }
        }
    }
}

impl Disk {
    /// Lets the power fail after so many more calls; `None` takes that back.
    pub fn set_fuse(&self, calls: Option<u32>) {
        self.lock().fuse = calls.filter(|calls| *calls > 0);
    }

    /// The power fails: what was not made durable may be lost. Then the program's thread unwinds.
    pub(super) fn cut_power(&self, path: &Path) {
        self.tally.count("f7", || format!("after a call for {}", below(path).display()));
        let lost = self.lock().lose();
        if lost > 0 {
            self.tally.count("f8", || format!("{lost} files or entries were not durable"));
        }
        let is_ours = |path: &Path| path.to_string_lossy().contains("/~");
        if self.lock().nodes.values().any(|node| is_ours(&node.path)) {
            self.tally.count("n10", || "a temporary file is left".into());
        }
        std::panic::resume_unwind(Box::new(PowerCut));
    }
}

impl State {
    /// Takes back what was not durable, from some moment on, and says how much that was.
    fn lose(&mut self) -> usize {
        let mut lost = 0;
        // A file's content may be cut anywhere, whether its name is durable or not.
        let unsynced: Vec<PathBuf> =
            self.nodes.iter().filter(|(_, node)| !node.synced).map(|(key, _)| key.clone()).collect();
        for key in unsynced {
            let rng = &mut self.rng;
            if let Some(node) = self.nodes.get_mut(&key) {
                let keep = rng.usize(..=node.bytes.len());
                let mut bytes = node.bytes[..keep].to_vec();
                if rng.bool() {
                    bytes.resize(node.bytes.len(), 0);
                }
                lost += usize::from(*bytes != *node.bytes);
                (node.bytes, node.synced) = (bytes.into(), true);
            }
        }
        // What was done to directories is lost from some point on, the last first.
        let keep = self.rng.usize(..=self.loose.len());
        for loose in self.loose.split_off(keep).into_iter().rev() {
            lost += usize::from(self.take_back(loose));
        }
        self.loose.clear();
        self.busy.clear();
        self.fuse = None;
        lost
    }

    fn take_back(&mut self, loose: Loose) -> bool {
        match loose {
            Loose::Made { inode, .. } => {
                let Some(key) = self.key_of(inode) else { return false };
                let is_empty = !self.nodes.keys().any(|other| *other != key && other.starts_with(&key));
                if is_empty {
                    self.nodes.remove(&key);
                }
                is_empty
            }
            Loose::Renamed { from, inode, replaced, .. } => {
                let Some(key) = self.key_of(inode) else { return false };
                let Some(node) = self.nodes.remove(&key) else { return false };
                let old = self.key(&from);
                self.nodes.insert(old, Node { path: from, ..node });
                if let Some(replaced) = replaced {
                    self.nodes.insert(key, replaced);
                }
                true
            }
            Loose::Removed { node, .. } => {
                let key = self.key(&node.path);
                let has_place = key
                    .parent()
                    .is_some_and(|above| self.nodes.get(above).is_some_and(|above| above.kind == Kind::Directory));
                let comes_back = has_place && !self.nodes.contains_key(&key);
                if comes_back {
                    self.nodes.insert(key, node);
                }
                comes_back
            }
        }
    }

    fn key_of(&self, inode: u64) -> Option<PathBuf> {
        self.nodes.iter().find(|(_, node)| node.inode == inode).map(|(key, _)| key.clone())
    }
}
