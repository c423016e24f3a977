//! Undo of what isn't block structure.

use super::{after, later, row, then};
use crate::table::Row;

/// The rows with cancels.
pub const CANCEL_ROWS: &[Row] = &[
    // Insertions.
    row("typed and undone", "ab", "type 0@1 xy; undo", "", "ab"),
    row("and done again", "ab", "type 0@1 xy; undo; redo", "", "axyb"),
    row("one edit after the other", "ab", "type 0@1 x; type 0@2 y; undo; undo; redo", "", "axb"),
    then(after("type 0@1 xy", row("what somebody typed into it stays", "ab", "", "type 0@2 N", "aNb")), "undo"),
    then(
        after("type 0@1 xy", row("and is where it was when all is back", "ab", "", "type 0@2 N", "axNyb")),
        "undo; redo",
    ),
    later(row("undone behind somebody who typed next to it", "ab", "type 0@1 xy", "type 0@1 N", "aNb"), "undo"),
    later(row("undone though somebody deleted a part", "ab", "type 0@1 xy", "delete 0@0 0@1", "b"), "undo"),
    then(
        after("type 0@1 xy", row("and what somebody deleted stays deleted", "ab", "", "delete 0@1 0@2", "ayb")),
        "undo; redo",
    ),
    // Deletions.
    row("both delete the same word and both undo", "ab cd", "delete 0@0 0@2; undo", "delete 0@0 0@2; undo", "ab cd"),
    row("both delete it, one undoes", "ab cd", "delete 0@0 0@2; undo", "delete 0@0 0@2", " cd"),
    later(row("undone around what was typed inside", "abcd", "delete 0@1 0@3", "type 0@2 N", "abNcd"), "undo"),
    later(row("undone and done again", "abcd", "delete 0@1 0@3", "type 0@2 N", "aNd"), "undo; redo"),
    row("backspaces are one edit", "abcd", "back 0@4 3; undo", "", "abcd"),
    later(
        row("deleted text comes back with the mark that it got", "abcd", "delete 0@1 0@3", "bold 0@0 0@4", "{b:abcd}"),
        "undo",
    ),
    later(
        row("a deleted word comes back to where its block is", "ab/cd", "delete 1@0 1@2", "enter 1@1", "ab/c/d"),
        "undo",
    ),
    // Removed blocks.
    row("a removed block comes back", "ab/cd#item/ef", "remove 1; undo", "", "ab/cd#item/ef"),
    row("removed by both, one undoes", "ab/cd/ef", "remove 1; undo", "remove 1", "ab/ef"),
    later(row("removed, typed in it, undone", "ab/cd/ef", "remove 1", "type 1@1 N", "ab/cNd/ef"), "undo"),
    later(
        row("a removed empty block comes back where it was", "ab//ef", "remove 1", "enter 0@2; type 1@0 N", "ab/N//ef"),
        "undo",
    ),
    later(row("an empty first block comes back", "/head#heading", "remove 0", "type 1@4 s", "/heads#heading"), "undo"),
    later(row("all goes and comes back", "ab/cd", "remove 1; remove 0", "", "ab/cd"), "undo; undo"),
    // Marks.
    row("bold and undone", "abcd", "bold 0@0 0@2; undo", "", "abcd"),
    row("plain and undone", "abcd", "bold 0@0 0@4; plain 0@1 0@2; undo", "", "{b:abcd}"),
    then(after("bold 0@0 0@4", row("somebody reformats after it", "abcd", "", "plain 0@0 0@2", "abcd")), "undo"),
    then(
        after("bold 0@0 0@4", row("what somebody made bold as well stays", "abcd", "", "bold 0@0 0@2", "{b:ab}cd")),
        "undo",
    ),
    later(row("both make it bold, one undoes", "abcd", "bold 0@0 0@4", "bold 0@1 0@3", "a{b:bc}d"), "undo"),
    then(after("bold 0@0 0@2", row("what was typed at its end goes with it", "ab", "", "type 0@2 N", "abN")), "undo"),
    then(after("bold 0@0 0@2", row("and comes back with it", "ab", "", "type 0@2 N", "{b:abN}")), "undo; redo"),
    after("bold 0@0 0@2; undo", row("typed at the end of what is no longer bold", "ab", "", "type 0@2 N", "abN")),
    then(
        after("bold 0@0 0@2; undo", row("and bold again together with it", "ab", "", "type 0@2 N", "{b:abN}")),
        "redo",
    ),
    after(
        "bold 0@0 0@4; plain 0@0 0@2; undo",
        row("typed into bold whose exception is undone", "abcd", "", "type 0@1 N", "{b:aNbcd}"),
    ),
    // Registers.
    row("a kind and undone", "ab#item", "set 0 heading; undo", "", "ab#item"),
    row("and done again", "ab#item", "set 0 heading; undo; redo", "", "ab#heading"),
    then(
        after("set 0 heading", row("somebody set another one after it", "ab#item", "", "set 0 quote", "ab#quote")),
        "undo",
    ),
    later(row("both indent, one undoes", "ab", "indent 0 1", "indent 0 1", "ab>1"), "undo"),
    // Block structure stays, and with it only the text goes.
    row("a split isn't cancelled", "ab", "enter 0@1; undo", "", "a/b"),
    row("nor is a join", "ab/cd", "join 1; undo", "", "abcd"),
    row("nor is a move", "ab/cd", "mv 0 2; undo", "", "cd/ab"),
    row("with nothing left to undo", "ab", "type 0@1 x; undo; undo", "", "ab"),
    row("a range over three blocks", "ab/cd/ef", "delete 0@1 2@1; undo; enter 0@2; mv 1 3", "", "ab/cd/ef"),
];
