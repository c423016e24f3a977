//! The disk: what was written becomes durable, is sealed, and goes into the outbox.

use inkfold_engine::record::MAX_EVENTS;
use inkfold_store::{Signature, UndoRow};

use super::*;

impl Workspace {
    /// Stores what the engine has and the store hasn't.
    pub(super) fn save(&mut self) -> Result<(), SessionError> {
        if !self.unsaved.is_empty() {
            self.check_run()?;
        }
        let mut oversize = BTreeSet::new();
        while let Some(unsaved) = self.unsaved.first() {
            let document = unsaved.start.document;
            if bytes_of(&unsaved.events) <= PIECE_BYTES {
                let undo = rows_of(&unsaved.undo);
                let stored = self.store.append_undoable(&unsaved.start, unsaved.time, &unsaved.events, &undo);
                if let Err(error) = stored {
                    if doubles::is_hopeless(&error) {
                        self.give_way(document, &error);
                    }
                    return Err(error.into());
                }
            } else {
                let undo = rows_of(&unsaved.undo);
                self.save_in_pieces(unsaved.start.clone(), unsaved.time, pieces(&unsaved.events), &undo)?;
                oversize.insert(document);
            }
            self.unsaved.remove(0);
        }
        for document in oversize {
            // What the engine holds as one open record has become several: it is read again as the store has it.
            self.writing = None;
            let Some(opened) = self.opened.get_mut(&document) else { continue };
            // The last of them follows all that the window shows, and nothing that it doesn't.
            let last = self.store.start(&self.identity.replica(), &document, &[])?.previous_here;
            match self.store.document_at(&document, last.as_slice())? {
                Some(mut fresh) => {
                    fresh.absorb(opened.document.waiting().cloned());
                    opened.document = fresh;
                }
                None => opened.lose(),
            }
        }
        Ok(())
    }

    pub(super) fn save_in_pieces(
        &mut self,
        start: OpenStart,
        time: i64,
        pieces: Vec<Vec<Event>>,
        undo: &[UndoRow],
    ) -> Result<(), SessionError> {
        let mut start = start;
        let last = pieces.len().saturating_sub(1);
        for (i, piece) in pieces.into_iter().enumerate() {
            // What can be undone is all of it, once all of it is there.
            self.store.append_undoable(&start, time, &piece, if i == last { undo } else { &[] })?;
            if let Some(open) = self.store.open()? {
                let record = open.seal(self.store.workspace(), time);
                self.store.commit(&Batch { seal: Some(record.clone()), ..Batch::default() })?;
                self.note_unkept(&record);
            }
            start = self.store.start(&start.replica, &start.document, &[])?;
        }
        Ok(())
    }

    /// Tells those who wait for the disk, and remembers a failure.
    pub(super) fn settle_disk(&mut self, outcome: Result<(), SessionError>) {
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
                self.failing_since = Some(self.around.moment());
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
                // Or another process has sealed it.
                if opened.document.is_open() {
                    opened.lose();
                }
            }
            return Ok(());
        };
        let record = open.seal(self.store.workspace(), open.time());
        self.store.commit(&Batch { seal: Some(record.clone()), ..Batch::default() })?;
        self.sealed(record)
    }

    pub(super) fn sealed(&mut self, record: Record) -> Result<(), SessionError> {
        self.writing = None;
        self.stale_cards.entry(record.document()).or_default().note(&record);
        self.note_unkept(&record);
        self.acknowledging.wrote();
        let document = record.document();
        if let Some(opened) = self.opened.get_mut(&document) {
            if !opened.document.is_open() {
                // Another process has left it open: the window hasn't seen it yet.
                opened.receive([record]);
                self.tell(wire::Event::Newer { document: document.to_string() });
            } else if opened.document.seal(record).is_err() {
                // Another process has written in it: the window has to open the document again.
                opened.lose();
            }
        }
        Ok(())
    }

    pub(super) fn last_number(&self) -> Result<u64, SessionError> {
        Ok(self.store.line_end(&self.identity.replica())?.map_or(0, |tip| tip.number))
    }

    pub(super) fn first_unqueued(&self) -> Result<u64, SessionError> {
        Ok(self.store.queued_to(&self.identity.replica())? + 1)
    }

    /// Seals what is open and hands everything that no file holds yet to the carrier: one transaction for the record
    /// and the file's bytes.
    pub fn flush(&mut self) -> Result<(), SessionError> {
        self.save()?;
        let sealed = self.store.open()?.map(|open| open.seal(self.store.workspace(), open.time()));
        // What another process has left open under another id is no part of this line.
        let sealed = sealed.filter(|record| record.replica() == self.identity.replica());
        if self.exchange.carrier.is_none() || sealed.is_none() {
            self.seal()?;
        }
        if self.exchange.carrier.is_none() {
            return Ok(());
        }
        self.check_run()?;
        let replica = self.identity.replica();
        let mut records = self.store.records_of(&replica, self.first_unqueued()?..u64::MAX)?;
        records.extend(sealed.clone());
        if !records.is_empty() {
            let files = encode_all(&self.identity, &records, &StoreBranches(&*self.store))?;
            // So that whoever holds the records can also show whose they are.
            let signatures = files.iter().map(|file| Signature {
                replica,
                number: file.header.last,
                record: file.last_id,
                bytes: file.signature.0,
            });
            let signatures = signatures.collect();
            let outbox: Vec<OutboxFile> = files
                .into_iter()
                .map(|file| OutboxFile {
                    name: file.name(),
                    replica,
                    first: file.header.first,
                    last: file.header.last,
                    bytes: file.bytes,
                })
                .collect();
            let batch = Batch { seal: sealed.clone(), outbox, signatures, ..Batch::default() };
            self.store.commit(&batch)?;
            self.exchange.own_files.add(&batch.outbox);
        }
        if let Some(record) = sealed {
            self.sealed(record)?;
        }
        self.mirror()?;
        self.exchange.flushed();
        self.exchange.publish(&*self.store)?;
        Ok(())
    }
}

