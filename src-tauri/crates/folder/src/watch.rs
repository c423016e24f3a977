//! The watcher: a hint that something changed, nothing more. It drops events on overflow, says nothing on network
//! drives, and on some systems dies silently; whoever uses it scans at intervals all the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The system's events, for whoever makes up some.
pub use notify::{Event, EventKind, event};
use notify::{RecursiveMode, Watcher as _};

use crate::fs::{FileSystem, Kind};
use crate::layout::DATA_DIRECTORY;

/// The environment's variable that switches hints off, where it is set to anything: for drives on which watching hangs.
pub const OFF_VARIABLE: &str = "INKFOLD_NO_WATCHER";

/// More entries of a root than this are not searched for directories to watch.
const MAX_ENTRIES: usize = 100_000;

/// Called for each hint, from a thread of the watcher's: has to be quick, must not block, and keeps of a storm of hints no
/// more than that there was one.
pub type OnHint = Arc<dyn Fn() + Send + Sync>;

/// What the system reports: an event, or that it has failed to report one.
pub type SystemEvent = Result<Event, notify::Error>;

/// Whether a report means that something may have changed. Our own reading raises access events; taking those for changes
/// would never end. Errors, overflows and calls for a rescan mean that something was missed.
pub fn is_hint(event: &SystemEvent) -> bool {
    !matches!(event, Ok(Event { kind: EventKind::Access(_), .. }))
}

/// Why there are no hints, or fewer. Not an error: changes are found at the next interval. Worth one line in the log.
#[derive(Debug, thiserror::Error)]
#[error("changes in {} are not reported by the system ({reason}); they are found at intervals instead", .path.display())]
pub struct WatchTrouble {
    /// What can't be watched.
    pub path: PathBuf,
    /// What the system said.
    pub reason: String,
}

impl WatchTrouble {
    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        "watch/unavailable"
    }
}

/// Watches a shared folder until it is dropped: the root's own entries, and everything below its data directories.
/// What else lies below the root is not watched; it may be a whole home folder.
pub struct Watcher {
    root: PathBuf,
    watcher: Option<notify::RecommendedWatcher>,
    root_watched: bool,
    watched: Vec<PathBuf>,
    troubled: bool,
}

impl Watcher {
    /// Starts watching. Works without hints where the system offers none or [`OFF_VARIABLE`] is set; the trouble is then given back, once.
    pub fn start(files: &dyn FileSystem, root: &Path, on_hint: OnHint) -> (Self, Option<WatchTrouble>) {
        let hint = move |event: SystemEvent| {
            if is_hint(&event) {
                on_hint();
            }
        };
        let mut this =
            Self { root: root.to_owned(), watcher: None, root_watched: false, watched: Vec::new(), troubled: false };
        let started = if std::env::var_os(OFF_VARIABLE).is_some_and(|value| !value.is_empty()) {
            Err(format!("{OFF_VARIABLE} is set"))
        } else {
            notify::recommended_watcher(hint).map_err(|error| error.to_string())
        };
        match started {
            Ok(watcher) => this.watcher = Some(watcher),
            Err(reason) => {
                this.troubled = true;
                return (this, Some(WatchTrouble { path: root.to_owned(), reason }));
            }
        }
        let trouble = this.refresh(files);
        (this, trouble)
    }

    /// Watches what has come since: call it after each scan. Gives trouble back the first time only.
    pub fn refresh(&mut self, files: &dyn FileSystem) -> Option<WatchTrouble> {
        let watcher = self.watcher.as_mut()?;
        let mut trouble = None;
        let mut watch = |path: &Path, mode| match watcher.watch(path, mode) {
            Ok(()) => true,
            Err(error) => {
                trouble = Some(WatchTrouble { path: path.to_owned(), reason: error.to_string() });
                false
            }
        };
        match files.is_directory(&self.root) {
            Ok(true) => {}
            // A root that went and came back is another directory: its old watch is dead.
            _ => {
                let watched = std::mem::take(&mut self.watched);
                for path in watched.iter().chain([&self.root]) {
                    let _ = watcher.unwatch(path);
                }
                self.root_watched = false;
                return None;
            }
        }
        if !self.root_watched {
            self.root_watched = watch(&self.root, RecursiveMode::NonRecursive);
        }
        let entries = files.list(&self.root, MAX_ENTRIES).map(|listing| listing.entries).unwrap_or_default();
        let present: Vec<PathBuf> = entries
            .into_iter()
            .filter(|entry| entry.facts.as_ref().is_ok_and(|facts| facts.kind == Kind::Directory))
            .filter(|entry| entry.name.to_string_lossy().to_ascii_lowercase().starts_with(DATA_DIRECTORY))
            .map(|entry| self.root.join(entry.name))
            .collect();
        self.watched.retain(|path| present.contains(path));
        for path in present {
            if !self.watched.contains(&path) && watch(&path, RecursiveMode::Recursive) {
                self.watched.push(path);
            }
        }
        let trouble = trouble.filter(|_| !self.troubled);
        self.troubled |= trouble.is_some();
        trouble
    }
}
