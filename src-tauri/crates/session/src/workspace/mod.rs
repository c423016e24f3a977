//! A workspace at work: one thread that owns its store and its open documents, and does everything in order.
//!
//! Whoever wants something sends a closure; nobody ever waits for this thread but by awaiting its answer. What blocks
//! on the shared folder is done by the carrier (`carrier.rs`), never here.

mod doubles;
mod folder;
mod identity;
mod saving;
mod snapshots;
mod status;
mod windows;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use inkfold_engine::{DocumentId, Event, Insertion, Record, ReplicaId, Target, UndoStack, Value, WorkspaceId};
use inkfold_folder::policy::{Typing, flush_in};
use inkfold_folder::{Identity, encode_all};
use inkfold_store::{Batch, Chain, DocumentCard, OpenStart, OpenedDocument, OutboxFile, Storage, StoreError, Versions};
use tokio::sync::{broadcast, oneshot};

use crate::acknowledging::Acknowledging;
use crate::blobs::LocalBlobs;
use crate::blobs::courier::Courier;
use crate::branches::StoreBranches;
use crate::carrier::{Carrier, Errand, FirstScan};
use crate::convert::page_out;
use crate::edit::Author;
use crate::error::SessionError;
use crate::exchange::Exchange;
use crate::news::News;
use crate::opened::{Ask, Early, Opened, Reply, is_trashed, locked, title};
use crate::people::People;
use crate::presence::Presences;
use crate::surroundings::{Around, Moment};
use crate::wire;
use crate::witness::Witness;
use identity::new_identity;
pub(crate) use identity::own_replicas;

/// A pause in writing of this length seals the open record.
const SEAL_PAUSE: Duration = Duration::from_secs(1);
/// So many edits seal it.
const SEAL_EDITS: usize = 100;
/// So many bytes seal it. A single edit of more is kept as several records.
const SEAL_BYTES: usize = 64 << 10;
/// The most that goes into one record when an edit is larger than that.
const PIECE_BYTES: usize = 256 << 10;
/// How long to wait before storing is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// The thread looks around at least this often.
const IDLE: Duration = Duration::from_secs(5);
/// The list of documents is brought up to date for so long, then whoever else wants something has his turn.
const CARDS_TIME: Duration = Duration::from_millis(15);

/// Settings of a store that a workspace keeps.
pub(crate) mod setting {
    pub const NAME: &str = "workspace/name";
    pub const PERSON: &str = "person";
    pub const FOLDER: &str = "folder";
    pub const IDENTITY: &str = "identity";
    /// The replica ids that this installation has used, one after another.
    pub const OWN: &str = "own-replicas";
    /// There where the others may not see where the person is.
    pub const HIDDEN: &str = "presence/hidden";
    /// The folder of whose files something is known.
    pub const KNOWN_FOLDER: &str = "folder/known";
    pub const LAST_DOCUMENT: &str = "window/document";
    /// The keys of all ids that this installation has used, the present one's too.
    pub const KEYS: &str = "own-keys";
    /// Where the database was opened last.
    pub const FACTS: &str = "installation/facts";
    /// Which run of the program has it open.
    pub const RUN: &str = "installation/run";
    /// What the person hasn't been told yet.
    pub const NEWS: &str = "news";
    /// The parts of the checkpoint that this installation has written last, and those of earlier ones.
    pub const CHECKPOINT: &str = "checkpoint/last";
    pub const OLDER_CHECKPOINTS: &str = "checkpoint/older";
    /// Set after the folder has become another one, until everything that is held here is in it.
    pub const MOVED: &str = "folder/moved";
}

/// A job for the workspace's thread.
pub(crate) type Job = Box<dyn FnOnce(&mut Workspace) + Send>;

/// The way to a workspace's thread.
#[derive(Clone)]
pub(crate) struct Handle(Sender<Job>);

