//! What came in, the list of documents, and what the window is told.

use super::*;
use crate::reading::sealed_document;

/// While many documents come in, the list is told so often at most.
const LIST_PAUSE: Duration = Duration::from_millis(300);

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
            let now = self.around.now();
            let others = records.iter().map(Record::replica).filter(|replica| !self.own.contains(replica));
            others.collect::<BTreeSet<_>>().into_iter().for_each(|replica| self.people.saw(replica, now));
            let is_about_people =
                |record: &Record| record.document() == DocumentId::WORKSPACE || !self.people.knows(&record.replica());
            if records.iter().any(is_about_people) {
                self.people.changed();
            }
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

    /// Brings the cards of documents up to date, all of them.
    pub(super) fn update_cards(&mut self) -> Result<(), SessionError> {
        while self.update_some_cards(None, None)? {}
        Ok(())
    }

    /// The card of a document that was written, and those of others for a while.
    pub(super) fn update_card(&mut self, id: DocumentId) -> Result<(), SessionError> {
        self.more_cards = self.update_some_cards(Some(id), Some(CARDS_TIME))?;
        Ok(())
    }

    /// Whether there are outdated cards but of what is just being written.
    pub(super) fn has_stale_cards(&self) -> bool {
        let being_written = self.writing.as_ref().map(|writing| writing.document);
        self.stale_cards.keys().any(|id| Some(*id) != being_written)
    }

    /// The same for some documents, `first` before others, and not for what is being written, until so much time has passed;
    /// true if there are more.
    pub(super) fn update_some_cards(
        &mut self,
        first: Option<DocumentId>,
        most: Option<Duration>,
    ) -> Result<bool, SessionError> {
        let begun = self.around.moment();
        let being_written = self.writing.as_ref().map(|writing| writing.document).filter(|_| most.is_some());
        let known: BTreeMap<DocumentId, DocumentCard> = self.store.cards()?.into_iter().collect();
        let mut cards = Vec::new();
        let others = self.stale_cards.keys().copied().filter(|id| Some(*id) != being_written && Some(*id) != first);
        let due: Vec<DocumentId> = first.into_iter().chain(others).collect();
        let mut is_more = false;
        for id in due {
            if !cards.is_empty() && most.is_some_and(|most| self.around.since(begun) >= most) {
                is_more = true;
                break;
            }
            let Some(&Stale { edited, registers }) = self.stale_cards.get(&id) else { continue };
            if id == DocumentId::WORKSPACE {
                self.stale_cards.remove(&id);
                continue;
            }
            let card = match known.get(&id) {
                Some(card) if !registers => DocumentCard { edited: edited.max(card.edited), ..card.clone() },
                // Nothing that has come of it so far is a title.
                None if !registers => DocumentCard { title: String::new(), trashed: false, edited },
                before => {
                    let document = sealed_document(&*self.store, id)?;
                    let edited = before.map_or(edited, |card| edited.max(card.edited));
                    DocumentCard { title: title(&document), trashed: is_trashed(&document), edited }
                }
            };
            cards.push((id, Some(card)));
        }
        if !cards.is_empty() {
            let updated: BTreeSet<DocumentId> = cards.iter().map(|(id, _)| *id).collect();
            self.store.commit(&Batch { cards, ..Batch::default() })?;
            self.stale_cards.retain(|id, _| !updated.contains(id));
            self.untold_cards = true;
        }
        let is_soon = self.told_cards.is_some_and(|told| self.around.since(told) < LIST_PAUSE);
        if self.untold_cards && !(is_more && is_soon) {
            self.untold_cards = false;
            self.told_cards = Some(self.around.moment());
            let documents = self.documents()?;
            self.tell(wire::Event::Documents { documents });
        }
        Ok(is_more)
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
        let exchange = &self.exchange;
        let (pending, refused) = exchange.unused();
        let is_stopped = exchange.halt.is_set();
        let reading = exchange.reading.map(|reading| reading.for_people(is_stopped));
        wire::Status {
            words,
            trouble: self.exchange.trouble,
            others: self.others,
            peers: self.peers(),
            is_seen: self.presences.is_shared(),
            pending,
            refused,
            reading: reading.or(is_stopped.then(wire::Reading::stopped)),
            news: self.news.all().to_vec(),
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
