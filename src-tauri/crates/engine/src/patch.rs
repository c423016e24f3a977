//! What leads from one page to another, as changes that an editor can apply one after another.

use crate::diff::changes;
use crate::event::{Attributes, Value};
use crate::history::Id;
use crate::page::block::Run;
use crate::page::style::attributes as shown;
use crate::page::{Block, Page};
use std::collections::BTreeMap;

/// A stretch of new text and its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inline {
    /// The text.
    pub text: String,
    /// Its marks.
    pub marks: Attributes,
}

/// One change. Blocks are counted as shown, offsets in UTF-16 code units; each is in the coordinates that the ones
/// before it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Text of one block goes and other text comes.
    Splice {
        /// The block.
        block: usize,
        /// Where.
        at: usize,
        /// How much goes.
        delete: usize,
        /// What comes.
        insert: Vec<Inline>,
    },
    /// A block is divided; what follows `at` becomes a new block with these attributes.
    Split {
        /// The block.
        block: usize,
        /// Where.
        at: usize,
        /// The new block's attributes.
        attributes: Attributes,
    },
    /// A block's text flows to the end of the block before.
    Join {
        /// The block that goes.
        block: usize,
    },
    /// Whole blocks come in before the one with this index.
    Insert {
        /// The first new block's index.
        block: usize,
        /// The blocks.
        blocks: Vec<Block>,
    },
    /// Whole blocks go.
    Remove {
        /// The first of them.
        block: usize,
        /// How many.
        count: usize,
    },
    /// Attributes change; none takes one away.
    Set {
        /// The block.
        block: usize,
        /// By key.
        attributes: BTreeMap<String, Option<Value>>,
    },
    /// A mark changes on a range of one block; none takes it away.
    Mark {
        /// The block.
        block: usize,
        /// Where the range starts.
        from: usize,
        /// Where it ends, exclusive.
        to: usize,
        /// The mark.
        key: String,
        /// Its value.
        value: Option<Value>,
    },
}

/// The changes that turn one page into another.
pub type Patch = Vec<Change>;

/// What turns `old` into `new`: found by the identity of elements, so text that stayed is left alone wherever others wrote.
pub fn between(old: &Page, new: &Page) -> Patch {
    let (start, end) = old.shared(new);
    if (start, end) == (old.len(), 0) && old.len() == new.len() && start > 0 {
        return Vec::new();
    }
    let (first, old) = old.blocks_around(start..old.len() - end);
    let (_, new_blocks) = new.blocks_around(start..new.len() - end);
    let same = |pair: &(&Block, &Block)| pair.0 == pair.1;
    let equal = old.iter().zip(&new_blocks).take_while(same).count();
    let rest = old.len().min(new_blocks.len()) - equal;
    let tail = old.iter().rev().zip(new_blocks.iter().rev()).take(rest).take_while(same).count();
    let prefix = first + equal;
    let before = prefix.checked_sub(1).and_then(|last| Some((last, new.block(last)?.utf16_len())));
    let (old, new) = (&old[equal..old.len() - tail], &new_blocks[equal..new_blocks.len() - tail]);
    if old.is_empty() && new.is_empty() {
        return Vec::new();
    }
    by_identity(before, old, new).unwrap_or_else(|| {
        let mut patch = Vec::new();
        if !new.is_empty() {
            patch.push(Change::Insert { block: prefix, blocks: new.to_vec() });
        }
        if !old.is_empty() {
            patch.push(Change::Remove { block: prefix + new.len(), count: old.len() });
        }
        patch
    })
}

/// Ranges of elements, to ask which elements a page has.
struct Elements(BTreeMap<Id, Id>);

impl Elements {
    fn of(blocks: &[Block]) -> Self {
        let mut ranges = BTreeMap::new();
        for block in blocks {
            ranges.extend(block.marker.map(|marker| (marker, marker + 1)));
            ranges.extend(block.runs.iter().map(|run| (run.id, run.id + Id::from(run.len))));
        }
        Elements(ranges)
    }

    /// Whether an element is there, and how many from it on share that answer, at most `len`.
    fn look(&self, id: Id, len: u32) -> (bool, u32) {
        if let Some((_, &end)) = self.0.range(..=id).next_back()
            && id < end
        {
            return (true, len.min((end - id).min(u64::from(u32::MAX)) as u32));
        }
        let next = self.0.range(id..).next().map_or(Id::MAX, |(&start, _)| start);
        (false, len.min((next - id).min(u64::from(u32::MAX)) as u32))
    }

    fn has_any(&self, block: &Block) -> bool {
        block.marker.is_some_and(|marker| self.look(marker, 1).0)
            || block.runs.iter().any(|run| {
                let (here, len) = self.look(run.id, run.len);
                here || len < run.len
            })
    }
}

/// A place in a list of blocks: before an element of a run, or before a block's marker.
struct Place<'a> {
    blocks: &'a [Block],
    block: usize,
    /// The marker was passed.
    inside: bool,
    run: usize,
    in_run: u32,
    byte: usize,
}

