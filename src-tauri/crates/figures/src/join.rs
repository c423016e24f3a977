//! Joining a folder that has been written in for long.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use inkfold_session::Session;
use inkfold_session::wire::{Attrs, Change, Edit, Grouping, Inline, Point};
use serde_json::{Value, json};

use crate::crowd::Crowd;
use crate::measure::{milliseconds, peak_memory, percentile};

/// A writer types a key so often while the folder is read.
const KEY: Duration = Duration::from_millis(25);

/// Makes a folder and joins it in a process of its own, whose memory is measured.
pub fn join(crowd: Crowd) -> Result<Value, Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let root = scratch.path().join("folder");
    std::fs::create_dir(&root)?;
    let made = crowd.make(&root)?;
    let mut figures = join_apart(&root, &scratch.path().join("data"))?;
    figures["folder"] = json!({
        "documents": crowd.documents,
        "replicas": crowd.replicas,
        "events": made.events,
        "records": made.records,
        "files": made.files,
        "bytes": made.bytes,
    });
    Ok(figures)
}

/// Joins a folder in a process of its own.
pub fn join_apart(root: &Path, data: &Path) -> Result<Value, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?).arg("join-here").args([root, data]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Joins a folder, with a writer at work in a document while it is read.
pub fn join_here(root: &Path, data: &Path) -> Result<Value, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let session = Session::open(data)?;
        let before = peak_memory();
        let start = Instant::now();
        session.join_workspace(root.to_owned(), "Eva".into()).await?;
        let reading = {
            let session = session.clone();
            tokio::spawn(async move { session.sync().await.map(|()| start.elapsed()) })
        };
        let mine = session.create_document("Mine".into()).await?;
        let opened = session.open_document(mine.id.clone()).await?;
        let (mut keys, mut lists, mut opens) = (Vec::new(), Vec::new(), Vec::new());
        let mut first_documents = None;
        let mut counter = 0;
        while !reading.is_finished() {
            let at = Point { block: 0, offset: counter };
            counter += 1;
            let insert = vec![Inline { text: "x".into(), marks: Attrs::new() }];
            let edit = Edit {
                document: mine.id.clone(),
                patch: opened.patch,
                counter,
                changes: vec![Change::Splice { from: at, to: at, insert }],
                grouping: Grouping::Typing,
                before: None,
                after: None,
            };
            let asked = Instant::now();
            session.edit(edit).await?;
            keys.push(asked.elapsed());
            if counter % 8 == 0 {
                let asked = Instant::now();
                let list = session.documents().await?;
                lists.push(asked.elapsed());
                let other = list.iter().find(|info| info.id != mine.id);
                if let Some(other) = other {
                    first_documents.get_or_insert_with(|| start.elapsed());
                    let asked = Instant::now();
                    session.open_document(other.id.clone()).await?;
                    opens.push(asked.elapsed());
                    session.close_document(other.id.clone()).await?;
                }
            }
            tokio::time::sleep(KEY).await;
        }
        let took = reading.await??;
        let documents = session.documents().await?.len();
        let status = session.status().await?;
        let peak = peak_memory();
        session.close().await?;
        let spread = |times: &mut Vec<Duration>| {
            json!({
                "count": times.len(),
                "p50": percentile(times, 0.5),
                "p95": percentile(times, 0.95),
                "most": percentile(times, 1.0),
            })
        };
        Ok(json!({
            "milliseconds": milliseconds(took),
            "trouble": status.trouble.map(|trouble| format!("{trouble:?}")),
            "first document after": first_documents.map(milliseconds),
            "documents": documents,
            "waiting": status.pending,
            "refused": status.refused,
            "memory before": before,
            "peak memory": peak,
            "a key, milliseconds": spread(&mut keys),
            "the list of documents, milliseconds": spread(&mut lists),
            "opening a document, milliseconds": spread(&mut opens),
        }))
    })
}
