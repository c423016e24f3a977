//! The peers, each through its quickest public interface.

mod automerge;
mod cola;
mod dt;
mod loro;
pub mod rich;
mod yrs;

pub use automerge::Automerge;
pub use cola::Cola;
pub use dt::Dt;
pub use loro::Loro;
pub use yrs::{Yrs, YrsDoc};

use crate::case::Transaction;

/// JumpRope with its write buffer: a rope that holds nothing but the text.
pub fn jumprope_edits(transactions: &[Transaction]) -> jumprope::JumpRopeBuf {
    let mut rope = jumprope::JumpRopeBuf::new();
    for (at, deleted, inserted) in transactions.iter().flat_map(|transaction| &transaction.patches) {
        if *deleted > 0 {
            rope.remove(*at..at + deleted);
        }
        if !inserted.is_empty() {
            rope.insert(*at, inserted);
        }
    }
    rope
}

/// Crop, which is no more than that either.
pub fn crop_edits(transactions: &[Transaction]) -> crop::Rope {
    let mut rope = crop::Rope::new();
    for (at, deleted, inserted) in transactions.iter().flat_map(|transaction| &transaction.patches) {
        rope.replace(*at..at + deleted, inserted);
    }
    rope
}
