//! Documents in windows: edits in, patches out.

use inkfold_engine::EditError;
use inkfold_engine::undo::Selection;
use inkfold_folder::Spot;

use super::saving::bytes_of;
use super::*;
use crate::convert::grouping_in;

impl Workspace {
    pub fn open_document(&mut self, id: DocumentId) -> Result<wire::Opened, SessionError> {
        self.seal()?;
        let opened = self.store.open_document(&id)?.ok_or_else(|| SessionError::NoDocument(id.to_string()))?;
        let OpenedDocument { document, since } = opened;
        self.unkept.insert(id, since);
        let setting = (setting::LAST_DOCUMENT.to_owned(), Some(id.to_string().into_bytes()));
        self.store.commit(&Batch { settings: vec![setting], ..Batch::default() })?;
        let replica = self.identity.replica();
        let opened = Opened::new(document, replica, &self.store.undo_rows(&id, &replica)?);
        let answer = wire::Opened {
            document: id.to_string(),
            title: title(&opened.document),
            patch: opened.first_patch(),
            blocks: page_out(opened.document.page()),
            locked: locked(&opened.document),
            undo: opened.undo.can_undo(),
            redo: opened.undo.can_redo(),
        };
        self.opened.insert(id, opened);
        Ok(answer)
    }

    pub fn window_page(&self, id: DocumentId) -> Result<Vec<wire::Block>, SessionError> {
        let opened = self.opened.get(&id).ok_or(SessionError::NotOpen)?;
        Ok(page_out(opened.document.page()))
    }

    /// Where a selection of a document's window is.
    pub fn opened_selection(&self, id: DocumentId, selection: wire::Selection) -> Option<Selection> {
        self.opened.get(&id)?.selection(Some(selection))
    }

    /// Where somebody is on the page of a document's window, if the window shows what is here.
    pub fn shown_selection(&mut self, spot: &Spot, patch: u32, counter: u32) -> Option<wire::Selection> {
        let opened = self.opened.get_mut(&spot.document).filter(|opened| opened.is_at(patch, counter))?;
        Some(wire::Selection { anchor: opened.point(&spot.anchor)?, head: opened.point(&spot.head)? })
    }

