//! How the shared folder itself stands: its own files, of which one makes it a workspace.

use std::io;
use std::path::{Path, PathBuf};

use inkfold_engine::WorkspaceId;

use super::{Candidate, MAX_FILES, START_BYTES, Walk};
use crate::fs::{Facts, Kind};
use crate::genesis::{Found as FoundGenesis, Genesis, GenesisRefusal, MAX_GENESIS_BYTES};
use crate::kind::{FileKind, Mark, is_blob, mark};
use crate::layout::{DATA_DIRECTORY, GENESIS_EXTENSION, has_extension, is_data_directory};
use crate::memory::{Row, Seen};

/// How the shared folder itself stands. Unless it is [`Ready`](Self::Ready) or [`Several`](Self::Several), nothing
/// below it was looked at, and nothing may be published into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootState {
    /// The workspace is there.
    Ready,
    /// There is no such directory: a drive that isn't connected, a service that isn't running.
    Missing,
    /// The directory is empty, as far as we are concerned.
    Empty,
    /// There is data of ours but no genesis file.
    NoGenesis,
    /// The folder is another workspace.
    OtherWorkspace(Vec<Genesis>),
    /// The workspace is there, and others too: two people both chose to share the folder.
    Several(Vec<Genesis>),
    /// The only genesis file can't be used.
    Refused(GenesisRefusal),
    /// The directory can't be read.
    Unreadable(String),
}

impl RootState {
    /// Whether the folder may be read and written.
    pub fn is_usable(&self) -> bool {
        matches!(self, Self::Ready | Self::Several(_))
    }

    /// A code that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ready => "root/ready",
            Self::Missing => "root/missing",
            Self::Empty => "root/empty",
            Self::NoGenesis => "root/no-genesis",
            Self::OtherWorkspace(_) => "root/other-workspace",
            Self::Several(_) => "root/several",
            Self::Refused(refusal) => refusal.code(),
            Self::Unreadable(_) => "root/unreadable",
        }
    }

    /// What it means and what to do, in plain words.
    pub fn message(&self) -> String {
        let names = |list: &[Genesis]| list.iter().map(|g| format!("“{}”", g.name)).collect::<Vec<_>>().join(", ");
        match self {
            Self::Ready => "The shared folder is there.".into(),
            Self::Missing => {
                "The shared folder is not there. Reconnect the drive or start the sync service; nothing is lost \
                 meanwhile."
                    .into()
            }
            Self::Empty => {
                "The shared folder is empty. If it is still on its way, wait; if it was emptied, restore it in the \
                 sync service. Nothing is deleted here."
                    .into()
            }
            Self::NoGenesis => {
                "The shared folder has lost its .inkfold file. If it is still on its way, wait; else restore it in the \
                 sync service."
                    .into()
            }
            Self::OtherWorkspace(found) => {
                format!("The folder belongs to another workspace ({}). Choose the right folder.", names(found))
            }
            Self::Several(found) => {
                format!("The folder was shared more than once ({}). Agree on one and join that.", names(found))
            }
            Self::Refused(refusal) => refusal.to_string(),
            Self::Unreadable(reason) => format!("The shared folder can't be read ({reason}). Check your permissions."),
        }
    }
}

