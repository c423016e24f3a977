//! Every edit does to the page of whoever makes it what it would do to a plain list of blocks, in documents of any past.

use fastrand::Rng;
use inkfold_engine::Attributes;
use inkfold_engine::ids::{EventId, ReplicaId};
use inkfold_testkit::edit::{Edit, Place};
use inkfold_testkit::history::{History, Kind, Plan, Replica, World, random_edit};
use inkfold_testkit::model::{Block, Document, Element};

/// The list of blocks, with which of them somebody removed.
#[derive(Debug, Clone, PartialEq)]
struct Plain {
    blocks: Vec<(bool, Block)>,
}

fn implied() -> (bool, Block) {
    (false, Block { marker: None, attributes: Attributes::new(), elements: Vec::new() })
}

impl Plain {
    /// Applies an edit. `new` are the elements that it brought; a marker is the only one.
    fn apply(&mut self, edit: &Edit, new: &[EventId], document: &Document) {
        let blocks = &mut self.blocks;
        // What marks a new element takes over isn't a matter of this test.
        let find = |id: &EventId| {
            let shown = document.blocks.iter().flat_map(|block| &block.elements);
            shown.into_iter().find(|element| element.id == *id).expect("a new element is shown").clone()
        };
        match edit {
            Edit::Type { at, text } => {
                let elements: Vec<Element> = new.iter().map(find).collect();
                assert_eq!(elements.iter().map(|element| element.scalar).collect::<String>(), *text);
                blocks[at.block].1.elements.splice(at.offset..at.offset, elements);
            }
            Edit::Object { at, .. } => {
                blocks[at.block].1.elements.insert(at.offset, find(&new[0]));
            }
            Edit::Backspace { at: Place { block, offset }, count } => {
                blocks[*block].1.elements.drain(offset - count..*offset);
            }
            Edit::Delete { from, to } => {
                let tail = blocks[to.block].1.elements.split_off(to.offset);
                blocks[from.block].1.elements.truncate(from.offset);
                blocks[from.block].1.elements.extend(tail);
                blocks.drain(from.block + 1..=to.block);
            }
            Edit::Enter { at: Place { block, offset }, attributes } => {
                let (_, old) = &mut blocks[*block];
                let mut added = Block { marker: Some(new[0]), attributes: attributes.clone(), elements: Vec::new() };
                let index = if *offset == 0 && old.marker.is_some() && !old.elements.is_empty() {
                    *block
                } else {
                    added.elements = old.elements.split_off(*offset);
                    block + 1
                };
                blocks.insert(index, (false, added));
            }
            Edit::Join { block: 0 } => {
                blocks[0].0 = false;
                blocks[0].1.marker = None;
                blocks[0].1.attributes.clear();
            }
            Edit::Join { block } => {
                let (_, tail) = blocks.remove(*block);
                blocks[block - 1].1.elements.extend(tail.elements);
            }
            Edit::Remove { block, with_text } => {
                blocks[*block].0 = true;
                if *with_text {
                    blocks[*block].1.elements.clear();
                }
            }
            Edit::Mark { from, to, key, value, .. } => {
                for (index, (_, block)) in blocks.iter_mut().enumerate() {
                    for (offset, element) in block.elements.iter_mut().enumerate() {
                        let place = Place { block: index, offset };
                        if (*from..*to).contains(&place) {
                            set(&mut element.marks, key, value.as_ref());
                        }
                    }
                }
            }
            Edit::Attribute { block, key, value } => set(&mut blocks[*block].1.attributes, key, value.as_ref()),
            Edit::Move { first, last, gap } => {
                let moved: Vec<_> = blocks.drain(first..=last).collect();
                let gap = if gap > last { gap - moved.len() } else { *gap };
                blocks.splice(gap..gap, moved);
            }
            Edit::Undo | Edit::Redo => unreachable!("not made here"),
        }
        blocks.retain(|(removed, block)| !removed || !block.elements.is_empty());
        if blocks.len() > 1 && blocks[0].1.marker.is_none() && blocks[0].1.elements.is_empty() {
            blocks.remove(0);
        }
        if blocks.is_empty() {
            blocks.push(implied());
        }
    }
}

fn set(attributes: &mut Attributes, key: &str, value: Option<&inkfold_engine::Value>) {
    match value {
        Some(value) => attributes.insert(key.to_owned(), value.clone()),
        None => attributes.remove(key),
    };
}

