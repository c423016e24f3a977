//! Contests: ours and the peers in turns (ours, peer, ours, peer, …), because a machine is never quiet for long and what
//! disturbs one of them should disturb all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// What somebody in a contest is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// Ours, for the row of this name and with this goal.
    Ours(&'static str, Goal),
    /// A peer, which does the whole work of the row.
    Peer,
    /// Something that does less than the row asks for: shown beside it, and the best peer never.
    Floor,
}

/// What must hold for ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At most so many times the best peer.
    Best(f64),
    /// At most so many times this one, peer or floor.
    Of(&'static str, f64),
    /// At most this.
    AtMost(f64),
    /// Nothing: it is a figure.
    None,
}

/// One figure of a run: seconds, bytes, or whatever the row's unit is. Or what went wrong: a text that isn't the trace's.
pub type Outcome = Result<f64, String>;

/// Somebody in a contest.
pub struct Entry<'a> {
    /// Its name in the table.
    pub name: String,
    /// What it is.
    pub part: Part,
    run: Box<dyn FnMut() -> Outcome + 'a>,
}

/// What somebody's runs came to.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its name in the table.
    pub name: String,
    /// What it is.
    pub part: Part,
    /// The runs' figures, ascending; empty where it failed.
    pub runs: Vec<f64>,
    /// What went wrong.
    pub error: Option<String>,
}

impl Figure {
    /// The least of the runs.
    pub fn min(&self) -> Option<f64> {
        self.runs.first().copied()
    }

    /// The median of the runs.
    pub fn median(&self) -> Option<f64> {
        self.runs.get(self.runs.len() / 2).copied()
    }
}

/// An entry; `run` measures itself, so that what it needs and what it leaves behind doesn't count.
pub fn entry<'a>(name: impl Into<String>, part: Part, run: impl FnMut() -> Outcome + 'a) -> Entry<'a> {
    Entry { name: name.into(), part, run: Box::new(run) }
}

/// How often a contest goes round.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// At most so often.
    pub most: usize,
    /// Who has spent this is left out of further rounds.
    pub budget: Duration,
    /// Whether the peers run.
    pub peers: bool,
}

impl Rounds {
    /// For what gives the same figure every time.
    pub fn once(self) -> Self {
        Rounds { most: 1, ..self }
    }
}

/// Runs all entries in turns.
pub fn contest(rounds: Rounds, mut entries: Vec<Entry<'_>>) -> Vec<Figure> {
    entries.retain(|entry| rounds.peers || matches!(entry.part, Part::Ours(..)));
    let mut figures: Vec<Figure> = entries
        .iter()
        .map(|entry| Figure { name: entry.name.clone(), part: entry.part, runs: Vec::new(), error: None })
        .collect();
    let mut spent = vec![Duration::ZERO; entries.len()];
    for round in 0..rounds.most {
        for ((entry, figure), spent) in entries.iter_mut().zip(&mut figures).zip(&mut spent) {
            if figure.error.is_some() || (round > 0 && *spent >= rounds.budget) {
                continue;
            }
            let started = Instant::now();
            // A peer that can't go on must not take the others' rows with it.
            let outcome = catch_unwind(AssertUnwindSafe(&mut entry.run));
            match outcome.unwrap_or_else(|_| Err("it panicked".into())) {
                Ok(value) => figure.runs.push(value),
                Err(error) => {
                    figure.runs.clear();
                    figure.error = Some(error);
                }
            }
            *spent += started.elapsed();
        }
    }
    for figure in &mut figures {
        figure.runs.sort_unstable_by(f64::total_cmp);
    }
    figures
}

/// What something comes to, and how many seconds it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let out = work();
    (out, started.elapsed().as_secs_f64())
}

/// A figure, if the text is the one that was to come out.
pub fn with_text(figure: f64, text: &str, expected: &str) -> Outcome {
    if text == expected {
        return Ok(figure);
    }
    let at = text.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
    Err(format!("another text: {} bytes for {}, different from byte {at} on", text.len(), expected.len()))
}