    /// What a window does that shows everything and whose messages all arrive; for whoever has none. True if what was
    /// written is durable.
    pub fn type_in(
        &mut self,
        id: DocumentId,
        edit: impl FnOnce(&inkfold_engine::Page) -> Vec<wire::Change>,
    ) -> Result<bool, SessionError> {
        if self.opened.get(&id).is_some_and(Opened::is_lost) {
            self.opened.remove(&id);
        }
        if !self.opened.contains_key(&id) {
            match self.open_document(id) {
                Ok(_) => {}
                Err(SessionError::NoDocument(_)) => {
                    let write = |author: &mut Author<'_>| {
                        let changes = edit(author.page());
                        changes.iter().try_for_each(|change| author.change(change)).map_err(SessionError::from)
                    };
                    return self.write(id, write).map(|()| true);
                }
                Err(error) => return Err(error),
            }
        }
        let shown = self.opened.get(&id).map_or(0, Opened::last_patch);
        self.next_patch(id, shown)?;
        let opened = self.opened.get(&id).ok_or(SessionError::NotOpen)?;
        let edit = wire::Edit {
            document: id.to_string(),
            patch: opened.last_patch(),
            counter: opened.counter + 1,
            changes: edit(opened.document.page()),
            grouping: wire::Grouping::Typing,
            before: None,
            after: None,
        };
        self.apply_edit(id, &edit)?;
        let saved = self.save();
        let is_saved = saved.is_ok();
        self.settle_disk(saved);
        Ok(is_saved)
    }

    pub fn close_document(&mut self, id: DocumentId) -> Result<(), SessionError> {
        self.leave(id);
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
        self.flush()?;
        self.keep_snapshots(id);
        Ok(())
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
        opened.early.insert(edit.counter, Early::Edit(edit, reply));
        self.take_turns(id);
    }

    /// Takes back what a window's writer did last, or does it again, when its turn has come.
    pub fn undo(&mut self, undo: wire::Undo, reply: Reply<wire::Undone>) {
        let Ok(id) = undo.document.parse::<DocumentId>() else {
            let _ = reply.send(Err(SessionError::NoDocument(undo.document)));
            return;
        };
        let Some(opened) = self.opened.get_mut(&id) else {
            let _ = reply.send(Err(SessionError::NotOpen));
            return;
        };
        if opened.is_lost() || undo.counter <= opened.counter {
            // It was done when it came first; only the answer was lost.
            let _ = reply.send(opened.answered(undo.counter).ok_or(SessionError::OutOfStep));
            return;
        }
        opened.early.insert(undo.counter, Early::Undo(undo, reply));
        self.take_turns(id);
    }

    /// Does what has come, as far as it is its turn.
    fn take_turns(&mut self, id: DocumentId) {
        while let Some(opened) = self.opened.get_mut(&id) {
            let next = opened.counter + 1;
            let Some(early) = opened.early.remove(&next) else { break };
            let is_done = match early {
                Early::Edit(edit, reply) => match self.apply_edit(id, &edit) {
                    Ok(()) => {
                        self.waiting_for_disk.push(reply);
                        true
                    }
                    Err(error) => reply.send(Err(error)).is_ok_and(|()| false),
                },
                Early::Undo(undo, reply) => {
                    // The window shows it at once. That it is durable, the answer to the next edit says.
                    let undone = self.apply_undo(id, &undo);
                    let is_done = undone.is_ok();
                    let _ = reply.send(undone);
                    is_done
                }
            };
            if !is_done {
                break;
            }
        }
        self.answer_asks(id);
    }

    pub(super) fn apply_edit(&mut self, id: DocumentId, edit: &wire::Edit) -> Result<(), SessionError> {
        let start = self.begin_edit(id, edit.patch)?;
        let Some(opened) = self.opened.get_mut(&id) else { return Err(SessionError::NotOpen) };
        opened.counter = edit.counter;
        if edit.changes.is_empty() {
            return Ok(());
        }
        let before = opened.selection(edit.before);
        opened.undo.begin(grouping_in(edit.grouping), self.around.now(), before);
        let mut author = Author::undoable(&mut opened.document, &mut opened.undo);
        let outcome = edit.changes.iter().try_for_each(|change| author.change(change));
        let events = author.events;
        let after = opened.selection(edit.after);
        opened.undo.settle(after);
        if outcome.is_err() {
            opened.lose();
        }
        self.written(id, start, events);
        Ok(outcome?)
    }

    fn apply_undo(&mut self, id: DocumentId, undo: &wire::Undo) -> Result<wire::Undone, SessionError> {
        let mut start = self.begin_edit(id, undo.patch)?;
        let opened = self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?;
        let before = opened.document.page().clone();
        let mut selection = None;
        loop {
            let opened = self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?;
            let needs_history = match opened.revert(undo.redo) {
                Ok(reverted) => {
                    self.written(id, start, reverted.events);
                    selection = reverted.selection;
                    reverted.needs_history
                }
                Err(EditError::NeedsHistory) => true,
                Err(error) => {
                    // Nothing was changed, so the window is still in step.
                    tracing::warn!("what the writer did can't be undone: {error}");
                    false
                }
            };
            if !needs_history {
                break;
            }
            start = self.load_history(id)?;
        }
        let opened = self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?;
        opened.counter = undo.counter;
        Ok(opened.undone(undo.counter, &before, selection))
    }

    /// Reads what a document was opened without, which can't come in under an open record; begins the next one.
    fn load_history(&mut self, id: DocumentId) -> Result<OpenStart, SessionError> {
        self.seal()?;
        let opened = self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?;
        self.store.load_history(&mut opened.document)?;
        self.begin_record(id)
    }

    /// Makes the document that which the window showed when its writer did something, with a record open.
    fn begin_edit(&mut self, id: DocumentId, patch: u32) -> Result<OpenStart, SessionError> {
        let opened = self.opened.get_mut(&id).ok_or(SessionError::NotOpen)?;
        if let Err(error) = opened.settle(patch) {
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
                self.failing_since = Some(self.around.moment());
            }
        }
        self.begin_record(id)
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
        self.writing =
            Some(Writing { document: id, start: start.clone(), edits: 0, bytes: 0, last: self.around.moment() });
        Ok(start)
    }

    pub(super) fn written(&mut self, id: DocumentId, start: OpenStart, events: Vec<Event>) {
        if let Some(writing) = self.writing.as_mut().filter(|writing| writing.document == id) {
            writing.edits += 1;
            writing.bytes += bytes_of(&events);
            writing.last = self.around.moment();
        }
        let undo = self.opened.get_mut(&id).map(Opened::undo_rows).unwrap_or_default();
        if events.is_empty() && undo.is_empty() {
            return;
        }
        if !events.is_empty() {
            self.exchange.typed();
        }
        let time = self.around.now();
        match self.unsaved.last_mut() {
            Some(last) if last.start == start && bytes_of(&last.events) < SEAL_BYTES => {
                last.events.extend(events);
                last.undo.extend(undo);
            }
            _ => self.unsaved.push(Unsaved { start, time, events, undo: undo.into_iter().collect() }),
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
            // Where the writer has gone on since, the answer will be dropped, whatever it is.
            let answer = if ask.counter < counter { Ok(None) } else { self.next_patch(id, ask.patch) };
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
        let Some(opened) = self.opened.get_mut(&id) else { return Ok(None) };
        opened.next_patch(&*self.store)
    }
}
