//! How time grows with size: each shape at 1, 2, 4 and 8 times, ours and yrs in turns.

use serde_json::{Value, json};

use crate::measure::Rounds;
use crate::pages;
use crate::shapes::{FOUR_HOURS, WRITERS};
use crate::table::short;
use crate::{generate, peer, peers, rows};
use crate::{ours::Ours, peers::Yrs};

/// How often a size is measured, at most, while that is quick.
const ROUNDS: usize = 3;
/// Seconds of a size after which it isn't measured again, and twice the size not any more.
const PATIENCE: (f64, f64) = (1.5, 8.0);

/// A phase's name, whether it is a single edit (whose cost should not grow at all), and its seconds.
pub type Phase = (&'static str, bool, f64);

/// A shape: what is measured at a size, by ours and by yrs, which has not always something to measure.
struct Shape {
    name: &'static str,
    what: &'static str,
    largest: usize,
    ours: fn(usize) -> Vec<Phase>,
    yrs: fn(usize) -> Vec<Phase>,
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "turns",
        what: "records of two replicas in turns",
        largest: FOUR_HOURS,
        ours: |n| written::<Ours<true>>(&generate::turns(n)),
        yrs: |n| written::<Yrs>(&generate::turns(n)),
    },
    Shape {
        name: "crossing",
        what: "records of two replicas at the same time",
        largest: FOUR_HOURS,
        ours: |n| written::<Ours<true>>(&generate::crossing(n)),
        yrs: |n| written::<Yrs>(&generate::crossing(n)),
    },
    Shape {
        name: "fan",
        what: "records of 375 writers who never hear of each other",
        largest: WRITERS * 32,
        ours: |n| heard::<Ours<true>>(&generate::fan(WRITERS, n / WRITERS)),
        yrs: |n| heard::<Yrs>(&generate::fan(WRITERS, n / WRITERS)),
    },
    Shape {
        name: "branches",
        what: "records of 375 writers, 40 branches at a time, merged back",
        largest: WRITERS * 32,
        ours: |n| heard::<Ours<true>>(&generate::branches(WRITERS, n / WRITERS)),
        yrs: |n| heard::<Yrs>(&generate::branches(WRITERS, n / WRITERS)),
    },
    Shape {
        name: "blocks",
        what: "blocks of 40 characters",
        largest: 100_000,
        ours: pages::blocks,
        yrs: peers::rich::blocks,
    },
    Shape {
        name: "marks",
        what: "marks on 10 characters each",
        largest: 100_000,
        ours: pages::marks,
        yrs: peers::rich::marks,
    },
    Shape {
        name: "paste lines",
        what: "bytes pasted, a block each 100",
        largest: 10_000_000,
        ours: |n| pages::paste(n, 100),
        yrs: peers::rich::paste,
    },
    Shape {
        name: "paste",
        what: "bytes pasted into one block",
        largest: 10_000_000,
        ours: |n| pages::paste(n, n),
        yrs: peers::rich::paste,
    },
];

fn written<P: peer::Peer>(case: &crate::case::Case) -> Vec<Phase> {
    vec![("write and hear", false, peer::write::<P>(case).seconds.iter().sum())]
}

fn heard<P: peer::Peer>(case: &crate::case::Case) -> Vec<Phase> {
    let updates = peer::write::<P>(case).updates;
    let seconds = rows::received::<P>(&updates, &case.end).expect("everybody ends with the same text");
    vec![("hear one by one", false, seconds)]
}

/// What became of a phase over the sizes.
struct Grown {
    phase: &'static str,
    is_single: bool,
    seconds: Vec<f64>,
}

impl Grown {
    /// Whether it costs more than a line, or, of a single edit, anything that is felt and grows.
    fn grows(&self) -> bool {
        let (worst, felt) = if self.is_single { (0.3, 50e-6) } else { (1.15, 0.0) };
        self.exponent().is_some_and(|exponent| exponent > worst) && self.seconds.last().is_some_and(|&last| last > felt)
    }