fn see(world: &World, replica: &Replica) -> (Plain, Document) {
    let document = world.model.document(replica.known.iter().copied());
    let removed = replica.page(world).blocks().into_iter().map(|block| block.removed);
    (Plain { blocks: removed.zip(document.blocks.iter().cloned()).collect() }, document)
}

/// Makes random edits and compares; gives back how many it made.
fn check(rng: &mut Rng, world: &mut World, replica: &mut Replica, edits: usize, what: &str) -> usize {
    let kinds = [
        Kind::Type,
        Kind::Type,
        Kind::Backspace,
        Kind::DeleteForward,
        Kind::DeleteRange,
        Kind::Enter,
        Kind::Enter,
        Kind::Join,
        Kind::RemoveWithText,
        Kind::RemoveOnly,
        Kind::Mark,
        Kind::Attribute,
        Kind::Object,
        Kind::MoveRun,
        Kind::MoveOne,
    ];
    let mut made = 0;
    for step in 0..edits {
        let page = replica.page(world);
        let kind = kinds[rng.usize(..kinds.len())];
        let Some(edit) = random_edit(rng, kind, &page, 4) else { continue };
        let (mut plain, before) = see(world, replica);
        assert_eq!(before.text(), page.text());
        let Some(record) = replica.edit(world, std::slice::from_ref(&edit)) else { continue };
        let count = record.events().count() as u32;
        let new: Vec<EventId> = (0..count).map(|offset| EventId { record: record.id(), offset }).collect();
        let (shown, document) = see(world, replica);
        plain.apply(&edit, &new, &document);
        assert_eq!(shown, plain, "{what}, step {step}: {edit:?} on {before:?}");
        made += 1;
    }
    made
}

#[test]
fn one_replica_edits_a_list_of_blocks() {
    let mut made = 0;
    for seed in 0..60 {
        let mut world = World::new();
        let mut replica = Replica::new(ReplicaId([1; 16]));
        made += check(&mut Rng::with_seed(seed), &mut world, &mut replica, 60, &format!("seed {seed}"));
        world.model.assert_invariants();
    }
    assert!(made > 2000, "only {made} edits");
}

#[test]
fn a_replica_edits_a_list_of_blocks_whatever_came_before() {
    let mut made = 0;
    for seed in 0..300 {
        for plan in [Plan::mixed(seed), Plan::moves(seed), Plan::everything(seed)] {
            let (mut world, mut replica) = newcomer(&plan);
            made += check(&mut Rng::with_seed(seed), &mut world, &mut replica, 12, &format!("seed {seed}"));
        }
    }
    assert!(made > 6000, "only {made} edits");
}

/// A replica that knows all of a history.
fn newcomer(plan: &Plan) -> (World, Replica) {
    let History { world, records, .. } = History::generate(plan);
    let mut replica = Replica::new(ReplicaId([0xee; 16]));
    replica.known.extend(records.iter().map(|record| record.id()));
    (world, replica)
}

/// Edits without block structure are undone one by one till the document is as it was, and done again.
#[test]
fn undo_and_redo_lead_back_and_forth() {
    let kinds = [
        Kind::Type,
        Kind::Backspace,
        Kind::DeleteForward,
        Kind::RemoveWithText,
        Kind::RemoveOnly,
        Kind::Mark,
        Kind::Attribute,
        Kind::Object,
    ];
    for seed in 0..300 {
        let (mut world, mut replica) = newcomer(&Plan::everything(seed));
        let mut rng = Rng::with_seed(seed);
        let mut shown = vec![see(&world, &replica).1];
        for _ in 0..8 {
            let page = replica.page(&world);
            let kind = kinds[rng.usize(..kinds.len())];
            let Some(edit) = random_edit(&mut rng, kind, &page, 4) else { continue };
            if replica.edit(&mut world, &[edit]).is_some() {
                shown.push(see(&world, &replica).1);
            }
        }
        let mut now = shown.len() - 1;
        for _ in 0..30 {
            let (edit, next) = match rng.bool() {
                true if now > 0 => (Edit::Undo, now - 1),
                _ if now + 1 < shown.len() => (Edit::Redo, now + 1),
                _ => continue,
            };
            replica.edit(&mut world, std::slice::from_ref(&edit));
            now = next;
            assert_eq!(see(&world, &replica).1, shown[now], "seed {seed}, {edit:?}");
        }
    }
}