enum Next<'a> {
    Marker(&'a Block),
    Run(&'a Run, u32),
    End,
}

impl<'a> Place<'a> {
    fn new(blocks: &'a [Block]) -> Self {
        Place { blocks, block: 0, inside: false, run: 0, in_run: 0, byte: 0 }
    }

    fn next(&mut self) -> Next<'a> {
        loop {
            let Some(block) = self.blocks.get(self.block) else { return Next::End };
            if !self.inside {
                return Next::Marker(block);
            }
            match block.runs.get(self.run) {
                Some(run) if self.in_run < run.len => return Next::Run(run, self.in_run),
                Some(_) => (self.run, self.in_run) = (self.run + 1, 0),
                None => self.next_block(),
            }
        }
    }

    fn enter(&mut self) {
        (self.inside, self.run, self.in_run, self.byte) = (true, 0, 0, 0);
    }

    fn next_block(&mut self) {
        (self.block, self.inside) = (self.block + 1, false);
    }

    /// Passes `len` elements of the run; gives their text.
    fn take(&mut self, len: u32) -> &'a str {
        let rest = &self.blocks[self.block].text[self.byte..];
        let bytes = rest.char_indices().nth(len as usize).map_or(rest.len(), |(at, _)| at);
        self.in_run += len;
        self.byte += bytes;
        &rest[..bytes]
    }
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Steps through both pages at once. Fails where elements that both have stand in another order, or where the implied
/// paragraph comes or goes: then whole blocks are exchanged.
fn by_identity(before: Option<(usize, usize)>, old: &[Block], new: &[Block]) -> Option<Patch> {
    let implied = |blocks: &[Block]| blocks.iter().any(|block| block.is_implied());
    if implied(old) != implied(new) {
        return None;
    }
    let (in_old, in_new) = (Elements::of(old), Elements::of(new));
    let (mut a, mut b) = (Place::new(old), Place::new(new));
    // The block that is being written, as an index of the page, and how far it is written.
    let (mut block, mut offset) = before.unwrap_or((usize::MAX, 0));
    let mut patch: Patch = Vec::new();
    loop {
        match (a.next(), b.next()) {
            (Next::End, Next::End) => return Some(patch),
            (Next::Run(run, passed), _) if !in_new.look(run.id + Id::from(passed), run.len - passed).0 => {
                let text = a.take(in_new.look(run.id + Id::from(passed), run.len - passed).1);
                match patch.last_mut() {
                    Some(Change::Splice { block: last, at, delete, insert })
                        if *last == block && insert.is_empty() && *at == offset =>
                    {
                        *delete += utf16(text);
                    }
                    _ => patch.push(Change::Splice { block, at: offset, delete: utf16(text), insert: Vec::new() }),
                }
            }
            (Next::Marker(gone), _) if gone.marker.is_some_and(|marker| !in_new.look(marker, 1).0) => {
                if !in_new.has_any(gone) {
                    match patch.last_mut() {
                        Some(Change::Remove { block: from, count }) if *from == block.wrapping_add(1) => *count += 1,
                        _ => patch.push(Change::Remove { block: block.wrapping_add(1), count: 1 }),
                    }
                    a.next_block();
                } else if block == usize::MAX {
                    return None;
                } else {
                    patch.push(Change::Join { block: block + 1 });
                    a.enter();
                }
            }
            (_, Next::Run(run, passed)) if !in_old.look(run.id + Id::from(passed), run.len - passed).0 => {
                let text = b.take(in_old.look(run.id + Id::from(passed), run.len - passed).1);
                let inline = Inline { text: text.to_owned(), marks: shown(&run.style).clone() };
                match patch.last_mut() {
                    Some(Change::Splice { block: last, at, insert, .. })
                        if *last == block
                            && *at + insert.iter().map(|inline| utf16(&inline.text)).sum::<usize>() == offset =>
                    {
                        match insert.last_mut() {
                            Some(last) if last.marks == inline.marks => last.text.push_str(&inline.text),
                            _ => insert.push(inline),
                        }
                    }
                    _ => patch.push(Change::Splice { block, at: offset, delete: 0, insert: vec![inline] }),
                }
                offset += utf16(text);
            }
            (rest, Next::Marker(come)) if come.marker.is_some_and(|marker| !in_old.look(marker, 1).0) => {
                if !in_old.has_any(come) && !matches!(rest, Next::Run(..)) {
                    let at = block.wrapping_add(1);
                    match patch.last_mut() {
                        Some(Change::Insert { block: from, blocks }) if *from + blocks.len() == at => {
                            blocks.push(come.clone());
                        }
                        _ => patch.push(Change::Insert { block: at, blocks: vec![come.clone()] }),
                    }
                    (block, offset) = (at, come.utf16_len());
                    b.next_block();
                } else if block == usize::MAX {
                    return None;
                } else {
                    let attributes = come.attributes.clone();
                    patch.push(Change::Split { block, at: offset, attributes });
                    (block, offset) = (block + 1, 0);
                    b.enter();
                }
            }
            (Next::Marker(before), Next::Marker(after)) if before.marker == after.marker => {
                (block, offset) = (block.wrapping_add(1), 0);
                if before.attributes != after.attributes {
                    patch.push(Change::Set { block, attributes: changes(&before.attributes, &after.attributes) });
                }
                a.enter();
                b.enter();
            }
            (Next::Run(before, i), Next::Run(after, j)) if before.id + Id::from(i) == after.id + Id::from(j) => {
                let len = (before.len - i).min(after.len - j);
                let len = in_new.look(before.id + Id::from(i), len).1.min(in_old.look(after.id + Id::from(j), len).1);
                a.take(len);
                let units = utf16(b.take(len));
                for (key, value) in changes(shown(&before.style), shown(&after.style)) {
                    match patch.iter_mut().rev().take_while(|change| matches!(change, Change::Mark { .. })).find(
                        |change| {
                            matches!(change, Change::Mark { block: on, to, key: same, value: equal, .. }
                            if *on == block && *to == offset && *same == key && *equal == value)
                        },
                    ) {
                        Some(Change::Mark { to, .. }) => *to += units,
                        _ => patch.push(Change::Mark { block, from: offset, to: offset + units, key, value }),
                    }
                }
                offset += units;
            }
            _ => return None,
        }
    }
}
