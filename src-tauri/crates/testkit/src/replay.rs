//! Replays an editing trace as real replicas: each writer has a document of the engine's, edits it as its window would, and
//! hears from the others exactly what the trace says that it knew.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use inkfold_engine::event::check_text;
use inkfold_engine::{Document, EditError, Event, Insertion, Record, RecordId, ReplicaId};
use inkfold_folder::{EncodeError, HeldRecords, Identity, encode_all};

use crate::history::{DOCUMENT, WORKSPACE};
use crate::trace::{Patch, Trace};

/// So many transactions make the app seal a record.
const SEAL_TRANSACTIONS: usize = 100;

/// When records are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// A record for each transaction.
    Each,
    /// As the app does it: when somebody else has seen what was written, or after 100 transactions.
    AsTheApp,
    /// When somebody else has seen what was written, or after so many transactions.
    After(usize),
}

/// Why a trace can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A patch names a place that its writer's text didn't have.
    #[error("transaction {0} names a place past the end of its writer's text")]
    PastEnd(usize),
    /// The engine refused an edit.
    #[error("transaction {transaction} can't be applied: {source}")]
    Edit {
        /// Which.
        transaction: usize,
        /// Why.
        source: EditError,
    },
}

/// A replayed trace.
#[derive(Debug)]
pub struct Replay {
    /// All records, parents before children.
    pub records: Vec<Record>,
    /// The identities that they were written under, by ascending replica id.
    pub identities: Vec<Identity>,
    /// How long the local edits took, sealing included.
    pub local: Duration,
}

impl Replay {
    /// The segment files of all replicas, as the app writes them.
    ///
    /// # Errors
    /// As [`encode_all`].
    pub fn files(&self) -> Result<Vec<Vec<u8>>, EncodeError> {
        let mut held = HeldRecords::default();
        let mut by_replica: BTreeMap<ReplicaId, Vec<Record>> = BTreeMap::new();
        for record in &self.records {
            held.insert(record.clone());
            by_replica.entry(record.replica()).or_default().push(record.clone());
        }
        let mut files = Vec::new();
        for identity in &self.identities {
            if let Some(records) = by_replica.get(&identity.replica()) {
                files.extend(encode_all(identity, records, &held)?.into_iter().map(|file| file.bytes));
            }
        }
        Ok(files)
    }
}

