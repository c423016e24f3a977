//! `replay FILE…`: replays editing traces as real replicas and prints a line of JSON for each.
//!
//! The figures: `local_ms` is every edit as a local edit, with records sealed as the app seals them; `merge_ms` the whole
//! history into an empty document; `remote_ms` a record for each transaction, merged one by one; `encoded_bytes` the
//! segment files that hold the history; `open_ms` from those bytes to a document that takes an edit; `ok` whether
//! every one of these documents ends as the trace says.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use inkfold_engine::Document;
use inkfold_folder::{HeldRecords, Segment, resolve_together};
use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
use inkfold_testkit::replay::{Sealing, as_document_text};
use inkfold_testkit::trace::Trace;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: replay FILE…   editing traces as JSON, plain or gzip");
        return ExitCode::from(2);
    }
    let mut failed = false;
    for file in files {
        match measure(Path::new(&file)) {
            Ok((line, ok)) => {
                println!("{line}");
                failed |= !ok;
            }
            Err(error) => {
                eprintln!("replay: {file}: {error}");
                println!(
                    "{}",
                    serde_json::json!({ "trace": name(Path::new(&file)), "ok": false, "error": error.to_string() })
                );
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.trim_end_matches(".gz").trim_end_matches(".json").to_owned()
}

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn empty() -> Document {
    Document::new(WORKSPACE, DOCUMENT)
}

fn measure(path: &Path) -> Result<(serde_json::Value, bool), Box<dyn Error>> {
    let trace = Trace::open(path)?;
    let replay = trace.replay(Sealing::AsTheApp)?;
    let end = as_document_text(&trace.end);
    let ends_well = |document: &Document| document.page().text() == end;
    let events: u64 = replay.records.iter().map(|record| record.event_count()).sum();

    let records = replay.records.clone();
    let started = Instant::now();
    let mut merged = empty();
    merged.absorb(records);
    let merge = started.elapsed();
    let mut ok = ends_well(&merged);

    let files = replay.files()?;
    let encoded: usize = files.iter().map(Vec::len).sum();
    let started = Instant::now();
    let opened = open(&files)?;
    let open = started.elapsed();
    ok &= ends_well(&opened);
    drop((merged, opened));

    let each = trace.replay(Sealing::Each)?;
    let started = Instant::now();
    let mut live = empty();
    for record in each.records {
        live.absorb([record]);
    }
    let remote = started.elapsed();
    ok &= ends_well(&live);

    let line = serde_json::json!({
        "trace": name(path),
        "events": events,
        "replicas": replay.identities.len(),
        "local_ms": ms(replay.local),
        "merge_ms": ms(merge),
        "remote_ms": ms(remote),
        "encoded_bytes": encoded,
        "open_ms": ms(open),
        "ok": ok,
    });
    Ok((line, ok))
}

/// Files, verified and folded.
fn open(files: &[Vec<u8>]) -> Result<Document, Box<dyn Error>> {
    let segments: Vec<Segment> =
        files.iter().map(|bytes| Segment::parse(bytes, &WORKSPACE)).collect::<Result<_, _>>()?;
    let together = resolve_together(&segments.iter().collect::<Vec<_>>(), &HeldRecords::default())?;
    for outcome in together.outcomes {
        outcome?;
    }
    let mut document = empty();
    document.absorb(together.records);
    Ok(document)
}
