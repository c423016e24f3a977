//! What installations say that they hold: who has everything, what may be taken away, and who lives twice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use inkfold_engine::{RecordId, ReplicaId};
use inkfold_folder::{Acknowledgement, Head, Holdings, Identity, RealFileSystem};
use inkfold_session::Installation;

use crate::table::{MINUTE, PAPER, Table, identity, peer, write};

#[test]
fn what_was_written_here_has_reached_the_other_once_the_other_says_so() {
    let mut table = Table::new();
    assert_eq!(peer(&table.ada).person, "Ben");
    assert_eq!(peer(&table.ben).person, "Ada");
    table.pass(MINUTE);
    write(&mut table.ada, "Hello");
    assert_eq!(peer(&table.ada).reached, None, "it isn't even in the folder");
    table.ada.flush().expect("it is stored");
    table.ada.exchange();
    assert_eq!(peer(&table.ada).reached, None, "it is in the folder and nowhere else");
    table.round();
    let since = peer(&table.ada).reached.expect("it has reached the other");

    // Not more than once a minute, and what is acknowledged stays so.
    table.pass(Duration::from_secs(20));
    write(&mut table.ada, "Well, ");
    table.round();
    assert_eq!(peer(&table.ada).reached, None);
    table.pass(MINUTE);
    table.round();
    assert_eq!(peer(&table.ada).reached, Some(since + 81_000));
    // An acknowledgement that only tells of others' records doesn't change since when.
    table.pass(MINUTE);
    write(&mut table.ben, "Yes? ");
    table.round();
    table.pass(MINUTE);
    table.round();
    assert_eq!(peer(&table.ada).reached, Some(since + 81_000));

    // Nothing is said because of what others say.
    let said = [table.said_by(&table.ada), table.said_by(&table.ben)];
    for _ in 0..3 {
        table.pass(MINUTE);
        table.round();
    }
    assert_eq!([table.said_by(&table.ada), table.said_by(&table.ben)], said);
}

#[test]
fn older_and_forged_ones_change_nothing() {
    let mut table = Table::new();
    let old = table.said_by(&table.ben);
    table.pass(MINUTE);
    write(&mut table.ada, "Hello");
    table.round();
    let reached = peer(&table.ada).reached;
    assert!(reached.is_some());

    // An older one comes back under another name, and in the place of the present one.
    table.put("acks/copy.ina", &old);
    table.put(&format!("acks/{}.ina", table.ben.replica()), &old);
    // One that Ben never signed says that he has lost everything.
    let mut forged =
        Acknowledgement::encode(&identity(&table.ben), 99, 0, &Holdings::default()).expect("it fits in a file");
    let end = forged.len();
    forged[end - 1] ^= 1;
    table.put("acks/forged.ina", &forged);
    table.ada.exchange();
    table.ada.exchange();
    assert_eq!(peer(&table.ada).reached, reached);
    let unused = table.ada.unused();
    assert_eq!(unused.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["inkfold-data/acks/forged.ina"]);
    assert!(unused[0].reason.contains("signature"), "{}", unused[0].reason);
}

#[test]
fn who_is_known_to_have_written_more_than_he_knows_takes_a_new_id() {
    type Lie = fn(&Table, ReplicaId) -> Vec<u8>;
    let cases: [(&str, Lie); 3] = [
        ("a record beyond what is here", |table, id| named_by_ben(table, id, 99)),
        ("a record beside what is here", |table, id| named_by_ben(table, id, 1)),
        ("an own acknowledgement that was never made", |table, _| {
            let ada = identity(&table.ada);
            Acknowledgement::encode(&ada, 1 << 20, 0, &Holdings::default()).expect("it fits in a file")
        }),
    ];
    for (what, lie) in cases {
        let mut table = Table::new();
        table.pass(MINUTE);
        write(&mut table.ada, "Hello");
        table.round();
        let before = table.ada.replica();
        table.put("acks/x.ina", &lie(&table, before));
        table.round();
        let after = table.ada.replica();
        assert_ne!(after, before, "{what}");
        // What was written stays, and what is written now reaches the other, who sees one Ada and not two.
        write(&mut table.ada, "Again: ");
        table.round();
        table.pass(MINUTE);
        table.round();
        assert_eq!(table.ada.replica(), after, "{what}: once is enough");
        assert!(peer(&table.ada).reached.is_some(), "{what}");
        let ada = peer(&table.ben);
        assert_eq!((ada.person.as_str(), ada.replica), ("Ada", after.to_string()), "{what}");
    }
}

