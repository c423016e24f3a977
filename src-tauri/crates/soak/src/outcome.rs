//! What runs come to.

use std::collections::BTreeMap;

use inkfold_testkit::folder::faults::FAULTS;
use serde_json::{Value, json};

/// What is wrong after a run; one that has nothing of it is good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Records that were committed and that some computer doesn't hold.
    pub lost: u64,
    /// Computers that show something else than the first one, or than all records fold into.
    pub diverged: u64,
    /// The program panicked, or could not do what it must always be able to do.
    pub panics: u64,
    /// The program or the exchange didn't come to rest.
    pub hangs: u64,
    /// Paths that a computer changed and that are not its own.
    pub strays: u64,
    /// Something changed when everything was done once more.
    pub restless: u64,
    /// A program that slept for longer than its interval, or looked through the folder too often.
    pub late: u64,
    /// What it was, in plain words.
    pub findings: Vec<String>,
    /// How often each fault was injected.
    pub faults: BTreeMap<&'static str, u64>,
}

impl Outcome {
    /// Nothing is wrong.
    pub fn is_good(&self) -> bool {
        [self.lost, self.diverged, self.panics, self.hangs, self.strays, self.restless, self.late] == [0; 7]
    }
}

/// What many runs come to.
#[derive(Debug, Default)]
pub struct Sum {
    /// How many there were.
    pub runs: u64,
    total: Outcome,
    /// The seeds of those that were not good, with what was found first.
    pub bad: Vec<(u64, String)>,
}

impl Sum {
    /// Adds a run.
    pub fn add(&mut self, outcome: &Outcome) {
        self.runs += 1;
        if !outcome.is_good() {
            self.bad.push((outcome.seed, outcome.findings.first().cloned().unwrap_or_default()));
        }
        let total = &mut self.total;
        total.lost += outcome.lost;
        total.diverged += outcome.diverged;
        total.panics += outcome.panics;
        total.hangs += outcome.hangs;
        total.strays += outcome.strays;
        total.restless += outcome.restless;
        total.late += outcome.late;
        for (name, count) in &outcome.faults {
            *total.faults.entry(name).or_default() += count;
        }
    }

    /// Names of faults that no run has injected.
    pub fn missing(&self) -> Vec<&'static str> {
        FAULTS.iter().map(|(name, _)| *name).filter(|name| !self.total.faults.contains_key(name)).collect()
    }

    fn count_of(&self, name: &str) -> u64 {
        self.total.faults.get(name).copied().unwrap_or(0)
    }

    fn figures(&self) -> [(&'static str, u64); 8] {
        let total = &self.total;
        [
            ("runs", self.runs),
            ("lost", total.lost),
            ("diverged", total.diverged),
            ("panics", total.panics),
            ("hangs", total.hangs),
            ("strays", total.strays),
            ("restless", total.restless),
            ("late", total.late),
        ]
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let mut object: BTreeMap<&str, Value> =
            self.figures().into_iter().map(|(name, count)| (name, json!(count))).collect();
        let faults: BTreeMap<&str, u64> = FAULTS.iter().map(|(name, _)| (*name, self.count_of(name))).collect();
        object.insert("faults", json!(faults));
        object.insert("bad", json!(self.bad.iter().map(|(seed, _)| seed).collect::<Vec<_>>()));
        json!(object)
    }

    /// For people.
    pub fn to_text(&self) -> String {
        let mut text: String =
            self.figures().into_iter().map(|(name, count)| format!("{name:10}{count:10}\n")).collect();
        text.push_str("faults\n");
        for (name, what) in FAULTS {
            let count = self.count_of(name);
            text.push_str(&format!("  {name:8}{count:10}  {what}\n"));
        }
        for (seed, finding) in &self.bad {
            text.push_str(&format!("seed {seed}: {finding}\n"));
        }
        text
    }
}
