//! A workspace at work: one thread that owns its store and its open documents, and does everything in order.
//!
//! Whoever wants something sends a closure; nobody ever waits for this thread but by awaiting its answer. What blocks
//! on the shared folder is done by the carrier (`carrier.rs`), never here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use inkfold_engine::{
    Attributes, Document, DocumentId, Event, Insertion, Record, RecordId, ReplicaId, Target, Value, WorkspaceId,
};
use inkfold_folder::policy::{Typing, flush_in};
use inkfold_folder::{Identity, encode_all};
use inkfold_store::{Batch, Chain, DocumentCard, OpenStart, OutboxFile, Storage, StoreError};
use tokio::sync::{broadcast, oneshot};

use crate::branches::StoreBranches;
use crate::carrier::Carrier;
use crate::convert::{PARAGRAPH, page_out};
use crate::edit::Author;
use crate::error::SessionError;
use crate::exchange::Exchange;
use crate::opened::{Ask, Opened, Reply, is_trashed, locked, title};
use crate::wire;

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

/// Settings of a store that a workspace keeps.
pub(crate) mod setting {
    pub const NAME: &str = "workspace/name";
    pub const PERSON: &str = "person";
    pub const FOLDER: &str = "folder";
    pub const IDENTITY: &str = "identity";
    /// The replica ids that this installation has used, one after another.
    pub const OWN: &str = "own-replicas";
    pub const LAST_DOCUMENT: &str = "window/document";
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
            let _ = reply.send(job(workspace));
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
}

/// The record that is being written: which document's, and how much is in it.
struct Writing {
    document: DocumentId,
    start: OpenStart,
    edits: usize,
    bytes: usize,
    last: Instant,
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
        self.registers |= record.events().runs().iter().any(sets) || record.events().features() != 0;
    }
}

pub(crate) struct Workspace {
    pub store: Box<dyn Storage>,
    pub identity: Identity,
    /// Every replica id that this installation has written under.
    pub own: BTreeSet<ReplicaId>,
    opened: BTreeMap<DocumentId, Opened>,
    /// Documents that are written without a window, folded only as long as their record is open.
    writing: Option<Writing>,
    unsaved: Vec<Unsaved>,
    waiting_for_disk: Vec<Reply<()>>,
    failing_since: Option<Instant>,
    /// Documents whose card is outdated, and how.
    stale_cards: BTreeMap<DocumentId, Stale>,
    /// How many other writers have been seen.
    others: u32,
    pub exchange: Exchange,
    events: broadcast::Sender<wire::Event>,
    told_status: Option<wire::Status>,
    closing: bool,
}

