//! What only the durable store can do: be full, be damaged, be somebody else's.

use inkfold_engine::{Content, DocumentId, Event, Events, Insertion, Record, RecordId, ReplicaId};
use tempfile::TempDir;

use super::*;
use crate::batch::OutboxFile;
use crate::chain::Chain;
use crate::log::Log;
use crate::storage::Storage;
use crate::versions::Versions;

const WORKSPACE: WorkspaceId = WorkspaceId([9; 16]);
const ME: ReplicaId = ReplicaId([1; 16]);
const PAPER: DocumentId = DocumentId([1; 16]);

fn insert(at: u64, text: &str) -> Event {
    Event::Insert { at, what: Insertion::Text(text.into()) }
}

fn start() -> OpenStart {
    OpenStart { document: PAPER, replica: ME, parents: vec![], previous_here: None, first_seq: 0 }
}

/// A store with two sealed records, an open one, a file to publish and a setting.
fn filled(directory: &TempDir) -> SqliteStore {
    let mut store = SqliteStore::open(&directory.path().join("a.db"), WORKSPACE).unwrap();
    for text in ["one", "two"] {
        let parents: Vec<RecordId> = store.tips(&ME).unwrap().iter().map(|tip| tip.record).collect();
        store.commit_operation(&ME, &PAPER, &parents, 1, insert(0, text)).unwrap();
        let seal = store.open().unwrap().map(|open| open.seal(WORKSPACE, 2));
        store.commit(&Batch { seal, ..Batch::default() }).unwrap();
    }
    let file = OutboxFile { name: "1-2".into(), replica: ME, first: 1, last: 2, bytes: vec![1, 2, 3] };
    let settings = vec![("name".into(), Some(b"Notes".to_vec()))];
    store.commit(&Batch { outbox: vec![file], settings, ..Batch::default() }).unwrap();
    let parents: Vec<RecordId> = store.tips(&ME).unwrap().iter().map(|tip| tip.record).collect();
    store.commit_operation(&ME, &PAPER, &parents, 3, insert(0, "open")).unwrap();
    store.commit_operation(&ME, &PAPER, &parents, 4, insert(4, "!")).unwrap();
    store
}

/// A record with a megabyte of text, by another replica.
fn large() -> Record {
    let content = Content {
        workspace: WORKSPACE,
        document: PAPER,
        replica: ReplicaId([2; 16]),
        number: 1,
        first_seq: 0,
        time: 0,
        events: Events::from_runs([insert(0, &"x".repeat(1_000_000))]),
    };
    Record::seal(content, RecordId::NONE, None, vec![])
}