impl Handle {
    /// Asks for something; the answer is awaited.
    pub async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace) -> Result<T, SessionError> + Send + 'static,
    ) -> Result<T, SessionError> {
        let (reply, answer) = oneshot::channel();
        self.send(move |workspace| {
            // Whoever asked may be gone; the work is done all the same.
            let outcome = job(workspace);
            if outcome.as_ref().is_err_and(SessionError::is_loss) {
                workspace.note_damage();
            }
            let _ = reply.send(outcome);
        })?;
        answer.await.map_err(|_| SessionError::Closing)?
    }

    /// Asks for something whose answer comes later, through a reply that the job keeps.
    pub async fn ask_later<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace, Reply<T>) + Send + 'static,
    ) -> Result<T, SessionError> {
        let (reply, answer) = oneshot::channel();
        self.send(move |workspace| job(workspace, reply))?;
        answer.await.map_err(|_| SessionError::Closing)?
    }

    /// Asks from a thread that may wait.
    pub fn ask_blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace) -> T + Send + 'static,
    ) -> Result<T, SessionError> {
        let (reply, answer) = channel();
        self.send(move |workspace| {
            let _ = reply.send(job(workspace));
        })?;
        answer.recv().map_err(|_| SessionError::Closing)
    }

    /// Sends a job whose outcome nobody waits for.
    pub fn send(&self, job: impl FnOnce(&mut Workspace) + Send + 'static) -> Result<(), SessionError> {
        self.0.send(Box::new(job)).map_err(|_| SessionError::Closing)
    }
}

/// Events that the engine has and the store hasn't yet.
struct Unsaved {
    start: OpenStart,
    time: i64,
    events: Vec<Event>,
    /// Rows of what can be undone, as they are with these events.
    undo: BTreeMap<u64, Option<Vec<u8>>>,
}

/// The record that is being written: which document's, and how much is in it.
struct Writing {
    document: DocumentId,
    start: OpenStart,
    edits: usize,
    bytes: usize,
    last: Moment,
}

/// What has happened to a document since its card was made.
#[derive(Debug, Clone, Copy, Default)]
struct Stale {
    /// When it was edited last.
    edited: i64,
    /// Its title or its place may be another one.
    registers: bool,
}

impl Stale {
    fn note(&mut self, record: &Record) {
        self.edited = self.edited.max(record.content().time);
        let sets = |run: &Event| matches!(run, Event::Register { target: Target::Document, .. });
        self.registers |= record.events().runs().iter().any(sets) || record.features() != 0;
    }
}

pub(crate) struct Workspace {
    pub store: Box<dyn Storage>,
    pub identity: Identity,
    /// Every replica id that this installation has written under.
    pub own: BTreeSet<ReplicaId>,
    opened: BTreeMap<DocumentId, Opened>,
    /// The open record; none while nothing was written since the last one was sealed.
    writing: Option<Writing>,
    unsaved: Vec<Unsaved>,
    waiting_for_disk: Vec<Reply<()>>,
    /// When storing failed last; none while it works.
    failing_since: Option<Moment>,
    /// Documents whose card is outdated, and how.
    stale_cards: BTreeMap<DocumentId, Stale>,
    /// Some of them can be made at once.
    more_cards: bool,
    /// When the window was told the list of documents last, and whether it has changed since.
    told_cards: Option<Moment>,
    untold_cards: bool,
    /// How much came to documents since their last snapshot.
    unkept: BTreeMap<DocumentId, usize>,
    /// How many other writers have been seen.
    others: u32,
    pub exchange: Exchange,
    pub acknowledging: Acknowledging,
    pub people: People,
    pub presences: Presences,
    /// The images and attachments here; none in simulations.
    pub blobs: Option<LocalBlobs>,
    pub around: Around,
    events: broadcast::Sender<wire::Event>,
    told_status: Option<wire::Status>,
    pub news: News,
    /// None in a simulation, where there is nothing outside the store.
    pub witness: Option<Witness>,
    closing: bool,
}

