//! Reads editing traces: keystroke histories of real people, in the JSON form of the public collection `editing-traces`.
//!
//! ```
//! let json = r#"{"startContent": "", "endContent": "ab", "txns": [{"patches": [[0, 0, "b"]]}, {"patches": [[0, 0, "a"]]}]}"#;
//! let trace = inkfold_testkit::trace::Trace::from_slice(json.as_bytes())?;
//! assert_eq!(trace.transactions[1].parents, [0]);
//! assert_eq!(trace.play().as_deref(), Some("ab"));
//! # Ok::<(), inkfold_testkit::trace::TraceError>(())
//! ```

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What went wrong with a trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file can't be read.
    #[error("the trace {} can't be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The bytes begin like gzip but aren't.
    #[error("the trace can't be unpacked")]
    Gzip(#[source] std::io::Error),
    /// It isn't JSON, or not of this form.
    #[error("the trace is not of the expected form")]
    Json(#[source] serde_json::Error),
    /// A kind of trace that this reader doesn't know.
    #[error("the trace is of the kind “{0}”; only “sequential” and “concurrent” are known")]
    Kind(String),
    /// A transaction refers to what isn't there.
    #[error("transaction {transaction} of the trace: {what}")]
    Transaction {
        /// Its index.
        transaction: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// A patch: a position in Unicode scalars, how many are deleted there, and what comes in instead.
pub type Patch = (usize, usize, String);

/// An edit of one writer: patches that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The transactions that its writer had seen last, by index; all of them are earlier.
    pub parents: Vec<usize>,
    /// The writer, by number.
    pub agent: usize,
    /// When it was written, as the trace has it.
    pub time: Option<String>,
    /// The patches.
    pub patches: Vec<Patch>,
}

/// An editing trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The text at first.
    pub start: String,
    /// The text after all transactions.
    pub end: String,
    /// How many writers there are.
    pub agents: usize,
    /// What they wrote.
    pub transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTrace<'a> {
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    start_content: String,
    end_content: String,
    num_agents: Option<usize>,
    txns: Vec<RawTransaction>,
}

#[derive(Deserialize)]
struct RawTransaction {
    parents: Option<Vec<usize>>,
    agent: Option<usize>,
    time: Option<String>,
    patches: Vec<Patch>,
}

impl Trace {
    /// Reads a trace from a file, packed with gzip or not.
    ///
    /// # Errors
    /// If the file can't be read or isn't a trace.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TraceError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| TraceError::File { path: path.to_owned(), source })?;
        Self::from_slice(&bytes)
    }

    /// Reads a trace from bytes, packed with gzip or not.
    ///
    /// # Errors
    /// If the bytes aren't a trace.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, TraceError> {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut unpacked).map_err(TraceError::Gzip)?;
            Self::from_json(&unpacked)
        } else {
            Self::from_json(bytes)
        }
    }

    fn from_json(json: &[u8]) -> Result<Self, TraceError> {
        let raw: RawTrace<'_> = serde_json::from_slice(json).map_err(TraceError::Json)?;
        let concurrent = match raw.kind.as_deref() {
            Some("concurrent") => true,
            Some("sequential") => false,
            None => raw.txns.iter().any(|transaction| transaction.parents.is_some()),
            Some(other) => return Err(TraceError::Kind(other.to_owned())),
        };
        let agents = if concurrent { raw.num_agents.unwrap_or(1) } else { 1 };
        let mut transactions = Vec::with_capacity(raw.txns.len());
        for (index, RawTransaction { parents, agent, time, patches }) in raw.txns.into_iter().enumerate() {
            let broken = |what| TraceError::Transaction { transaction: index, what };
            let (parents, agent) = if concurrent {
                let parents = parents.ok_or_else(|| broken("a concurrent trace needs parents"))?;
                (parents, agent.ok_or_else(|| broken("a concurrent trace needs an agent"))?)
            } else {
                (index.checked_sub(1).into_iter().collect(), 0)
            };
            if parents.iter().any(|&parent| parent >= index) {
                return Err(broken("a parent isn't an earlier transaction"));
            }
            if agent >= agents {
                return Err(broken("there is no such agent"));
            }
            transactions.push(Transaction { parents, agent, time, patches });
        }
        Ok(Trace { start: raw.start_content, end: raw.end_content, agents, transactions })
    }

    /// How many characters were inserted and how many deleted, one by one, without the text at first.
    pub fn keystrokes(&self) -> (usize, usize) {
        let patches = self.transactions.iter().flat_map(|transaction| &transaction.patches);
        patches.fold((0, 0), |(inserted, deleted), (_, del, text)| (inserted + text.chars().count(), deleted + del))
    }

    /// The text after all transactions, one applied after the other. `None` where they aren't a single line of
    /// history, or go past the end.
    pub fn play(&self) -> Option<String> {
        let mut buffer = Gap { before: self.start.chars().collect(), after: Vec::new() };
        for (index, transaction) in self.transactions.iter().enumerate() {
            if transaction.parents.iter().copied().ne(index.checked_sub(1)) {
                return None;
            }
            for (position, deleted, inserted) in &transaction.patches {
                buffer.move_to(*position)?;
                buffer.after.truncate(buffer.after.len().checked_sub(*deleted)?);
                buffer.before.extend(inserted.chars());
            }
        }
        Some(buffer.before.into_iter().chain(buffer.after.into_iter().rev()).collect())
    }
}

