#![allow(clippy::unwrap_used)]
//! Several writers, one folder: whatever a sync service does to the files, everybody ends with the same records.

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{FILES, TestClock, WORKSPACE, Writer, document, folder};
use inkfold_engine::{Record, ReplicaId, WorkspaceId};
use inkfold_folder::kind::FORMAT_VERSION;
use inkfold_folder::scan::scan;
use inkfold_folder::{
    Genesis, HeldRecords, Memory, Publisher, Refusal, RelativePath, RootState, ScanRequest, Segment, Signer, Verdict,
    encode_segment, genesis, merge_segments, resolve_together,
};

/// Writers who take turns for a while.
fn busy_folder() -> (tempfile::TempDir, Vec<Writer>) {
    let folder = folder();
    let mut writers: Vec<Writer> = (1..=4).map(Writer::new).collect();
    for round in 0..12u8 {
        for (i, writer) in writers.iter_mut().enumerate() {
            // Not everybody reads each time, so that versions are truly concurrent.
            if !(round as usize + i).is_multiple_of(3) {
                writer.sync(folder.path());
            }
            for n in 0..=(round + i as u8) % 3 {
                writer.write(document(1 + n % 2), &format!("round {round}, writer {i}"));
            }
            writer.flush(folder.path());
        }
    }
    for writer in &mut writers {
        writer.sync(folder.path());
    }
    (folder, writers)
}

