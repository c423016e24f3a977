//! Turns an editing trace into the records that its writers would have written.

use inkfold_engine::event::{Event, Insertion, OBJECT, SOFT_BREAK};
use inkfold_engine::ids::{RecordId, ReplicaId};
use inkfold_engine::record::{Content, Events, Record};

use crate::history::{DOCUMENT, WORKSPACE};
use crate::trace::{Trace, TraceError, Transaction};

/// A trace's text as a document holds it: line feeds are soft breaks, since a trace doesn't tell which ones are deleted,
/// and what a document can't hold is the replacement character.
pub fn as_characters(text: &str) -> String {
    let allowed = |c: char| match c {
        '\n' => SOFT_BREAK,
        '\t' => c,
        OBJECT => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(allowed).collect()
}

impl Transaction {
    fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.patches.iter().flat_map(|(position, deleted, inserted)| {
            let (at, len) = (*position as u64, *deleted as u64);
            let delete = (len > 0).then_some(Event::Delete { at: at + 1, len, backward: false });
            delete.into_iter().chain([Event::Insert { at, what: Insertion::Text(as_characters(inserted)) }])
        })
    }
}

/// What a writer has written so far.
#[derive(Default)]
struct Writer {
    last: Option<Record>,
    /// How many transactions.
    count: usize,
}

impl Writer {
    fn seal(&mut self, replica: ReplicaId, mut parents: Vec<RecordId>, runs: Vec<Event>) -> Record {
        let previous = self.last.as_ref().map(Record::id);
        parents.retain(|parent| Some(*parent) != previous);
        let content = Content {
            workspace: WORKSPACE,
            document: DOCUMENT,
            replica,
            number: self.last.as_ref().map_or(0, Record::number) + 1,
            first_seq: self.last.as_ref().map_or(0, Record::end_seq),
            time: 0,
            events: Events::from_runs(runs),
        };
        let record = Record::seal(content, previous.unwrap_or(RecordId::NONE), previous, parents);
        self.last = Some(record.clone());
        record
    }
}

impl Trace {
    /// The records, parents before children. The replica of agent 0 has sixteen bytes 1, that of agent 1 sixteen
    /// bytes 2, and so on. A record holds what one agent wrote in a row while nobody branched off, at most
    /// `transactions` of them.
    ///
    /// # Errors
    /// If an agent wrote a transaction without knowing its own one before, or one that changes nothing.
    pub fn records(&self, transactions: usize) -> Result<Vec<Record>, TraceError> {
        let mut writers: Vec<Writer> = Vec::new();
        writers.resize_with(self.agents, Writer::default);
        let replica = |agent: usize| ReplicaId([u8::try_from(agent + 1).unwrap_or(u8::MAX); 16]);
        let mut records = Vec::new();
        if !self.start.is_empty() {
            let start = Event::Insert { at: 0, what: Insertion::Text(as_characters(&self.start)) };
            records.push(writers[0].seal(replica(0), Vec::new(), vec![start]));
        }

        let mut children = vec![0usize; self.transactions.len()];
        for &parent in self.transactions.iter().flat_map(|transaction| &transaction.parents) {
            children[parent] += 1;
        }
        // For each transaction, how many of each agent's it knows, itself included.
        let mut known: Vec<Vec<usize>> = Vec::with_capacity(self.transactions.len());
        for (index, transaction) in self.transactions.iter().enumerate() {
            let mut counts = vec![0; self.agents];
            for parent in &transaction.parents {
                for (count, other) in counts.iter_mut().zip(&known[*parent]) {
                    *count = (*other).max(*count);
                }
            }
            let writer = &mut writers[transaction.agent];
            if counts[transaction.agent] != writer.count {
                let what = "its agent didn't know what it wrote before";
                return Err(TraceError::Transaction { transaction: index, what });
            }
            writer.count += 1;
            counts[transaction.agent] += 1;
            known.push(counts);
        }

        // The record of each transaction that was sealed, and those since that aren't: always neighbours in the list.
        let mut ids: Vec<RecordId> = Vec::with_capacity(self.transactions.len());
        let root: Vec<RecordId> = records.iter().map(Record::id).collect();
        let mut first = 0;
        for (index, transaction) in self.transactions.iter().enumerate() {
            let goes_on = self.transactions.get(index + 1).is_some_and(|next| {
                next.parents == [index]
                    && next.agent == transaction.agent
                    && children[index] == 1
                    && index + 1 - first < transactions
            });
            if goes_on {
                continue;
            }
            let run = &self.transactions[first..=index];
            let mut parents: Vec<RecordId> = run[0].parents.iter().map(|&parent| ids[parent]).collect();
            if parents.is_empty() {
                parents.clone_from(&root);
            }
            let runs: Vec<Event> = run.iter().flat_map(Transaction::events).filter(|run| run.count() > 0).collect();
            if runs.is_empty() {
                return Err(TraceError::Transaction { transaction: index, what: "it changes nothing" });
            }
            let record = writers[transaction.agent].seal(replica(transaction.agent), parents, runs);
            ids.resize(index + 1, record.id());
            records.push(record);
            first = index + 1;
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::model::fold;

    fn trace(transactions: &str) -> Result<Trace, TraceError> {
        let json = format!(
            r#"{{"kind": "concurrent", "startContent": "x\n", "endContent": "", "numAgents": 2, "txns": [{transactions}]}}"#
        );
        Trace::from_slice(json.as_bytes())
    }

    #[test]
    fn two_writers_at_once() -> Result<(), TraceError> {
        let trace = trace(
            r#"{"parents": [], "agent": 0, "patches": [[1, 0, "ab"]]},
               {"parents": [0], "agent": 0, "patches": [[3, 0, "c"]]},
               {"parents": [0], "agent": 1, "patches": [[1, 1, "A"]]},
               {"parents": [2], "agent": 1, "patches": [[2, 0, "!"]]},
               {"parents": [1, 3], "agent": 0, "patches": [[5, 1, "d"]]}"#,
        )?;
        let records = trace.records(10)?;
        assert_eq!(records.len(), 5, "the third and the fourth transaction are one record");
        assert_eq!(fold(&records).text(), "xA!bcd");
        assert_eq!(fold(&trace.records(1)?).text(), "xA!bcd");
        Ok(())
    }

    #[test]
    fn a_writer_knows_what_it_wrote() -> Result<(), TraceError> {
        let both = r#"{"parents": [], "agent": 0, "patches": [[0, 0, "a"]]}"#;
        let refused = trace(&[both, both].join(","))?.records(10);
        assert!(matches!(refused, Err(TraceError::Transaction { transaction: 1, .. })));
        Ok(())
    }

    /// What others have folded this trace to, it comes to here as well. A few seconds in a release build.
    #[test]
    #[ignore = "slow; run it with --release -- --ignored"]
    fn a_real_trace_ends_as_it_says() -> Result<(), TraceError> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/traces/friendsforever.json.gz");
        if !path.exists() {
            eprintln!("skipped: there is no {}", path.display());
            return Ok(());
        }
        let trace = Trace::open(path)?;
        assert_eq!(fold(&trace.records(1000)?).text(), as_characters(&trace.end));
        Ok(())
    }
}
