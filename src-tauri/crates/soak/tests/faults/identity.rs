//! Who writes: copies of profiles, states from before, and clocks.

use inkfold_session::wire::FolderTrouble;
use inkfold_store::Chain;

use crate::house::{ADA, BEN, DOCUMENT, EVA, HOUR, House, insertion};

/// Another computer begins with a copy of somebody's profile and folder.
fn copy(house: &mut House, who: usize) -> usize {
    let store = house.computers[who].store.copy();
    let ids = house.computers[who].ids.clone();
    let copy = house.add(Default::default(), store);
    house.computers[copy].ids.extend(ids);
    house.computers[copy].wrote = house.computers[who].wrote.clone();
    for (path, bytes) in house.disk(who).files() {
        house.disk(copy).put(&path, bytes, None);
    }
    copy
}

/// Ada goes on in this way in a state of the middle of a session, while what she did since lies in the folder.
fn resumed(house: &mut House, keeps_profile: bool) {
    let former = house.replica(ADA);
    house.type_word(ADA, &format!("before-{keeps_profile} "));
    house.computers[ADA]
        .dream(keeps_profile, |installation| {
            installation.type_in(DOCUMENT, |_| vec![insertion("dreamt ")])?;
            installation.flush()?;
            installation.exchange();
            Ok(())
        })
        .expect("nothing fails");
    let stored = house.computers[ADA]
        .work(|installation| installation.type_in(DOCUMENT, |_| vec![insertion("awake ")]).map(drop));
    // Where her memory is older than her database, the window has to be opened again first.
    assert!(keeps_profile || stored.is_ok());
    house.say(ADA, &format!("after-{keeps_profile} "));
    house.meet();
    assert!(house.text(BEN).contains("dreamt "), "what was published lives on");
    assert!(keeps_profile || house.replica(ADA) != former, "two lines are two ids");
    house.say(ADA, &format!("later-{keeps_profile} "));
    house.meet();
    house.assert_shows(BEN, &format!("later-{keeps_profile} "));
}

/// Ada goes on in a state of the middle of a session, with a database in which she has written since, and does nothing more.
fn left_open(house: &mut House) {
    let write = |installation: &mut inkfold_session::Installation<_>| {
        installation.type_in(DOCUMENT, |_| vec![insertion("half a sentence ")]).map(drop)
    };
    house.computers[ADA].dream(true, write).expect("nothing fails");
    house.meet();
    house.assert_shows(BEN, "half a sentence ");
    let mut shown = String::new();
    house.work(ADA, |installation| {
        installation.type_in(DOCUMENT, |page| {
            shown = page.text();
            Vec::new()
        })?;
        Ok(())
    });
    assert!(shown.contains("half a sentence "), "the window shows {shown:?}");
}