/// A text with a gap at the cursor; what is after it is kept in reverse.
struct Gap {
    before: Vec<char>,
    after: Vec<char>,
}

impl Gap {
    fn move_to(&mut self, position: usize) -> Option<()> {
        if let Some(count) = position.checked_sub(self.before.len()) {
            let start = self.after.len().checked_sub(count)?;
            self.before.extend(self.after.drain(start..).rev());
        } else {
            self.after.extend(self.before.drain(position..).rev());
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const CONCURRENT: &str = r#"{"kind": "concurrent", "endContent": "ab", "numAgents": 2, "txns": [
        {"parents": [], "numChildren": 2, "agent": 0, "time": "2023-01-01T00:00:00Z", "patches": [[0, 0, "a"]]},
        {"parents": [0], "numChildren": 1, "agent": 1, "patches": [[1, 0, "b"], [1, 1, "b"]]}]}"#;

    #[test]
    fn both_kinds_are_read() -> Result<(), TraceError> {
        let trace = Trace::from_slice(CONCURRENT.as_bytes())?;
        assert_eq!((trace.agents, trace.transactions[1].agent), (2, 1));
        assert_eq!(trace.transactions[1].patches[1], (1, 1, "b".into()));
        assert_eq!(trace.play().as_deref(), Some("ab"));
        assert_eq!(trace.keystrokes(), (3, 1));

        let json = r#"{"startContent": "é", "endContent": "éx", "txns": [{"patches": [[1, 0, "x"]]}]}"#;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(json.as_bytes()).map_err(TraceError::Gzip)?;
        let trace = Trace::from_slice(&gzip.finish().map_err(TraceError::Gzip)?)?;
        assert_eq!((trace.agents, trace.transactions[0].parents.len()), (1, 0));
        assert_eq!(trace.play().as_deref(), Some("éx"));
        Ok(())
    }

    #[test]
    fn broken_traces_are_refused() {
        let json = |text: &str| Trace::from_slice(text.as_bytes());
        assert!(matches!(Trace::open("no/such/trace"), Err(TraceError::File { .. })));
        assert!(matches!(Trace::from_slice(&[0x1f, 0x8b, 1]), Err(TraceError::Gzip(_))));
        assert!(matches!(json("[]"), Err(TraceError::Json(_))));
        assert!(matches!(json(r#"{"kind": "x", "endContent": "", "txns": []}"#), Err(TraceError::Kind(_))));
        let parents = CONCURRENT.replace("[0], \"numC", "[1], \"numC");
        assert!(matches!(json(&parents), Err(TraceError::Transaction { transaction: 1, .. })));
        let agent = CONCURRENT.replace("\"agent\": 1", "\"agent\": 2");
        assert!(matches!(json(&agent), Err(TraceError::Transaction { transaction: 1, .. })));
    }

    #[test]
    fn real_traces_are_read() -> Result<(), TraceError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/traces");
        if !folder.exists() {
            eprintln!("skipped: there are no traces in {}", folder.display());
            return Ok(());
        }
        let paper = Trace::open(folder.join("automerge-paper.json.gz"))?;
        assert_eq!((paper.transactions.len(), paper.agents), (259_778, 1));
        assert_eq!(paper.play().as_deref(), Some(&*paper.end));
        let friends = Trace::open(folder.join("friendsforever.json.gz"))?;
        assert_eq!((friends.transactions.len(), friends.agents), (26_078, 2));
        assert!(friends.transactions.iter().any(|transaction| transaction.parents.len() == 2));
        assert_eq!(friends.play(), None);
        Ok(())
    }
}
