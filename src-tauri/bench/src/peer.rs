//! What everybody in a contest can do, and how a trace is written by as many replicas as it has.

use crate::case::{Case, Transaction};
use crate::measure::timed;

/// A replicated text.
pub trait Peer {
    /// A replica.
    type Doc;
    /// What others need of a transaction.
    type Update;

    /// An empty document in the hands of a writer.
    fn doc(writer: usize) -> Self::Doc;

    /// A document in the hands of another writer, for whom it is quicker to take over than to hear everything again.
    fn fork(_: &Self::Doc, _writer: usize) -> Option<Self::Doc> {
        None
    }

    /// All edits of a single writer, in as few commits as are quickest.
    fn edit(doc: &mut Self::Doc, transactions: &[Transaction]);

    /// A transaction, committed by itself, with what others need of it.
    fn publish(doc: &mut Self::Doc, transaction: &Transaction) -> Self::Update;

    /// Takes an update in; the text is current after it.
    fn receive(doc: &mut Self::Doc, update: &Self::Update);

    /// Takes updates in whose times between don't matter.
    fn receive_all<'a>(doc: &mut Self::Doc, updates: impl Iterator<Item = &'a Self::Update>)
    where
        Self::Update: 'a,
    {
        updates.for_each(|update| Self::receive(doc, update));
    }

    /// The text.
    fn text(doc: &Self::Doc) -> String;
}

/// A replicated text that can be stored with its history.
pub trait Stored: Peer {
    /// A version.
    type Version;

    /// Whether one comes to a stored document sooner by taking updates in than by editing.
    const STORES_UPDATES: bool = false;

    /// An empty document that keeps what deleted text was.
    fn keeping(writer: usize) -> Self::Doc {
        Self::doc(writer)
    }

    /// The whole history in the smallest form.
    fn save(doc: &mut Self::Doc) -> Vec<u8>;

    /// The whole history in the form that is quickest to take into an empty document.
    fn save_updates(doc: &mut Self::Doc) -> Vec<u8> {
        Self::save(doc)
    }

    /// Takes [`Self::save_updates`] into an empty document.
    fn take_in(updates: &[u8]) -> Self::Doc {
        Self::open(updates)
    }

    /// What [`Self::save`] wrote, as a document that can be edited.
    fn open(bytes: &[u8]) -> Self::Doc;

    /// The version of everything here.
    fn version(doc: &mut Self::Doc) -> Self::Version;

    /// The text at a version of what [`Self::save`] wrote.
    fn text_at(bytes: &[u8], version: &Self::Version) -> String;
}

/// What a trace's replicas wrote.
pub struct Written<P: Peer> {
    /// What each transaction sent to the others.
    pub updates: Vec<P::Update>,
    /// How many seconds each took, with what its writer had to hear first.
    pub seconds: Vec<f64>,
}

/// Plays a trace with as many replicas as it has; each hears exactly what the trace says that it knew.
pub fn write<P: Peer>(case: &Case) -> Written<P> {
    let count = case.transactions.len();
    let mut last = vec![0; case.lines];
    for (index, transaction) in case.transactions.iter().enumerate() {
        last[transaction.line] = index;
    }
    let mut docs: Vec<Option<P::Doc>> = (0..case.lines).map(|_| None).collect();
    let mut known: Vec<Vec<bool>> = vec![Vec::new(); case.lines];
    let mut newest: Vec<usize> = vec![usize::MAX; case.lines];
    let mut written = Written { updates: Vec::with_capacity(count), seconds: Vec::with_capacity(count) };
    for (index, transaction) in case.transactions.iter().enumerate() {
        let line = transaction.line;
        if docs[line].is_none() {
            // Who begins where another stands takes that one's document over, where there is a way.
            let host = match transaction.parents[..] {
                [parent] if newest[case.transactions[parent].line] == parent => Some(case.transactions[parent].line),
                _ => None,
            };
            let fork = host.and_then(|host| docs[host].as_ref().and_then(|doc| P::fork(doc, line)).zip(Some(host)));
            (docs[line], known[line]) = match fork {
                Some((doc, host)) => (Some(doc), known[host].clone()),
                None => (Some(P::doc(line)), vec![false; count]),
            };
        }
        let missing = missing(case, &transaction.parents, &known[line]);
        let Some(doc) = &mut docs[line] else { continue };
        let (update, seconds) = timed(|| {
            P::receive_all(doc, missing.iter().map(|&index| &written.updates[index]));
            P::publish(doc, transaction)
        });
        missing.iter().chain([&index]).for_each(|&index| known[line][index] = true);
        newest[line] = index;
        written.updates.push(update);
        written.seconds.push(seconds);
        // The first line's document stays for those who fork from it.
        if last[line] == index && line > 0 {
            (docs[line], known[line]) = (None, Vec::new());
        }
    }
    written
}

/// What somebody who builds on these has to hear, parents first.
fn missing(case: &Case, parents: &[usize], known: &[bool]) -> Vec<usize> {
    let mut look = parents.to_vec();
    let mut missing = std::collections::BTreeSet::new();
    while let Some(index) = look.pop() {
        if !known[index] && missing.insert(index) {
            look.extend(&case.transactions[index].parents);
        }
    }
    missing.into_iter().collect()
}