rows! {
    i1: "a profile is copied, and both copies write", "both branches are kept; both go on under new ids" =>
        |house| {
            let former = house.replica(ADA);
            let copy = copy(house, ADA);
            assert_eq!(house.replica(copy), former);
            house.say(ADA, "original ");
            house.say(copy, "copy ");
            house.meet();
            assert!([ADA, copy].iter().all(|who| house.replica(*who) != former));
            house.assert_shows(BEN, "original ");
            house.assert_shows(BEN, "copy ");
            assert!(house.computers[BEN].look(|store| store.first_fork(&former)).unwrap().is_some());
        };
    i2: "the database is set back, the folder isn't", "what the folder holds comes back; a new id writes on" =>
        |house| {
            let (before, former) = (house.computers[ADA].store.copy(), house.replica(ADA));
            house.say(ADA, "since then ");
            house.meet();
            house.computers[ADA].restart(Some(before)).expect("it starts");
            house.say(ADA, "set back ");
            house.meet();
            house.assert_shows(ADA, "since then ");
            house.assert_shows(BEN, "set back ");
            assert_ne!(house.replica(ADA), former);
        };
    i3: "the folder is set back, the database isn't", "what is missing is published again under the same id" =>
        |house| {
            let (before, former) = (house.carrier.hub.clone(), house.replica(ADA));
            house.say(ADA, "since then ");
            house.meet();
            house.carrier.hub = before.clone();
            house.carrier.clients[ADA].set_back(&before);
            house.meet();
            house.assert_shows(EVA, "since then ");
            assert!(house.carrier.hub.len() > before.len());
            assert_eq!(house.replica(ADA), former);
        };
    i4: "database and folder are set back together", "the others' copies come; two lines are two ids" =>
        |house| {
            let (before, former) = (house.computers[ADA].store.copy(), house.replica(ADA));
            let tree = house.disk(ADA).files().into_iter().collect();
            house.say(ADA, "since then ");
            house.meet();
            house.carrier.clients[ADA].set_back(&tree);
            house.computers[ADA].restart(Some(before)).expect("it starts");
            // She writes before anything has come.
            house.say(ADA, "set back ");
            house.look(ADA);
            house.meet();
            house.assert_shows(ADA, "since then ");
            house.assert_shows(BEN, "set back ");
            assert_ne!(house.replica(ADA), former);
        };
    i5: "a virtual machine goes on from the middle of a session", "both lives are kept; two lines are two ids" =>
        |house| {
            resumed(house, false);
            resumed(house, true);
            left_open(house);
        };
    i6: "two processes run on one profile, where locks don't work", "what either calls durable is kept and published" =>
        |house| {
            house.type_word(ADA, "first process ");
            house.computers[ADA].start_second().expect("it starts");
            for i in 0..12 {
                let word = format!("either-{i} ");
                let mut is_durable = false;
                // Which of the two does it is drawn; one may be told that its window has to be opened again.
                house.work(ADA, |installation| {
                    is_durable = installation.type_in(DOCUMENT, |_| vec![insertion(&word)])?;
                    Ok(())
                });
                if is_durable {
                    house.said.push(word);
                }
                house.pass(crate::house::INTERVAL);
                house.look(ADA);
            }
            // So often that each of the two has had its turns.
            (0..4).for_each(|_| house.meet());
            assert!(house.said.len() > 6, "hardly anything was stored: {:?}", house.said);
            let last = house.said.last().cloned().expect("something was said");
            house.assert_shows(BEN, &last);
        };
    i7: "a fork is seen in both orders", "everybody shows the same" =>
        |house| {
            let copy = copy(house, ADA);
            house.say(ADA, "one branch ");
            house.say(copy, "other branch ");
            house.look(ADA);
            house.look(copy);
            let (one, other) = (house.last_file(ADA), house.last_file(copy));
            for (who, files) in [(BEN, [&one, &other]), (EVA, [&other, &one])] {
                for (path, bytes) in files {
                    house.pass(crate::house::INTERVAL);
                    house.disk(who).put(path, bytes.clone(), None);
                    house.look(who);
                }
                house.assert_shows(who, "one branch ");
            }
            assert_eq!(house.text(BEN), house.text(EVA));
            // And the two see each other's.
            house.meet();
            assert_eq!(house.text(ADA), house.text(BEN));
            assert_eq!(house.text(copy), house.text(BEN));
        };
    i8: "clocks are off by ten years, to either side", "nothing depends on them" =>
        |house| {
            let decade = 10 * 366 * 24 * 3600;
            let table = [(ADA, decade, "ahead "), (BEN, -decade, "behind "), (ADA, -decade, "back "), (BEN, 0, "right ")];
            for (who, off, word) in table {
                house.computers[who].clock.set_off(off);
                house.say(who, word);
                house.meet();
                house.assert_shows(EVA, word);
            }
        };
    i9: "a second file says that the folder is another workspace", "that is said, and the exchange goes on" =>
        |house| {
            house.mischief("another genesis");
            house.say(ADA, "in a shared house ");
            house.meet();
            assert_eq!(house.status(BEN).trouble, Some(FolderTrouble::SeveralWorkspaces));
            house.assert_shows(BEN, "in a shared house ");
        };
    i10: "files are cleaned up while somebody is 400 days away", "what he never saw is there for him, and his words count" =>
        |house| {
            let all = [ADA, BEN];
            house.say(EVA, "packed ");
            house.work(EVA, |installation| installation.close_window(DOCUMENT));
            for i in 0..30 {
                house.say(ADA, &format!("meanwhile-{i} "));
                house.look(ADA);
                house.meet_among(&all);
                if i % 8 == 7 {
                    house.pass(25 * HOUR);
                    house.meet_among(&all);
                }
            }
            let most = house.published(ADA).len();
            house.pass(400 * 24 * HOUR);
            house.meet_among(&all);
            assert!(most < 30, "nothing was cleaned up: {most} files");
            house.meet();
            for i in 0..30 {
                house.assert_shows(EVA, &format!("meanwhile-{i} "));
            }
            house.assert_shows(ADA, "packed ");
            assert!(house.computers[EVA].look(|store| store.tips(&house.replica(ADA))).unwrap().len() == 1);
        };
}
