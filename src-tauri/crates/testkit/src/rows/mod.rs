//! What two people may expect: the rows that every fold of a document has to show.

mod cancels;
mod moves;

use crate::table::Row;

pub use cancels::CANCEL_ROWS;
pub use moves::MOVE_ROWS;

const fn row(name: &'static str, start: &'static str, a: &'static str, b: &'static str, both: &'static str) -> Row {
    Row { name, start, a, b, both, ..Row::EMPTY }
}

const fn after(before: &'static str, row: Row) -> Row {
    Row { before, ..row }
}

const fn then(row: Row, then: &'static str) -> Row {
    Row { then, ..row }
}

const fn later(row: Row, later: &'static str) -> Row {
    Row { later, ..row }
}

const fn tied(row: Row, tied: &'static str) -> Row {
    Row { tied, ..row }
}

const PERITEXT: &str = "The Peritext editor";
const HELLO: &str = "hello world";

/// The rows without cancels and moves.
pub const ROWS: &[Row] = &[
    // Marks.
    row("1: two marks overlap", PERITEXT, "bold 0@0 0@12", "italic 0@4 0@19", "{b:The }{bi:Peritext}{i: editor}"),
    row("1: the same mark twice: the union", PERITEXT, "bold 0@0 0@12", "bold 0@4 0@19", "{b:The Peritext editor}"),
    tied(
        row(
            "2: bold against plain: one winner",
            PERITEXT,
            "bold 0@0 0@12",
            "plain 0@4 0@19",
            "{b:The }Peritext editor",
        ),
        "{b:The Peritext} editor",
    ),
    tied(
        row(
            "2: the same with colours",
            PERITEXT,
            "red 0@0 0@12",
            "blue 0@4 0@19",
            "{h=red:The }{h=blue:Peritext editor}",
        ),
        "{h=red:The Peritext}{h=blue: editor}",
    ),
    tied(
        row("2: a colour against none", PERITEXT, "red 0@0 0@12", "pale 0@4 0@19", "{h=red:The }Peritext editor"),
        "{h=red:The Peritext} editor",
    ),
    tied(
        row("2: the same with links", PERITEXT, "link 0@0 0@12", "link2 0@4 0@19", "{l:The }{l=two:Peritext editor}"),
        "{l:The Peritext}{l=two: editor}",
    ),
    tied(
        row("2: a link against none", PERITEXT, "link 0@0 0@12", "unlink 0@4 0@19", "{l:The }Peritext editor"),
        "{l:The Peritext} editor",
    ),
    row("3: bold grows at its end", PERITEXT, "bold 0@4 0@12", "type 0@4 *; type 0@13 *", "The *{b:Peritext*} editor"),
    row("3: a link grows nowhere", PERITEXT, "link 0@4 0@12", "type 0@4 *; type 0@13 *", "The *{l:Peritext}* editor"),
    row("3: nor does a comment", PERITEXT, "comment 0@4 0@12", "type 0@4 *; type 0@13 *", "The *{c:Peritext}* editor"),
    row(
        "3: two comments at their edges",
        "abcdef",
        "comment 0@0 0@4",
        "reply 0@2 0@6; type 0@6 x; type 0@2 y",
        "{c:aby}{cc:cd}{c:ef}x",
    ),
    after("bold 0@0 0@2; link 0@0 0@2", row("4: typed after bold and link", "ab", "type 0@2 cd", "", "{bl:ab}{b:cd}")),
    row("4: the same, at the same time", "ab", "bold 0@0 0@2; link 0@0 0@2", "type 0@2 cd", "{bl:ab}{b:cd}"),
    after(
        "bold 0@3 0@5",
        row("6: a bold word goes, then typed", "ab cd ef", "delete 0@3 0@5; type 0@3 N", "", "ab N ef"),
    ),
    after("bold 0@0 0@2", row("6: a bold block goes, then typed", "ab", "delete 0@0 0@2; type 0@0 N", "", "N")),
    after(
        "bold 0@3 0@7",
        row("7: typed in a deleted bold word", "ab cdef gh", "delete 0@3 0@7", "type 0@5 N", "ab {b:N} gh"),
    ),
    row("8: comments overlap", "abcdef", "comment 0@0 0@4", "reply 0@2 0@6", "{c:ab}{cc:cd}{c:ef}"),
    after(
        "comment 0@0 0@4",
        row("8: the passage goes, somebody comments again", "abcdef", "delete 0@0 0@6", "reply 0@2 0@6", ""),
    ),
    later(
        after(
            "comment 0@0 0@4",
            row("8: and comes back", "abcdef", "delete 0@0 0@6", "reply 0@2 0@6", "{c:ab}{cc:cd}{c:ef}"),
        ),
        "undo",
    ),
    row(
        "bold over blocks, Enter inside",
        "ab/cd/ef/gh",
        "bold 0@1 2@1",
        "enter 1@2; type 2@0 n",
        "a{b:b}/{b:cd}/{b:n}/{b:e}f/gh",
    ),
    after(
        "bold 0@1 2@1",
        row(
            "the same, one after the other",
            "ab/cd/ef/gh",
            "",
            "enter 1@2; type 2@0 n",
            "a{b:b}/{b:cd}/{b:n}/{b:e}f/gh",
        ),
    ),
    after(
        "bold 0@3 0@5",
        row("13d: Enter after bold, then typed", "ab cd", "enter 0@5; type 1@0 N", "", "ab {b:cd}/N"),
    ),
    row("13d: the same, at the same time", "ab cd", "bold 0@3 0@5", "enter 0@5; type 1@0 N", "ab {b:cd}/N"),
    after("bold 0@0 0@4", row("Enter within bold, then typed", "abcd", "enter 0@2; type 1@0 N", "", "{b:ab}/{b:Ncd}")),
    row("a later split repaints nothing", "ab", "bold 0@0 0@2", "type 0@2 xy; enter 0@3", "{b:abx}/{b:y}"),
    after("bold 0@0 0@2", row("bold text joined to plain", "ab/cd", "join 1; type 0@2 N", "", "{b:abN}cd")),
    after(
        "bold 0@0 0@2",
        row("5: plain on a part, then typed in between", "AC", "", "plain 0@0 0@1; type 0@1 B", "AB{b:C}"),
    ),
    then(
        row("Enter after bold at the same time, typed later", "ab", "bold 0@0 0@2", "enter 0@2", "{b:ab}/N"),
        "type 1@0 N",
    ),
    row("open at the end: up to the next block", "ab/cd", "mark 0@0 0@1 before open", "", "{b:ab}/cd"),
    row("the same, typed there", "ab/cd", "mark 0@0 0@1 before open", "type 0@2 X", "{b:abX}/cd"),
    row("the same, Enter there", "ab/cd", "mark 0@0 0@2 before open", "enter 0@2; type 1@0 N", "{b:ab}/{b:N}/cd"),
    after(
        "mark 0@0 0@2 before open",
        row("the same, one after the other", "ab/cd", "", "enter 0@2; type 1@0 N", "{b:ab}/{b:N}/cd"),
    ),
    after("mark 0@0 0@2 before closed", row("closed: nothing more", "ab/cd", "", "type 0@2 X", "{b:ab}X/cd")),
    row("a start after: typed there", "ab", "mark 0@1 0@2 after closed", "type 0@1 x", "a{b:xb}"),
    after("mark 0@1 0@2 after closed", row("the same, one after the other", "ab", "", "type 0@1 x", "a{b:xb}")),
    after(
        "mark 0@1 0@2 after closed",
        row("blocks before a start after are plain", "ab", "", "enter 0@1; enter 1@0; type 1@0 N", "a/N/{b:b}"),
    ),
    after(
        "link 0@0 0@4; delete 0@2 0@4",
        row("a link's end goes, then typed there", "abcd", "", "type 0@2 N", "{l:ab}N"),
    ),
    after(
        "link 0@0 0@4; delete 0@1 0@3",
        row("a link's middle goes, then typed there", "abcd", "", "type 0@1 N", "{l:aNd}"),
    ),
    after(
        "mark 0@2 0@4 after closed; delete 0@2 0@3",
        row("a start after goes, then typed there", "abcd", "", "type 0@2 N", "ab{b:Nd}"),
    ),
    after(
        "bold 0@0 0@2; bold 0@2 0@4",
        row("two marks side by side, typed in between", "abcd", "", "type 0@2 N", "{b:abNcd}"),
    ),
    after(
        "bold 0@0 0@4; plain 0@0 0@2",
        row("Enter where bold begins, then typed", "abcd", "", "enter 0@2; type 1@0 N", "ab/N{b:cd}"),
    ),
    after(
        "bold 1@0 1@2; join 1",
        row("Enter at the seam of a join, then typed", "ab/cd", "", "enter 0@2; type 1@0 N", "ab/N{b:cd}"),
    ),
    // Splits.
    row("9: two splits in different places", HELLO, "enter 0@5", "enter 0@6", "hello/ /world"),
    tied(
        row("10: two splits in one place", HELLO, "enter 0@5 h1", "enter 0@5 h2", "hello/#h1/ world#h2"),
        "hello/#h2/ world#h1",
    ),
    row("11: a split against a kind", "abcd#p", "enter 0@2 p", "set 0 heading", "ab#heading/cd#p"),
    row("18.18: typed at the end against Enter there", "ab/cd", "type 0@2 N", "enter 0@2; type 1@0 M", "abN/M/cd"),
    row("typed at the end against Enter before the next", "ab/cd", "type 0@2 N", "enter 1@0", "abN//cd"),
    row("typed at the start against Enter there", "ab/cd", "type 1@0 N", "enter 1@0; type 1@0 M", "ab/M/Ncd"),
    // Joins.
    row("12: a join against typing in the first", "ab/cd", "join 1", "type 0@1 X", "aXbcd"),
    row("12: a join against typing at the first's end", "ab/cd", "join 1", "type 0@2 X", "abXcd"),
    row("12: a join against typing at the second's start", "ab/cd", "join 1", "type 1@0 X", "abXcd"),
    row("12: a join against typing in the second", "ab/cd", "join 1", "type 1@1 X", "abcXd"),
    row("12: a join twice is one join", "ab/cd", "join 1", "join 1", "abcd"),
    row("12: a join against a split in the second", "ab/cd", "join 1", "enter 1@1", "abc/d"),
    row("12: a join against a split in the first", "ab/cd", "join 1", "enter 0@1", "a/bcd"),
    row("a join against Enter at the first's end", "ab/cd", "join 1", "enter 0@2; type 1@0 M", "ab/Mcd"),
    row("two joins in a row", "ab/cd/ef", "join 1", "join 2", "abcdef"),
    row("a join against a kind of the second", "ab/cd", "join 1", "set 1 heading", "abcd"),
    row("a join against the same block's removal", "ab/cd/ef", "join 1", "remove 1", "ab/ef"),
    row("a join against removal of the first", "ab/cd", "join 1", "remove 0", "cd"),
    row(
        "joined text stays behind the text it was put after",
        "ab/cd/ef",
        "remove 0; join 0",
        "type 0@0 xxxxxx; join 1; join 1",
        "cdef~/xxxxxx",
    ),
    // Removed blocks.
    row("13: a removed block against typing in it", "ab/cd#item/ef", "remove 1", "type 1@1 X", "ab/X#item/ef"),
    row(
        "13: a removed block against a split in it",
        "ab/cd#item/ef",
        "remove 1",
        "enter 1@1 quote; type 2@0 X",
        "ab/X#quote/ef",
    ),
    row("13b: a range over three blocks, typed over", "ab/cd/ef", "delete 0@1 2@1; type 0@1 N", "type 1@1 X", "aNf/X"),
    row(
        "the same, with Enter in the middle one",
        "ab/cd/ef",
        "delete 0@1 2@1; type 0@1 N",
        "enter 1@1; type 2@0 X",
        "aNf/X",
    ),
    after("remove 0", row("13c: an empty first block goes", "/head#heading", "", "", "head#heading")),
    row("13c: an empty first block goes, somebody typed", "/head#heading", "remove 0", "type 0@0 X", "X/head#heading"),
    row("all goes, somebody typed", "ab#heading/cd", "remove 1; remove 0", "type 0@1 X", "X#heading"),
    row("all goes", "ab#heading/cd", "remove 1; remove 0", "remove 0", "~"),
    // Registers.
    row("14: indented by both", "ab", "indent 0 1", "indent 0 1", "ab>1"),
    tied(row("two kinds", "ab", "set 0 heading", "set 0 quote", "ab#quote"), "ab#heading"),
    row("14: checked by both", "ab#item", "check 0", "check 0", "ab#item!"),
    after(
        "indent 0 1; indent 1 2",
        row("15: the parent goes out, its child in", "ab/cd", "indent 0 0", "indent 1 3", "ab>0/cd>3"),
    ),
    after("bold 0@0 0@2", row("16: a bold word's block becomes code", "ab#p", "set 0 code", "", "{b:ab}#code")),
    after(
        "bold 0@0 0@2",
        row("16: and a paragraph again", "ab", "set 0 code; type 0@1 c; set 0 p", "type 0@2 d", "{b:acbd}#p"),
    ),
    row("19: an image goes, its caption is written", "ab/#image/cd", "remove 1", "caption 1 cat", "ab/cd"),
    later(row("19: and comes back", "ab/#image/cd", "remove 1", "caption 1 cat", "ab/#image\"cat\"/cd"), "undo"),
    row("21: what nobody knows", "ab", "set 0 hologram", "future 0@0 0@1; type 0@1 c", "{f:ac}b#hologram"),
    // Text.
    row(
        "22: around a family",
        "x\u{1f468}\u{200d}\u{1f469}y",
        "type 0@1 a",
        "type 0@4 b",
        "xa\u{1f468}\u{200d}\u{1f469}by",
    ),
    row(
        "22: within a family: its members part, no scalar does",
        "\u{1f468}\u{200d}\u{1f469}",
        "type 0@2 a",
        "back 0@3 1",
        "\u{1f468}\u{200d}a",
    ),
    row("22: in Chinese", "漢字/ab", "type 0@1 的", "delete 0@0 0@1", "的字/ab"),
    row(
        "22: in Arabic",
        "\u{633}\u{644}\u{627}\u{645}",
        "type 0@4 \u{64a}",
        "delete 0@1 0@2",
        "\u{633}\u{627}\u{645}\u{64a}",
    ),
    after("bold 0@0 0@2", row("22: a letter and its accent", "e\u{301}t", "type 0@2 x", "delete 0@1 0@2", "{b:ex}t")),
    tied(row("17: two begin a new document", "", "type 0@0 abc", "type 0@0 xyz", "abcxyz~"), "xyzabc~"),
    tied(row("two type in one place", "12", "type 0@1 abc", "type 0@1 xyz", "1abcxyz2"), "1xyzabc2"),
    tied(
        row("one types backwards", "12", "type 0@1 c; type 0@1 b; type 0@1 a", "type 0@1 xyz", "1abcxyz2"),
        "1xyzabc2",
    ),
    row("both delete the same", "abcd", "delete 0@1 0@3", "back 0@4 2", "a"),
];

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(CANCEL_ROWS).chain(MOVE_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fold;

    #[test]
    fn the_model_shows_every_row() {
        for row in all() {
            row.check(fold);
        }
    }

    /// What was promised under a number has a row; 20 comes with tables.
    #[test]
    fn every_number_has_a_row() {
        let numbers = (1..=22).filter(|number| *number != 20).map(|number| number.to_string());
        let more = ["13b", "13c", "13d"].map(str::to_owned);
        let moves = (1..=19).map(|number| format!("18.{number}"));
        for number in numbers.chain(more).chain(moves) {
            let has_it = |row: &Row| row.name.split_once(": ").is_some_and(|(before, _)| before == number);
            assert!(all().any(has_it), "no row for {number}");
        }
    }
}
