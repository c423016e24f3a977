//! What holds for every history.

use inkfold_testkit::history::{Delivery, History, Plan};
use inkfold_testkit::model::{Model, fold};

#[test]
fn every_history_keeps_its_elements() {
    for seed in 0..300 {
        let history = History::generate(&Plan::mixed(seed));
        history.world.model.assert_invariants();
    }
}
