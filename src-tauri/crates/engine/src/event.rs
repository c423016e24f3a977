//! Events: what a writer did, with positions on the page as the writer saw it.
//!
//! A position counts the elements of the page as shown at the event's version: visible characters and objects, and
//! shown markers. 0 is the place before everything; the first element is number 1. The text form of a page has one
//! scalar an element.

use std::collections::BTreeMap;

use smallvec::SmallVec;

/// Feature bit: a record holds *cancel* events.
pub const FEATURE_CANCEL: u64 = 1 << 0;
/// Feature bit: a record holds *move* events.
pub const FEATURE_MOVE: u64 = 1 << 1;
/// Stands for an inline object in the text form of a page.
pub const OBJECT: char = '\u{FFFC}';
/// A line break within a block; also the line break of code.
pub const SOFT_BREAK: char = '\u{2028}';

/// The value of an attribute, a mark or a register.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// On or off.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
    /// A value of a type that this version doesn't know, kept as it came.
    Unknown {
        /// Its type.
        tag: u64,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// Characters that come in; a few of them, as keys bring them, take no memory of their own.
pub use compact_str::CompactString as Characters;

/// Runs of events; most records have one, which takes no memory of its own.
pub type Runs = SmallVec<[Event; 1]>;

/// Keys and values, in the order of their keys.
pub type Attributes = BTreeMap<String, Value>;

/// What an *insert* puts into the sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Insertion {
    /// Characters; see [`check_text`] for which are allowed.
    Text(Characters),
    /// A block marker with the block's first attributes.
    Marker(Attributes),
    /// An inline object with its attributes.
    Object(Attributes),
}

/// On which side of the first covered element a mark starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// Right before it: what is inserted there is not covered.
    Before,
    /// Right after the element before it: what is inserted in between is covered.
    After,
}

/// How far a mark reaches past the last covered element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Not at all: links and comments.
    Closed,
    /// What is inserted right after it is covered too, but not a new block: bold and its like.
    Grows,
    /// To the next marker known to the writer: the inner stretches of a range over several blocks.
    Open,
}

/// What a register belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target<M> {
    /// A block, by its marker.
    Marker(M),
    /// The document: title, folder, tags, trashed.
    Document,
    /// The workspace (document zero only).
    Workspace,
    /// A comment thread: the mark event that began it, as (record id, offset).
    Thread(crate::ids::EventId),
}

/// A run of events of one kind. Runs of text count one event an element, all others count one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Elements come into the sequence right after position `at`. Text takes one event a scalar.
    Insert {
        /// The position of the element before; 0 is the place before everything.
        at: u64,
        /// The elements.
        what: Insertion,
    },
    /// `len` characters or objects go, one event each. Forward: each at `at`, as with the delete key. Backward: at
    /// `at`, `at - 1`, …, as with backspace.
    Delete {
        /// Position of the first element that goes.
        at: u64,
        /// How many.
        len: u64,
        /// The direction; forward where `len` is 1.
        backward: bool,
    },
    /// The marker at `at` goes; its block's text flows to the block shown before it.
    Join {
        /// The marker's position.
        at: u64,
    },
    /// The marker at `at` is hidden unless its run has visible elements.
    Remove {
        /// The marker's position.
        at: u64,
    },
    /// A mark is set (or, with no value, taken away) on the elements from `first` to `last`, inclusive.
    Mark {
        /// Position of the first covered element.
        first: u64,
        /// Position of the last covered element.
        last: u64,
        /// The start's side.
        start: Start,
        /// The end's reach.
        end: End,
        /// What is marked: `bold`, `link`, `comment/<id>`.
        key: String,
        /// The value; none takes the mark away.
        value: Option<Value>,
    },
    /// A register is set; none takes the value away.
    Register {
        /// Whose register; a block by its marker's position.
        target: Target<u64>,
        /// Which register.
        key: String,
        /// The value.
        value: Option<Value>,
    },
    /// Own events of the document are cancelled (`on` false) or count again (`on` true).
    Cancel {
        /// Ranges of seq, `first..end`, ascending, not touching.
        ranges: Vec<(u64, u64)>,
        /// Whether they count from now on.
        on: bool,
    },
    /// A run of blocks moves.
    Move {
        /// Position of the first block's marker.
        first: u64,
        /// How many blocks as shown.
        count: u64,
        /// Position of the marker of the block shown before the destination; 0 for the place before everything.
        to: u64,
    },
}