impl Walk<'_> {
    pub(super) fn look_at_root(
        &mut self,
        workspace: &WorkspaceId,
        candidates: &mut Vec<Candidate>,
    ) -> io::Result<RootState> {
        let listing = self.files.list(self.root, MAX_FILES)?;
        if listing.cut {
            self.missed(Path::new(""));
        }
        let mut genesis = FoundGenesis::default();
        let (mut data, mut foreign) = (Vec::new(), Vec::new());
        let mut entries = listing.entries;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in entries {
            let path = PathBuf::from(&entry.name);
            match entry.facts {
                Ok(facts) if facts.kind == Kind::Directory && is_data_directory(&entry.name) => data.push(path),
                Ok(facts) if facts.kind == Kind::File => {
                    self.look_at_root_file(path, facts, &mut genesis, candidates, &mut foreign);
                }
                Ok(_) => {}
                Err(error) => self.trouble(path, &error),
            }
        }
        let ours = genesis.workspaces.iter().any(|(_, genesis)| genesis.workspace == *workspace);
        let refused = genesis.refused.into_iter().next().map(|(_, refusal)| refusal);
        let found: Vec<Genesis> = genesis.workspaces.into_iter().map(|(_, genesis)| genesis).collect();
        let state = match (ours, found.len(), refused) {
            (true, 1, _) => RootState::Ready,
            (true, ..) => RootState::Several(found),
            (false, 0, Some(refusal)) => RootState::Refused(refusal),
            (false, 0, None) if data.is_empty() => RootState::Empty,
            (false, 0, None) => RootState::NoGenesis,
            (false, ..) => RootState::OtherWorkspace(found),
        };
        if state.is_usable() {
            for Candidate { path, facts } in foreign {
                self.report.files += 1;
                self.remember(path, facts, Seen::Foreign);
            }
            match self.does_ignore_case(&data) {
                Ok(ignores_case) => self.ignores_case = ignores_case,
                Err(error) => self.trouble(DATA_DIRECTORY.into(), &error),
            }
            for directory in data {
                self.look_into(&directory, 1, candidates);
            }
        }
        Ok(state)
    }

    /// Whether the data directory can be found under another name that differs only in case.
    fn does_ignore_case(&self, data: &[PathBuf]) -> io::Result<bool> {
        let mut ours = data.iter().filter(|path| path.as_os_str().eq_ignore_ascii_case(DATA_DIRECTORY));
        let other = match (ours.next(), ours.next()) {
            (Some(found), None) if *found == Path::new(DATA_DIRECTORY) => DATA_DIRECTORY.to_ascii_uppercase(),
            (Some(_), None) => DATA_DIRECTORY.to_owned(),
            _ => return Ok(false),
        };
        self.files.is_directory(&self.root.join(other))
    }

    /// Root files are mostly other people's: only the start of each is read, and only when it changed.
    fn look_at_root_file(
        &mut self,
        path: PathBuf,
        facts: Facts,
        genesis: &mut FoundGenesis,
        candidates: &mut Vec<Candidate>,
        foreign: &mut Vec<Candidate>,
    ) {
        if is_blob(&path) {
            return self.blob(path, &facts);
        }
        let claimed = FileKind::claimed_by(&path).is_some();
        let named_ours = claimed || has_extension(&path, GENESIS_EXTENSION);
        // Reading a file that a service holds elsewhere would fetch it: not for files that are none of ours.
        let skip = facts.offline && !named_ours;
        if skip || matches!(self.memory.unchanged(&path, &facts), Some(Row { seen: Seen::Foreign, .. })) {
            self.report.files += 1;
            self.seen.insert(path);
            return;
        }
        if let Some(Row { seen: Seen::Content(..) | Seen::Unread(_), .. }) = self.memory.unchanged(&path, &facts) {
            candidates.push(Candidate { path, facts });
            return;
        }
        let small = facts.size <= MAX_GENESIS_BYTES as u64;
        let limit = if small { MAX_GENESIS_BYTES } else { START_BYTES };
        let start = match self.files.read(&self.root.join(&path), limit) {
            Ok(start) => start,
            Err(error) => return self.trouble(path, &error),
        };
        if small && Genesis::is_genesis(&start) {
            genesis.add(path.to_string_lossy().into_owned(), &start);
            // Never remembered: it is small, and whether it is there decides everything.
        } else if claimed || mark(&start) != Mark::Foreign {
            candidates.push(Candidate { path, facts });
        } else {
            self.report.read += 1;
            foreign.push(Candidate { path, facts });
        }
    }
}
