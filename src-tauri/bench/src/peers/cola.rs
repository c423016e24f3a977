//! Cola beside a rope of Crop's. It keeps no text and no history, and what goes to others stays in memory here: it does
//! less than a row asks for, and is shown as a floor.

use ::cola::{Deletion, Insertion, Replica};
use crop::Rope;

use crate::case::Transaction;
use crate::peer::Peer;

/// Cola in a contest.
pub struct Cola;

/// What goes to others.
pub enum Edit {
    /// Text comes in.
    Insert(Insertion, String),
    /// Text goes.
    Delete(Deletion),
}

/// Its replica and the text.
pub struct Pair {
    replica: Replica,
    rope: Rope,
}

fn apply(pair: &mut Pair, edit: &Transaction, mut each: impl FnMut(Edit)) {
    for (at, deleted, inserted) in &edit.patches {
        if *deleted > 0 {
            pair.rope.delete(*at..at + deleted);
            each(Edit::Delete(pair.replica.deleted(*at..at + deleted)));
        }
        if !inserted.is_empty() {
            pair.rope.insert(*at, inserted);
            each(Edit::Insert(pair.replica.inserted(*at, inserted.len()), inserted.clone()));
        }
    }
}

impl Peer for Cola {
    type Doc = Pair;
    type Update = Vec<Edit>;

    fn doc(writer: usize) -> Pair {
        // All must be forks of one.
        Pair { replica: Replica::new(u64::MAX, 0).fork(writer as u64 + 1), rope: Rope::new() }
    }

    fn edit(pair: &mut Pair, transactions: &[Transaction]) {
        transactions.iter().for_each(|edit| apply(pair, edit, drop));
    }

    fn publish(pair: &mut Pair, edit: &Transaction) -> Vec<Edit> {
        let mut edits = Vec::new();
        apply(pair, edit, |edit| edits.push(edit));
        edits
    }

    fn receive(pair: &mut Pair, edits: &Vec<Edit>) {
        for edit in edits {
            match edit {
                Edit::Insert(insertion, text) => {
                    if let Some(at) = pair.replica.integrate_insertion(insertion) {
                        pair.rope.insert(at, text);
                    }
                }
                Edit::Delete(deletion) => {
                    for range in pair.replica.integrate_deletion(deletion).into_iter().rev() {
                        pair.rope.delete(range);
                    }
                }
            }
        }
    }

    fn text(pair: &Pair) -> String {
        pair.rope.to_string()
    }
}