impl Event {
    /// How many events the run stands for: each takes one offset of its record and one seq of its replica.
    pub fn count(&self) -> u64 {
        match self {
            Event::Insert { what: Insertion::Text(text), .. } => text.chars().count() as u64,
            Event::Delete { len, .. } => *len,
            _ => 1,
        }
    }

    /// A part of the run's events, by their offsets in it.
    pub(crate) fn part(&self, from: u32, to: u32) -> Event {
        match self {
            Event::Insert { at, what: Insertion::Text(text) } => {
                let text = text.chars().skip(from as usize).take((to - from) as usize).collect();
                Event::Insert { at: at + u64::from(from), what: Insertion::Text(text) }
            }
            Event::Delete { at, backward, .. } => {
                let at = if *backward { at - u64::from(from) } else { *at };
                Event::Delete { at, len: u64::from(to - from), backward: *backward && to - from > 1 }
            }
            other => other.clone(),
        }
    }

    /// The feature bit that readers need for this kind of event.
    pub fn feature(&self) -> u64 {
        match self {
            Event::Cancel { .. } => FEATURE_CANCEL,
            Event::Move { .. } => FEATURE_MOVE,
            _ => 0,
        }
    }

    /// Whether `next`, the following run, goes on from this one, so that the two are not in normal form.
    pub(crate) fn goes_on(&self, next: &Event) -> bool {
        match (self, next) {
            (
                Event::Insert { at, what: Insertion::Text(text) },
                Event::Insert { at: next, what: Insertion::Text(_) },
            ) => at + text.chars().count() as u64 == *next,
            (
                &Event::Delete { at, len, backward },
                &Event::Delete { at: next_at, len: next_len, backward: next_backward },
            ) => {
                Deletion { at, len, backward }.goes_on(Deletion { at: next_at, len: next_len, backward: next_backward })
            }
            _ => false,
        }
    }

    /// Appends `next`, the following run, to this one as far as the two are one run; gives back what is left.
    fn absorb(&mut self, next: Event) -> Option<Event> {
        match (self, next) {
            (
                Event::Insert { at, what: Insertion::Text(text) },
                Event::Insert { at: next_at, what: Insertion::Text(more) },
            ) if *at + text.chars().count() as u64 == next_at => {
                text.push_str(&more);
                None
            }
            (
                Event::Delete { at, len, backward },
                Event::Delete { at: next_at, len: next_len, backward: next_backward },
            ) => {
                let mut run = Deletion { at: *at, len: *len, backward: *backward };
                let rest = run.absorb(Deletion { at: next_at, len: next_len, backward: next_backward });
                (*len, *backward) = (run.len, run.backward);
                rest.map(Deletion::event)
            }
            (_, next) => Some(next),
        }
    }
}

/// A run of deletions by its numbers, as in [`Event::Delete`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deletion {
    pub at: u64,
    pub len: u64,
    pub backward: bool,
}

impl Deletion {
    /// Appends `next`, the following run, to this one as far as the two are one run; gives back what is left.
    pub fn absorb(&mut self, next: Deletion) -> Option<Deletion> {
        let forward_fits = (!self.backward || self.len == 1) && next.at == self.at;
        let backward_fits =
            (self.backward || self.len == 1) && self.at.checked_sub(self.len) == Some(next.at) && next.at > 0;
        let same_direction = |direction: bool| next.len == 1 || next.backward == direction;
        if forward_fits && same_direction(false) {
            (self.len, self.backward) = (self.len + next.len, false);
            None
        } else if backward_fits && same_direction(true) {
            (self.len, self.backward) = (self.len + next.len, true);
            None
        } else if forward_fits || backward_fits {
            // Only the first event of the next run goes on in this one's direction.
            (self.len, self.backward) = (self.len + 1, backward_fits);
            Some(next.split(1).1)
        } else {
            Some(next)
        }
    }

    /// Whether `next`, the following run, goes on from this one, be it with its first event only.
    pub fn goes_on(mut self, next: Deletion) -> bool {
        self.absorb(next) != Some(next)
    }

    /// The first `count` events and the others, of which there has to be one at least.
    pub fn split(self, count: u64) -> (Deletion, Deletion) {
        let part = |at, len| Deletion { at, len, backward: self.backward && len > 1 };
        let rest_at = if self.backward { self.at - count } else { self.at };
        (part(self.at, count), part(rest_at, self.len - count))
    }