impl Workspace {
    /// Starts the thread of a workspace.
    pub fn start(
        mut store: Box<dyn Storage>,
        events: broadcast::Sender<wire::Event>,
    ) -> Result<(Handle, std::thread::JoinHandle<()>), SessionError> {
        let workspace = store.workspace();
        let identity = match store.setting(setting::IDENTITY)? {
            Some(bytes) => Identity::from_bytes(&bytes)?,
            None => new_identity(&mut *store, workspace)?,
        };
        let mut own: BTreeSet<ReplicaId> = store
            .setting(setting::OWN)?
            .unwrap_or_default()
            .chunks_exact(ReplicaId::LEN)
            .filter_map(ReplicaId::from_slice)
            .collect();
        own.insert(identity.replica());
        let folder = store.setting(setting::FOLDER)?.and_then(|bytes| String::from_utf8(bytes).ok()).map(PathBuf::from);
        let (sender, receiver) = channel::<Job>();
        let handle = Handle(sender);
        let carrier = folder.map(|root| Carrier::start(root, workspace, handle.clone()));
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
            others: 0,
            exchange: Exchange::new(carrier),
            events,
            told_status: None,
            closing: false,
        };
        this.begin()?;
        let thread = std::thread::Builder::new().name("workspace".into()).spawn(move || this.run(&receiver));
        Ok((handle, thread.map_err(SessionError::files("a thread of this process"))?))
    }

    /// What a run begins with: a record that the last one left open is sealed, and missing cards are made.
    fn begin(&mut self) -> Result<(), SessionError> {
        if let Some(open) = self.store.open()? {
            let record = open.seal(self.store.workspace(), now());
            self.store.commit(&Batch { seal: Some(record), ..Batch::default() })?;
        }
        let last = self.store.line_end(&self.identity.replica());
        if matches!(last, Err(StoreError::Forked(_))) {
            self.take_new_identity()?;
        }
        self.exchange.unflushed = self.first_unqueued()? <= self.last_number()?;
        self.exchange.first_unflushed = self.exchange.unflushed.then(Instant::now);
        let known: BTreeSet<DocumentId> = self.store.cards()?.into_iter().map(|(document, _)| document).collect();
        for document in self.store.documents()?.into_iter().filter(|document| !known.contains(document)) {
            let edited = self.store.records(&document)?.iter().map(|record| record.content().time).max().unwrap_or(0);
            self.stale_cards.insert(document, Stale { edited, registers: true });
        }
        self.count_others()?;
        self.update_cards()
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
        let mut due = IDLE;
        if let Some(since) = self.failing_since {
            due = due.min(RETRY.saturating_sub(since.elapsed()));
        }
        if let Some(writing) = &self.writing {
            due = due.min(SEAL_PAUSE.saturating_sub(writing.last.elapsed()));
        }
        if let Some(wait) = self.flush_in() {
            due = due.min(wait);
        }
        due
    }

    fn flush_in(&self) -> Option<Duration> {
        let exchange = &self.exchange;
        exchange.carrier.as_ref()?;
        flush_in(&Typing {
            since_first: exchange.first_unflushed.map(|first| first.elapsed()),
            since_last: exchange.last_key.map_or(Duration::MAX, |last| last.elapsed()),
            since_flush: exchange.last_flush.map(|last| last.elapsed()),
            since_other: exchange.last_other.map(|last| last.elapsed()),
            leaving: false,
        })
    }

    fn tick(&mut self) {
        if self.failing_since.is_none_or(|since| since.elapsed() >= RETRY) {
            let outcome = self.save();
            self.settle_disk(outcome);
        }
        if self.writing.as_ref().is_some_and(|writing| writing.last.elapsed() >= SEAL_PAUSE) {
            // A store that fails now is tried again with the next tick; nothing is lost meanwhile.
            let outcome = self.seal();
            self.settle_disk(outcome);
        }
        if self.flush_in().is_some_and(|wait| wait.is_zero()) {
            let outcome = self.flush();
            self.settle_disk(outcome);
        }
        if !self.stale_cards.is_empty() && self.writing.is_none() {
            match self.update_cards() {
                Ok(()) => {}
                Err(error) => tracing::warn!(code = error.code(), "the list of documents could not be updated"),
            }
        }
        self.tell_status();
    }

    // ---- the disk

    /// Stores what the engine has and the store hasn't.
    fn save(&mut self) -> Result<(), SessionError> {
        let mut oversize = BTreeSet::new();
        while let Some(unsaved) = self.unsaved.first() {
            let document = unsaved.start.document;
            if bytes_of(&unsaved.events) <= PIECE_BYTES {
                self.store.append_open(&unsaved.start, unsaved.time, &unsaved.events)?;
            } else {
                self.save_in_pieces(unsaved.start.clone(), unsaved.time, pieces(&unsaved.events))?;
                oversize.insert(document);
            }
            self.unsaved.remove(0);
        }
        for document in oversize {
            // What the engine holds as one open record has become several: it is read again as the store has it.
            self.writing = None;
            if let Some(opened) = self.opened.get_mut(&document) {
                let mut fresh = Document::new(self.store.workspace(), document);
                let known: BTreeSet<RecordId> = opened.document.records().map(Record::id).collect();
                let own = self.identity.replica();
                let records = self.store.records(&document)?;
                fresh.absorb(
                    records.into_iter().filter(|record| known.contains(&record.id()) || record.replica() == own),
                );
                opened.document = fresh;
            }
        }
        Ok(())
    }

    fn save_in_pieces(&mut self, start: OpenStart, time: i64, pieces: Vec<Vec<Event>>) -> Result<(), SessionError> {
        let mut start = start;
        for piece in pieces {
            self.store.append_open(&start, time, &piece)?;
            if let Some(open) = self.store.open()? {
                let record = open.seal(self.store.workspace(), time);
                self.store.commit(&Batch { seal: Some(record), ..Batch::default() })?;
            }
            start = self.store.start(&start.replica, &start.document, &[])?;
        }
        Ok(())
    }

    /// Tells those who wait for the disk, and remembers a failure.
    fn settle_disk(&mut self, outcome: Result<(), SessionError>) {
        match outcome {
            Ok(()) => {
                if self.unsaved.is_empty() {
                    self.failing_since = None;
                    for reply in self.waiting_for_disk.drain(..) {
                        let _ = reply.send(Ok(()));
                    }
                }
            }
            Err(error) => {
                tracing::error!(code = error.code(), "storing failed: {error}");
                self.failing_since = Some(Instant::now());
                for reply in self.waiting_for_disk.drain(..) {
                    let _ = reply.send(Err(SessionError::NotSaved(error.to_string())));
                }
            }
        }
    }

    /// Seals the open record, if there is one.
    pub fn seal(&mut self) -> Result<(), SessionError> {
        self.save()?;
        let Some(open) = self.store.open()? else {
            // Edits that came to nothing have begun a record without an event.
            let begun = self.writing.take().and_then(|writing| self.opened.get_mut(&writing.document));
            if let Some(opened) = begun {
                opened.document.abandon();
            }
            return Ok(());
        };
        let record = open.seal(self.store.workspace(), now());
        self.store.commit(&Batch { seal: Some(record.clone()), ..Batch::default() })?;
        self.sealed(record)
    }

    fn sealed(&mut self, record: Record) -> Result<(), SessionError> {
        self.writing = None;
        self.stale_cards.entry(record.document()).or_default().note(&record);
        if let Some(opened) = self.opened.get_mut(&record.document())
            && opened.document.is_open()
        {
            opened.document.seal(record)?;
        }
        Ok(())
    }

    fn last_number(&self) -> Result<u64, SessionError> {
        Ok(self.store.line_end(&self.identity.replica())?.map_or(0, |tip| tip.number))
    }

    fn first_unqueued(&self) -> Result<u64, SessionError> {
        Ok(self.store.queued_to(&self.identity.replica())? + 1)
    }

    /// Seals what is open and hands everything that no file holds yet to the carrier: one transaction for the record
    /// and the file's bytes.
    pub fn flush(&mut self) -> Result<(), SessionError> {
        self.save()?;
        let sealed = self.store.open()?.map(|open| open.seal(self.store.workspace(), now()));
        if self.exchange.carrier.is_none() || sealed.is_none() {
            self.seal()?;
        }
        if self.exchange.carrier.is_none() {
            return Ok(());
        }
        let replica = self.identity.replica();
        let mut records = self.store.records_of(&replica, self.first_unqueued()?..u64::MAX)?;
        records.extend(sealed.clone());
        if !records.is_empty() {
            let files = encode_all(&self.identity, &records, &StoreBranches(&*self.store))?;
            let outbox = files
                .into_iter()
                .map(|file| OutboxFile {
                    name: file.name(),
                    replica,
                    first: file.header.first,
                    last: file.header.last,
                    bytes: file.bytes,
                })
                .collect();
            self.store.commit(&Batch { seal: sealed.clone(), outbox, ..Batch::default() })?;
        }
        if let Some(record) = sealed {
            self.sealed(record)?;
        }
        self.exchange.flushed();
        self.exchange.publish(&*self.store)?;
        Ok(())
    }

    // ---- identity

    /// From now on this installation writes under a new id: its old one was found to have a life elsewhere.
    pub fn take_new_identity(&mut self) -> Result<(), SessionError> {
        tracing::warn!("this replica's records were found in two versions; writing goes on under a new id");
        let workspace = self.store.workspace();
        self.identity = new_identity(&mut *self.store, workspace)?;
        self.own.insert(self.identity.replica());
        Ok(())
    }

    // ---- documents in windows

    pub fn open_document(&mut self, id: DocumentId) -> Result<wire::Opened, SessionError> {
        self.seal()?;
        let records = self.store.records(&id)?;
        if records.is_empty() {
            return Err(SessionError::NoDocument(id.to_string()));
        }
        let mut document = Document::new(self.store.workspace(), id);
        document.absorb(records);
        let setting = (setting::LAST_DOCUMENT.to_owned(), Some(id.to_string().into_bytes()));
        self.store.commit(&Batch { settings: vec![setting], ..Batch::default() })?;
        let opened = Opened::new(document);
        let answer = wire::Opened {
            document: id.to_string(),
            title: title(&opened.document),
            patch: opened.first_patch(),
            blocks: page_out(opened.document.page()),
            locked: locked(&opened.document),
        };
        self.opened.insert(id, opened);
        Ok(answer)
    }

    pub fn window_page(&self, id: DocumentId) -> Result<Vec<wire::Block>, SessionError> {
        let opened = self.opened.get(&id).ok_or(SessionError::NotOpen)?;
        Ok(page_out(opened.document.page()))
    }

    pub fn close_document(&mut self, id: DocumentId) -> Result<(), SessionError> {
        if let Some(mut opened) = self.opened.remove(&id) {
            if self.writing.as_ref().is_some_and(|writing| writing.document == id) {
                self.opened.insert(id, opened);
                self.seal()?;
                let Some(sealed) = self.opened.remove(&id) else { return Ok(()) };
                opened = sealed;
            }
            for (key, value) in std::mem::take(&mut opened.deferred) {
                self.set_register(id, key, value)?;
            }
        }
        self.flush()
    }

    /// Applies a window's edit when its turn has come; answers when it is durable.
    pub fn edit(&mut self, edit: wire::Edit, reply: Reply<()>) {
        let Ok(id) = edit.document.parse::<DocumentId>() else {
            let _ = reply.send(Err(SessionError::NoDocument(edit.document)));
            return;
        };
        let Some(opened) = self.opened.get_mut(&id) else {
            let _ = reply.send(Err(SessionError::NotOpen));
            return;
        };
        if edit.counter <= opened.counter {
            // It was applied when it came first; only storing it had failed.
            self.waiting_for_disk.push(reply);
            return;
        }
        opened.early.insert(edit.counter, (edit, reply));
        while let Some(opened) = self.opened.get_mut(&id) {
            let next = opened.counter + 1;
            let Some((edit, reply)) = opened.early.remove(&next) else { break };
            match self.apply_edit(id, &edit) {
                Ok(()) => self.waiting_for_disk.push(reply),
                Err(error) => {
                    let _ = reply.send(Err(error));
                    break;
                }
            }
        }
        self.answer_asks(id);
    }

    fn apply_edit(&mut self, id: DocumentId, edit: &wire::Edit) -> Result<(), SessionError> {
        let opened = self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?;
        opened.settle(edit.patch)?;
        self.run_deferred(id)?;
        let elsewhere = self.writing.as_ref().is_some_and(|writing| {
            writing.document != id || writing.edits >= SEAL_EDITS || writing.bytes >= SEAL_BYTES
        });
        if elsewhere {
            // A store that fails keeps the record open; it grows until the store works again.
            if let Err(error) = self.seal() {
                if self.writing.as_ref().is_some_and(|writing| writing.document != id) {
                    return Err(error);
                }
                self.failing_since = Some(Instant::now());
            }
        }
        let start = self.begin_record(id)?;
        let Some(opened) = self.opened.get_mut(&id) else { return Err(SessionError::NotOpen) };
        let mut author = Author::new(&mut opened.document);
        let outcome = edit.changes.iter().try_for_each(|change| author.change(change));
        let events = author.events;
        opened.counter = edit.counter;
        self.written(id, start, events);
        Ok(outcome?)
    }

    /// Begins a record of a document that is open in a window, unless one is open.
    fn begin_record(&mut self, id: DocumentId) -> Result<OpenStart, SessionError> {
        if let Some(writing) = self.writing.as_ref().filter(|writing| writing.document == id) {
            return Ok(writing.start.clone());
        }
        let replica = self.identity.replica();
        let opened = self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?;
        let (previous_here, first_seq) = opened.document.last_of(replica);
        let version = opened.document.version();
        let parents = opened.document.begin(replica, &version)?;
        let start = OpenStart { document: id, replica, parents, previous_here, first_seq };
        self.writing = Some(Writing { document: id, start: start.clone(), edits: 0, bytes: 0, last: Instant::now() });
        Ok(start)
    }

    fn written(&mut self, id: DocumentId, start: OpenStart, events: Vec<Event>) {
        if let Some(writing) = self.writing.as_mut().filter(|writing| writing.document == id) {
            writing.edits += 1;
            writing.bytes += bytes_of(&events);
            writing.last = Instant::now();
        }
        if events.is_empty() {
            return;
        }
        self.exchange.typed();
        let time = now();
        match self.unsaved.last_mut() {
            Some(last) if last.start == start && bytes_of(&last.events) < SEAL_BYTES => last.events.extend(events),
            _ => self.unsaved.push(Unsaved { start, time, events }),
        }
    }

    /// What others wrote since the window's last patch, as soon as all of the window's edits have come.
    pub fn ask_patch(&mut self, id: DocumentId, ask: Ask) {
        match self.opened.get_mut(&id) {
            Some(opened) => opened.asks.push(ask),
            None => {
                let _ = ask.reply.send(Err(SessionError::NotOpen));
                return;
            }
        }
        self.answer_asks(id);
    }

    fn answer_asks(&mut self, id: DocumentId) {
        let Some(opened) = self.opened.get_mut(&id) else { return };
        let counter = opened.counter;
        let (ready, waiting): (Vec<Ask>, Vec<Ask>) =
            std::mem::take(&mut opened.asks).into_iter().partition(|ask| ask.counter <= counter);
        opened.asks = waiting;
        for ask in ready {
            let answer = self.next_patch(id, ask.patch);
            let _ = ask.reply.send(answer);
        }
    }

    fn next_patch(&mut self, id: DocumentId, patch: u32) -> Result<Option<wire::Patch>, SessionError> {
        self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?.settle(patch)?;
        self.run_deferred(id)?;
        if !self.opened.get(&id).is_some_and(Opened::has_news) {
            return Ok(None);
        }
        if self.writing.as_ref().is_some_and(|writing| writing.document == id) {
            self.seal()?;
        }
        Ok(self.opened.get_mut(&id).and_then(Opened::next_patch))
    }

    // ---- titles and the trash

    /// Sets a register of a document, open or not.
    pub fn set_register(
        &mut self,
        id: DocumentId,
        key: &'static str,
        value: Option<Value>,
    ) -> Result<(), SessionError> {
        match self.opened.get_mut(&id) {
            Some(opened) if opened.is_unsettled() => {
                opened.deferred.push((key, value));
                self.tell(wire::Event::Newer { document: id.to_string() });
                Ok(())
            }
            Some(_) => {
                if self.writing.as_ref().is_some_and(|writing| writing.document != id) {
                    self.seal()?;
                }
                let start = self.begin_record(id)?;
                let Some(opened) = self.opened.get_mut(&id) else { return Err(SessionError::NotOpen) };
                let mut author = Author::new(&mut opened.document);
                author.event(Event::Register { target: Target::Document, key: key.into(), value })?;
                let events = author.events;
                self.written(id, start, events);
                self.seal()?;
                self.update_cards()
            }
            None => self
                .write(id, move |author| {
                    Ok(author.event(Event::Register { target: Target::Document, key: key.into(), value })?)
                })
                .map(|_| ()),
        }
    }

    fn run_deferred(&mut self, id: DocumentId) -> Result<(), SessionError> {
        let deferred = self.opened.get_mut(&id).map(|opened| std::mem::take(&mut opened.deferred)).unwrap_or_default();
        deferred.into_iter().try_for_each(|(key, value)| self.set_register(id, key, value))
    }

    // ---- documents without a window

    /// Writes one record of a document that no window has open, on everything that is known.
    pub fn write(
        &mut self,
        id: DocumentId,
        write: impl FnOnce(&mut Author<'_>) -> Result<(), SessionError>,
    ) -> Result<(), SessionError> {
        if self.opened.contains_key(&id) {
            return Err(SessionError::OpenInWindow);
        }
        self.seal()?;
        let mut document = Document::new(self.store.workspace(), id);
        document.absorb(self.store.records(&id)?);
        let replica = self.identity.replica();
        let (previous_here, first_seq) = document.last_of(replica);
        let version = document.version();
        let parents = document.begin(replica, &version)?;
        let mut author = Author::new(&mut document);
        write(&mut author)?;
        let events = author.events;
        let start = OpenStart { document: id, replica, parents, previous_here, first_seq };
        // An error leaves nothing behind: the document is thrown away, and the store has all or nothing.
        self.unsaved.push(Unsaved { start, time: now(), events });
        if let Err(error) = self.save() {
            self.unsaved.clear();
            return Err(error);
        }
        self.exchange.typed();
        self.seal()?;
        self.update_cards()
    }

    pub fn create_document(&mut self, name: &str) -> Result<DocumentId, SessionError> {
        let id = DocumentId(random()?);
        let name = name.to_owned();
        self.write(id, move |author| {
            let kind = Attributes::from([("kind".to_owned(), Value::Text(PARAGRAPH.into()))]);
            author.event(Event::Insert { at: 0, what: Insertion::Marker(kind) })?;
            if !name.is_empty() {
                let (target, value) = (Target::Document, Some(Value::Text(name)));
                author.event(Event::Register { target, key: "title".into(), value })?;
            }
            Ok(())
        })?;
        Ok(id)
    }

    // ---- what came in

    fn count_others(&mut self) -> Result<(), SessionError> {
        let others = self.store.replicas()?.iter().filter(|id| !self.own.contains(id)).count();
        self.others = others as u32;
        Ok(())
    }

    /// Records that are durable now and were not known before.
    pub fn arrived(&mut self, records: &[Record]) -> Result<(), SessionError> {
        let mut by_document: BTreeMap<DocumentId, Vec<Record>> = BTreeMap::new();
        for record in records {
            by_document.entry(record.document()).or_default().push(record.clone());
        }
        for (document, records) in by_document {
            let stale = self.stale_cards.entry(document).or_default();
            records.iter().for_each(|record| stale.note(record));
            if let Some(opened) = self.opened.get_mut(&document) {
                opened.receive(records);
                self.tell(wire::Event::Newer { document: document.to_string() });
            }
        }
        self.count_others()
    }

    // ---- lists

    fn update_cards(&mut self) -> Result<(), SessionError> {
        let stale = std::mem::take(&mut self.stale_cards);
        let known: BTreeMap<DocumentId, DocumentCard> = self.store.cards()?.into_iter().collect();
        let mut cards = Vec::new();
        for (id, Stale { edited, registers }) in stale {
            if id == DocumentId::WORKSPACE {
                continue;
            }
            let card = match known.get(&id) {
                Some(card) if !registers => DocumentCard { edited: edited.max(card.edited), ..card.clone() },
                before => {
                    let mut document = Document::new(self.store.workspace(), id);
                    document.absorb(self.store.records(&id)?);
                    let edited = before.map_or(edited, |card| edited.max(card.edited));
                    DocumentCard { title: title(&document), trashed: is_trashed(&document), edited }
                }
            };
            cards.push((id, Some(card)));
        }
        if !cards.is_empty() {
            self.store.commit(&Batch { cards, ..Batch::default() })?;
            let documents = self.documents()?;
            self.tell(wire::Event::Documents { documents });
        }
        Ok(())
    }

    pub fn documents(&self) -> Result<Vec<wire::DocumentInfo>, SessionError> {
        crate::reading::documents(&*self.store)
    }

    // ---- what the window is told

    pub fn tell(&self, event: wire::Event) {
        // Nobody listens where there is no window.
        let _ = self.events.send(event);
    }

    pub fn status(&self) -> wire::Status {
        let words = if self.failing_since.is_some() {
            wire::Whereabouts::NotSaved
        } else if self.exchange.carrier.is_some() && self.exchange.is_published() && self.unsaved.is_empty() {
            wire::Whereabouts::InTheFolder
        } else {
            wire::Whereabouts::OnThisDevice
        };
        let files = self.exchange.files();
        wire::Status {
            words,
            trouble: self.exchange.trouble,
            others: self.others,
            pending: files.iter().filter(|file| file.pending).count() as u32,
            refused: files.iter().filter(|file| !file.pending).count() as u32,
        }
    }

    pub fn tell_status(&mut self) {
        let status = self.status();
        if self.told_status.as_ref() != Some(&status) {
            self.told_status = Some(status.clone());
            self.tell(wire::Event::Status { status });
        }
    }

    /// The last job: the thread ends after it.
    pub fn stop(&mut self) {
        self.exchange.stop();
        self.closing = true;
    }
}

