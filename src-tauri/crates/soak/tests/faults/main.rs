//! Every fault of the table of those that a shared folder must survive, each a test of its name: what happens, and what
//! the others see of it. Whatever happens, in the end everybody holds and shows every word that was called durable, nobody
//! has touched a file that isn't his, and doing it all again changes nothing ([`house::live`]).
#![allow(clippy::unwrap_used)]

/// Rows of the table. The sentences are for those who read it.
macro_rules! rows {
    ($($name:ident: $happens:literal, $seen:literal => $act:expr;)*) => {
        pub const ROWS: &[(&str, &str, &str)] = &[$((stringify!($name), $happens, $seen)),*];

        $(#[test]
        fn $name() {
            crate::house::live($act);
        })*
    };
}

mod arrival;
mod files;
mod hostile;
mod house;
mod identity;
mod names;
mod rescue;
mod small;
mod watcher;

#[test]
fn the_table_has_every_fault_and_the_simulator_injects_it() {
    let rows = [names::ROWS, arrival::ROWS, files::ROWS, watcher::ROWS, identity::ROWS, hostile::ROWS].concat();
    let names: Vec<&str> = rows.iter().map(|(name, _, _)| *name).collect();
    let numbered = |letter: &str, count: usize| (1..=count).map(|i| format!("{letter}{i}")).collect::<Vec<_>>();
    let families = [("n", 10), ("a", 10), ("f", 10), ("w", 7), ("i", 10), ("h", 9)];
    let all: Vec<String> = families.iter().flat_map(|(letter, count)| numbered(letter, *count)).collect();
    assert_eq!(names, all);
    let mut injected: Vec<&str> = inkfold_testkit::folder::faults::FAULTS.iter().map(|(name, _)| *name).collect();
    let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
    injected.sort_unstable();
    all.sort_unstable();
    assert_eq!(injected, all);
    for (name, happens, seen) in rows {
        assert!(happens.len() > 10 && seen.len() > 10, "{name} doesn't say what it is");
    }
}
