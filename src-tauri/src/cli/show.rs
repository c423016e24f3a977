//! What reads: straight from the store, so that it works whatever else runs on the data.

use std::path::Path;

use inkfold_session::wire::{Block, DocumentInfo};
use inkfold_session::{Profile, reading};
use serde::Serialize;

use super::output::{self, Printer};
use super::{Format, Trouble};

/// Lists the documents.
pub fn list(data: &Path, wanted: Option<&str>, printer: &Printer) -> Result<(), Trouble> {
    let profile = Profile::open(data)?;
    let store = profile.store(profile.choose(wanted)?)?;
    let documents = reading::documents(&store)?;
    if printer.is_json() {
        return printer.line(&documents);
    }
    printer.text(&documents.iter().map(document_line).collect::<String>())
}

/// A document on a line: its id and its title.
pub fn document_line(info: &DocumentInfo) -> String {
    let title = if info.title.is_empty() { "(untitled)".to_owned() } else { output::plain(&info.title) };
    let mark = if info.trashed { "  (in the trash)" } else { "" };
    format!("{}  {title}{mark}\n", info.id)
}

/// Prints a document.
pub fn cat(data: &Path, wanted: Option<&str>, name: &str, format: Format, printer: &Printer) -> Result<(), Trouble> {
    #[derive(Serialize)]
    struct Contents {
        id: String,
        title: String,
        blocks: Vec<Block>,
    }
    let profile = Profile::open(data)?;
    let store = profile.store(profile.choose(wanted)?)?;
    let id = reading::find_document(&store, name)?;
    let document = reading::document(&store, id)?;
    match format {
        Format::Text => {
            let mut text = document.page().text();
            text.push('\n');
            printer.text(&text)
        }
        Format::Json => printer.line(&Contents {
            id: id.to_string(),
            title: reading::title(&document),
            blocks: reading::blocks(&document),
        }),
    }
}

/// Prints what was written to a document.
pub fn log(
    data: &Path,
    wanted: Option<&str>,
    name: &str,
    replica: Option<&str>,
    printer: &Printer,
) -> Result<(), Trouble> {
    #[derive(Serialize)]
    struct Run<'a> {
        replica: &'a str,
        number: u64,
        seq: u64,
        count: u64,
        kind: &'a str,
        time: String,
        /// None for the record that is being written.
        record: Option<String>,
    }
    let profile = Profile::open(data)?;
    let store = profile.store(profile.choose(wanted)?)?;
    let id = reading::find_document(&store, name)?;
    let replica = replica.map(|name| reading::find_replica(&store, name)).transpose()?;
    let mut out = String::new();
    for (replica, entry) in reading::log(&store, id, replica)? {
        let run = Run {
            replica: &replica.to_string(),
            number: entry.number,
            seq: entry.seq,
            count: entry.count,
            kind: entry.kind.name(),
            time: output::time(entry.time),
            record: entry.record.map(|record| record.to_string()),
        };
        if printer.is_json() {
            out.push_str(&output::json_line(&run)?);
        } else {
            let Run { replica, number, seq, kind, time, .. } = run;
            out.push_str(&format!("{replica}  {number}  {seq}  {kind}  {time}\n"));
        }
    }
    printer.text(&out)
}
