//! The engine beside its peers: the same traces, one process, one allocator, in turns.
//!
//! `cargo xtask bench engine` builds and starts it. It prints a row for each thing that is measured, with ours, the best
//! peer, the ratio of the two and what has to hold; below it what the others took. Then it shows how time grows
//! with size on the shapes that are known to hurt. Figures are the least of several runs, with the median in
//! brackets: the least is what the code costs, the median what the machine was like.
//!
//! Ours does its full work: a rich-text page with blocks, records linked by their hashes; what a row leaves out its name
//! says. `ours` is the only module that knows how the engine is used. Every text is compared with the trace's before
//! a figure counts, and who does less than a row asks for is shown, but never as the best peer.

mod alloc;
mod case;
mod generate;
mod growth;
mod kept;
mod measure;
mod ours;
mod pages;
mod peer;
mod peers;
mod rows;
mod shapes;
mod stage;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};

use crate::measure::Rounds;
use crate::rows::{GROUPS, Settings};
use crate::table::Row;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

/// Measures the engine beside its peers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench engine")]
struct Arguments {
    /// Print JSON: {"rows": […], "growth": […]}
    #[arg(long)]
    json: bool,
    /// Only these, separated by commas: local, publish, open, whole, live, bytes, half, memory, turns, branches, growth,
    /// or a shape of growth as growth:NAME
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// Where the traces are
    #[arg(long, default_value_os_t = default_traces())]
    traces: PathBuf,
    /// Measure peers that take a minute, too
    #[arg(long)]
    slow: bool,
    /// Only ours, as for a profiler
    #[arg(long)]
    ours: bool,
    /// At most so many rounds
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

/// Beside the working copy.
fn default_traces() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/traces")
}

impl Arguments {
    fn wants(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|row| row == name)
    }

    fn wants_shape(&self, name: &str) -> bool {
        self.wants("growth") || self.rows.iter().any(|row| row.strip_prefix("growth:") == Some(name))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let rounds = Rounds { most: arguments.rounds.max(1), budget: Duration::from_millis(2500), peers: !arguments.ours };
    let settings = Settings { rounds, slow: arguments.slow };
    let mut all: Vec<Row> = Vec::new();
    if !arguments.json {
        Row::print_head();
    }
    let mut take = |rows: Vec<Row>| {
        if !arguments.json {
            rows.iter().for_each(Row::print);
        }
        all.extend(rows);
    };
    if GROUPS.iter().any(|group| arguments.wants(group.name)) {
        let traces = case::traces_in(&arguments.traces);
        if traces.is_empty() {
            eprintln!("skipped: there are no traces in {}", arguments.traces.display());
        }
        for path in traces {
            match case::Case::open(&path) {
                Ok(case) => {
                    let stage = stage::Stage::new(case);
                    let wanted = GROUPS.iter().filter(|group| arguments.wants(group.name));
                    wanted.for_each(|group| take((group.run)(&stage, settings)));
                }
                Err(error) => eprintln!("skipped: {}: {error}", path.display()),
            }
        }
    }
    if arguments.wants("turns") {
        take(shapes::turns(settings));
    }
    if arguments.wants("branches") {
        take(shapes::branches(settings));
    }
    let growth = growth::measure(
        rounds,
        |shape| arguments.wants_shape(shape),
        |growth| {
            if !arguments.json {
                growth.print();
            }
        },
    );
    if arguments.json {
        let growth: Vec<Value> = growth.iter().map(growth::Growth::to_json).collect();
        let rows: Vec<Value> = all.iter().map(Row::to_json).collect();
        println!("{}", json!({ "rows": rows, "growth": growth }));
    }
    ExitCode::SUCCESS
}
