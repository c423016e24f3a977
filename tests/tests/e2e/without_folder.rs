//! A folder that is not always there: each of the two has one of their own, and something carries files between
//! them, as a sync service does.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use inkfold_tests::{Place, keys};
use tempfile::TempDir;

use crate::people::{Pair, lines, wait_for_text};

/// Carries files between two directories until it is dropped. It works like a service of this kind: a file is written
/// under another name first, and what is gone on one side is not deleted on the other.
struct Service {
    ended: Arc<AtomicBool>,
    work: Option<JoinHandle<()>>,
}

impl Service {
    fn start(one: &Path, other: &Path) -> Service {
        let ended = Arc::new(AtomicBool::new(false));
        let (sides, end) = ([one.to_path_buf(), other.to_path_buf()], ended.clone());
        let work = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                // A file that vanishes while it is read, or a side that is away, is tried again.
                let _ = carry(&sides[0], &sides[1]).and_then(|()| carry(&sides[1], &sides[0]));
                thread::sleep(Duration::from_millis(50));
            }
        });
        Service { ended, work: Some(work) }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = self.work.take().map(JoinHandle::join);
    }
}

fn carry(from: &Path, to: &Path) -> io::Result<()> {
    // Asked for first: a side that is away must not be made anew.
    let (there, here) = (files(to)?, files(from)?);
    for (name, path) in here {
        if there.contains_key(&name) || name.to_string_lossy().ends_with(".tmp") {
            continue;
        }
        let target = to.join(&name);
        if let Some(directory) = name.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(to.join(directory))?;
        }
        let part = target.with_extension("carried.tmp");
        fs::copy(path, &part)?;
        fs::rename(&part, &target)?;
    }
    Ok(())
}

fn files(root: &Path) -> io::Result<BTreeMap<PathBuf, PathBuf>> {
    let (mut found, mut directories) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                found.insert(path.strip_prefix(root).expect("it is below").to_path_buf(), path);
            }
        }
    }
    Ok(found)
}

#[test]
fn who_writes_while_the_folder_is_away_loses_nothing() {
    let place = TempDir::new().unwrap();
    let [annas, bens] = ["annas", "bens"].map(|name| place.path().join(name));
    [&annas, &bens].into_iter().for_each(|folder| fs::create_dir(folder).unwrap());
    let service = Service::start(&annas, &bens);
    let pair = Pair::begin_in(place, &annas, &bens, "Tour", "Monday: the hut.\nTuesday: the pass.");
    let Pair { anna, ben, .. } = &pair;
    for app in [anna, ben] {
        app.wait_for_state("whereabouts", "inTheFolder");
    }

    // Ben's drive is pulled out. He goes on writing, and is told of it.
    let away = bens.with_extension("away");
    fs::rename(&bens, &away).unwrap();
    ben.select(Place::new(0, 7), Place::new(0, 7));
    ben.type_keys(" early, at");
    ben.wait_for("trouble");
    assert_eq!(ben.text("trouble").as_deref(), Some("The shared folder is missing"));
    ben.wait_for_state("whereabouts", "onThisDevice");

    // Meanwhile Anna writes too, some of it in the same paragraph.
    anna.select(Place::new(0, 15), Place::new(0, 15));
    anna.type_keys(", by bus");
    anna.select(Place::new(1, 18), Place::new(1, 18));
    anna.type_keys(&format!("{}Wednesday: rest.", keys::ENTER));
    anna.wait_for_state("whereabouts", "inTheFolder");
    ben.select(Place::new(1, 0), Place::new(1, 8));
    ben.type_keys(&keys::control('b'));
    ben.wait_for_state("whereabouts", "onThisDevice");
    wait_for_text(ben, &["Monday: early, at the hut.", "Tuesday: the pass."]);
    wait_for_text(anna, &["Monday: the hut, by bus.", "Tuesday: the pass.", "Wednesday: rest."]);
    assert!(!bens.exists(), "nobody makes the folder anew");

    // The drive is back.
    fs::rename(&away, &bens).unwrap();
    pair.wait_for_text(&["Monday: early, at the hut, by bus.", "Tuesday: the pass.", "Wednesday: rest."]);
    for app in [anna, ben] {
        app.wait_for_state("whereabouts", "inTheFolder");
        assert!(!app.has("trouble"));
    }
    let expected = [
        "paragraph: Monday: early, at the hut, by bus.",
        "paragraph: [bold Tuesday:]  the pass.",
        "paragraph: Wednesday: rest.",
    ];
    assert_eq!(lines(&pair.agree()), expected);
    pair.close();
    drop(service);
}