/// A trace's text as a document can hold it: what is refused there (control characters but the tab, an object's
/// stand-in) is the replacement character, so that no position changes. Line feeds stay: they are markers.
pub fn as_document_text(text: &str) -> String {
    let allowed = |c: char| c == '\n' || check_text(c.encode_utf8(&mut [0; 4])).is_ok();
    text.chars().map(|c| if allowed(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Which replica writes each transaction, and how many replicas there are: a line is what one agent wrote with all its own
/// before known. An agent that went on in two places at once is several replicas.
pub fn lines(trace: &Trace) -> (Vec<usize>, usize) {
    let mut tips: Vec<(usize, usize)> = Vec::new();
    let mut line_of = Vec::with_capacity(trace.transactions.len());
    for (index, transaction) in trace.transactions.iter().enumerate() {
        let own = tips.iter().enumerate().filter(|(_, (agent, _))| *agent == transaction.agent);
        let mut own: Vec<(usize, usize)> = own.map(|(line, (_, tip))| (*tip, line)).collect();
        // Most go on from where their agent was last, which is soon found.
        own.sort_unstable_by(|a, b| b.cmp(a));
        let line = own.into_iter().find(|(tip, _)| knows(trace, &transaction.parents, *tip)).map(|(_, line)| line);
        let line = line.unwrap_or_else(|| {
            tips.push((transaction.agent, index));
            tips.len() - 1
        });
        tips[line].1 = index;
        line_of.push(line);
    }
    (line_of, tips.len())
}

/// Whether a transaction is among these or their ancestors.
fn knows(trace: &Trace, parents: &[usize], wanted: usize) -> bool {
    let mut heap: std::collections::BinaryHeap<usize> = parents.iter().copied().collect();
    while let Some(index) = heap.pop() {
        if index == wanted {
            return true;
        }
        if index < wanted {
            return false;
        }
        while heap.peek() == Some(&index) {
            heap.pop();
        }
        heap.extend(&trace.transactions[index].parents);
    }
    false
}

/// A replica at work.
struct Writer {
    document: Document,
    previous: RecordId,
    number: u64,
    /// The transactions in the open record.
    open: Vec<usize>,
}

struct Player<'a> {
    trace: &'a Trace,
    ids: Vec<ReplicaId>,
    writers: Vec<Option<Writer>>,
    /// The record that each transaction went into, by index.
    record_of: Vec<usize>,
    records: Vec<Record>,
    index_of: HashMap<RecordId, usize>,
    local: Duration,
}

/// Keys whose replica ids ascend, so that runs repeat.
fn identities(count: usize) -> Vec<Identity> {
    let mut identities: Vec<Identity> = (0..count as u64)
        .map(|i| {
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&i.to_le_bytes());
            Identity::from_seed(seed, WORKSPACE)
        })
        .collect();
    identities.sort_by_key(Identity::replica);
    identities
}

impl Trace {
    /// Replays the trace.
    ///
    /// # Errors
    /// The trace doesn't fit the texts that its writers saw, or holds what a document can't.
    pub fn replay(&self, sealing: Sealing) -> Result<Replay, ReplayError> {
        let (line_of, lines) = lines(self);
        let identities = identities(lines.max(1));
        let ids: Vec<ReplicaId> = identities.iter().map(Identity::replica).collect();
        // The record must end where anybody but its own writer goes on, or where its writer hears something.
        let mut must_seal = vec![sealing == Sealing::Each; self.transactions.len()];
        let mut last_of_line = vec![usize::MAX; lines];
        for (index, transaction) in self.transactions.iter().enumerate() {
            let line = line_of[index];
            let goes_on = transaction.parents.as_slice() == [last_of_line[line]];
            if !goes_on {
                for &parent in &transaction.parents {
                    must_seal[parent] = true;
                }
                if let Some(last) = must_seal.get_mut(last_of_line[line]) {
                    *last = true;
                }
            }
            last_of_line[line] = index;
        }
        let most = if let Sealing::After(most) = sealing { most } else { SEAL_TRANSACTIONS };
        let mut player = Player {
            trace: self,
            ids,
            writers: (0..lines.max(1)).map(|_| None).collect(),
            record_of: vec![usize::MAX; self.transactions.len()],
            records: Vec::new(),
            index_of: HashMap::new(),
            local: Duration::ZERO,
        };
        player.begin(line_of.first().copied().unwrap_or(0))?;
        for (index, &line) in line_of.iter().enumerate() {
            player.transaction(index, line)?;
            let writer = player.writers[line].as_ref();
            let full = writer.is_some_and(|writer| writer.open.len() >= most);
            if must_seal[index] || full || last_of_line[line] == index {
                player.seal(index, line)?;
            }
            if last_of_line[line] == index {
                // Its document is needed no more; hundreds of them would fill the memory.
                player.writers[line] = None;
            }
        }
        Ok(Replay { records: player.records, identities, local: player.local })
    }
}

impl Player<'_> {
    /// The first record: the first marker, and the text that the trace begins with.
    fn begin(&mut self, line: usize) -> Result<(), ReplayError> {
        let refused = |source| ReplayError::Edit { transaction: 0, source };
        self.writers[line] = Some(Writer::new());
        let start = self.trace.start.clone();
        let Some(writer) = self.writers[line].as_mut() else { return Ok(()) };
        writer.document.begin_here(self.ids[line]).map_err(refused)?;
        let marker = Event::Insert { at: 0, what: Insertion::Marker(Default::default()) };
        writer.document.apply(&marker).map_err(refused)?;
        writer.insert(1, &start).map_err(refused)?;
        self.seal(0, line)
    }

    fn transaction(&mut self, index: usize, line: usize) -> Result<(), ReplayError> {
        let trace = self.trace;
        let transaction = &trace.transactions[index];
        if self.writers[line].is_none() {
            self.writers[line] = Some(Writer::new());
        }
        let is_open = self.writers[line].as_ref().is_some_and(|writer| writer.document.is_open());
        if !is_open {
            self.hear(&transaction.parents, line);
        }
        let replica = self.ids[line];
        let Some(writer) = self.writers[line].as_mut() else { return Ok(()) };
        let started = Instant::now();
        let refused = |source| ReplayError::Edit { transaction: index, source };
        if !is_open {
            writer.document.begin_here(replica).map_err(refused)?;
        }
        for patch in &transaction.patches {
            writer.patch(patch).ok_or(ReplayError::PastEnd(index))?.map_err(refused)?;
        }
        writer.open.push(index);
        self.local += started.elapsed();
        Ok(())
    }

    /// Merges what a transaction's writer knew and hasn't yet.
    fn hear(&mut self, parents: &[usize], line: usize) {
        let Some(writer) = self.writers[line].as_mut() else { return };
        let mut missing = std::collections::BTreeSet::new();
        let mut look: Vec<usize> = parents.iter().map(|&parent| self.record_of[parent]).collect();
        if parents.is_empty() {
            look.push(0);
        }
        while let Some(record) = look.pop() {
            let record_here = &self.records[record];
            if writer.document.contains(&record_here.id()) || !missing.insert(record) {
                continue;
            }
            for parent in record_here.all_parents() {
                look.extend(self.index_of.get(&parent));
            }
        }
        writer.document.absorb(missing.into_iter().map(|record| self.records[record].clone()));
    }

    fn seal(&mut self, index: usize, line: usize) -> Result<(), ReplayError> {
        let Some(writer) = self.writers[line].as_mut() else { return Ok(()) };
        if !writer.document.is_open() {
            return Ok(());
        }
        let started = Instant::now();
        let refused = |source| ReplayError::Edit { transaction: index, source };
        if writer.document.open_runs().is_empty() {
            // A transaction that changes nothing still is somebody's parent: a register says so without being seen.
            let key = String::from("replay/nothing");
            let event = Event::Register { target: inkfold_engine::Target::Document, key, value: None };
            writer.document.apply(&event).map_err(refused)?;
        }
        writer.number += 1;
        let previous = writer.previous;
        let sealed = writer.document.seal_with(writer.number, 0, |content, previous_here, parents| {
            Record::seal(content, previous, previous_here, parents)
        });
        self.local += started.elapsed();
        let record = sealed.map_err(refused)?;
        writer.previous = record.id();
        for index in writer.open.drain(..) {
            self.record_of[index] = self.records.len();
        }
        self.index_of.insert(record.id(), self.records.len());
        self.records.push(record);
        Ok(())
    }
}

