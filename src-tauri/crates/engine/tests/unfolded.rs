//! Records that this version can't fold are kept, listed by reason, and lock the document; nothing else changes.

use inkfold_engine::event::FEATURE_CANCEL;
use inkfold_engine::{
    Content, Document, DocumentId, EditError, Event, Events, Insertion, Record, RecordId, ReplicaId, Target, Unfolded,
    Value, WorkspaceId,
};

const WORKSPACE: WorkspaceId = WorkspaceId([1; 16]);
const DOCUMENT: DocumentId = DocumentId([2; 16]);

fn record(replica: u8, before: Option<&Record>, parents: &[&Record], document: DocumentId, events: Events) -> Record {
    let content = Content {
        workspace: WORKSPACE,
        document,
        replica: ReplicaId([replica; 16]),
        number: before.map_or(1, |record| record.number() + 1),
        first_seq: before.map_or(0, Record::end_seq),
        time: 0,
        events,
    };
    let previous = before.map_or(RecordId::NONE, Record::id);
    Record::seal(content, previous, before.map(Record::id), parents.iter().map(|record| record.id()).collect())
}

fn text(at: u64, text: &str) -> Events {
    Events::from_runs([Event::Insert { at, what: Insertion::Text(text.into()) }])
}

fn reasons(document: &Document) -> Vec<(RecordId, Unfolded)> {
    let mut list: Vec<_> = document.unfolded().map(|(record, why)| (record.id(), why)).collect();
    list.sort_by_key(|(id, _)| *id);
    list
}

#[test]
fn what_a_newer_version_wrote_waits_for_one() {
    let written = record(1, None, &[], DOCUMENT, text(0, "safe"));
    let unknown = |features: u64| Events::Unknown { features, count: 3, bytes: vec![1, 2, 3] };
    // Also one that says that it holds a cancel among other things.
    let kinds = [unknown(1 << 2), unknown(1 << 40), unknown(1 << 40 | FEATURE_CANCEL)];
    for events in kinds {
        let newer = record(1, Some(&written), &[], DOCUMENT, events);
        let follows = record(2, None, &[&newer], DOCUMENT, text(4, " words"));
        let beside = record(3, None, &[&written], DOCUMENT, text(4, " and sound"));
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let all = [&written, &newer, &follows, &beside];
            let mut document = Document::new(WORKSPACE, DOCUMENT);
            for i in order {
                document.merge([all[i].clone()]);
            }
            assert_eq!(document.page().text(), "safe and sound");
            let mut expected =
                vec![(newer.id(), Unfolded::NeedsNewerVersion), (follows.id(), Unfolded::FollowsUnfolded)];
            expected.sort_by_key(|(id, _)| *id);
            assert_eq!(reasons(&document), expected);
            assert!(document.is_locked());
            let version = document.version();
            assert_eq!(document.begin(ReplicaId([9; 16]), &version), Err(EditError::Locked));
        }
    }
}

#[test]
fn the_workspaces_own_data_is_registers_only() {
    let name = |name: &str| Event::Register {
        target: Target::Workspace,
        key: "name".into(),
        value: Some(Value::Text(name.into())),
    };
    let good = record(1, None, &[], DocumentId::WORKSPACE, Events::from_runs([name("Team")]));
    let bad = record(2, None, &[], DocumentId::WORKSPACE, text(0, "no text here"));
    let mut document = Document::new(WORKSPACE, DocumentId::WORKSPACE);
    document.merge([bad.clone(), good]);
    assert_eq!(document.register(Target::Workspace, "name"), Some(&Value::Text("Team".into())));
    assert_eq!(reasons(&document), [(bad.id(), Unfolded::NotAllowedHere)]);
    assert_eq!(document.page().text(), "");
}

#[test]
fn a_record_that_does_not_go_on_where_its_replica_stopped_is_not_folded() {
    let first = record(1, None, &[], DOCUMENT, text(0, "ab"));
    let mut content = record(1, Some(&first), &[], DOCUMENT, text(2, "c")).content().clone();
    content.first_seq = 7;
    let broken = Record::seal(content, first.id(), Some(first.id()), vec![]);
    let mut document = Document::new(WORKSPACE, DOCUMENT);
    document.merge([first, broken.clone()]);
    assert_eq!(document.page().text(), "ab");
    assert_eq!(reasons(&document), [(broken.id(), Unfolded::BrokenSequence)]);
}
