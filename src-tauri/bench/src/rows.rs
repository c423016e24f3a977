//! The rows on real traces.

use std::hint::black_box;

use crate::alloc::kept;
use crate::case::{Case, Transaction};
use crate::kept::Kept;
use crate::measure::{Entry, Figure, Goal, Outcome, Part, Rounds, contest, entry, timed, with_text};
use crate::ours::{Ours, edit_unsealed, insert_one, sealing};
use crate::peer::{Peer, Stored};
use crate::peers::{Automerge, Cola, Dt, Loro, Yrs, crop_edits, jumprope_edits};
use crate::stage::{Made, Stage};
use crate::table::{Row, Unit, rows};

/// What is asked for besides the rows' names.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How often.
    pub rounds: Rounds,
    /// Whether peers that take a minute run too.
    pub slow: bool,
}

/// A group of rows, by the name that `--rows` knows.
pub struct Group {
    /// The name.
    pub name: &'static str,
    /// Measures it; nothing where the trace is not of the kind.
    pub run: fn(&Stage, Settings) -> Vec<Row>,
}

/// All groups.
pub const GROUPS: &[Group] = &[
    Group { name: "local", run: local },
    Group { name: "publish", run: publish },
    Group { name: "open", run: open },
    Group { name: "whole", run: whole },
    Group { name: "live", run: live },
    Group { name: "bytes", run: bytes },
    Group { name: "half", run: half },
    Group { name: "memory", run: memory },
];

fn edits<P: Peer>(case: &Case) -> Outcome {
    let mut doc = P::doc(0);
    let ((), seconds) = timed(|| P::edit(&mut doc, &case.transactions));
    with_text(seconds, &P::text(&doc), &case.end)
}

/// What the rows come to in which each key is a record.
const BOUND_BY_RECORDS: &str = "a key is a record of some 450 bytes with its id, by which it can be looked up and built upon; \
                                tried: fewer allocations, text on the page only when somebody looks, no columns for one record";

/// Every edit as a local edit, the log in memory.
fn local(stage: &Stage, settings: Settings) -> Vec<Row> {
    let case = &stage.case;
    if !case.is_sequential() {
        return Vec::new();
    }
    let unsealed = || {
        let mut author = Ours::<true>::doc(0);
        let ((), seconds) = timed(|| edit_unsealed(&mut author, &case.transactions));
        with_text(seconds, &Ours::<true>::text(&author), &case.end)
    };
    let rope = |edits: fn(&[Transaction]) -> (String, f64)| {
        let (text, seconds) = edits(&case.transactions);
        with_text(seconds, &text, &case.end)
    };
    let jumprope = |transactions: &[Transaction]| {
        let (rope, seconds) = timed(|| {
            let rope = jumprope_edits(transactions);
            rope.borrow().len_chars();
            rope
        });
        (rope.to_string(), seconds)
    };
    let crop = |transactions: &[Transaction]| {
        let (rope, seconds) = timed(|| crop_edits(transactions));
        (rope.to_string(), seconds)
    };
    let goal = Goal::Of("jumprope buffered", 1.5);
    let figures = contest(
        settings.rounds,
        vec![
            entry("ours", Part::Ours("local", goal), || edits::<Ours<true>>(case)),
            entry("jumprope buffered", Part::Floor, || rope(jumprope)),
            entry("ours", Part::Ours("local, no hashing", goal), || edits::<Ours<false>>(case)),
            entry("dt", Part::Peer, || edits::<Dt>(case)),
            entry("ours", Part::Ours("local, one open record", goal), unsealed),
            entry("crop", Part::Floor, || rope(crop)),
            entry("cola + crop", Part::Floor, || edits::<Cola>(case)),
            entry("loro", Part::Peer, || edits::<Loro>(case)),
            entry("yrs", Part::Peer, || edits::<Yrs>(case)),
            entry("automerge", Part::Peer, || edits::<Automerge>(case)),
        ],
    );
    rows(&case.name, Unit::Time, "peers in one commit, yrs in one for each edit", &figures)
}

fn published<P: Peer>(case: &Case) -> Outcome {
    let mut doc = P::doc(0);
    // The bytes are dropped as they would be once they are sent.
    let ((), seconds) = timed(|| case.transactions.iter().for_each(|edit| drop(black_box(P::publish(&mut doc, edit)))));
    with_text(seconds, &P::text(&doc), &case.end)
}