/// Ben says that he holds a record of somebody's which nobody here knows.
fn named_by_ben(table: &Table, of: ReplicaId, number: u64) -> Vec<u8> {
    let heads = [(of, [Head { number, id: RecordId([5; 32]) }].into())].into();
    let holdings = Holdings { heads, ..Holdings::default() };
    Acknowledgement::encode(&identity(&table.ben), 1 << 20, 0, &holdings).expect("it fits in a file")
}

fn segments(root: &Path, replica: &ReplicaId) -> Vec<PathBuf> {
    let directory = root.join("inkfold-data").join(replica.to_string());
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(directory).expect("a directory").flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

#[test]
fn merged_files_make_way_for_their_parts_as_soon_as_somebody_has_them() {
    let mut table = Table::new();
    for i in 0..12 {
        write(&mut table.ada, &format!("line {i} "));
        table.ada.flush().expect("it is stored");
        table.ada.exchange();
    }
    table.ada.exchange();
    let ada = table.ada.replica();
    let before = segments(table.root.path(), &ada).len();
    assert!(before > 12, "{before} files: all parts are there, and what they were merged into");
    table.ada.exchange();
    assert_eq!(segments(table.root.path(), &ada).len(), before, "nobody has said that he has it");
    table.pass(MINUTE);
    table.round();
    let after = segments(table.root.path(), &ada).len();
    assert!(after < 8, "{after} files are left of {before}");
    // Whoever comes now misses nothing.
    table.pass(MINUTE);
    table.round();
    let text = |installation: &Installation<RealFileSystem>| {
        installation.look(|store| store.records(&PAPER)).expect("they can be read").len()
    };
    assert_eq!(text(&table.ada), text(&table.ben));
}

#[test]
fn any_number_of_made_up_replicas_is_not_kept() {
    let mut table = Table::new();
    for i in 0..100 {
        let stranger = Identity::from_seed([i; 32], table.workspace());
        let said = Acknowledgement::encode(&stranger, 1, 0, &Holdings::default()).expect("it fits in a file");
        table.put(&format!("acks/{i}.ina"), &said);
    }
    table.ada.exchange();
    let kept = table.ada.look(|store| store.acknowledgements()).expect("they can be read").len();
    assert!(kept < 30, "{kept} are kept");
    // Who writes is heard all the same.
    table.pass(MINUTE);
    write(&mut table.ada, "Hello");
    table.round();
    let ben = table.ben.replica().to_string();
    let peers = table.ada.status().peers;
    assert!(peers.iter().any(|peer| peer.replica == ben && peer.reached.is_some()), "{peers:?}");
}

#[test]
fn who_goes_on_under_an_id_that_a_copy_has_left_is_not_gone() {
    let mut table = Table::new();
    write(&mut table.ada, "Hello");
    table.round();
    let ada = table.ada.replica();
    let mut copy = table.copy_of_ada();
    for _ in 0..3 {
        copy.exchange();
        copy.tick();
        copy.flush().expect("it is stored");
        table.pass(MINUTE);
        table.round();
        table.round();
    }
    assert_ne!(copy.replica(), ada);
    let known: Vec<String> = table.ben.status().peers.into_iter().map(|peer| peer.replica).collect();
    let writing = [table.ada.replica(), copy.replica()];
    assert!(writing.iter().all(|id| known.contains(&id.to_string())), "{known:?}, not {writing:?}");
}
