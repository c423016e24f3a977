//! Looking through the shared folder for what is new. The watcher only makes it sooner.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use inkfold_engine::{ReplicaId, WorkspaceId};

use crate::fs::{Clock, Facts, FileSystem, Kind};
use crate::genesis::{Found as FoundGenesis, Genesis, GenesisRefusal, MAX_GENESIS_BYTES};
use crate::head::{KIND_SEGMENT, Mark, mark};
use crate::layout::{DATA_DIRECTORY, GENESIS_EXTENSION, SEGMENT_EXTENSION};
use crate::memory::{Memory, Row, Seen, Verdict};
use crate::refusal::Refusal;
use crate::segment::{FileHash, MAX_SEGMENT_BYTES, Segment};

/// More files than this are not looked at; the scan is then not complete.
pub const MAX_FILES: usize = 200_000;
/// Directories within directories are followed this far below the root.
pub const MAX_DEPTH: usize = 6;
/// How many bytes of unchanged refused files are read again in one scan.
pub const MAX_REREAD_BYTES: u64 = 64 << 20;
/// A file that changed this shortly before it was read could change again without a trace in its times.
const FRESH_NANOS: u64 = 3_000_000_000;
/// Enough of a file to tell what it is.
const START_BYTES: usize = 64;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct ScanRequest {
    /// The workspace that the folder should hold.
    pub workspace: WorkspaceId,
    /// Whose directory is our own.
    pub replica: ReplicaId,
}

/// A segment that a scan hands over. Resolve it, keep its records, and say what became of it.
#[derive(Debug)]
pub struct NewSegment {
    /// Where it was found, below the root. Means nothing; only for messages.
    pub path: PathBuf,
    /// The segment, sound in itself.
    pub segment: Segment,
}

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

/// A file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    /// Where it lies, below the root.
    pub path: PathBuf,
    /// Why.
    pub refusal: Refusal,
    /// An earlier scan saw it just so. Files that are still arriving are not worth showing until then.
    pub again: bool,
}

/// A place that could not be looked at; the rest was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where, below the root.
    pub path: PathBuf,
    /// What the system said.
    pub message: String,
}

/// A file in our own directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnSeen {
    /// The hash of its content; none where it can't be ours.
    pub hash: Option<FileHash>,
    /// Its size in bytes.
    pub size: u64,
}

/// What a scan saw.
#[derive(Debug)]
pub struct ScanReport {
    /// How the folder itself stands.
    pub root: RootState,
    /// Everything was looked at: only then may absence mean anything.
    pub complete: bool,
    /// Files that can't be used.
    pub refused: Vec<RefusedFile>,
    /// Places that could not be looked at.
    pub trouble: Vec<Trouble>,
    /// The files in our own directory, by name.
    pub own: BTreeMap<String, OwnSeen>,
    /// All sound segments in the folder, under whatever name.
    pub present: BTreeSet<FileHash>,
    /// Sound segments that were handed over.
    pub handed_over: usize,
    /// Files looked at.
    pub files: usize,
    /// Files read.
    pub read: usize,
}

impl ScanReport {
    fn new(root: RootState) -> Self {
        Self {
            root,
            complete: false,
            refused: Vec::new(),
            trouble: Vec::new(),
            own: BTreeMap::new(),
            present: BTreeSet::new(),
            handed_over: 0,
            files: 0,
            read: 0,
        }
    }
}

/// Looks through the root's own files and its data directories, and hands over each sound segment that is new.
///
/// `take` says what became of a segment; it should keep the records durably before it says
/// [`Taken`](Verdict::Taken). May block for long where a service has to fetch files: never call it on the window's
/// thread.
pub fn scan(
    files: &dyn FileSystem,
    clock: &dyn Clock,
    root: &Path,
    request: &ScanRequest,
    memory: &mut Memory,
    take: &mut dyn FnMut(NewSegment) -> Verdict,
) -> ScanReport {
    match files.is_directory(root) {
        Ok(true) => {}
        Ok(false) => return ScanReport::new(RootState::Missing),
        Err(error) => return ScanReport::new(RootState::Unreadable(error.to_string())),
    }
    let mut walk = Walk {
        files,
        root,
        own_directory: Path::new(DATA_DIRECTORY).join(request.replica.to_string()),
        now: clock.wall_nanos(),
        memory,
        report: ScanReport::new(RootState::Ready),
        seen: HashSet::new(),
        reread: MAX_REREAD_BYTES,
    };
    walk.report.complete = true;
    let mut candidates = Vec::new();
    walk.report.root = match walk.look_at_root(&request.workspace, &mut candidates) {
        Ok(state) => state,
        Err(error) if error.kind() == io::ErrorKind::NotFound => RootState::Missing,
        Err(error) => RootState::Unreadable(error.to_string()),
    };
    if !walk.report.root.is_usable() {
        walk.report.complete = false;
        return walk.report;
    }
    // Low numbers first, so that few have to wait.
    candidates.sort_by_cached_key(|candidate| in_order(&candidate.path));
    for candidate in candidates {
        walk.look_at_file(candidate, &request.workspace, take);
    }
    if walk.report.complete {
        walk.memory.keep(&walk.seen);
    }
    walk.report
}

