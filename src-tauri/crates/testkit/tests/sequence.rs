//! What sets FugueMax apart from other orders.

use inkfold_engine::ids::ReplicaId;
use inkfold_testkit::edit::{Edit, Place};
use inkfold_testkit::history::{Replica, World};

fn type_at(world: &mut World, replica: &mut Replica, offset: usize, text: &str) {
    replica.edit(world, &[Edit::Type { at: Place { block: 0, offset }, text: text.into() }]);
}

/// Each with its own name; `names` are the replicas' ids.
fn replicas<const N: usize>(names: [u8; N]) -> [Replica; N] {
    names.map(|name| Replica::new(ReplicaId([name; 16])))
}

fn text(world: &World) -> String {
    world.model.page(world.records.iter().map(|record| record.id())).text()
}

/// Two right children of one element: the one whose author saw less between it and the end comes first, whoever it is.
#[test]
fn the_further_right_origin_comes_first() {
    for (x, y) in [(3, 4), (4, 3)] {
        let [mut first, mut left, mut right, mut sees_both, mut sees_one] = replicas([9, 1, 2, x, y]);
        let mut world = World::new();
        type_at(&mut world, &mut first, 0, "ar");
        left.learn(&first);
        right.learn(&first);
        type_at(&mut world, &mut left, 1, "p");
        type_at(&mut world, &mut right, 1, "q");
        sees_one.learn(&left);
        sees_both.learn(&left);
        sees_both.learn(&right);
        type_at(&mut world, &mut sees_both, 2, "X");
        type_at(&mut world, &mut sees_one, 2, "Y");
        assert_eq!(text(&world), "apYXqr", "X by {x}, Y by {y}");
    }
}

/// Two who write letter by letter, forwards or backwards, in one place, without or with an own letter on each side.
#[test]
fn runs_are_not_interleaved() {
    for (a_backwards, b_backwards) in [(false, false), (false, true), (true, false), (true, true)] {
        for start in ["", "12"] {
            let [mut first, mut a, mut b] = replicas([9, 1, 2]);
            let mut world = World::new();
            let at = start.len() / 2;
            if !start.is_empty() {
                type_at(&mut world, &mut first, 0, start);
            }
            a.learn(&first);
            b.learn(&first);
            for (replica, backwards, letters) in [(&mut a, a_backwards, "abc"), (&mut b, b_backwards, "xyz")] {
                for i in 0..3 {
                    let (offset, letter) = if backwards { (at, 2 - i) } else { (at + i, i) };
                    type_at(&mut world, replica, offset, &letters[letter..=letter]);
                }
            }
            let expected = if start.is_empty() { "abcxyz" } else { "1abcxyz2" };
            assert_eq!(text(&world), expected, "{a_backwards} {b_backwards}");
        }
    }
}
