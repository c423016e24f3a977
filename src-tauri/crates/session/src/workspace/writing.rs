//! Titles, the trash, and documents that are written without a window.

use super::*;
use crate::edit::paragraph;
use crate::reading::sealed_document;

impl Workspace {
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
                self.update_card(id)
            }
            None => self
                .write(id, move |author| {
                    Ok(author.event(Event::Register { target: Target::Document, key: key.into(), value })?)
                })
                .map(|_| ()),
        }
    }

    pub(super) fn run_deferred(&mut self, id: DocumentId) -> Result<(), SessionError> {
        let deferred = self.opened.get_mut(&id).map(|opened| std::mem::take(&mut opened.deferred)).unwrap_or_default();
        deferred.into_iter().try_for_each(|(key, value)| self.set_register(id, key, value))
    }

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
        let mut document = sealed_document(&*self.store, id)?;
        let replica = self.identity.replica();
        let (previous_here, first_seq) = document.last_of(replica);
        let version = document.version();
        let parents = document.begin(replica, &version)?;
        let mut author = Author::new(&mut document);
        write(&mut author)?;
        let events = author.events;
        let start = OpenStart { document: id, replica, parents, previous_here, first_seq };
        // An error leaves nothing behind: the document is thrown away, and the store has all or nothing.
        self.unsaved.push(Unsaved { start, time: self.around.now(), events, undo: BTreeMap::new() });
        if let Err(error) = self.save() {
            self.unsaved.clear();
            return Err(error);
        }
        self.exchange.typed();
        self.seal()?;
        self.update_card(id)
    }

    /// Makes a document of these blocks; of one empty paragraph, if there are none.
    pub fn create_document(&mut self, name: &str, blocks: Vec<wire::Block>) -> Result<DocumentId, SessionError> {
        let id = DocumentId(self.around.random()?);
        let name = name.to_owned();
        self.write(id, move |author| {
            if blocks.is_empty() {
                author.event(Event::Insert { at: 0, what: Insertion::Marker(paragraph()) })?;
            }
            author.new_blocks(0, &blocks)?;
            if !name.is_empty() {
                let (target, value) = (Target::Document, Some(Value::Text(name)));
                author.event(Event::Register { target, key: "title".into(), value })?;
            }
            Ok(())
        })?;
        Ok(id)
    }
}
