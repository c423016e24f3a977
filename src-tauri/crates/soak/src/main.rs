//! `cargo xtask soak folder`: many seeds, or one again.

use std::process::ExitCode;

use inkfold_soak::{Sum, run, trace};

const USAGE: &str = "\
soak folder [--from S] [--seeds N] [--json]   runs N seeds (100) from S (0) on; fails if one is not good,
                                              or if of 2,000 or more none injects some fault
soak folder --seed S [--json]                 runs one seed and says what happens";

/// In so many runs every fault has to be injected.
const ALL_FAULTS: u64 = 2_000;

struct Options {
    from: u64,
    seeds: u64,
    seed: Option<u64>,
    json: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = match parse(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let mut sum = Sum::default();
    match options.seed {
        Some(seed) => sum.add(&trace(seed)),
        None => {
            for seed in options.from..options.from.saturating_add(options.seeds) {
                let outcome = run(seed);
                if !outcome.is_good() {
                    eprintln!("seed {seed}: {}", outcome.findings.join("; "));
                }
                sum.add(&outcome);
            }
        }
    }
    if options.json {
        println!("{}", sum.to_json());
    } else {
        print!("{}", sum.to_text());
    }
    let missing = if sum.runs >= ALL_FAULTS { sum.missing() } else { Vec::new() };
    if !missing.is_empty() {
        eprintln!("no run has injected {}", missing.join(", "));
    }
    if sum.bad.is_empty() && missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let Some((&"folder", rest)) = arguments.split_first() else {
        return Err("`soak` runs one thing so far: `soak folder`".into());
    };
    let mut options = Options { from: 0, seeds: 100, seed: None, json: false };
    let mut rest = rest.iter();
    while let Some(option) = rest.next() {
        let mut number = || {
            let number = rest.next().and_then(|number| number.parse().ok());
            number.ok_or_else(|| format!("`{option}` needs a number"))
        };
        match *option {
            "--from" => options.from = number()?,
            "--seeds" => options.seeds = number()?,
            "--seed" => options.seed = Some(number()?),
            "--json" => options.json = true,
            other => return Err(format!("`soak folder` has no option `{other}`")),
        }
    }
    Ok(options)
}
