//! The rows on generated histories: hours in turns, and long branches of hundreds of writers.

use std::cell::LazyCell;

use crate::case::Case;
use crate::generate;
use crate::measure::{Goal, Outcome, Part, contest, entry};
use crate::ours::Ours;
use crate::peer::{Peer, write};
use crate::peers::{Loro, Yrs};
use crate::rows::{Settings, received};
use crate::table::{Row, Unit, rows};

/// Four hours, a record a second.
pub const FOUR_HOURS: usize = 14_400;
/// As many as had a hand in the history that this is modelled on.
pub const WRITERS: usize = 375;

/// What a record costs in the last tenth of an exchange, as times what it costs in the first.
fn last_to_first<P: Peer>(case: &Case) -> Outcome {
    let seconds = write::<P>(case).seconds;
    let tenth = seconds.len() / 10;
    let sum = |part: &[f64]| part.iter().sum::<f64>();
    Ok(sum(&seconds[seconds.len() - tenth..]) / sum(&seconds[1..=tenth]))
}

/// Written, sent and heard, four hours long.
pub fn turns(settings: Settings) -> Vec<Row> {
    let cases = [
        ("turns, last tenth to first", generate::turns(FOUR_HOURS)),
        ("crossing, last tenth to first", generate::crossing(FOUR_HOURS)),
    ];
    let row = |(name, case): &(&'static str, Case)| {
        let entries = vec![
            entry("ours", Part::Ours(name, Goal::AtMost(1.5)), || last_to_first::<Ours<true>>(case)),
            entry("yrs", Part::Peer, || last_to_first::<Yrs>(case)),
            entry("loro", Part::Peer, || last_to_first::<Loro>(case)),
        ];
        let note = "what a record costs, written, hashed, sent and heard";
        rows(&case.name, Unit::Ratio, note, &contest(settings.rounds, entries))
    };
    cases.iter().flat_map(row).collect()
}

/// A reader who hears hundreds of writers, record by record.
pub fn branches(settings: Settings) -> Vec<Row> {
    let cases =
        [("a record of a fan", generate::fan(WRITERS, 16)), ("a record of branches", generate::branches(WRITERS, 16))];
    let row = |(name, case): &(&'static str, Case)| {
        let count = case.transactions.len() as f64;
        let ours = write::<Ours<true>>(case).updates;
        let yrs = LazyCell::new(|| write::<Yrs>(case).updates);
        let each = |outcome: Outcome| outcome.map(|seconds| seconds / count);
        let entries = vec![
            entry("ours", Part::Ours(name, Goal::Of("yrs", 2.0)), || each(received::<Ours<true>>(&ours, &case.end))),
            entry("yrs", Part::Peer, || each(received::<Yrs>(&yrs, &case.end))),
            entry("ours, no hashing", Part::Floor, || each(received::<Ours<false>>(&ours, &case.end))),
        ];
        rows(
            &case.name,
            Unit::Short,
            "ours goes from one branch to another before each record, whose positions are those that its writer saw; the other peers are left out",
            &contest(settings.rounds, entries),
        )
    };
    cases.iter().flat_map(row).collect()
}
