//! Moves of blocks.

use super::{after, later, row, then, tied};
use crate::table::Row;

const FOUR: &str = "ab/cd/ef/gh";

/// The rows with moves.
pub const MOVE_ROWS: &[Row] = &[
    // A move against what is done to its blocks.
    row("18.1: a split in the moved block", "ab/cd/ef", "mv 0 3", "enter 0@1", "cd/ef/a/b"),
    row(
        "18.2: Enter at the moved block's end, twice",
        "ab/cd/ef",
        "mv 0 3",
        "enter 0@2; type 1@0 N; enter 1@1; type 2@0 M",
        "cd/ef/ab/N/M",
    ),
    row("18.3: Enter at the end of the block before", "ab/cd/ef", "mv 2 1", "enter 0@2; type 1@0 N", "ab/N/ef/cd"),
    row("18.4: typing in the moved block", "ab/cd/ef", "mv 0 3", "type 0@1 N", "cd/ef/aNb"),
    row("typing at the moved block's end", "ab/cd/ef", "mv 0 3", "type 0@2 N", "cd/ef/abN"),
    row("Enter at the moved block's start", "ab/cd/ef", "mv 1 3", "enter 1@0; type 1@0 N", "ab/N/ef/cd"),
    row("deleting in the moved block", "ab/cd/ef", "mv 0 3", "delete 0@0 0@1", "cd/ef/b"),
    row("18: a kind of the moved block", "ab/cd/ef", "mv 0 3", "set 0 heading", "cd/ef/ab#heading"),
    row("18.17: the moved block is split and its half moved", "ab/cd/ef", "mv 0 3", "enter 0@1; mv 1 4", "cd/ef/b/a"),
    row("18.14: a split in a moved run", FOUR, "mv 0-1 4", "enter 0@1; type 1@0 N", "ef/gh/a/Nb/cd"),
    // A move against a join.
    row("18.5: a join of the moved block", FOUR, "mv 1 4", "join 1", "abcd/ef/gh"),
    row("18.6: a join into the moved block", FOUR, "mv 0 4", "join 1", "ef/gh/abcd"),
    row("18.7: a join within the moved run", FOUR, "mv 0-1 4", "join 1", "ef/gh/abcd"),
    row("a move between joined blocks", "ab/cd/ef", "mv 2 1", "join 1", "abcd/ef"),
    row("a move behind a joined block", FOUR, "mv 3 2", "join 1", "abcd/gh/ef"),
    row("18.8: moved and joined, against a split", "ab/cd/ef", "mv 2 0; join 1", "enter 0@1", "efa/b/cd"),
    // A move against a removal.
    row("18.15: the moved block is removed", "ab/cd/ef", "mv 0 3", "remove 0", "cd/ef"),
    row("the block before the destination is removed", FOUR, "mv 3 2", "remove 1", "ab/gh/ef"),
    row("a deleted range over the moved block", FOUR, "mv 1 4", "delete 0@1 2@1", "af/gh"),
    row(
        "18.16: and somebody typed in that: it stays in its block",
        FOUR,
        "mv 1 4; type 3@1 N",
        "delete 0@1 2@1",
        "af/gh/N",
    ),
    row("removed, moved and typed in", "ab/cd#item/ef", "mv 1 0; type 0@1 N", "remove 1", "N#item/ab/ef"),
    later(row("18: moved away, removed, undone", "ab/cd/ef", "remove 0", "mv 0 3", "cd/ef/ab"), "undo"),
    after("remove 1", row("a move past a hidden block", FOUR, "mv 0 2", "enter 1@1", "e/f/ab/gh")),
    // A move against a move.
    tied(row("18.9: one block to two places", FOUR, "mv 0 2", "mv 0 4", "cd/ef/gh/ab"), "cd/ab/ef/gh"),
    row("18.10: the first and the last change places", "ab/cd/ef", "mv 0 3", "mv 2 0", "ef/cd/ab"),
    row("neighbours change places twice", "ab/cd/ef", "mv 0 2", "mv 1 0", "cd/ab/ef"),
    row("18.11: each behind the other", FOUR, "mv 0 3", "mv 2 1", "ef/cd/ab/gh"),
    tied(row("18.12: two blocks into one gap", FOUR, "mv 2 1", "mv 3 1", "ab/gh/ef/cd"), "ab/ef/gh/cd"),
    tied(
        row("18.13: two runs with a block in common", "ab/cd/ef/gh/ij", "mv 0-1 4", "mv 1-2 5", "gh/ab/ij/cd/ef"),
        "gh/ab/cd/ij/ef",
    ),
    row("a block into a moved run", FOUR, "mv 0-1 3", "mv 3 1", "ef/ab/gh/cd"),
    row("a block within its own run", "ab/cd/ef", "mv 0-1 1", "", "ab/cd/ef"),
    // Undone by a move back.
    row("moved there and back, against a split", "ab/cd/ef", "mv 0 3; mv 2 0", "enter 0@1", "a/b/cd/ef"),
    // Marks and moved blocks.
    row("18.19: bold over a range, a block moved in", FOUR, "mv 3 1", "bold 0@1 2@1", "a{b:b}/gh/{b:cd}/{b:e}f"),
    row("bold over a range, a block moved out", FOUR, "mv 1 4", "bold 0@1 2@1", "a{b:b}/{b:e}f/gh/{b:cd}"),
    row(
        "bold over a range, Enter and typed within",
        FOUR,
        "bold 0@1 2@1",
        "enter 1@2; type 2@0 n",
        "a{b:b}/{b:cd}/{b:n}/{b:e}f/gh",
    ),
    row(
        "bold over a range and moved on, against a split",
        FOUR,
        "bold 0@1 2@1; mv 1 4",
        "enter 1@1; type 2@0 n",
        "a{b:b}/{b:e}f/gh/{b:c}/{b:nd}",
    ),
    after(
        "mv 3 1",
        row("bold over blocks that were moved", FOUR, "bold 0@1 2@1", "type 1@1 n", "a{b:b}/{b:gnh}/{b:c}d/ef"),
    ),
    after(
        "mv 3 1",
        row(
            "and what stands between them in the sequence",
            FOUR,
            "bold 0@1 2@1",
            "type 3@1 n",
            "a{b:b}/{b:gh}/{b:c}d/enf",
        ),
    ),
    after(
        "mv 0 2",
        row(
            "typed at the end of a bold block that was moved",
            "ab/cd/ef",
            "",
            "bold 1@0 1@2; type 1@2 N",
            "cd/{b:abN}/ef",
        ),
    ),
    then(row("a moved block and a split one, joined", "ab/cd/ef", "mv 2 0", "enter 0@1", "efa/b/cd"), "join 1"),
];
