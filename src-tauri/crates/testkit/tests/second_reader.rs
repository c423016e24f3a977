//! Shared folders that a second program has written and folded. It was made from `src-tauri/FORMAT.md` alone, in another
//! language and without a look at this one, so what both agree on stands in the document.
//!
//! `apart` holds the smallest histories on which two readings of the document would differ, and what files may look like;
//! `random` histories of its own. In each, what this engine makes of the files has to be what that program made of them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use data_encoding::BASE64;
use inkfold_engine::{Attributes, Document, DocumentId, Record, RecordId, ReplicaId, Target, Value};
use inkfold_folder::scan::scan;
use inkfold_folder::{HeldRecords, Memory, Pending, RealClock, RealFileSystem, ScanRequest, Segment, Verdict, genesis};
use serde_json::{Map, Value as Json, json};

#[test]
fn a_second_program_makes_the_same_of_the_same_files() {
    let mut folders = 0;
    for list in [include_str!("second_reader/apart.json"), include_str!("second_reader/random.json")] {
        let list: Vec<Json> = serde_json::from_str(list).unwrap();
        for folder in list {
            let root = tempfile::tempdir().unwrap();
            for (path, bytes) in folder["files"].as_object().unwrap() {
                let path = root.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, BASE64.decode(bytes.as_str().unwrap().as_bytes()).unwrap()).unwrap();
            }
            assert_eq!(fold(root.path()), folder["documents"], "{}", folder["name"]);
            folders += 1;
        }
    }
    assert!(folders > 55, "only {folders} folders");
}

fn fold(root: &Path) -> Json {
    let workspace = genesis::find(&RealFileSystem, root).unwrap().workspaces[0].1.workspace;
    let (mut held, mut waiting) = (HeldRecords::default(), Vec::<Segment>::new());
    let request = ScanRequest { workspace, replica: ReplicaId::default() };
    let report = scan(
        &RealFileSystem,
        &RealClock::default(),
        root,
        &request,
        &mut Memory::default(),
        &mut |new: inkfold_folder::NewFile| {
            waiting.extend(new.content.into_segment());
            Verdict::Waiting
        },
    );
    assert!(report.complete && report.refused.is_empty(), "{:?}", report.refused);
    let mut pending = Pending::default();
    for segment in waiting {
        assert!(pending.put(segment, RecordId::NONE));
    }
    loop {
        let settlement = pending.settle(&held).unwrap();
        assert!(settlement.refused.is_empty(), "{:?}", settlement.refused);
        if settlement.taken.is_empty() {
            break;
        }
        for record in settlement.records {
            held.insert(record);
        }
    }
    let mut documents: BTreeMap<DocumentId, Vec<Record>> = BTreeMap::new();
    for record in held.iter() {
        documents.entry(record.document()).or_default().push(record.clone());
    }
    let fold = |(id, records): (DocumentId, Vec<Record>)| {
        let mut ids: Vec<String> = records.iter().map(|record| record.id().to_string()).collect();
        ids.sort_unstable();
        let mut document = Document::new(workspace, id);
        document.absorb(records);
        let shown = json!({ "blocks": blocks(&document), "registers": registers(&document), "record_ids": ids });
        (id.to_string(), shown)
    };
    documents.into_iter().map(fold).collect::<Map<_, _>>().into()
}

/// Each block with its attributes and its text in stretches of equal marks.
fn blocks(document: &Document) -> Vec<Json> {
    let (page, order) = (document.page(), document.block_order());
    let mut at = 0;
    let mut blocks = Vec::new();
    for (block, marker) in page.blocks().zip(order) {
        at += u32::from(marker.is_some());
        let mut runs: Vec<(String, Json)> = Vec::new();
        for scalar in block.text().chars() {
            at += 1;
            let marks = attributes(page.marks(at));
            match runs.last_mut() {
                Some((text, last)) if *last == marks => text.push(scalar),
                _ => runs.push((scalar.to_string(), marks)),
            }
        }
        let attributes = attributes(block.attributes());
        blocks.push(json!({ "implied": marker.is_none(), "attributes": attributes, "text": runs }));
    }
    blocks
}

fn registers(document: &Document) -> Vec<Json> {
    let mut registers: Vec<Json> = Vec::new();
    for (target, key, value) in document.registers() {
        let target = match target {
            Target::Document => "document".to_owned(),
            Target::Workspace => "workspace".to_owned(),
            Target::Thread(event) => format!("{}+{}", event.record, event.offset),
            // These are the blocks' attributes.
            Target::Marker(_) => continue,
        };
        registers.push(json!([target, key, shown(value)]));
    }
    registers.sort_by_key(Json::to_string);
    registers
}

fn attributes(attributes: &Attributes) -> Json {
    attributes.iter().map(|(key, value)| (key.clone(), shown(value))).collect::<Map<_, _>>().into()
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Flag(on) => json!(on),
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Unknown { .. } => json!("?"),
    }
}