fn rows_of(undo: &BTreeMap<u64, Option<Vec<u8>>>) -> Vec<UndoRow> {
    undo.iter().map(|(number, row)| (*number, row.clone())).collect()
}

/// A deletion of so many characters counts like a byte of text: portions then stay below [`MAX_EVENTS`].
const DELETED_PER_BYTE: u64 = MAX_EVENTS / PIECE_BYTES as u64;
/// The most that one event of a portion deletes.
const MOST_DELETED: u64 = MAX_EVENTS / 4;

/// About how many bytes events take in a record.
pub(super) fn bytes_of(events: &[Event]) -> usize {
    let text = |event: &Event| match event {
        Event::Insert { what: Insertion::Text(text), .. } => text.len(),
        Event::Insert { what: Insertion::Marker(attributes) | Insertion::Object(attributes), .. } => {
            64 * attributes.len()
        }
        Event::Mark { key, .. } | Event::Register { key, .. } => key.len() + 256,
        // Few bytes, but a record holds only so many events.
        Event::Delete { len, .. } => (len / DELETED_PER_BYTE) as usize,
        Event::Cancel { ranges, .. } => 8 * ranges.len(),
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
            Event::Delete { at, len, backward: false } if *len > MOST_DELETED => {
                let whole = (0..len / MOST_DELETED).map(|_| MOST_DELETED);
                let lengths = whole.chain([len % MOST_DELETED]).filter(|&len| len > 0);
                lengths.map(|len| Event::Delete { at: *at, len, backward: false }).collect()
            }
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
        parts.push(Event::Insert { at, what: Insertion::Text(part.into()) });
        at += part.chars().count() as u64;
        rest = tail;
    }
    parts
}

#[cfg(test)]
mod tests {
    use inkfold_store::SqliteStore;

    use crate::error::SessionError;
    use crate::session::Session;
    use crate::wire::{Change, Edit, Event, Grouping, Inline, Point, Whereabouts};

    /// The database can't grow any more, or it can again.
    async fn limit(session: &Session, pages: Option<u32>) {
        let id = session.workspaces().expect("a list")[0].to_string();
        let path = session.data().join("workspaces").join(id).join("inkfold.db");
        let store = SqliteStore::open_existing(&path).expect("a database");
        store.limit_pages(pages).expect("it takes a limit");
        let replace = |workspace: &mut super::Workspace| {
            workspace.store = Box::new(store);
            Ok(())
        };
        session.handle().expect("it is open").ask(replace).await.expect("it is replaced");
    }

    #[test]
    fn words_that_do_not_fit_on_the_disk_stay_in_memory_until_they_do() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let data = tempfile::tempdir().expect("a directory");
            let session = Session::open(data.path()).expect("a data directory");
            session.create_workspace("Notes".into(), "Ada".into(), None).await.expect("a workspace");
            let document = session.create_document("Plans".into()).await.expect("a document").id;
            session.open_document(document.clone()).await.expect("it opens");
            // One page is the least that can be asked for; the database stays as large as it is.
            limit(&session, Some(1)).await;
            let word = "twelve bytes".repeat(1_000);
            let at = Point { block: 0, offset: 0 };
            let edit = |counter| Edit {
                document: document.clone(),
                patch: 0,
                counter,
                changes: vec![Change::Splice {
                    from: at,
                    to: at,
                    insert: vec![Inline { text: word.clone(), marks: Default::default() }],
                }],
                grouping: Grouping::Typing,
                before: None,
                after: None,
            };
            let mut written = 0;
            let refused = loop {
                written += 1;
                match session.edit(edit(written)).await {
                    Ok(()) if written < 100 => {}
                    answer => break answer,
                }
            };
            assert!(matches!(refused, Err(SessionError::NotSaved(_))), "{refused:?}");
            // The writer goes on.
            written += 1;
            assert!(session.edit(edit(written)).await.is_err());
            assert_eq!(session.status().await.expect("a status").words, Whereabouts::NotSaved);
            assert!(session.close().await.is_err(), "closing warns, and the session goes on");

            let mut events = session.events();
            limit(&session, None).await;
            // It is tried again by itself.
            while session.status().await.expect("a status").words == Whereabouts::NotSaved {
                if let Ok(Event::Status { status }) = events.recv().await {
                    assert!(matches!(status.words, Whereabouts::NotSaved | Whereabouts::OnThisDevice));
                }
            }
            session.close().await.expect("it closes");
            session.start().await.expect("it starts");
            let opened = session.open_document(document.clone()).await.expect("it opens");
            assert_eq!(opened.blocks[0].content[0].text, word.repeat(written as usize));
        });
    }
}
