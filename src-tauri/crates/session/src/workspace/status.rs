//! What came in, the list of documents, and what the window is told.

use super::*;
use crate::reading::sealed_document;

impl Workspace {
    pub(super) fn count_others(&mut self) -> Result<(), SessionError> {
        let others = self.store.replicas()?.iter().filter(|id| !self.own.contains(id)).count();
        self.others = others as u32;
        Ok(())
    }

    /// Records that are durable now and were not known before.
    pub fn arrived(&mut self, records: &[Record]) -> Result<(), SessionError> {
        if !records.is_empty() {
            self.acknowledging.came();
            self.people.changed();
        }
        let mut by_document: BTreeMap<DocumentId, Vec<Record>> = BTreeMap::new();
        for record in records {
            by_document.entry(record.document()).or_default().push(record.clone());
        }
        for (document, records) in by_document {
            let stale = self.stale_cards.entry(document).or_default();
            records.iter().for_each(|record| stale.note(record));
            records.iter().for_each(|record| self.note_unkept(record));
            if let Some(opened) = self.opened.get_mut(&document) {
                opened.receive(records);
                self.tell(wire::Event::Newer { document: document.to_string() });
            }
        }
        self.count_others()
    }

    pub(super) fn update_cards(&mut self) -> Result<(), SessionError> {
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
                    let document = sealed_document(&*self.store, id)?;
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
            peers: self.peers(),
            is_seen: self.presences.is_shared(),
            pending: files.iter().filter(|file| file.pending).count() as u32,
            refused: files.iter().filter(|file| !file.pending).count() as u32,
        }
    }

    pub fn tell_status(&mut self) {
        if let Err(error) = self.see_who_has_all().and_then(|()| self.see_people()) {
            tracing::warn!(code = error.code(), "it can't be told who has what: {error}");
        }
        let status = self.status();
        if self.told_status.as_ref() != Some(&status) {
            self.told_status = Some(status.clone());
            self.tell(wire::Event::Status { status });
        }
    }

    /// The last job: the thread ends after it.
    pub fn stop(&mut self) {
        let opened: Vec<DocumentId> = self.opened.keys().copied().collect();
        opened.into_iter().for_each(|id| self.keep_snapshots(id));
        self.take_presence_away();
        self.exchange.stop();
        self.closing = true;
    }
}