    /// Time is size to the power of this.
    fn exponent(&self) -> Option<f64> {
        let (first, last) = (self.seconds.first()?, self.seconds.last()?);
        let doublings = self.seconds.len() as f64 - 1.0;
        (doublings > 0.0).then(|| (last / first).log2() / doublings)
    }
}

/// A shape with its figures.
pub struct Growth {
    shape: &'static Shape,
    sizes: Vec<usize>,
    ours: Vec<Grown>,
    yrs: Vec<Grown>,
}

/// Measures every shape of which this says so.
pub fn measure(rounds: Rounds, is_wanted: impl Fn(&str) -> bool, mut each: impl FnMut(&Growth)) -> Vec<Growth> {
    let mut grown = Vec::new();
    for shape in SHAPES.iter().filter(|shape| is_wanted(shape.name)) {
        let sizes: Vec<usize> = (0..4).map(|i| shape.largest >> (3 - i)).collect();
        let (mut ours, mut yrs) = (Vec::new(), Vec::new());
        let mut gone = [false, !rounds.peers];
        for &size in &sizes {
            let mut spent = [0.0; 2];
            let (mut least, mut least_yrs) = (Vec::new(), Vec::new());
            for round in 0..ROUNDS.min(rounds.most) {
                let runs = [(&mut least, shape.ours, 0), (&mut least_yrs, shape.yrs, 1)];
                for (least, run, who) in runs {
                    if gone[who] || (round > 0 && spent[who] > PATIENCE.0) {
                        continue;
                    }
                    let (phases, seconds) = crate::measure::timed(|| run(size));
                    spent[who] += seconds;
                    keep_least(least, phases);
                }
            }
            gone = [gone[0] || spent[0] > PATIENCE.1, gone[1] || spent[1] > PATIENCE.1];
            add(&mut ours, least);
            add(&mut yrs, least_yrs);
        }
        let growth = Growth { shape, sizes, ours, yrs };
        each(&growth);
        grown.push(growth);
    }
    grown
}

fn keep_least(least: &mut Vec<Phase>, phases: Vec<Phase>) {
    if least.is_empty() {
        *least = phases;
    } else {
        least.iter_mut().zip(phases).for_each(|(least, phase)| least.2 = least.2.min(phase.2));
    }
}

fn add(grown: &mut Vec<Grown>, phases: Vec<Phase>) {
    for (phase, is_single, seconds) in phases {
        match grown.iter_mut().find(|grown| grown.phase == phase) {
            Some(grown) => grown.seconds.push(seconds),
            None => grown.push(Grown { phase, is_single, seconds: vec![seconds] }),
        }
    }
}

impl Growth {
    /// The shape as JSON, in milliseconds.
    pub fn to_json(&self) -> Value {
        let figures = |grown: &Grown| {
            let ms: Vec<f64> = grown.seconds.iter().map(|seconds| (seconds * 1e6).round() / 1e3).collect();
            json!({ "phase": grown.phase, "single": grown.is_single, "ms": ms, "exponent": grown.exponent(), "grows": grown.grows() })
        };
        json!({
            "shape": self.shape.name,
            "what": self.shape.what,
            "sizes": self.sizes,
            "ours": self.ours.iter().map(figures).collect::<Vec<_>>(),
            "yrs": self.yrs.iter().map(figures).collect::<Vec<_>>(),
        })
    }

    /// The shape as lines for people.
    pub fn print(&self) {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        println!("{}: {} {}", self.shape.name, sizes.join(" / "), self.shape.what);
        for grown in &self.ours {
            let yrs = self.yrs.iter().find(|other| other.phase == grown.phase);
            let yrs = yrs.map_or(String::new(), |yrs| format!("yrs {}", figures(yrs)));
            let flag = if grown.grows() { "GROWS" } else { "" };
            println!("    {:<26} {:<44} {flag:<6} {yrs}", grown.phase, figures(grown));
        }
    }
}

fn figures(grown: &Grown) -> String {
    let ms: Vec<String> = grown.seconds.iter().map(|seconds| short(seconds * 1e3)).collect();
    let exponent = grown.exponent().map_or(String::new(), |exponent| format!(" ^{exponent:.2}"));
    format!("{} ms{exponent}", ms.join(" / "))
}
