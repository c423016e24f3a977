//! Random histories: some replicas that edit a document at the same time, each on the page that the model shows it.
//!
//! A history is a function of its [`Plan`], so a failing seed can be run again.

mod choose;
mod deliver;
mod plan;
mod undo;
mod world;

use std::collections::BTreeSet;

use fastrand::Rng;
use inkfold_engine::ids::{RecordId, ReplicaId};
use inkfold_engine::record::Record;

pub use choose::{Kind, random_edit};
pub use deliver::Delivery;
pub use plan::{Plan, Shape};
pub use undo::UndoStack;
pub use world::{DOCUMENT, ELSEWHERE, Replica, WORKSPACE, World};

use crate::edit::Edit;

/// A finished history.
#[derive(Debug, Clone)]
pub struct History {
    /// The document's records in the order in which they were written: parents before children.
    pub records: Vec<Record>,
    /// Records of another document that stand between them in the chains of the replicas.
    pub elsewhere: Vec<Record>,
    /// What each replica knew in the end.
    pub knowledge: Vec<(ReplicaId, BTreeSet<RecordId>)>,
    /// The world, with the model of all records.
    pub world: World,
}

impl History {
    /// Makes the history of a plan.
    pub fn generate(plan: &Plan) -> Self {
        let mut maker = Maker::new(plan);
        for step in 0..plan.steps {
            maker.step(step);
        }
        maker.finish()
    }

    /// The records that a replica knew in the end, in the order in which they were written.
    pub fn known_to(&self, replica: usize) -> Vec<Record> {
        let known = &self.knowledge[replica].1;
        self.records.iter().filter(|record| known.contains(&record.id())).cloned().collect()
    }
}

impl History {
    /// The critical versions, but the empty one: how many of the records there are, so that all the others know all of
    /// them.
    pub fn critical(&self) -> Vec<usize> {
        let ancestors: Vec<BTreeSet<RecordId>> =
            self.records.iter().map(|record| self.world.with_ancestors(record.id())).collect();
        let knows = |later: usize, count: usize| {
            self.records[..count].iter().all(|record| ancestors[later].contains(&record.id()))
        };
        (1..self.records.len()).filter(|&count| (count..self.records.len()).all(|later| knows(later, count))).collect()
    }
}

struct Maker<'a> {
    plan: &'a Plan,
    rng: Rng,
    world: World,
    replicas: Vec<Replica>,
    /// Whose turn it is in a ping-pong.
    turn: usize,
    /// From this step on, halves and branches come together.
    reunion: usize,
}