fn segments(root: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for directory in fs::read_dir(root.join("inkfold-data")).unwrap() {
        for file in fs::read_dir(directory.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn all_writers_end_with_the_same_records() {
    let (folder, writers) = busy_folder();
    let expected: usize = writers.iter().map(|writer| writer.chain.len()).sum();
    for writer in &writers {
        assert_eq!(writer.ids(), writers[0].ids());
        assert_eq!(writer.held.len(), expected);
        assert!(writer.pending.is_empty());
    }
    let mut late = Writer::new(9);
    let report = late.sync(folder.path());
    assert!(report.complete && report.refused.is_empty());
    assert_eq!(late.ids(), writers[0].ids());
}

#[test]
fn files_may_come_in_any_order_under_any_name_and_twice() {
    let (folder, writers) = busy_folder();
    let mut files: Vec<_> = segments(folder.path()).into_iter().map(|(_, bytes)| bytes).collect();
    for shuffle in 0..3 {
        let other = common::folder();
        let data = other.path().join("inkfold-data (1)");
        fs::create_dir_all(data.join("x/y")).unwrap();
        let mut late = Writer::new(9);
        match shuffle {
            0 => files.reverse(),
            1 => files.sort(),
            _ => files.sort_by_key(|bytes| blake3::hash(bytes).to_hex().to_string()),
        }
        for (i, bytes) in files.iter().enumerate() {
            let name = match i % 5 {
                0 => other.path().join(format!("1-4-abc (Ada's conflicted copy {i}).ink")),
                1 => data.join(format!("{i}.sync-conflict-20261122.ink")),
                2 => data.join(format!("x/y/{i}")),
                3 => data.join(format!("x/.{i}.conflict1")),
                _ => data.join(format!("{i}-PC-2.INK")),
            };
            fs::write(name, bytes).unwrap();
            fs::write(data.join(format!("x/copy {i}")), bytes).unwrap();
            if i % 7 == 0 {
                late.sync(other.path());
            }
        }
        late.clock.advance(Duration::from_secs(10));
        let report = late.sync(other.path());
        assert_eq!((report.complete, report.refused), (true, vec![]));
        assert_eq!(late.ids(), writers[0].ids());
        assert!(late.pending.is_empty());
        // Running it again changes and reads nothing.
        let again = late.sync(other.path());
        assert_eq!((again.handed_over, again.complete), (0, true));
        assert_eq!(late.sync(other.path()).read, 0);
    }
}

#[test]
fn what_builds_on_something_missing_waits_and_what_was_published_by_others_counts() {
    let (mut ada, ben, files) = common::conversation();
    // The third file builds on the second, the second on the first.
    let other = folder();
    let mut late = Writer::new(9);
    late.publish(other.path(), &files[2]);
    let report = late.sync(other.path());
    assert_eq!((report.handed_over, late.held.len(), late.pending.len()), (1, 0, 1));
    assert_eq!(late.memory.verdict(&files[2].hash), Some(&Verdict::Waiting));
    late.publish(other.path(), &files[1]);
    late.sync(other.path());
    assert_eq!((late.held.len(), late.pending.len()), (0, 2));
    // The second file's author lost it; Ada publishes it again, in her own directory, with the signature she holds.
    let signer = Signer::Held { key: ben.identity.public_key(), signature: files[1].signature };
    let again = encode_segment(signer, &ben.chain, &ada.held).unwrap();
    assert_eq!(again.bytes, files[1].bytes);
    ada.publish(other.path(), &again);
    late.publish(other.path(), &files[0]);
    late.sync(other.path());
    assert_eq!((late.ids(), late.pending.len()), (ada.ids(), 0));
    assert_eq!(late.memory.verdict(&files[2].hash), Some(&Verdict::Taken));
    ada.sync(other.path());
}

#[test]
fn a_fork_is_two_branches_and_parents_on_either_stay_what_they_were() {
    let folder = folder();
    let mut ada = Writer::new(1);
    ada.write(document(1), "common");
    ada.flush(folder.path());
    // A copy of the profile: the same key writes two different second records.
    let mut copy = Writer::new(1);
    copy.write(document(1), "common");
    copy.segment();
    let (one, two) = (ada.write(document(1), "at home"), copy.write(document(1), "in the office"));
    ada.flush(folder.path());
    copy.flush(folder.path());
    let mut ben = Writer::new(2);
    ben.sync(folder.path());
    assert_eq!(ben.held.len(), 3);
    let both = ben.write(document(1), "seen both");
    assert_eq!(both.parents().len(), 2);
    let file = ben.flush(folder.path());
    assert_eq!(file.header.tips.len(), 2);
    let mut late = Writer::new(3);
    late.sync(folder.path());
    assert_eq!(late.ids(), ben.ids());
    assert!([one, two, both].iter().all(|record| late.held.contains(&record.id())));
}

#[test]
fn merged_files_keep_records_and_signature_and_let_the_small_ones_go() {
    let (folder, mut writers) = busy_folder();
    let ids = writers[0].ids();
    let writer = &mut writers[0];
    let own: Vec<Segment> = segments(folder.path())
        .iter()
        .filter(|(path, _)| path.starts_with(folder.path().join(writer.directory())))
        .map(|(_, bytes)| common::parse(bytes).unwrap())
        .collect();
    assert_eq!(own.len(), 12);
    let merged = merge_segments(&own, &writer.held).unwrap();
    let last = own.iter().max_by_key(|segment| segment.header().last).unwrap();
    assert_eq!((merged.last_id, merged.signature), (last.last_id(), last.signature()));
    assert_eq!((merged.header.first, merged.header.last), (1, writer.chain.len() as u64));
    assert!(merged.bytes.len() < own.iter().map(Segment::size).sum());
    writer.publish(folder.path(), &merged);
    assert!(writer.held.len() > writer.chain.len());
    let publisher = Publisher::new(&FILES, &writer.clock, folder.path());
    for segment in &own {
        let path = RelativePath::segment(&writer.identity.replica(), &segment.name());
        publisher.remove(&path).unwrap();
        publisher.remove(&path).unwrap();
    }
    let report = writer.sync(folder.path());
    let found: Vec<_> = report.own.into_iter().map(|(name, seen)| (name, seen.hash)).collect();
    assert_eq!(found, [(merged.name(), Some(merged.hash))]);
    let mut late = Writer::new(9);
    late.sync(folder.path());
    assert_eq!(late.ids(), ids);
    // With a file missing in the middle they can't be merged.
    assert!(merge_segments(&[own[0].clone(), own[2].clone()], &writer.held).is_err());
}

#[test]
fn merged_files_that_need_each_other_are_resolved_together() {
    let (folder, writers) = busy_folder();
    let all = segments(folder.path());
    let merged: Vec<_> = writers
        .iter()
        .map(|writer| {
            let directory = folder.path().join(writer.directory());
            let own = all.iter().filter(|(path, _)| path.starts_with(&directory));
            let own: Vec<Segment> = own.map(|(_, bytes)| common::parse(bytes).unwrap()).collect();
            merge_segments(&own, &writer.held).unwrap()
        })
        .collect();
    let other = common::folder();
    let mut late = Writer::new(9);
    for (i, file) in merged.iter().enumerate() {
        assert!(late.held.is_empty(), "none counts before all that it needs is here");
        writers[i].publish(other.path(), file);
        late.sync(other.path());
    }
    assert_eq!((late.ids(), late.pending.len()), (writers[0].ids(), 0));
    assert!(merged.iter().all(|file| late.memory.verdict(&file.hash) == Some(&Verdict::Taken)));

    // Each comes after what it builds on, and a bad file among them stops nobody.
    let parsed: Vec<Segment> = merged.iter().map(|file| common::parse(&file.bytes).unwrap()).collect();
    let together = resolve_together(&parsed.iter().collect::<Vec<_>>(), &HeldRecords::default()).unwrap();
    let mut held = HeldRecords::default();
    for record in together.records {
        assert!(record.all_parents().all(|parent| held.contains(&parent)));
        held.insert(record);
    }
    assert_eq!(held.len(), late.held.len());
}

#[test]
fn merged_files_of_a_forked_replica_find_their_branch() {
    for turn in [false, true] {
        let folder = folder();
        let (mut ada, mut copy) = (Writer::new(1), Writer::new(1));
        let (mut ben, mut cleo) = (Writer::new(2), Writer::new(3));
        let mut files = Vec::new();
        for round in 0..4 {
            // Ben and Ada write to each other, Cleo and the copy of Ada's profile too, each pair in its own folder.
            let office = folder.path().join("office");
            for (one, two, root) in [(&mut ada, &mut ben, folder.path()), (&mut copy, &mut cleo, &office)] {
                if !root.exists() {
                    fs::create_dir(root).unwrap();
                    genesis::create(&FILES, &TestClock::new(), root, WORKSPACE, "Office").unwrap();
                }
                let text = if round == 0 { "common".to_owned() } else { format!("{root:?} {round}") };
                one.sync(root);
                one.write(document(1), &text);
                one.flush(root);
                two.sync(root);
                two.write(document(1), &text);
                two.flush(root);
            }
        }
        for writer in [&ada, &copy, &ben, &cleo] {
            files.push(encode_segment(Signer::Own(&writer.identity), &writer.chain, &writer.held).unwrap());
        }
        if turn {
            files.reverse();
        }
        let parsed: Vec<Segment> = files.iter().map(|file| common::parse(&file.bytes).unwrap()).collect();
        let together = resolve_together(&parsed.iter().collect::<Vec<_>>(), &HeldRecords::default()).unwrap();
        assert!(together.outcomes.iter().all(Result::is_ok), "{:?}", together.outcomes);
        let all: std::collections::BTreeSet<_> = [&ada, &copy, &ben, &cleo].iter().flat_map(|w| w.ids()).collect();
        assert_eq!(together.records.iter().map(Record::id).collect::<std::collections::BTreeSet<_>>(), all);
    }
}

#[test]
fn the_watcher_hints_at_changes_but_not_at_our_reading() {
    let folder = folder();
    let mut ada = Writer::new(1);
    let (sender, hints) = std::sync::mpsc::channel();
    let on_hint = move || {
        let _ = sender.send(());
    };
    let (mut watcher, trouble) = inkfold_folder::Watcher::start(&FILES, folder.path(), std::sync::Arc::new(on_hint));
    if trouble.is_some() {
        // A system without a watcher is no failure; the interval finds everything.
        return;
    }
    let hinted = || hints.recv_timeout(Duration::from_secs(5)).is_ok();
    let quiet = || while hints.recv_timeout(Duration::from_millis(300)).is_ok() {};
    ada.write(document(1), "one");
    ada.flush(folder.path());
    assert!(hinted(), "a data directory has come");
    assert!(watcher.refresh(&FILES).is_none());
    quiet();
    ada.sync(folder.path());
    assert!(hints.recv_timeout(Duration::from_millis(500)).is_err(), "reading is no change");
    let (_watcher, trouble) =
        inkfold_folder::Watcher::start(&FILES, &folder.path().join("gone"), std::sync::Arc::new(|| {}));
    assert!(trouble.is_none(), "a root that isn't there is the scan's business");
}

#[test]
fn publishing_again_changes_nothing_and_damaged_own_files_are_replaced() {
    let folder = folder();
    let mut ada = Writer::new(1);
    ada.write(document(1), "Hello");
    let file = ada.flush(folder.path());
    let path = file.path(&ada.identity.replica());
    let full = path.below(folder.path());
    let publisher = Publisher::new(&FILES, &ada.clock, folder.path());
    assert_eq!(publisher.publish(&path, &file.bytes).unwrap(), inkfold_folder::Published::WasThere);
    let before = fs::metadata(&full).unwrap().modified().unwrap();
    assert_eq!(fs::metadata(&full).unwrap().modified().unwrap(), before);

    fs::write(&full, vec![0; file.bytes.len()]).unwrap();
    let report = ada.sync(folder.path());
    assert_ne!(report.own[&file.name()].hash, Some(file.hash));
    assert!(!report.present.contains(&file.hash));
    assert_eq!(report.refused.len(), 1);
    ada.publish(folder.path(), &file);
    let report = ada.sync(folder.path());
    assert_eq!(report.own[&file.name()].hash, Some(file.hash));
    assert!(report.present.contains(&file.hash) && report.refused.is_empty());

    // Leftovers of a crash go, but only our own.
    let directory = folder.path().join(ada.directory());
    fs::write(directory.join("~aaaaaaaaaaaaaaaa.tmp"), b"half").unwrap();
    fs::write(directory.join("~WRL0001.tmp"), b"somebody's").unwrap();
    fs::write(folder.path().join("~aaaaaaaaaaaaaaaa.tmp"), b"somebody's").unwrap();
    let publisher = Publisher::new(&FILES, &ada.clock, folder.path());
    assert_eq!(publisher.clean(&ada.identity.replica()).unwrap(), 1);
    assert_eq!(publisher.clean(&ReplicaId([9; 16])).unwrap(), 0);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
}

#[test]
fn a_missing_empty_or_foreign_root_stops_with_a_reason_and_forgets_nothing() {
    let (folder, mut writers) = busy_folder();
    let writer = &mut writers[0];
    let remembered = writer.memory.len();
    let scanned = |writer: &mut Writer, root: &Path| {
        let report = writer.sync(root);
        assert!(!report.complete && !report.root.is_usable() && report.present.is_empty());
        assert_eq!(writer.memory.len(), remembered);
        report.root
    };
    assert_eq!(scanned(writer, &folder.path().join("gone")), RootState::Missing);
    assert_eq!(scanned(writer, tempfile::tempdir().unwrap().path()), RootState::Empty);

    let other = tempfile::tempdir().unwrap();
    genesis::create(&FILES, &TestClock::new(), other.path(), WorkspaceId([8; 16]), "Theirs").unwrap();
    assert!(matches!(scanned(writer, other.path()), RootState::OtherWorkspace(found) if found[0].name == "Theirs"));

    // Both chose to share: usable, and said.
    fs::copy(other.path().join("theirs.inkfold"), folder.path().join("theirs.inkfold")).unwrap();
    // A copy of one genesis file is not another workspace.
    fs::copy(other.path().join("theirs.inkfold"), folder.path().join("theirs (2).inkfold")).unwrap();
    let report = writer.sync(folder.path());
    assert!(report.complete);
    assert!(matches!(report.root, RootState::Several(found) if found.len() == 2));

    fs::remove_file(folder.path().join("theirs.inkfold")).unwrap();
    fs::remove_file(folder.path().join("theirs (2).inkfold")).unwrap();
    let genesis = fs::read(folder.path().join("team-notes.inkfold")).unwrap();
    fs::remove_file(folder.path().join("team-notes.inkfold")).unwrap();
    let remembered = writer.memory.len();
    assert_eq!(writer.sync(folder.path()).root, RootState::NoGenesis);
    fs::write(folder.path().join("team-notes.inkfold"), &genesis[..30]).unwrap();
    assert!(matches!(writer.sync(folder.path()).root, RootState::Refused(_)));
    // Under any name, and with what editors and services add.
    fs::write(folder.path().join("team-notes (copy)"), [b"\xef\xbb\xbf", &genesis[..]].concat()).unwrap();
    assert_eq!(writer.sync(folder.path()).root, RootState::Ready);
    assert!(writer.memory.len() >= remembered);
}

#[test]
fn a_folder_becomes_a_workspace_once() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), TestClock::new());
    fs::write(folder.path().join("team-notes.inkfold"), b"somebody's own file").unwrap();
    let name = genesis::create(&FILES, &clock, folder.path(), WORKSPACE, " Team notes ").unwrap();
    assert_eq!(name, "team-notes-2.inkfold");
    assert_eq!(fs::read(folder.path().join("team-notes.inkfold")).unwrap(), b"somebody's own file");
    let error = genesis::create(&FILES, &clock, folder.path(), WorkspaceId([1; 16]), "Again").unwrap_err();
    assert_eq!(error.code(), "genesis/exists");
    assert!(error.to_string().contains("Team notes"));
    let found = genesis::find(&FILES, folder.path()).unwrap();
    let expected = Genesis { workspace: WORKSPACE, name: "Team notes".into(), format: FORMAT_VERSION };
    assert_eq!(found.workspaces, [(name, expected.clone())]);
    assert!(expected.to_bytes().starts_with(b"{\n  \"inkfold\": \"workspace\",\n"));
    for bad in ["", "  ", &"x".repeat(201), "a\nb"] {
        let error = genesis::create(&FILES, &clock, tempfile::tempdir().unwrap().path(), WORKSPACE, bad).unwrap_err();
        assert_eq!(error.code(), "genesis/bad-name");
    }
    let gone = folder.path().join("gone");
    let error = genesis::create(&FILES, &clock, &gone, WORKSPACE, "x").unwrap_err();
    assert_eq!(error.code(), "publish/missing-root");
    assert!(!gone.exists(), "a root that isn't there is never made");
    let newer = br#"{"inkfold": "workspace", "format": 7, "new": {}}"#;
    assert_eq!(Genesis::parse(newer).unwrap_err().code(), "genesis/newer-format");
}

