//! Two people in two windows over one folder.

use std::fs;

use inkfold_tests::{Place, keys};

use crate::people::{Pair, lines, wait_for_text};

const fn at(block: u64, offset: u64) -> Place {
    Place::new(block, offset)
}

#[test]
fn what_one_types_the_other_sees_and_keeps_writing_where_he_was() {
    let pair = Pair::begin("Letter", "Dear Ben\nand all");
    let Pair { anna, ben, .. } = &pair;
    ben.select(at(1, 7), at(1, 7));
    ben.type_keys(", thank");
    pair.wait_for_text(&["Dear Ben", "and all, thank"]);
    anna.select(at(0, 0), at(0, 0));
    anna.type_keys(&format!("One{}My very ", keys::ENTER));
    pair.wait_for_text(&["One", "My very Dear Ben", "and all, thank"]);
    // Ben's caret has stayed behind his last word, and Anna's behind hers.
    assert_eq!(ben.selection(), Some((at(2, 14), at(2, 14))));
    ben.type_keys(" you");
    anna.type_keys("own ");
    pair.wait_for_text(&["One", "My very own Dear Ben", "and all, thank you"]);
    pair.agree();
    for app in [anna, ben] {
        app.wait_for_state("whereabouts", "inTheFolder");
    }
    pair.close();
}

#[test]
fn both_type_in_one_paragraph_while_everything_is_on_its_way() {
    let pair = Pair::begin("Race", "left right");
    let Pair { anna, ben, .. } = &pair;
    anna.select(at(0, 4), at(0, 4));
    ben.select(at(0, 10), at(0, 10));
    let (mut left, mut right) = (String::new(), String::new());
    for i in 0..25 {
        let (a, b) = (format!("a{i} "), format!(" b{i}"));
        anna.type_keys(&a);
        ben.type_keys(&b);
        left.push_str(&a);
        right.push_str(&b);
    }
    pair.wait_for_text(&[&format!("left{left} right{right}")]);
    pair.agree();
    pair.close();
}

#[test]
fn one_divides_a_paragraph_while_the_other_makes_it_bold() {
    let pair = Pair::begin("Both", "one two three four");
    let Pair { anna, ben, .. } = &pair;
    for app in [anna, ben] {
        app.wait_for_state("whereabouts", "inTheFolder");
    }
    // The folder is away, so that all of this happens at the same time for certain.
    let folder = pair.folder();
    let away = folder.with_extension("away");
    fs::rename(&folder, &away).unwrap();
    ben.select(at(0, 4), at(0, 18));
    ben.type_keys(&keys::control('b'));
    ben.select(at(0, 18), at(0, 18));
    ben.type_keys(" five");
    anna.select(at(0, 7), at(0, 7));
    anna.type_keys(&keys::ENTER.to_string());
    anna.select(at(0, 0), at(0, 0));
    anna.type_keys("zero ");
    wait_for_text(anna, &["zero one two", " three four"]);
    wait_for_text(ben, &["one two three four five"]);
    fs::rename(&away, &folder).unwrap();
    pair.wait_for_text(&["zero one two", " three four five"]);
    let expected = ["paragraph: zero one  [bold two]", "paragraph: [bold  three four five]"];
    assert_eq!(lines(&pair.agree()), expected);
    pair.close();
}

#[test]
fn who_undoes_takes_back_only_what_was_his() {
    let pair = Pair::begin("Undo", "start");
    let Pair { anna, ben, .. } = &pair;
    anna.select(at(0, 5), at(0, 5));
    anna.type_keys(" Anna");
    pair.wait_for_text(&["start Anna"]);
    ben.select(at(0, 10), at(0, 10));
    ben.type_keys(" Ben");
    pair.wait_for_text(&["start Anna Ben"]);
    anna.type_keys(&keys::control('z'));
    pair.wait_for_text(&["start Ben"]);
    anna.type_keys(&keys::control('y'));
    pair.wait_for_text(&["start Anna Ben"]);
    pair.agree();
    pair.close();
}