impl<'a> Maker<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut rng = Rng::with_seed(plan.seed);
        let mut names: Vec<u8> = (1..=plan.replicas as u8).collect();
        if plan.shuffled_ids {
            rng.shuffle(&mut names);
        }
        let mut replicas: Vec<Replica> = names.iter().map(|&name| Replica::new(ReplicaId([name; 16]))).collect();
        let mut world = World::new();

        // Most histories begin with a document that everybody has; a new one is begun by several at once.
        if plan.blocks > 0 {
            let mut edits = Vec::new();
            for block in 0..plan.blocks {
                let at = crate::edit::Place { block, offset: 0 };
                let previous = block.checked_sub(1).map(|block| crate::edit::Place { block, offset: 3 });
                edits.push(Edit::Enter { at: previous.unwrap_or(at), attributes: Default::default() });
                let text = ["abc", "def", "ghi", "jkl", "mno"][block % 5].into();
                edits.push(Edit::Type { at, text });
            }
            let (first, others) = replicas.split_first_mut().expect("a plan has replicas");
            first.edit(&mut world, &edits);
            for other in others {
                // A late joiner learns even this only when it hears from somebody.
                if plan.shape != Shape::LateJoiner || rng.bool() {
                    other.learn(first);
                }
            }
        }
        let reunion = plan.steps * rng.usize(50..90) / 100;
        Maker { plan, rng, world, replicas, turn: 0, reunion }
    }

    /// Picks who acts in this step.
    fn actor(&mut self, step: usize) -> usize {
        let count = self.replicas.len();
        match self.plan.shape {
            Shape::PingPong => {
                if self.rng.u8(..3) == 0 {
                    self.turn = (self.turn + 1) % count;
                }
                self.turn
            }
            // The last one comes in the last third.
            Shape::LateJoiner if step * 3 < self.plan.steps * 2 => self.rng.usize(..count.max(2) - 1),
            _ => self.rng.usize(..count),
        }
    }

    fn step(&mut self, step: usize) {
        let actor = self.actor(step);
        let together = step >= self.reunion;
        match self.plan.shape {
            Shape::PingPong => {
                if self.rng.u8(..4) > 0 {
                    let other = (actor + self.replicas.len() - 1) % self.replicas.len();
                    self.hear(actor, other, true);
                }
            }
            Shape::Mesh | Shape::LateJoiner => {
                if self.rng.u8(..3) == 0 {
                    self.hear_from_some(actor, |_| true);
                }
            }
            Shape::Rounds => {
                if self.rng.u8(..10) == 0 {
                    let everything: BTreeSet<RecordId> = self.world.records.iter().map(Record::id).collect();
                    for replica in &mut self.replicas {
                        replica.known.clone_from(&everything);
                    }
                } else if self.rng.u8(..3) == 0 {
                    self.hear_from_some(actor, |_| true);
                }
            }
            Shape::Partition => {
                if self.rng.bool() {
                    self.hear_from_some(actor, |other| together || actor % 2 == other % 2);
                }
            }
            Shape::Branches => {
                if together || self.rng.u8(..16) == 0 {
                    self.hear_from_some(actor, |_| true);
                }
            }
        }
        if self.plan.forks && self.rng.u8(..24) == 0 {
            self.fork(actor);
        }
        if self.plan.elsewhere && self.rng.u8(..12) == 0 {
            self.replicas[actor].write_elsewhere(&mut self.world);
        }
        self.write(actor);
    }

    /// A replica hears from a few others at once, so that it often has more than two heads.
    fn hear_from_some(&mut self, actor: usize, allowed: impl Fn(usize) -> bool) {
        for _ in 0..self.rng.usize(1..4) {
            let other = self.rng.usize(..self.replicas.len());
            let all = self.rng.bool();
            if allowed(other) {
                self.hear(actor, other, all);
            }
        }
    }

    /// A replica takes in what another one knows, all of it or one record with what comes before it.
    fn hear(&mut self, actor: usize, other: usize, all: bool) {
        let new: Vec<RecordId> = self.replicas[other].known.difference(&self.replicas[actor].known).copied().collect();
        let Some(&id) = self.rng.choice(&new) else { return };
        let news = if all { self.replicas[other].known.clone() } else { self.world.with_ancestors(id) };
        self.replicas[actor].known.extend(news);
    }

    /// A copy of a replica as it was a while ago goes on by itself, under the same id.
    fn fork(&mut self, actor: usize) {
        let id = self.replicas[actor].id;
        let own: Vec<&Record> = self.world.records.iter().filter(|record| record.replica() == id).collect();
        if let Some(&&record) = self.rng.choice(&own).as_ref()
            && self.replicas.len() < self.plan.replicas + 2
        {
            let restored = Replica::restored(&self.world, record);
            self.replicas.push(restored);
        }
    }

    fn write(&mut self, actor: usize) {
        let edits = 1 + if self.rng.bool() { 0 } else { self.rng.usize(..self.plan.edits_per_record.max(1)) };
        let mut runs = Vec::new();
        for _ in 0..edits {
            runs.extend(self.replicas[actor].step(&mut self.rng, self.plan, &self.world, &runs));
        }
        if !runs.is_empty() {
            self.replicas[actor].write(&mut self.world, runs);
        }
    }

    fn finish(self) -> History {
        History {
            records: self.world.records.clone(),
            elsewhere: self.world.elsewhere.clone(),
            knowledge: self.replicas.into_iter().map(|replica| (replica.id, replica.known)).collect(),
            world: self.world,
        }
    }
}