/// Milliseconds since 1970 by this machine's clock; for people only.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], SessionError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(inkfold_folder::IdentityError::NoRandomness)?;
    Ok(bytes)
}

fn new_identity(store: &mut dyn Storage, workspace: WorkspaceId) -> Result<Identity, SessionError> {
    let identity = Identity::generate(workspace)?;
    let mut own = store.setting(setting::OWN)?.unwrap_or_default();
    own.extend_from_slice(identity.replica().as_bytes());
    store.commit(&Batch {
        settings: vec![
            (setting::IDENTITY.into(), Some(identity.to_bytes().to_vec())),
            (setting::OWN.into(), Some(own)),
        ],
        keys: vec![(identity.replica(), identity.public_key().0)],
        ..Batch::default()
    })?;
    Ok(identity)
}

/// About how many bytes events take in a record.
fn bytes_of(events: &[Event]) -> usize {
    let text = |event: &Event| match event {
        Event::Insert { what: Insertion::Text(text), .. } => text.len(),
        Event::Insert { what: Insertion::Marker(attributes) | Insertion::Object(attributes), .. } => {
            64 * attributes.len()
        }
        Event::Mark { key, .. } | Event::Register { key, .. } => key.len() + 256,
        _ => 0,
    };
    events.iter().map(|event| 16 + text(event)).sum()
}

/// Events in portions that each fit in a record.
fn pieces(events: &[Event]) -> Vec<Vec<Event>> {
    let mut out: Vec<Vec<Event>> = vec![Vec::new()];
    let mut bytes = 0;
    for event in events {
        let parts = match event {
            Event::Insert { at, what: Insertion::Text(text) } if text.len() > PIECE_BYTES => text_parts(*at, text),
            event => vec![event.clone()],
        };
        for part in parts {
            let size = bytes_of(std::slice::from_ref(&part));
            if bytes + size > PIECE_BYTES && bytes > 0 {
                out.push(Vec::new());
                bytes = 0;
            }
            bytes += size;
            if let Some(last) = out.last_mut() {
                last.push(part);
            }
        }
    }
    out
}

fn text_parts(at: u64, text: &str) -> Vec<Event> {
    let (mut parts, mut at, mut rest) = (Vec::new(), at, text);
    while !rest.is_empty() {
        let mut end = rest.len().min(PIECE_BYTES / 2);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (part, tail) = rest.split_at(end);
        parts.push(Event::Insert { at, what: Insertion::Text(part.to_owned()) });
        at += part.chars().count() as u64;
        rest = tail;
    }
    parts
}