impl Workspace {
    /// Starts the thread of a workspace.
    pub fn start(
        store: Box<dyn Storage>,
        blobs: LocalBlobs,
        events: broadcast::Sender<wire::Event>,
        first_scan: FirstScan,
        witness: Witness,
        around: Around,
    ) -> Result<(Handle, std::thread::JoinHandle<()>), SessionError> {
        let folder = store.setting(setting::FOLDER)?.and_then(|bytes| String::from_utf8(bytes).ok()).map(PathBuf::from);
        let (sender, receiver) = channel::<Job>();
        let handle = Handle(sender);
        let home = Errand { handle: handle.clone(), turn: 0 };
        let carrier = folder
            .clone()
            .map(|root| Carrier::start(root, store.workspace(), home.clone(), around.clone(), first_scan));
        let courier = folder.map(|root| Courier::start(root, blobs.clone(), home, around.clone()));
        let mut this = Workspace::new(store, carrier, around, events, Some(witness))?;
        this.exchange.courier = courier;
        this.blobs = Some(blobs);
        let thread = std::thread::Builder::new().name("workspace".into()).spawn(move || this.run(&receiver));
        Ok((handle, thread.map_err(SessionError::files("a thread of this process"))?))
    }

    /// A workspace that nobody runs yet.
    pub fn new(
        mut store: Box<dyn Storage>,
        carrier: Option<Carrier>,
        around: Around,
        events: broadcast::Sender<wire::Event>,
        witness: Option<Witness>,
    ) -> Result<Workspace, SessionError> {
        let workspace = store.workspace();
        let identity = match store.setting(setting::IDENTITY)? {
            Some(bytes) => Identity::from_bytes(&bytes)?,
            None => new_identity(&mut *store, workspace, &around)?,
        };
        let mut own = own_replicas(&*store)?;
        own.insert(identity.replica());
        let mut this = Workspace {
            store,
            identity,
            own,
            opened: BTreeMap::new(),
            writing: None,
            unsaved: Vec::new(),
            waiting_for_disk: Vec::new(),
            failing_since: None,
            stale_cards: BTreeMap::new(),
            more_cards: false,
            told_cards: None,
            untold_cards: false,
            unkept: BTreeMap::new(),
            others: 0,
            exchange: Exchange::new(carrier, around.clone()),
            acknowledging: Acknowledging::default(),
            people: People::default(),
            presences: Presences::default(),
            blobs: None,
            around,
            events,
            told_status: None,
            news: News::default(),
            witness,
            closing: false,
        };
        this.begin()?;
        Ok(this)
    }

    /// What a run begins with: it is settled under which id it writes, a record that the last one left open is sealed, and
    /// missing cards are made.
    fn begin(&mut self) -> Result<(), SessionError> {
        self.news = News::read(&*self.store, self.witness.as_ref().is_some_and(|witness| witness.is_rebuilt))?;
        let is_other = self.is_contradicted()?;
        if let Some(witness) = &self.witness {
            self.store.commit(&Batch { settings: witness.settings()?, ..Batch::default() })?;
        }
        if let Some(open) = self.store.open()? {
            let record = open.seal(self.store.workspace(), open.time());
            self.store.commit(&Batch { seal: Some(record), ..Batch::default() })?;
        }
        if is_other && self.store.line_end(&self.identity.replica()).is_ok() {
            self.flush()?;
            self.take_new_identity()?;
        }
        self.look_at_own_line()?;
        self.mirror()?;
        let known: BTreeSet<DocumentId> = self.store.cards()?.into_iter().map(|(document, _)| document).collect();
        for document in self.store.documents()?.into_iter().filter(|document| !known.contains(document)) {
            let edited = self.store.records(&document)?.iter().map(|record| record.content().time).max().unwrap_or(0);
            self.stale_cards.insert(document, Stale { edited, registers: true });
        }
        self.exchange.has_moved = self.exchange.carrier.is_some() && self.store.setting(setting::MOVED)?.is_some();
        self.count_others()?;
        self.recall_acknowledgements()?;
        self.recall_presence()?;
        self.people.changed();
        self.see_people()?;
        self.update_cards()?;
        self.introduce()
    }

