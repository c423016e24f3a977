//! How records get to somebody: late, twice, in any order.

use std::collections::BTreeMap;

use fastrand::Rng;
use inkfold_engine::record::Record;

use super::History;

/// An order of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// As they were written, all at once.
    AtOnce,
    /// As they were written, one by one.
    OneByOne,
    /// In any order in batches of any size.
    Shuffled,
    /// Shuffled, and many of them come again later.
    Duplicated,
    /// Every child before its parents, in small batches.
    ChildrenFirst,
    /// All of one replica, then all of the next.
    ReplicaByReplica,
    /// One replica's records come when all others are there.
    LateReplica,
}

impl Delivery {
    /// All of them.
    pub const ALL: [Delivery; 7] = [
        Delivery::AtOnce,
        Delivery::OneByOne,
        Delivery::Shuffled,
        Delivery::Duplicated,
        Delivery::ChildrenFirst,
        Delivery::ReplicaByReplica,
        Delivery::LateReplica,
    ];
}

impl History {
    /// The document's records in batches, each at least once.
    pub fn deliver(&self, delivery: Delivery, seed: u64) -> Vec<Vec<Record>> {
        let mut rng = Rng::with_seed(seed);
        let mut records = self.records.clone();
        match delivery {
            Delivery::AtOnce => vec![records],
            Delivery::OneByOne => records.into_iter().map(|record| vec![record]).collect(),
            Delivery::Shuffled => {
                rng.shuffle(&mut records);
                batches(&mut rng, records)
            }
            Delivery::Duplicated => {
                let again: Vec<Record> = records.iter().filter(|_| rng.bool()).cloned().collect();
                records.extend(again);
                rng.shuffle(&mut records);
                batches(&mut rng, records)
            }
            Delivery::ChildrenFirst => {
                records.reverse();
                batches(&mut rng, records)
            }
            Delivery::ReplicaByReplica => {
                let mut logs: Vec<Vec<Record>> = by_replica(records).into_values().collect();
                rng.shuffle(&mut logs);
                logs
            }
            Delivery::LateReplica => {
                let mut logs: Vec<Vec<Record>> = by_replica(records).into_values().collect();
                rng.shuffle(&mut logs);
                let late = logs.pop().unwrap_or_default();
                vec![logs.concat(), late]
            }
        }
    }
}

fn by_replica(records: Vec<Record>) -> BTreeMap<[u8; 16], Vec<Record>> {
    let mut logs: BTreeMap<[u8; 16], Vec<Record>> = BTreeMap::new();
    for record in records {
        logs.entry(record.replica().0).or_default().push(record);
    }
    logs
}

fn batches(rng: &mut Rng, records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut batches = Vec::new();
    let mut rest = records.into_iter().peekable();
    while rest.peek().is_some() {
        let size = 1 + rng.usize(..6);
        batches.push(rest.by_ref().take(size).collect());
    }
    batches
}