#[test]
fn ten_thousand_unchanged_files_cost_no_reading_and_a_restart_neither() {
    let folder = folder();
    let mut ada = Writer::new(1);
    let mut names = Vec::new();
    for i in 0..200 {
        ada.write(document(1), &format!("{i}"));
        names.push(ada.flush(folder.path()));
    }
    // Copies under other names cost a hash each, once.
    for i in 0..10_000 {
        let name = folder.path().join(ada.directory()).join(format!("{i} copy"));
        fs::write(name, &names[i % names.len()].bytes).unwrap();
    }
    let mut late = Writer::new(2);
    late.clock.advance(Duration::from_secs(10));
    let report = late.sync(folder.path());
    assert_eq!((report.files, report.handed_over, late.held.len()), (10_200, 200, 200));
    let bytes = report.bytes;
    assert!(bytes > 10_000, "{bytes}");
    let start = std::time::Instant::now();
    let report = late.sync(folder.path());
    let took = start.elapsed();
    assert_eq!((report.files, report.read, report.handed_over, report.complete), (10_200, 0, 0, true));
    assert_eq!(report.bytes, bytes, "what is known is still there");
    assert_eq!(report.present.len(), 200);
    assert!(took < Duration::from_secs(10), "{took:?}");
    println!("10,200 unchanged files: {took:?}");

    let mut restored = Memory::restore(late.memory.settled().collect::<Vec<_>>());
    assert_eq!(restored.len(), 10_200);
    let report =
        scan(&FILES, &late.clock, folder.path(), &late.request(), &mut restored, &mut |_| panic!("nothing is new"));
    assert_eq!((report.read, report.complete), (0, true));
}