#[test]
fn a_full_disk_is_said_and_changes_nothing() {
    let directory = TempDir::new().unwrap();
    let mut store = filled(&directory);
    let (records, open) = (store.records(&PAPER).unwrap(), store.open().unwrap());
    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = |store: &SqliteStore, pages: i64| {
        store.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    limit(&store, pages);
    let settings = vec![("name".into(), Some(b"Other".to_vec()))];
    let batch = Batch { settings, records: vec![large()], ..Batch::default() };
    let error = store.commit(&batch).unwrap_err();
    assert_eq!((error.code(), error.is_passing()), ("store-full", true));
    assert_eq!(store.records(&PAPER).unwrap(), records);
    assert_eq!(store.open().unwrap(), open);
    assert_eq!(store.setting("name").unwrap(), Some(b"Notes".to_vec()));

    // Typing goes on until there is really no room, and what was acknowledged stays.
    let start = open.clone().unwrap().start;
    let page = "y".repeat(600);
    let mut typed = 0;
    let error = loop {
        match store.append_open(&start, 5, &[insert(0, &page)]) {
            Ok(()) => typed += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), "store-full");
    assert_eq!(store.open().unwrap().unwrap().runs.len(), 2 + typed);
    // With room again, the same call succeeds.
    limit(&store, 1 << 20);
    store.append_open(&start, 6, &[insert(0, &page)]).unwrap();
    assert_eq!(store.open().unwrap().unwrap().runs.len(), 3 + typed);
    assert_eq!(store.commit(&batch).unwrap().added, [large().id()]);
    schema::inspect(&store.connection).unwrap();
}

#[test]
fn nothing_is_written_for_nothing() {
    let directory = TempDir::new().unwrap();
    let mut store = filled(&directory);
    let log = || std::fs::metadata(directory.path().join("a.db-wal")).unwrap().len();
    let (before, records) = (log(), store.records(&PAPER).unwrap());
    store.commit(&Batch::default()).unwrap();
    store.append_open(&start(), 1, &[]).unwrap();
    // Records that are here already don't cost a write either.
    store.commit(&Batch::of_records(records)).unwrap();
    assert_eq!(log(), before);
}

#[test]
fn a_damaged_row_is_named() {
    type Ask = fn(&SqliteStore) -> Result<()>;
    let records: Ask = |store| store.records(&PAPER).map(drop);
    let open: Ask = |store| store.open().map(drop);
    let table: &[(&str, Ask, &str)] = &[
        ("UPDATE record SET body = substr(body, 1, 40) WHERE place = 2", records, "(row 2)"),
        ("UPDATE record SET body = CAST(replace(body, 'two', 'twx') AS BLOB) WHERE place = 2", records, "(row 2)"),
        ("UPDATE record SET previous = zeroblob(32) WHERE place = 2", records, "(row 2)"),
        ("UPDATE record SET previous = zeroblob(31) WHERE place = 2", records, "(row 2)"),
        ("UPDATE record SET previous_here = zeroblob(32) WHERE place = 2", records, "(row 2)"),
        ("UPDATE record SET previous_here = NULL WHERE place = 2", records, "(row 2)"),
        ("UPDATE record SET parents = zeroblob(32) WHERE place = 1", records, "(row 1)"),
        ("UPDATE record SET parents = zeroblob(33) WHERE place = 1", records, "(row 1)"),
        ("UPDATE record SET id = zeroblob(32) WHERE place = 1", records, "(row 1)"),
        ("UPDATE record SET id = zeroblob(3) WHERE place = 1", records, "record row 1"),
        ("UPDATE record SET number = 7 WHERE place = 1", records, "(row 1)"),
        ("UPDATE record SET end_seq = -7 WHERE place = 1", records, "(row 1)"),
        ("UPDATE open_run SET body = zeroblob(9) WHERE place = 2", open, "append 2"),
        ("UPDATE open_run SET end_seq = 99 WHERE place = 1", open, "append 1"),
        ("DELETE FROM open_run WHERE place = 1", open, "append 2"),
        ("DELETE FROM open_run", open, "the open record"),
        ("UPDATE open_start SET parents = zeroblob(5)", open, "the open record"),
        ("UPDATE open_start SET number = 8", open, "append 1"),
        ("UPDATE outbox SET bytes = zeroblob(3)", |store| store.outbox_file("1-2").map(drop), "1-2"),
        ("UPDATE outbox SET replica = x'00'", |store| store.outbox_file("1-2").map(drop), "1-2"),
        (
            "INSERT INTO replica_key VALUES (zeroblob(16), zeroblob(1))",
            |store| store.key(&ReplicaId([0; 16])).map(drop),
            "key",
        ),
        (
            "INSERT INTO signature VALUES (zeroblob(16), 1, zeroblob(32), zeroblob(63))",
            |store| store.signatures(&ReplicaId([0; 16]), 0..9).map(drop),
            "signature",
        ),
        ("INSERT INTO file_fact VALUES (x'41', 1, 2, 3, 4, x'05')", |store| store.facts().map(drop), "file A"),
        ("INSERT INTO pending_file VALUES (x'05', x'', '')", |store| store.pending().map(drop), "pending"),
        ("INSERT INTO document_card VALUES (x'05', '', 0, 0)", |store| store.cards().map(drop), "document"),
        (
            "INSERT INTO fork VALUES (x'01010101010101010101010101010101', -1)",
            |store| store.first_fork(&ME).map(drop),
            "fork",
        ),
    ];
    for (damage, ask, named) in table {
        let directory = TempDir::new().unwrap();
        let store = filled(&directory);
        ask(&store).unwrap();
        store.connection.execute(damage, []).unwrap();
        let error = ask(&store).expect_err(damage);
        assert_eq!(error.code(), "store-damaged", "{damage}: {error}");
        assert!(error.is_loss() && error.to_string().contains(named), "{damage}: {error}");
    }
}

#[test]
fn a_damaged_snapshot_is_passed_over_and_replaced() {
    let damages = [
        "place = 1",
        "place = -1",
        "events = events + 1",
        "events = -1",
        "lasting = 1",
        "version = zeroblob(32)",
        "version = zeroblob(33)",
        // As that of another engine doesn't fit.
        "guard = zeroblob(8)",
        "guard = x'00'",
        "document = zeroblob(16)",
        "body = zeroblob(9)",
    ];
    for damage in damages {
        let directory = TempDir::new().unwrap();
        let mut store = filled(&directory);
        store.keep_snapshots(&PAPER).unwrap();
        let (marks, opened) = (store.snapshots(&PAPER).unwrap(), store.open_document(&PAPER).unwrap().unwrap());
        assert_eq!((marks.len(), opened.since), (1, 0));
        let text = opened.document.page().text();
        store.connection.execute(&format!("UPDATE snapshot SET {damage}"), []).unwrap();
        let opened = store.open_document(&PAPER).unwrap().unwrap();
        assert_eq!((opened.document.page().text(), opened.since), (text, 2), "{damage}");
        if damage.starts_with("document") {
            continue;
        }
        store.keep_snapshots(&PAPER).unwrap();
        assert_eq!(store.snapshots(&PAPER).unwrap(), marks, "{damage}");
        let rows: i64 = store.connection.query_row("SELECT count(*) FROM snapshot", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1, "{damage}");
    }
}

#[test]
fn a_database_from_before_snapshots_goes_on() {
    let directory = TempDir::new().unwrap();
    let store = filled(&directory);
    let records = store.records(&PAPER).unwrap();
    store.connection.execute_batch("DROP TABLE snapshot; DROP TABLE acknowledgement; PRAGMA user_version = 2").unwrap();
    drop(store);
    let mut store = SqliteStore::open_existing(&directory.path().join("a.db")).unwrap();
    assert_eq!((store.records(&PAPER).unwrap(), store.snapshots(&PAPER).unwrap()), (records, vec![]));
    store.keep_snapshots(&PAPER).unwrap();
    assert_eq!(store.open_document(&PAPER).unwrap().unwrap().since, 0);
}

#[test]
fn a_file_that_cannot_be_used_is_left_alone() {
    let directory = TempDir::new().unwrap();
    drop(filled(&directory));
    let path = directory.path().join("a.db");
    let sound = std::fs::read(&path).unwrap();
    let other = || {
        let path = directory.path().join("other.db");
        let _ = std::fs::remove_file(&path);
        path
    };

    let elsewhere = SqliteStore::open(&path, WorkspaceId([1; 16])).unwrap_err();
    assert_eq!(elsewhere.code(), "store-other-workspace");
    assert_eq!(SqliteStore::open_existing(&path).unwrap().workspace(), WORKSPACE);
    assert_eq!(SqliteStore::open_existing(&other()).unwrap_err().code(), "store-io");
    assert!(!directory.path().join("other.db").exists(), "looking doesn't create it");

    for (sql, code) in [
        ("PRAGMA application_id = 1", "store-foreign"),
        ("PRAGMA user_version = 99", "store-newer"),
        ("DELETE FROM home", "store-damaged"),
    ] {
        let path = other();
        std::fs::write(&path, &sound).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(SqliteStore::open(&path, WORKSPACE).unwrap_err().code(), code);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{sql}");
    }

    let path = other();
    std::fs::write(&path, "certainly not a database, however long it is looked at".repeat(99)).unwrap();
    assert_eq!(SqliteStore::open(&path, WORKSPACE).unwrap_err().code(), "store-corrupt");
    let path = other();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert_eq!(SqliteStore::open(&path, WORKSPACE).unwrap_err().code(), "store-foreign");
}

#[test]
fn damaged_pages_never_pass_for_sound_ones() {
    let directory = TempDir::new().unwrap();
    filled(&directory).keep_snapshots(&PAPER).unwrap();
    let path = directory.path().join("a.db");
    let sound = std::fs::read(&path).unwrap();
    let text = |store: &SqliteStore| {
        Ok::<_, StoreError>(store.open_document(&PAPER)?.map(|opened| opened.document.page().text()))
    };
    let expected = {
        let store = SqliteStore::open(&path, WORKSPACE).unwrap();
        let shown = text(&store).unwrap();
        (store.records(&PAPER).unwrap(), store.open().unwrap(), store.outbox_file("1-2").unwrap(), shown)
    };
    for page in 0..sound.len() / 4096 {
        for (from, len) in [(0, 4096), (0, 8), (8, 64), (2048, 2048), (4000, 96)] {
            let mut bytes = sound.clone();
            bytes[page * 4096 + from..page * 4096 + from + len].fill(0x5a);
            std::fs::write(&path, &bytes).unwrap();
            for leftover in ["a.db-wal", "a.db-shm"] {
                let _ = std::fs::remove_file(directory.path().join(leftover));
            }
            // Refused, or an error at reading, or what was written; never a panic and never anything else.
            let Ok(store) = SqliteStore::open(&path, WORKSPACE) else { continue };
            for id in expected.0.iter().map(Record::id) {
                if let Ok(Some(record)) = store.record(&id) {
                    assert!(expected.0.contains(&record), "page {page}, {len} bytes from {from}");
                }
            }
            let known = |records: Vec<Record>| records.iter().all(|record| expected.0.contains(record));
            // Where records are missing, so is what they wrote.
            let all = store.records(&PAPER);
            if all.as_ref().is_ok_and(|records| records.len() == expected.0.len()) {
                assert!(text(&store).map_or(true, |text| text == expected.3), "page {page}, {len} bytes from {from}");
            }
            assert!(all.map_or(true, known));
            if let Ok(Some(file)) = store.outbox_file("1-2") {
                assert_eq!(file.bytes, expected.2.as_ref().unwrap().bytes);
            }
            let _ = (store.open(), store.counts(), store.documents(), store.ends(&ME), store.facts());
        }
    }
    std::fs::write(&path, &sound).unwrap();
    assert_eq!(SqliteStore::open(&path, WORKSPACE).unwrap().open().unwrap(), expected.1);
}

#[test]
fn a_new_database_is_of_the_present_version_and_set_to_keep_things() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(&directory.path().join("a.db"), WORKSPACE).unwrap();
    let number = |pragma: &str| -> i64 { store.connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap() };
    assert_eq!(number("user_version"), schema::known_version());
    assert_eq!(number("application_id"), schema::APPLICATION_ID);
    assert_eq!((number("synchronous"), number("foreign_keys")), (2, 1));
    let mode: String = store.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_held_database_is_busy() {
    let directory = TempDir::new().unwrap();
    let mut store = filled(&directory);
    store.connection.busy_timeout(std::time::Duration::from_millis(5)).unwrap();
    let holder = Connection::open(directory.path().join("a.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let batch = Batch { settings: vec![("name".into(), None)], ..Batch::default() };
    assert_eq!(store.commit(&batch).unwrap_err().code(), "store-busy");
    assert_eq!(store.setting("name").unwrap(), Some(b"Notes".to_vec()), "reading goes on");
    holder.execute_batch("ROLLBACK").unwrap();
    store.commit(&batch).unwrap();
}

#[test]
fn every_question_is_answered_from_the_right_index() {
    let directory = TempDir::new().unwrap();
    let store = filled(&directory);
    let by = |condition: &str| format!("SELECT body FROM record WHERE {condition}");
    let table = [
        (by("document = ?1 ORDER BY place"), "INDEX record_by_document (document=?)"),
        (
            by(&read::AT_PLACES.replace("?2", "3").replace("?3", "9")),
            "INDEX record_by_document (document=? AND rowid>? AND rowid<?)",
        ),
        (
            by("replica = ?1 AND number >= 1 AND number < 3 ORDER BY number, id"),
            "INDEX record_by_number (replica=? AND",
        ),
        (
            by("replica = ?1 AND document = x'00' ORDER BY number, id"),
            "INDEX record_by_stream (replica=? AND document=?)",
        ),
        (
            by("replica = ?1 AND document = x'00' AND number <= 4 ORDER BY number DESC, id DESC LIMIT 1"),
            "INDEX record_by_stream (replica=? AND document=? AND number<?)",
        ),
        (read::ENDS.into(), "COVERING INDEX record_at_end (replica=?)"),
    ];
    for (sql, index) in table {
        let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> =
            statement.query_map([[0u8; 16]], |row| row.get(3)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
        assert!(plan[0].contains(index), "{sql}: {plan:?}");
    }
}
