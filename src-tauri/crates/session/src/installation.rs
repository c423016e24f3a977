//! An installation without threads: a workspace and its exchange with a shared folder, each moved on by whoever holds
//! them. The code is that of the running program; only who waits for whom is left out, so that a simulation can put its own
//! files, time and chance below it and repeat a run.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use inkfold_engine::{DocumentId, Page, ReplicaId};
use inkfold_folder::FileSystem;
use inkfold_folder::watch::{OnHint, SystemEvent, is_hint};
use inkfold_store::{MemoryStore, Storage};
use tokio::sync::broadcast;

use crate::carrier::{Carrier, Home, Orders, Work};
use crate::error::SessionError;
use crate::rhythm::Rhythm;
use crate::surroundings::{Around, Surroundings};
use crate::wire::{Change, FileReport, Opened, Present, Selection, Status};
use crate::workspace::Workspace;

/// A workspace on one thread, with the shared folder at `root` of some file system.
pub struct Installation<F> {
    home: Shared,
    work: Work<Shared, F>,
    orders: Orders,
    on_hint: OnHint,
}

#[derive(Clone)]
struct Shared(Rc<RefCell<Workspace>>);

impl Home for Shared {
    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Workspace) -> T + Send + 'static,
    ) -> Result<T, SessionError> {
        Ok(job(&mut self.0.borrow_mut()))
    }
}

impl<F: FileSystem> Installation<F> {
    /// Begins a run on what a store holds.
    ///
    /// # Errors
    /// The store can't be read or written.
    pub fn start(
        store: Box<dyn Storage>,
        root: PathBuf,
        files: F,
        surroundings: Arc<dyn Surroundings>,
    ) -> Result<Self, SessionError> {
        let around = Around(surroundings);
        let (carrier, orders) = Carrier::without_thread();
        let (id, on_hint) = (store.workspace(), carrier.on_hint());
        let workspace = Workspace::new(store, Some(carrier), around.clone(), broadcast::channel(1).0, None)?;
        let home = Shared(Rc::new(RefCell::new(workspace)));
        let work = Work::new(root, id, home.clone(), files, around, Rhythm::default());
        Ok(Installation { work, home, orders, on_hint })
    }

    /// Writes one record: what `edit` makes of the page as it is with everything that is known.
    ///
    /// # Errors
    /// A change doesn't fit the page, or storing failed; nothing is written then.
    pub fn write(&mut self, document: DocumentId, edit: impl FnOnce(&Page) -> Vec<Change>) -> Result<(), SessionError> {
        self.home.0.borrow_mut().write(document, |author| {
            let changes = edit(author.page());
            changes.iter().try_for_each(|change| author.change(change)).map_err(SessionError::from)
        })
    }

    /// Opens a document as a window does.
    ///
    /// # Errors
    /// There is no such document, or it can't be read.
    pub fn open(&mut self, document: DocumentId) -> Result<Opened, SessionError> {
        self.home.0.borrow_mut().open_document(document)
    }

    /// Closes it again.
    ///
    /// # Errors
    /// It can't be stored.
    pub fn close(&mut self, document: DocumentId) -> Result<(), SessionError> {
        self.home.0.borrow_mut().close_document(document)
    }

    /// The person is here in a document that is open.
    pub fn present(&mut self, document: DocumentId, selection: Selection) {
        self.home.0.borrow_mut().present(document, selection);
    }

    /// Whether others may see where the person is.
    ///
    /// # Errors
    /// It can't be stored.
    pub fn share_presence(&mut self, shared: bool) -> Result<(), SessionError> {
        self.home.0.borrow_mut().share_presence(shared)
    }

    /// Who is where, as a window that has just opened a document would show it.
    pub fn presences(&mut self, document: DocumentId) -> Vec<Present> {
        self.home.0.borrow_mut().presences(Some((document, 0, 0)))
    }

    /// Does what is due by the clock: seals, flushes, and tries again what failed.
    pub fn tick(&mut self) {
        self.home.0.borrow_mut().tick();
    }

    /// Hands everything that is written to the carrier, as before the end of a run.
    ///
    /// # Errors
    /// The store can't be read or written.
    pub fn flush(&mut self) -> Result<(), SessionError> {
        self.home.0.borrow_mut().flush()
    }

    /// One round of the carrier, as when somebody asks for it: scans the folder, takes in what is new, publishes what is
    /// waiting.
    pub fn exchange(&mut self) {
        self.work.ask();
        self.carry();
    }

    /// What the carrier does when it wakes: it scans if it is time to, and publishes what is waiting. True if it has scanned.
    pub fn carry(&mut self) -> bool {
        self.work.step(&self.orders)
    }

    /// How long the carrier sleeps if nothing wakes it: zero if it is time for a scan.
    pub fn due_in(&self) -> Duration {
        self.work.due_in()
    }

    /// The system reports something about the folder. It wakes the carrier if it means anything.
    pub fn report(&mut self, event: &SystemEvent) {
        if is_hint(event) {
            (self.on_hint)();
            self.work.take_all(&self.orders);
        }
    }

    /// Under which id is written at present.
    pub fn replica(&self) -> ReplicaId {
        self.home.0.borrow().identity.replica()
    }

    /// The state of the workspace, as a window would show it.
    pub fn status(&self) -> Status {
        let mut workspace = self.home.0.borrow_mut();
        workspace.tell_status();
        workspace.status()
    }

    /// The files that aren't used, for people.
    pub fn unused(&self) -> Vec<FileReport> {
        self.home.0.borrow().exchange.files()
    }

    /// Looks into the store.
    pub fn look<T>(&self, look: impl FnOnce(&dyn Storage) -> T) -> T {
        look(&*self.home.0.borrow().store)
    }

    /// Writes in a window of the document, which stays open and shows all that is known first: what `edit` makes of the
    /// page. Where there is no such document yet it is begun without a window. True if what was written is durable; else
    /// it is kept in memory, and storing it is tried again.
    ///
    /// # Errors
    /// The store can't be read, or the window has to be opened again.
    pub fn type_in(
        &mut self,
        document: DocumentId,
        edit: impl FnOnce(&Page) -> Vec<Change>,
    ) -> Result<bool, SessionError> {
        self.home.0.borrow_mut().type_in(document, edit)
    }

    /// Closes the document's window, if there is one.
    ///
    /// # Errors
    /// What was written could not be stored.
    pub fn close_window(&mut self, document: DocumentId) -> Result<(), SessionError> {
        self.home.0.borrow_mut().close_document(document)
    }

    /// Ends the run where it stands, as a power cut would, and gives back what is stored.
    pub fn stop(self) -> Box<dyn Storage> {
        let mut workspace = self.home.0.borrow_mut();
        let nothing = Box::new(MemoryStore::new(workspace.store.workspace()));
        std::mem::replace(&mut workspace.store, nothing)
    }
}