    /// The run as an event.
    pub fn event(self) -> Event {
        Event::Delete { at: self.at, len: self.len, backward: self.backward }
    }
}

/// The unique list of runs for a sequence of events: each run takes in whatever goes on from it.
pub fn normalise(runs: impl IntoIterator<Item = Event>) -> Runs {
    let mut out = Runs::new();
    for run in runs {
        push_run(&mut out, run);
    }
    out
}

/// Appends a run to a normalised list and keeps it normalised. Runs that stand for no event vanish.
pub fn push_run(runs: &mut Runs, mut run: Event) {
    if let Event::Delete { len: 1, backward, .. } = &mut run {
        *backward = false;
    }
    if run.count() == 0 {
        return;
    }
    match runs.last_mut() {
        Some(last) => {
            if let Some(rest) = last.absorb(run) {
                runs.push(rest);
            }
        }
        None => runs.push(run),
    }
}

/// A character that a document's text can't hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text holds the control character U+{:04X}, which a document can't hold; take it out and try again", *.0 as u32)]
pub struct BadCharacter(pub char);

/// Whether text may be inserted as characters: no control characters but the tab, and no object's stand-in.
/// A line feed is a marker, not a character.
///
/// # Errors
/// The first character that isn't allowed.
pub fn check_text(text: &str) -> Result<(), BadCharacter> {
    // Most text is plain, and that is soon seen, many bytes at a time.
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) || *byte == b'\t';
    let is_plain = |chunk: &[u8]| chunk.iter().fold(true, |all, byte| all & is_plain(byte));
    if text.as_bytes().chunks(64).all(is_plain) {
        return Ok(());
    }
    match text.chars().find(|&c| (c.is_control() && c != '\t') || c == OBJECT) {
        Some(c) => Err(BadCharacter(c)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delete(at: u64, len: u64, backward: bool) -> Event {
        Event::Delete { at, len, backward }
    }

    fn insert(at: u64, text: &str) -> Event {
        Event::Insert { at, what: Insertion::Text(text.into()) }
    }

    /// A run list with every event on its own.
    fn singles(runs: &[Event]) -> Vec<Event> {
        let mut out = Vec::new();
        for run in runs {
            match run {
                Event::Insert { at, what: Insertion::Text(text) } => {
                    out.extend(text.chars().enumerate().map(|(i, c)| insert(at + i as u64, &c.to_string())));
                }
                Event::Delete { at, len, backward } => {
                    out.extend((0..*len).map(|i| delete(if *backward { at - i } else { *at }, 1, false)));
                }
                other => out.push(other.clone()),
            }
        }
        out
    }

    #[test]
    fn runs_are_unique_for_their_events() {
        let table: &[(&[Event], &[Event])] = &[
            (&[insert(0, "ab"), insert(2, "c")], &[insert(0, "abc")]),
            (&[insert(0, "ab"), insert(1, "c")], &[insert(0, "ab"), insert(1, "c")]),
            (&[delete(5, 1, false), delete(5, 2, false)], &[delete(5, 3, false)]),
            (&[delete(5, 1, false), delete(4, 1, false), delete(3, 2, true)], &[delete(5, 4, true)]),
            (&[delete(5, 2, true), delete(3, 2, false)], &[delete(5, 3, true), delete(3, 1, false)]),
            (&[delete(5, 1, true), delete(5, 2, true)], &[delete(5, 2, false), delete(4, 1, false)]),
            (&[insert(3, ""), delete(1, 0, false)], &[]),
        ];
        for (given, expected) in table {
            assert_eq!(normalise(given.iter().cloned()).as_slice(), *expected, "{given:?}");
            assert_eq!(normalise(singles(given)).as_slice(), *expected, "events of {given:?} one by one");
        }
    }

    #[test]
    fn control_characters_are_refused() {
        assert_eq!(check_text("täglich\t\u{2028}🙂"), Ok(()));
        assert_eq!(check_text("a\nb"), Err(BadCharacter('\n')));
        assert_eq!(check_text("a\u{7}"), Err(BadCharacter('\u{7}')));
        assert_eq!(check_text("\u{FFFC}"), Err(BadCharacter(OBJECT)));
    }
}
