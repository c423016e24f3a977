//! What is played: a real trace or a generated one, prepared so that nobody pays for reading it.

use std::path::{Path, PathBuf};

use inkfold_engine::{Event, Insertion};
use inkfold_testkit::replay::{Sealing, lines};
use inkfold_testkit::trace::{Patch, Trace};

/// A transaction of a trace.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// The transactions that its writer had seen last.
    pub parents: Vec<usize>,
    /// Which replica writes it.
    pub line: usize,
    /// What it does to a plain text: position, how many bytes go, what comes in.
    pub patches: Vec<Patch>,
    /// What it does to a page, whose first block has a marker.
    pub steps: Vec<Step>,
}

/// An edit of a page at an element's position.
#[derive(Debug, Clone)]
pub enum Step {
    /// Text comes in right after an element.
    Insert(u32, String),
    /// So many characters go, one after another in the given direction (true is backward).
    Delete(u32, u32, bool),
    /// A line comes or goes.
    Other(Event),
}

/// A trace as it is played.
#[derive(Debug)]
pub struct Case {
    /// Its name in the table.
    pub name: String,
    /// The text after all transactions.
    pub end: String,
    /// How many replicas write.
    pub lines: usize,
    /// What they write, parents first.
    pub transactions: Vec<Transaction>,
    /// The real trace, where it is one.
    pub trace: Option<Trace>,
}

impl Step {
    /// An engine's event as a step.
    pub fn of(event: &Event) -> Self {
        match event {
            Event::Insert { at, what: Insertion::Text(text) } => Step::Insert(*at as u32, text.to_string()),
            Event::Delete { at, len, backward } => Step::Delete(*at as u32, *len as u32, *backward),
            other => Step::Other(other.clone()),
        }
    }

    /// The steps of a patch that takes away no line feed.
    pub fn of_patch((position, deleted, inserted): &Patch) -> Vec<Step> {
        let mut steps = Vec::new();
        // The first block's marker is element 1, so the scalar at `position` is element `position + 2`.
        let mut at = *position as u32 + 1;
        if *deleted > 0 {
            steps.push(Step::Delete(at + 1, *deleted as u32, false));
        }
        for (i, line) in inserted.split('\n').enumerate() {
            if i > 0 {
                let what = Insertion::Marker(Default::default());
                steps.push(Step::Other(Event::Insert { at: at.into(), what }));
                at += 1;
            }
            if !line.is_empty() {
                steps.push(Step::Insert(at, line.to_owned()));
                at += line.chars().count() as u32;
            }
        }
        steps
    }
}

impl Case {
    /// Reads a trace. Peers count in bytes, scalars and UTF-16, so only traces are taken in which these are the same.
    ///
    /// # Errors
    /// It isn't a trace that everybody can play, in a sentence.
    pub fn open(path: &Path) -> Result<Self, String> {
        let trace = Trace::open(path).map_err(|error| error.to_string())?;
        let ascii = |(_, _, text): &Patch| text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte));
        if !trace.start.is_empty()
            || !trace.transactions.iter().all(|transaction| transaction.patches.iter().all(ascii))
        {
            return Err("only traces of plain ASCII that begin with an empty text can be compared".into());
        }
        let (line_of, lines) = lines(&trace);
        // The engine says which deletions take lines away. Its first record makes the first block.
        let replay = trace.replay(Sealing::Each).map_err(|error| error.to_string())?;
        if replay.records.len() != trace.transactions.len() + 1 {
            return Err("the replay has not a record for each transaction".into());
        }
        let transactions = trace.transactions.iter().zip(line_of).zip(&replay.records[1..]);
        let transactions = transactions
            .map(|((transaction, line), record)| Transaction {
                parents: transaction.parents.clone(),
                line,
                patches: transaction.patches.clone(),
                steps: record.events().runs().iter().map(Step::of).collect(),
            })
            .collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = name.trim_end_matches(".gz").trim_end_matches(".json").to_owned();
        Ok(Case { name, end: trace.end.clone(), lines, transactions, trace: Some(trace) })
    }

    /// Whether one writer wrote it all.
    pub fn is_sequential(&self) -> bool {
        self.lines == 1
    }
}

/// The traces of a directory, by name.
pub fn traces_in(directory: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_trace = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.ends_with(".json.gz") || name.ends_with(".json")
    };
    let mut files: Vec<PathBuf> = files.filter(is_trace).collect();
    files.sort();
    files
}