impl Writer {
    fn new() -> Self {
        let document = Document::new(WORKSPACE, DOCUMENT);
        Writer { document, previous: RecordId::NONE, number: 0, open: Vec::new() }
    }

    /// A patch of the trace as events; none where it is past the end.
    fn patch(&mut self, (position, deleted, inserted): &Patch) -> Option<Result<(), EditError>> {
        let at = self.document.page().position_of_scalar(u32::try_from(*position).ok()?)?;
        let mut left = u32::try_from(*deleted).ok()?;
        if at.checked_add(left)? > self.document.page().len() {
            return None;
        }
        while left > 0 {
            let chars = self.document.page().chars_after(at).min(left);
            let event = if chars > 0 {
                Event::Delete { at: u64::from(at) + 1, len: chars.into(), backward: false }
            } else {
                Event::Join { at: u64::from(at) + 1 }
            };
            if let Err(error) = self.document.apply(&event) {
                return Some(Err(error));
            }
            left -= chars.max(1);
        }
        Some(self.insert(at, inserted))
    }

    /// Text with its line feeds as markers.
    fn insert(&mut self, mut at: u32, text: &str) -> Result<(), EditError> {
        for (i, line) in as_document_text(text).split('\n').enumerate() {
            if i > 0 {
                self.document.apply(&Event::Insert { at: at.into(), what: Insertion::Marker(Default::default()) })?;
                at += 1;
            }
            if !line.is_empty() {
                self.document.apply(&Event::Insert { at: at.into(), what: Insertion::Text(line.into()) })?;
                at += line.chars().count() as u32;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fold;

    fn trace(end: &str, transactions: &str) -> Trace {
        let end = end.replace('\n', "\\n");
        let json = format!(
            r#"{{"kind": "concurrent", "startContent": "x\ny", "endContent": "{end}", "numAgents": 2, "txns": [{transactions}]}}"#
        );
        Trace::from_slice(json.as_bytes()).expect("a trace")
    }

    /// The replicas' records fold to what the trace says, in the engine and in the model.
    fn check(trace: &Trace, replicas: usize) {
        for sealing in [Sealing::Each, Sealing::AsTheApp] {
            let replay = trace.replay(sealing).expect("it can be replayed");
            assert_eq!(replay.identities.len(), replicas);
            let mut document = Document::new(WORKSPACE, DOCUMENT);
            document.absorb(replay.records.iter().cloned());
            document.assert_invariants();
            assert_eq!(document.page().text(), trace.end, "{sealing:?}");
            assert_eq!(fold(&replay.records).text(), trace.end, "{sealing:?}");
        }
    }

    #[test]
    fn two_writers_at_once_who_join_and_divide_lines() {
        let transactions = r#"{"parents": [], "agent": 0, "patches": [[1, 0, "ab"]]},
            {"parents": [0], "agent": 0, "patches": [[3, 0, "c\nd"]]},
            {"parents": [0], "agent": 1, "patches": [[0, 1, "A"]]},
            {"parents": [2], "agent": 1, "patches": [[3, 2, "!"]]},
            {"parents": [1, 3], "agent": 0, "patches": [[7, 0, "e"], [0, 0, ""]]}"#;
        check(&trace("Aabc\nd!e", transactions), 2);
    }

    #[test]
    fn an_agent_in_two_places_at_once_is_two_replicas() {
        let transactions = r#"{"parents": [], "agent": 0, "patches": [[0, 0, "a"]]},
            {"parents": [0], "agent": 0, "patches": [[0, 0, "b"]]},
            {"parents": [0], "agent": 0, "patches": [[4, 0, "c"]]},
            {"parents": [1, 2], "agent": 1, "patches": [[6, 0, "d"]]},
            {"parents": [3], "agent": 1, "patches": []}"#;
        check(&trace("bax\nycd", transactions), 3);
    }

    #[test]
    fn characters_that_a_document_refuses_take_their_place_all_the_same() {
        let transactions = r#"{"parents": [], "agent": 0, "patches": [[1, 0, "a\r\nb\u0007"], [5, 0, "!"]]}"#;
        let trace = trace("xa\u{fffd}\nb!\u{fffd}\ny", transactions);
        check(&trace, 1);
    }

    #[test]
    fn a_patch_past_the_end_is_an_error() {
        for patches in ["[[9, 0, \"a\"]]", "[[1, 3, \"\"]]"] {
            let transactions = format!(r#"{{"parents": [], "agent": 0, "patches": {patches}}}"#);
            let outcome = trace("", &transactions).replay(Sealing::Each);
            assert!(matches!(outcome, Err(ReplayError::PastEnd(0))), "{patches}");
        }
    }
}
