//! What the system tells of changes. Programs run by themselves here: nobody asks for a scan.

use std::time::Duration;

use inkfold_testkit::folder::watcher::{STORM, Temper};

use crate::house::{ADA, BEN, EVA, House, INTERVAL};

/// Long enough to gather what a watcher tells.
const SOON: Duration = Duration::from_secs(1);

/// Ada's words arrive one after another while Ben's watcher has this temper. He sees each within this time, and looks
/// through the folder at most so often in all.
#[track_caller]
fn arrive(house: &mut House, temper: Temper, within: Duration, most_scans: u64) {
    house.computers[BEN].watcher.set_temper(temper);
    let before = house.computers[BEN].scans;
    for i in 0..8 {
        house.run(SOON);
        let word = format!("{temper:?}-{i} ");
        for half in ["a", "b", "c", "d"] {
            house.say(ADA, &format!("{half}-{word}"));
            house.look(ADA);
        }
        house.carry_among(&[ADA, BEN]);
        house.run(within);
        house.assert_shows(BEN, &format!("a-{word}"));
        house.assert_shows(BEN, &format!("d-{word}"));
    }
    let scans = house.computers[BEN].scans - before;
    assert!(scans <= most_scans, "{scans} scans");
}

rows! {
    w1: "the watcher tells nothing for a while", "changes are seen within the interval all the same" =>
        |house| arrive(house, Temper::DropsAll, INTERVAL, 10);
    w2: "the watcher loses every other event", "what is told is enough to look at everything" =>
        |house| arrive(house, Temper::DropsHalf, SOON, 20);
    w3: "the watcher tells everything several times", "several hints are one scan" =>
        |house| arrive(house, Temper::Duplicates, SOON, 20);
    w4: "a storm of 50,000 events, and storms without end", "few scans, and none is kept from beginning" =>
        |house| {
            arrive(house, Temper::Storm, SOON, 20);
            assert!(house.tally.counts()["w4"] >= 8 && STORM == 50_000);
            // For five seconds something changes every ten milliseconds.
            let before = house.computers[BEN].scans;
            for i in 0..500u32 {
                house.disk(BEN).put("inkfold-data/busy".as_ref(), i.to_le_bytes().as_slice().into(), None);
                if i == 100 {
                    house.say(ADA, "in the storm ");
                    house.look(ADA);
                    house.carry_among(&[ADA, BEN]);
                }
                house.run(Duration::from_millis(10));
            }
            house.assert_shows(BEN, "in the storm ");
            let scans = house.computers[BEN].scans - before;
            assert!((5..=25).contains(&scans), "{scans} scans in five seconds");
        };
    w5: "the watcher has died, and nobody was told", "changes are seen within the interval, whatever else goes on" =>
        |house| {
            arrive(house, Temper::Dead, INTERVAL, 10);
            // Ben publishes every few seconds; that doesn't put the interval off.
            house.say(ADA, "unheard ");
            house.look(ADA);
            house.carry_among(&[ADA, BEN]);
            for i in 0..5 {
                house.say(BEN, &format!("busy-{i} "));
                house.work(BEN, |installation| {
                    installation.carry();
                    Ok(())
                });
                house.run(Duration::from_secs(3));
            }
            house.assert_shows(BEN, "unheard ");
        };
    w6: "the watcher has lost count and asks for a new look", "everything is looked at" =>
        |house| arrive(house, Temper::Rescan, SOON, 20);
    w7: "the watcher tells one half of a renaming", "half is enough to look at everything" =>
        |house| {
            arrive(house, Temper::UnmatchedRenames, SOON, 20);
            house.carrier.settle();
            house.run(INTERVAL);
            house.assert_shows(EVA, "a-UnmatchedRenames-7 ");
        };
}