/// The same with the bytes to publish, a record or commit for each transaction.
fn publish(stage: &Stage, settings: Settings) -> Vec<Row> {
    let case = &stage.case;
    if !case.is_sequential() {
        return Vec::new();
    }
    let messages = stage.messages();
    let mut entries = vec![
        entry("ours", Part::Ours("publish, no hashing", Goal::Best(0.25)), || published::<Ours<false>>(case)),
        entry("dt", Part::Peer, || published::<Dt>(case)),
        entry("ours", Part::Ours("publish", Goal::Best(0.5)), || published::<Ours<true>>(case)),
        entry("loro", Part::Peer, || published::<Loro>(case)),
        entry("yrs", Part::Peer, || published::<Yrs>(case)),
        entry("cola + crop, no bytes", Part::Floor, || published::<Cola>(case)),
    ];
    let mut note = String::from(BOUND_BY_RECORDS);
    if settings.slow {
        entries.push(entry("automerge", Part::Peer, || published::<Automerge>(case)));
    } else {
        note.push_str("; automerge only with --slow");
    }
    let mut out = rows(&case.name, Unit::Time, &note, &contest(settings.rounds, entries));
    // What sealing takes without hashing is taken off, run by run.
    let hashing = || Ok((sealing::<true>(messages) - sealing::<false>(messages)).max(0.0));
    let hashing = contest(settings.rounds, vec![entry("ours", Part::Ours("hashing alone", Goal::None), hashing)]);
    out.extend(rows(&case.name, Unit::Time, "a record for each transaction", &hashing));
    out
}

/// All four peers that store documents, with `run`'s figure.
macro_rules! stored {
    ($stage:expr, $run:ident) => {
        vec![
            entry("dt", Part::Peer, || $run($stage, &$stage.dt)),
            entry("yrs", Part::Peer, || $run($stage, &$stage.yrs)),
            entry("loro", Part::Peer, || $run($stage, &$stage.loro)),
            entry("automerge", Part::Peer, || $run($stage, &$stage.automerge)),
        ]
    };
}

fn beside<'a>(ours: Vec<Entry<'a>>, peers: Vec<Entry<'a>>) -> Vec<Entry<'a>> {
    ours.into_iter().chain(peers).collect()
}

/// A character in the middle, by somebody new.
fn one(case: &Case) -> Vec<Transaction> {
    vec![Transaction { patches: vec![(case.end.len() / 2, 0, "x".into())], ..Transaction::default() }]
}

fn with_one(case: &Case) -> String {
    let (before, after) = case.end.split_at(case.end.len() / 2);
    format!("{before}x{after}")
}

/// From the stored bytes to a document that has taken an edit.
fn open(stage: &Stage, settings: Settings) -> Vec<Row> {
    fn peer<P: Stored>(stage: &Stage, made: &Made<P>) -> Outcome {
        let (saved, edit) = (made.saved(&stage.case), one(&stage.case));
        let (doc, seconds) = timed(|| {
            let mut doc = P::open(&saved.bytes);
            P::edit(&mut doc, &edit);
            doc
        });
        with_text(seconds, &P::text(&doc), &with_one(&stage.case))
    }
    let kept = stage.kept();
    let ours = || {
        let store = kept.running();
        let (author, seconds) = timed(|| insert_one(Kept::open(&store)));
        with_text(seconds, &author.document.page().text(), &with_one(&stage.case))
    };
    let goal = Goal::Best(if stage.case.is_sequential() { 0.2 } else { 1.0 });
    let ours = vec![entry("ours", Part::Ours("open, first insert", goal), ours)];
    let figures = contest(settings.rounds, beside(ours, stored!(stage, peer)));
    rows(&stage.case.name, Unit::Time, "ours from the store's database", &figures)
}

/// The whole history into an empty document.
fn whole(stage: &Stage, settings: Settings) -> Vec<Row> {
    fn peer<P: Stored>(stage: &Stage, made: &Made<P>) -> Outcome {
        let saved = made.saved(&stage.case);
        let (doc, seconds) = timed(|| P::take_in(&saved.updates));
        with_text(seconds, &P::text(&doc), &stage.case.end)
    }
    let files = stage.files();
    let records = files.records();
    let goal = if stage.case.is_sequential() { Goal::Best(1.0) } else { Goal::Of("yrs", 2.0) };
    let from_files = || {
        let (document, seconds) = timed(|| files.take_in());
        with_text(seconds, &document.page().text(), &stage.case.end)
    };
    let from_records = || {
        let mut document = empty();
        let records = records.clone();
        let (_, seconds) = timed(|| document.absorb(records));
        with_text(seconds, &document.page().text(), &stage.case.end)
    };
    let ours = vec![
        entry("ours", Part::Ours("whole history", goal), from_files),
        entry("ours", Part::Ours("whole history, records read", goal), from_records),
    ];
    let figures = contest(settings.rounds, beside(ours, stored!(stage, peer)));
    rows(
        &stage.case.name,
        Unit::Time,
        "bytes verified, the second row from records in memory; of automerge-paper columns take 1.0 ms, a hash a record 1.3, \
         the page the rest; yrs loads a finished state, dt checks no hashes",
        &figures,
    )
}

fn empty() -> inkfold_engine::Document {
    use inkfold_testkit::history::{DOCUMENT, WORKSPACE};
    inkfold_engine::Document::new(WORKSPACE, DOCUMENT)
}

/// Updates into an empty document, one by one.
pub fn received<P: Peer>(updates: &[P::Update], end: &str) -> Outcome {
    let mut doc = P::doc(998);
    let ((), seconds) = timed(|| updates.iter().for_each(|update| P::receive(&mut doc, update)));
    with_text(seconds, &P::text(&doc), end)
}

