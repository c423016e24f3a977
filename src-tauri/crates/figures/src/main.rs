//! `cargo xtask figures`: what the exchange through a shared folder costs, as JSON.

mod crowd;
mod join;
mod measure;
mod scan;
mod strangers;
mod typing;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use crowd::Crowd;
use serde_json::Value;

const USAGE: &str = "\
figures join [--small] [--documents N] [--replicas N] [--events N]
              joins a folder of 1,000 documents by 5 people with a million events, with a writer at work
              meanwhile; --small: its files have not been merged yet
figures scan  scans a folder of 10,000 files again and again
figures strangers [FILES]
              joins a small folder with a million foreign files in it, files of ten gigabytes, and bombs
figures typing [HOURS]
              types for eight hours, alone and with somebody else at work, in virtual time";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match perform(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(figures) => {
            println!("{figures:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &[&str]) -> Result<Value, Box<dyn Error>> {
    match arguments {
        ["join", options @ ..] => join::join(crowd(options)?),
        ["typing", options @ ..] => {
            let hours = options.first().map_or(Ok(8), |hours| hours.parse())?;
            Ok(serde_json::json!({
                "alone": typing::type_for(hours, true)?,
                "with another one": typing::type_for(hours, false)?,
            }))
        }
        ["strangers", options @ ..] => {
            strangers::strangers(options.first().map_or(Ok(1_000_000), |files| files.parse())?)
        }
        ["scan"] => scan::unchanged(10_000),
        ["join-here", root, data] => join::join_here(Path::new(root), Path::new(data)),
        _ => Err(USAGE.into()),
    }
}

fn crowd(options: &[&str]) -> Result<Crowd, Box<dyn Error>> {
    let mut crowd = Crowd { documents: 1_000, replicas: 5, events: 1_000_000, is_small: false };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut number = || -> Result<u64, Box<dyn Error>> {
            Ok(options.next().ok_or_else(|| format!("`{option}` needs a number"))?.parse()?)
        };
        match *option {
            "--small" => crowd.is_small = true,
            "--documents" => crowd.documents = usize::try_from(number()?)?.max(1),
            "--replicas" => crowd.replicas = usize::try_from(number()?)?.max(1),
            "--events" => crowd.events = number()?,
            other => return Err(format!("`join` has no option `{other}`\n\n{USAGE}").into()),
        }
    }
    Ok(crowd)
}