    fn run(mut self, jobs: &Receiver<Job>) {
        while !self.closing {
            match jobs.recv_timeout(self.next_due()) {
                Ok(job) => {
                    job(&mut self);
                    // Whatever else has come is done before the disk is waited for once.
                    while let Ok(job) = jobs.try_recv() {
                        job(&mut self);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.tick();
        }
    }

    /// How long nothing has to be done.
    fn next_due(&self) -> Duration {
        if self.more_cards {
            return Duration::ZERO;
        }
        let failing = self.failing_since.map(|since| self.around.since(since));
        let writing = self.writing.as_ref().map(|writing| self.around.since(writing.last));
        let merge = self.exchange.own_files.may_merge().then_some(Duration::ZERO);
        let publish = [self.flush_in(), self.acknowledge_in(), self.present_in(), merge].into_iter().flatten().min();
        next_due(failing, writing, publish)
    }

    fn flush_in(&self) -> Option<Duration> {
        let exchange = &self.exchange;
        exchange.carrier.as_ref()?;
        flush_in(&Typing {
            since_first: exchange.first_unflushed.map(|first| self.around.since(first)),
            since_last: exchange.last_key.map_or(Duration::MAX, |last| self.around.since(last)),
            since_flush: exchange.last_flush.map(|last| self.around.since(last)),
            since_other: exchange.last_other.map(|last| self.around.since(last)),
            leaving: false,
        })
    }

    /// Does what is due.
    pub fn tick(&mut self) {
        if self.failing_since.is_none_or(|since| self.around.since(since) >= RETRY) {
            // Who waits for the disk is answered before anything else is done.
            let saved = self.save();
            self.settle_disk(saved);
        }
        if self.failing_since.is_none() {
            let outcome = self.seal_and_flush().and_then(|()| self.merge_some());
            let outcome = outcome.and_then(|()| self.acknowledge()).and_then(|()| self.tell_presence());
            self.settle_disk(outcome);
        }
        if self.is_unknown() && self.writing.is_none() && self.failing_since.is_none() {
            let introduced = self.introduce();
            self.settle_disk(introduced);
        }
        self.more_cards = false;
        if self.has_stale_cards() {
            match self.update_some_cards(None, Some(CARDS_TIME)) {
                Ok(is_more) => self.more_cards = is_more,
                Err(error) => tracing::warn!(code = error.code(), "the list of documents could not be updated"),
            }
        }
        self.keep_a_snapshot();
        self.tell_status();
        self.tell_presences();
    }

    /// Seals and flushes, where that is due. What fails is tried again with a later tick; nothing is lost meanwhile.
    fn seal_and_flush(&mut self) -> Result<(), SessionError> {
        if self.writing.as_ref().is_some_and(|writing| self.around.since(writing.last) >= SEAL_PAUSE) {
            self.seal()?;
        }
        if self.flush_in().is_some_and(|wait| wait.is_zero()) {
            self.flush()?;
        }
        Ok(())
    }
}

/// How long a workspace's thread may rest: `failing` is the time since storing failed, `writing` the time since the last
/// edit of the open record, `publish` the time until there is something to publish. While storing fails nothing is due before it is tried
/// again; a full disk must not keep a processor busy.
fn next_due(failing: Option<Duration>, writing: Option<Duration>, publish: Option<Duration>) -> Duration {
    if let Some(failing) = failing {
        return RETRY.saturating_sub(failing);
    }
    let seal = writing.map(|since| SEAL_PAUSE.saturating_sub(since));
    [seal, publish].into_iter().flatten().fold(IDLE, Duration::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_rests_until_something_is_due() {
        let ms = Duration::from_millis;
        let table = [
            ("nothing to do", None, None, None, IDLE),
            ("typed just now", None, Some(ms(100)), None, ms(900)),
            ("a pause is over", None, Some(ms(1_200)), None, ms(0)),
            ("a flush comes first", None, Some(ms(100)), Some(ms(200)), ms(200)),
            ("a flush is due", None, None, Some(ms(0)), ms(0)),
            ("the disk is full, and everything is due", Some(ms(300)), Some(ms(5_000)), Some(ms(0)), ms(700)),
            ("it is time to try again", Some(ms(1_000)), Some(ms(5_000)), Some(ms(0)), ms(0)),
        ];
        for (what, failing, writing, flush, expected) in table {
            assert_eq!(next_due(failing, writing, flush), expected, "{what}");
        }
    }
}
