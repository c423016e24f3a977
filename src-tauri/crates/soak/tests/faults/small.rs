//! Files that are replaced, not added to: what replicas say of themselves. Old, swapped, cut or forged, they make nobody
//! lose or delete anything, and don't make anybody believe less than he knew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkfold_folder::{Acknowledgement, Holdings, Identity};

use crate::house::{ADA, BEN, EVA, HOUR, House, WORKSPACE, live};

/// Where somebody says what he holds.
fn acknowledgement(house: &House, who: usize) -> PathBuf {
    Path::new("inkfold-data").join("acks").join(format!("{}.ina", house.replica(who)))
}

/// What lies there at the service.
fn said(house: &House, who: usize) -> (PathBuf, Arc<[u8]>) {
    let path = acknowledgement(house, who);
    let bytes = house.carrier.hub.get(&path).cloned().expect("everybody has said something");
    (path, bytes)
}

fn counter(bytes: &[u8]) -> u64 {
    Acknowledgement::parse(bytes, &WORKSPACE).expect("it is sound").counter
}

/// Everybody says something, and a minute passes.
fn talk(house: &mut House) {
    house.meet();
    house.meet();
}

#[test]
fn an_older_acknowledgement_changes_nothing_and_its_author_puts_his_back() {
    live(|house| {
        talk(house);
        let (path, old) = said(house, BEN);
        house.say(ADA, "since then ");
        talk(house);
        let (_, new) = said(house, BEN);
        assert!(counter(&new) > counter(&old));
        let (files, peers) = (house.published(ADA), house.status(ADA).peers);
        assert!(peers.iter().all(|peer| peer.reached.is_some()), "{peers:?}");
        house.carrier.hub.insert(path.clone(), old.clone());
        house.carrier.hub.insert(path.with_file_name("a-copy.ina"), old);
        talk(house);
        assert_eq!(house.published(ADA), files);
        assert_eq!(house.status(ADA).peers, peers, "what is known of Ben stays");
        assert_eq!(said(house, BEN).1, new, "he puts it back though he has nothing new to say");
        house.carrier.hub.remove(&path);
        house.carrier.settle();
        talk(house);
        assert_eq!(said(house, BEN).1, new, "and when it is gone, too");
        house.say(ADA, "and then ");
        talk(house);
        assert!(counter(&said(house, BEN).1) > counter(&new));
        house.assert_shows(BEN, "and then ");
    });
}

#[test]
fn swapped_acknowledgements_count_for_those_who_signed_them() {
    live(|house| {
        talk(house);
        let ids = [ADA, BEN, EVA].map(|who| house.replica(who));
        let ((ben, of_ben), (eva, of_eva)) = (said(house, BEN), said(house, EVA));
        house.carrier.hub.insert(ben, of_eva);
        house.carrier.hub.insert(eva, of_ben);
        talk(house);
        house.say(ADA, "after the swap ");
        talk(house);
        assert_eq!([ADA, BEN, EVA].map(|who| house.replica(who)), ids);
        for who in [BEN, EVA] {
            let read = Acknowledgement::parse(&said(house, who).1, &WORKSPACE).expect("it is sound");
            assert_eq!(read.replica, house.replica(who), "it is put right with the next thing to say");
        }
    });
}

#[test]
fn a_cut_or_forged_acknowledgement_says_nothing() {
    live(|house| {
        talk(house);
        let (path, bytes) = said(house, BEN);
        let ids = [ADA, EVA].map(|who| house.replica(who));
        for bit in (0..bytes.len() * 8).step_by(7) {
            let mut forged = bytes.to_vec();
            forged[bit / 8] ^= 1 << (bit % 8);
            house.disk(ADA).put(&path, forged.into(), None);
            house.pass(crate::house::INTERVAL);
            house.look(ADA);
            assert_eq!(house.refusals(ADA).len().min(1), house.refusals(ADA).len());
        }
        for end in (0..bytes.len()).step_by(5) {
            house.disk(ADA).put(&path, bytes[..end].into(), None);
            house.pass(crate::house::INTERVAL);
            house.look(ADA);
        }
        house.disk(ADA).put(&path, bytes, None);
        house.look(ADA);
        assert_eq!([ADA, EVA].map(|who| house.replica(who)), ids);
    });
}

#[test]
fn an_acknowledgement_that_knows_more_of_an_id_than_its_owner_ends_the_id_at_once() {
    live(|house| {
        let (before, former) = (house.computers[ADA].store.copy(), house.replica(ADA));
        house.say(ADA, "forgotten here ");
        talk(house);
        // Ada's database is set back, and her later file is nowhere; only what the others say tells of it.
        let (path, _) = house.last_file(ADA);
        house.carrier.hub.remove(&path);
        house.computers[ADA].restart(Some(before)).expect("it starts");
        house.disk(ADA).delete(&path);
        house.say(ADA, "set back ");
        house.look(ADA);
        house.look(ADA);
        assert_ne!(house.replica(ADA), former);
        house.meet();
        house.pass(25 * HOUR);
        house.meet();
        house.assert_shows(ADA, "forgotten here ");
        house.assert_shows(BEN, "set back ");
    });
}

#[test]
fn a_stranger_who_claims_to_hold_everything_makes_nobody_delete_what_isn_t_covered() {
    live(|house| {
        for i in 0..5 {
            house.say(ADA, &format!("page-{i} "));
            house.look(ADA);
        }
        talk(house);
        let files = house.published(ADA);
        let stranger = Identity::from_seed([99; 32], WORKSPACE);
        let named = files.iter().filter_map(|(_, bytes)| inkfold_folder::Segment::parse(bytes, &WORKSPACE).ok());
        let holdings = Holdings { files: named.map(|segment| segment.hash().short()).collect(), ..Holdings::default() };
        let bytes = Acknowledgement::encode(&stranger, u64::MAX, i64::MAX, &holdings).expect("it fits");
        let path = Path::new("inkfold-data").join("acks").join(format!("{}.ina", stranger.replica()));
        house.carrier.hub.insert(path, bytes.into());
        talk(house);
        assert_eq!(house.published(ADA), files);
        // A newcomer has everything from the files alone.
        let newcomer = house.add(Default::default(), inkfold_store::MemoryStore::new(WORKSPACE));
        house.meet();
        house.assert_shows(newcomer, "page-4 ");
    });
}
