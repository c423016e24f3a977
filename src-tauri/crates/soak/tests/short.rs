//! A short soak, as part of every test run; `cargo xtask soak folder` runs as long as one likes.

use inkfold_soak::{Sum, run};

/// Enough for every fault to be injected.
const SEEDS: u64 = 250;

#[test]
fn nobody_loses_a_word_whatever_happens_to_the_folder() {
    let mut sum = Sum::default();
    for seed in 0..SEEDS {
        let outcome = run(seed);
        assert!(outcome.is_good(), "`cargo xtask soak folder --seed {seed}` shows it: {:?}", outcome.findings);
        sum.add(&outcome);
    }
    assert_eq!(sum.missing(), Vec::<&str>::new(), "no run has injected these faults");
}

#[test]
fn a_seed_does_the_same_again() {
    for seed in [3, 14, 15] {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