/// Records one by one, as they come live.
fn live(stage: &Stage, settings: Settings) -> Vec<Row> {
    let case = &stage.case;
    let messages = stage.messages();
    // Cola's are made once, too.
    let cola = crate::peer::write::<Cola>(case).updates;
    let (plain, hashed) = match case.is_sequential() {
        true => (Goal::Of("yrs", 0.25), Goal::Of("yrs", 0.5)),
        false => (Goal::Of("yrs", 1.0), Goal::Of("yrs", 1.0)),
    };
    let mut entries = vec![
        entry("ours", Part::Ours("live, no hashing", plain), || received::<Ours<false>>(messages, &case.end)),
        entry("yrs", Part::Peer, || received::<Yrs>(stage.yrs.updates(case), &case.end)),
        entry("ours", Part::Ours("live", hashed), || received::<Ours<true>>(messages, &case.end)),
        entry("dt", Part::Peer, || received::<Dt>(stage.dt.updates(case), &case.end)),
        entry("loro", Part::Peer, || received::<Loro>(stage.loro.updates(case), &case.end)),
        entry("cola + crop, no bytes", Part::Floor, || received::<Cola>(&cola, &case.end)),
    ];
    let mut note = String::from(BOUND_BY_RECORDS);
    if settings.slow {
        entries
            .push(entry("automerge", Part::Peer, || received::<Automerge>(stage.automerge.updates(case), &case.end)));
    } else {
        note.push_str("; automerge only with --slow");
    }
    rows(&case.name, Unit::Time, &note, &contest(settings.rounds, entries))
}

/// The history as it is stored.
fn bytes(stage: &Stage, settings: Settings) -> Vec<Row> {
    fn peer<P: Stored>(stage: &Stage, made: &Made<P>) -> Outcome {
        Ok(made.saved(&stage.case).bytes.len() as f64)
    }
    /// A quick typist's keys.
    const KEYS_A_SECOND: usize = 5;
    let goal = Goal::AtMost(if stage.case.is_sequential() { 85_000.0 } else { 35_696.0 });
    let ours = |files: &crate::ours::Files| Ok(files.bytes() as f64);
    let second = || stage.files_sealed_after(KEYS_A_SECOND);
    let mut entries = vec![
        entry("ours", Part::Ours("bytes, sealed as the app", goal), || ours(stage.files())),
        entry("ours", Part::Ours("bytes, sealed each second", Goal::None), || ours(&second())),
        entry("ours", Part::Ours("bytes of the snapshot beside it", Goal::None), || {
            Ok(stage.kept().snapshot_bytes().0 as f64)
        }),
        entry("ours", Part::Ours("bytes of all keyframes", Goal::None), || Ok(stage.kept().snapshot_bytes().1 as f64)),
    ];
    entries.extend(stored!(stage, peer));
    let note = "the traces have no times: a second is taken as 5 transactions; yrs keeps deleted text";
    rows(&stage.case.name, Unit::Bytes, note, &contest(settings.rounds.once(), entries))
}

/// The text at half of the history, from the stored bytes.
fn half(stage: &Stage, settings: Settings) -> Vec<Row> {
    fn peer<P: Stored>(stage: &Stage, made: &Made<P>) -> Outcome {
        let saved = made.saved(&stage.case);
        let (text, seconds) = timed(|| P::text_at(&saved.bytes, &saved.half.0));
        with_text(seconds, &text, &saved.half.1)
    }
    let kept = stage.kept();
    let ours = || {
        let store = kept.running();
        let (text, seconds) = timed(|| kept.text_at_half(&store));
        with_text(seconds, &text, kept.half())
    };
    let goal = Goal::AtMost(if stage.case.is_sequential() { 1e-3 } else { 2e-3 });
    let ours = vec![entry("ours", Part::Ours("text at half", goal), ours)];
    let figures = contest(settings.rounds, beside(ours, stored!(stage, peer)));
    rows(&stage.case.name, Unit::Time, "ours from the store's database", &figures)
}

/// What is kept in memory after opening and one edit.
fn memory(stage: &Stage, settings: Settings) -> Vec<Row> {
    fn peer<P: Stored>(stage: &Stage, made: &Made<P>) -> Outcome {
        let (saved, edit) = (made.saved(&stage.case), one(&stage.case));
        let (doc, bytes) = kept(|| {
            let mut doc = P::open(&saved.bytes);
            P::edit(&mut doc, &edit);
            doc
        });
        with_text(bytes as f64, &P::text(&doc), &with_one(&stage.case))
    }
    let store = stage.kept().running();
    let ours = || {
        let (author, bytes) = kept(|| insert_one(Kept::open(&store)));
        with_text(bytes as f64, &author.document.page().text(), &with_one(&stage.case))
    };
    let goal = Goal::AtMost(if stage.case.is_sequential() { 600e3 } else { 500e3 });
    let ours = vec![entry("ours", Part::Ours("memory, open and one edit", goal), ours)];
    // What a library makes once and keeps for good isn't the document's.
    let warm = contest(settings.rounds.once(), stored!(stage, peer));
    let cold: Vec<Figure> = contest(settings.rounds.once(), beside(ours, stored!(stage, peer)));
    drop(warm);
    rows(&stage.case.name, Unit::Memory, "", &cold)
}
