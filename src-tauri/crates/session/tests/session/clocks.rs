//! i8: the clocks of two machines differ by twenty years. Times are for people; what merges doesn't look at them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::windows::{plain, point, splice};
use inkfold_engine::{DocumentId, WorkspaceId};
use inkfold_folder::{Clock, RealClock, RealFileSystem, genesis};
use inkfold_session::wire::Change;
use inkfold_session::{Installation, SessionError, Surroundings, reading};
use inkfold_store::MemoryStore;

const YEARS: i64 = 10 * 365 * 86_400 * 1_000_000_000;

/// This computer with another date.
struct Dated(RealClock, i64);

impl Clock for Dated {
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wall_nanos(&self) -> i64 {
        self.0.wall_nanos() + self.1
    }

    fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
    }
}

impl Surroundings for Dated {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), SessionError> {
        bytes.fill_with(|| RandomState::new().build_hasher().finish() as u8);
        Ok(())
    }
}

fn start(root: &Path, id: WorkspaceId, offset: i64) -> Installation<RealFileSystem> {
    let around = Arc::new(Dated(RealClock::default(), offset));
    Installation::start(Box::new(MemoryStore::new(id)), root.into(), RealFileSystem, around).expect("it starts")
}

#[test]
fn i8_clock_ten_years_ahead_or_behind() {
    let root = tempfile::tempdir().expect("a directory");
    let (id, document) = (WorkspaceId([7; 16]), DocumentId([1; 16]));
    genesis::create(&RealFileSystem, &RealClock::default(), root.path(), id, "Notes").expect("a workspace");
    let mut all = [-YEARS, 0, YEARS].map(|offset| start(root.path(), id, offset));
    let exchange = |all: &mut [Installation<RealFileSystem>]| {
        for _ in 0..3 {
            for one in all.iter_mut() {
                one.flush().expect("it is stored");
                one.exchange();
            }
        }
    };
    let paragraph = crate::windows::paragraph();
    all[1]
        .write(document, |_| {
            vec![Change::Insert {
                block: 0,
                blocks: vec![inkfold_session::wire::Block { attrs: paragraph, content: plain("now") }],
            }]
        })
        .expect("it is stored");
    exchange(&mut all);
    // Both change the same word, one after another: the later one has seen what the earlier one did, whatever the date.
    all[2].write(document, |_| vec![splice(point(0, 0), point(0, 3), "in ten years")]).expect("it is stored");
    exchange(&mut all);
    all[0].write(document, |_| vec![splice(point(0, 0), point(0, 12), "ten years ago")]).expect("it is stored");
    exchange(&mut all);
    // And both at once.
    all[2].write(document, |_| vec![splice(point(0, 13), point(0, 13), "!")]).expect("it is stored");
    all[0].write(document, |_| vec![splice(point(0, 0), point(0, 0), "About ")]).expect("it is stored");
    exchange(&mut all);
    for one in &all {
        let text = one.look(|store| reading::document(store, document).expect("it is here").page().text());
        assert_eq!(text.trim_end(), "About ten years ago!");
        assert_eq!(one.unused(), []);
    }
}
