//! Documents in windows: edits in, patches out.

use super::saving::bytes_of;
use super::*;

impl Workspace {
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
        if opened.is_lost() {
            let _ = reply.send(Err(SessionError::OutOfStep));
            return;
        }
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

    pub(super) fn apply_edit(&mut self, id: DocumentId, edit: &wire::Edit) -> Result<(), SessionError> {
        let opened = self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?;
        if let Err(error) = opened.settle(edit.patch) {
            opened.lose();
            return Err(error);
        }
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
        if outcome.is_err() {
            opened.lose();
        }
        self.written(id, start, events);
        Ok(outcome?)
    }

    /// Begins a record of a document that is open in a window, unless one is open.
    pub(super) fn begin_record(&mut self, id: DocumentId) -> Result<OpenStart, SessionError> {
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

    pub(super) fn written(&mut self, id: DocumentId, start: OpenStart, events: Vec<Event>) {
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
            Some(opened) if opened.is_lost() => {
                let _ = ask.reply.send(Err(SessionError::OutOfStep));
                return;
            }
            Some(opened) => opened.asks.push(ask),
            None => {
                let _ = ask.reply.send(Err(SessionError::NotOpen));
                return;
            }
        }
        self.answer_asks(id);
    }

    pub(super) fn answer_asks(&mut self, id: DocumentId) {
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

    pub(super) fn next_patch(&mut self, id: DocumentId, patch: u32) -> Result<Option<wire::Patch>, SessionError> {
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
}