#[test]
fn other_bytes_with_the_same_size_and_time_are_seen() {
    let folder = folder();
    let mut ada = Writer::new(1);
    ada.write(document(1), "one");
    let one = ada.flush(folder.path());
    let path = one.path(&ada.identity.replica()).below(folder.path());
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut ben = Writer::new(2);
    ben.clock.advance(Duration::from_secs(10));
    ben.sync(folder.path());
    let mut damaged = one.bytes.clone();
    damaged[60] ^= 1;
    fs::write(&path, &damaged).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let report = ben.sync(folder.path());
    assert_eq!(report.refused[0].refusal, Refusal::Incomplete);
    assert!(!report.refused[0].again);
    assert!(ben.sync(folder.path()).refused[0].again);
}

#[test]
fn a_segment_of_another_workspace_is_listed_and_left_alone() {
    let folder = folder();
    let mut ada = Writer::new(1);
    ada.write(document(1), "one");
    let file = ada.flush(folder.path());
    let theirs = WorkspaceId([8; 16]);
    genesis::create(&FILES, &ada.clock, &folder.path().join("."), theirs, "x").unwrap_err();
    let request = ScanRequest { workspace: theirs, replica: ReplicaId([0; 16]) };
    fs::write(
        folder.path().join("t.inkfold"),
        Genesis { workspace: theirs, name: "T".into(), format: FORMAT_VERSION }.to_bytes(),
    )
    .unwrap();
    let report =
        scan(&FILES, &ada.clock, folder.path(), &request, &mut Memory::default(), &mut |_| panic!("not theirs"));
    assert_eq!(report.refused[0].refusal, Refusal::OtherWorkspace(WORKSPACE));
    assert!(file.path(&ada.identity.replica()).below(folder.path()).exists());
}

#[test]
fn a_large_paste_becomes_several_files_of_allowed_size() {
    let mut ada = Writer::new(1);
    // Text that doesn't compress: random scalars of the basic plane.
    let mut state = 1u64;
    for _ in 0..12 {
        let text: String = (0..300_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from_u32(0x4e00 + (state >> 33) as u32 % 20_000).unwrap()
            })
            .collect();
        ada.write(document(1), &text);
    }
    let files = inkfold_folder::encode_all(&ada.identity, &ada.chain, &ada.held).unwrap();
    assert!(files.len() >= 3, "{}", files.len());
    let mut ben = Writer::new(2);
    for file in &files {
        let records: Vec<Record> = common::parse(&file.bytes).unwrap().resolve(&ben.held).unwrap();
        records.into_iter().for_each(|record| {
            ben.held.insert(record);
        });
    }
    assert_eq!(ben.ids(), ada.ids());
}
