//! The walk and the naive model fold the same records into the same document, whatever the order of arrival.

mod common;

use common::{assert_same, document, merge, seeds};
use inkfold_engine::Record;
use inkfold_testkit::history::{Delivery, History, Plan, Shape};

/// Folds a history in every order of arrival, and what each replica had of it.
fn check(plan: &Plan, save_often: bool) {
    let history = History::generate(plan);
    let mut rng = plan.seed;
    for delivery in Delivery::ALL {
        let what = format!("{plan:?} {delivery:?}");
        let mut document = document(save_often);
        // Partial states are looked at too, but only now and then: the model is slow.
        let mut given: Vec<Record> = Vec::new();
        for batch in history.deliver(delivery, plan.seed) {
            merge(&mut document, &batch, &what);
            given.extend(batch);
            rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if rng >> 60 == 0 {
                assert_same(&document, &given, &format!("{what} after {} records", given.len()));
            }
        }
        assert_same(&document, &history.records, &what);
    }
    let replica = plan.seed as usize % history.knowledge.len();
    let mut document = document(save_often);
    merge(&mut document, &history.known_to(replica), &format!("{plan:?}, replica {replica}"));
    assert_same(&document, &history.known_to(replica), &format!("{plan:?}, replica {replica}"));
}

/// Folds many histories from their beginning, and some more from each version from which that can be done: in rounds, so
/// that there are many.
fn run(plan: impl Fn(u64) -> Plan) {
    for seed in seeds(800) {
        check(&plan(seed), false);
        if seed % 2 == 0 {
            check(&plan(seed), true);
        } else {
            check(&Plan { shape: Shape::Rounds, ..plan(seed) }, true);
        }
    }
}

#[test]
fn text_alone() {
    run(Plan::text_only);
}

common::for_every_plan!(run);

#[test]
fn long_histories() {
    for seed in 0..common::number("INKFOLD_LONG_HISTORIES", 4) {
        check(&Plan::large(seed), false);
        check(&Plan { shape: Shape::Rounds, ..Plan::large(seed) }, true);
    }
}