/// A file that may be a segment.
struct Candidate {
    path: PathBuf,
    facts: Facts,
}

fn in_order(path: &Path) -> (u64, PathBuf) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let digits = &name[..name.bytes().take_while(u8::is_ascii_digit).count()];
    (digits.parse().unwrap_or(u64::MAX), path.to_owned())
}

struct Walk<'a> {
    files: &'a dyn FileSystem,
    root: &'a Path,
    own_directory: PathBuf,
    now: i64,
    memory: &'a mut Memory,
    report: ScanReport,
    seen: HashSet<PathBuf>,
    reread: u64,
}

impl Walk<'_> {
    fn look_at_root(&mut self, workspace: &WorkspaceId, candidates: &mut Vec<Candidate>) -> io::Result<RootState> {
        let listing = self.files.list(self.root, MAX_FILES)?;
        self.report.complete &= !listing.cut;
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
            for directory in data {
                self.look_into(&directory, 1, candidates);
            }
        }
        Ok(state)
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
        let named_ours = has_extension(&path, SEGMENT_EXTENSION) || has_extension(&path, GENESIS_EXTENSION);
        // Reading a file that a service holds elsewhere would fetch it: not for files that are none of ours.
        let skip = facts.offline && !named_ours;
        if skip || matches!(self.memory.unchanged(&path, &facts), Some(Row { seen: Seen::Foreign, .. })) {
            self.report.files += 1;
            self.seen.insert(path);
            return;
        }
        if let Some(Row { seen: Seen::Content(_) | Seen::Unread(_), .. }) = self.memory.unchanged(&path, &facts) {
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
        } else if mark(&start) != Mark::Foreign || has_extension(&path, SEGMENT_EXTENSION) {
            candidates.push(Candidate { path, facts });
        } else {
            self.report.read += 1;
            foreign.push(Candidate { path, facts });
        }
    }

    fn look_into(&mut self, directory: &Path, depth: usize, candidates: &mut Vec<Candidate>) {
        let room = MAX_FILES.saturating_sub(candidates.len());
        let listing = match self.files.list(&self.root.join(directory), room) {
            Ok(listing) => listing,
            Err(error) => return self.trouble(directory.to_owned(), &error),
        };
        if listing.cut {
            self.report.complete = false;
            let message = format!("more than {MAX_FILES} files, or some that can't be listed");
            self.report.trouble.push(Trouble { path: directory.to_owned(), message });
        }
        for entry in listing.entries {
            let path = directory.join(&entry.name);
            match entry.facts {
                Ok(facts) if facts.kind == Kind::File => candidates.push(Candidate { path, facts }),
                Ok(facts) if facts.kind == Kind::Directory => {
                    if depth < MAX_DEPTH {
                        self.look_into(&path, depth + 1, candidates);
                    } else {
                        let message = "directories too deep within each other".to_owned();
                        self.report.trouble.push(Trouble { path, message });
                    }
                }
                Ok(_) => {}
                Err(error) => self.trouble(path, &error),
            }
        }
    }

    fn look_at_file(
        &mut self,
        Candidate { path, mut facts }: Candidate,
        workspace: &WorkspaceId,
        take: &mut dyn FnMut(NewSegment) -> Verdict,
    ) {
        let known = self.memory.unchanged(&path, &facts).map(|row| row.seen.clone());
        let again = known.is_some();
        match known {
            Some(Seen::Foreign) => {
                self.report.files += 1;
                self.seen.insert(path);
                return;
            }
            Some(Seen::Unread(refusal)) => return self.refuse(path, facts, None, refusal, again),
            Some(Seen::Content(hash)) => match self.memory.verdict(&hash).cloned() {
                Some(Verdict::Taken | Verdict::Waiting) => return self.sound(path, facts, hash),
                Some(Verdict::Refused(refusal)) => match self.reread.checked_sub(facts.size) {
                    // What heals a file need not show in its facts.
                    Some(left) => self.reread = left,
                    None => return self.refuse(path, facts, Some(hash), refusal, again),
                },
                Some(Verdict::Later) | None => {}
            },
            None => {}
        }
        let full = self.root.join(&path);
        let large = facts.size > MAX_SEGMENT_BYTES as u64;
        let bytes = match self.files.read(&full, if large { START_BYTES } else { MAX_SEGMENT_BYTES + 1 }) {
            Ok(bytes) => bytes,
            Err(error) => return self.trouble(path, &error),
        };
        self.report.read += 1;
        // What changed while it was read is read again next time.
        match self.files.facts(&full) {
            Ok(after) if after == facts => {}
            _ => facts.modified = i64::MAX,
        }
        match mark(&bytes) {
            Mark::Foreign if has_extension(&path, SEGMENT_EXTENSION) => {
                let refusal = if bytes.is_empty() { Refusal::Incomplete } else { not_ours(&bytes) };
                return self.refuse(path, facts, (!large).then(|| FileHash::of(&bytes)), refusal, again);
            }
            Mark::Foreign => {
                self.report.files += 1;
                return self.remember(path, facts, Seen::Foreign);
            }
            Mark::Ours(KIND_SEGMENT) if large => {
                let refusal = Refusal::TooLarge { size: facts.size, max: MAX_SEGMENT_BYTES as u64 };
                return self.refuse(path, facts, None, refusal, again);
            }
            Mark::Ours(kind) if large => return self.refuse(path, facts, None, Refusal::UnknownKind(kind), again),
            Mark::Ours(_) => {}
        }
        let hash = FileHash::of(&bytes);
        if let Some(Verdict::Taken | Verdict::Waiting) = self.memory.verdict(&hash) {
            return self.sound(path, facts, hash);
        }
        match Segment::parse(&bytes, workspace) {
            Err(refusal) => self.refuse(path, facts, Some(hash), refusal, again),
            Ok(segment) => {
                self.report.handed_over += 1;
                match take(NewSegment { path: path.clone(), segment }) {
                    Verdict::Refused(refusal) => self.refuse(path, facts, Some(hash), refusal, again),
                    verdict => {
                        self.memory.settle(&hash, verdict);
                        self.sound(path, facts, hash);
                    }
                }
            }
        }
    }

    fn sound(&mut self, path: PathBuf, facts: Facts, hash: FileHash) {
        self.report.present.insert(hash);
        self.note_own(&path, facts.size, Some(hash));
        self.report.files += 1;
        self.remember(path, facts, Seen::Content(hash));
    }

    fn refuse(&mut self, path: PathBuf, facts: Facts, hash: Option<FileHash>, refusal: Refusal, again: bool) {
        self.note_own(&path, facts.size, hash);
        self.report.files += 1;
        self.report.refused.push(RefusedFile { path: path.clone(), refusal: refusal.clone(), again });
        match hash {
            Some(hash) => {
                self.memory.settle(&hash, Verdict::Refused(refusal));
                self.remember(path, facts, Seen::Content(hash));
            }
            None => self.remember(path, facts, Seen::Unread(refusal)),
        }
    }

    fn note_own(&mut self, path: &Path, size: u64, hash: Option<FileHash>) {
        if path.parent() == Some(&self.own_directory)
            && let Some(name) = path.file_name().and_then(OsStr::to_str)
        {
            self.report.own.insert(name.to_owned(), OwnSeen { hash, size });
        }
    }

    fn remember(&mut self, path: PathBuf, facts: Facts, seen: Seen) {
        self.seen.insert(path.clone());
        // Without a change that is safely in the past, the next one may leave the same times.
        // Times far ahead come from clocks that are wrong and say nothing.
        let changed = if facts.changed == 0 { facts.modified } else { facts.changed };
        let near = self.now.abs_diff(changed) < FRESH_NANOS;
        let fresh = near && self.memory.unchanged(&path, &facts).is_none();
        self.memory.rows.insert(path, Row { facts, fresh, seen });
    }

    /// An entry that could not be looked at. One that just vanished is no trouble, but the scan isn't complete.
    fn trouble(&mut self, path: PathBuf, error: &io::Error) {
        self.report.complete = false;
        if error.kind() != io::ErrorKind::NotFound {
            self.report.trouble.push(Trouble { path, message: error.to_string() });
        }
    }
}

fn not_ours(bytes: &[u8]) -> Refusal {
    // A file that a service has laid out but not yet filled is all zeros.
    if bytes.iter().all(|byte| *byte == 0) { Refusal::Incomplete } else { Refusal::NotOurs }
}

/// Services change names in case and add to them.
fn is_data_directory(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.get(..DATA_DIRECTORY.len()))
        .is_some_and(|start| start.eq_ignore_ascii_case(DATA_DIRECTORY))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
