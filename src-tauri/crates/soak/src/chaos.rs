//! What happens while anything may: somebody writes, the program does what is due, the service moves, or something goes
//! wrong.

use std::time::Duration;

use inkfold_engine::Page;
use inkfold_session::wire::{Change, Inline, Point, Value};
use inkfold_session::{Installation, SessionError};
use inkfold_testkit::folder::disk::{Disk, Root};
use inkfold_testkit::folder::mischief;

use crate::computer::Failure;
use crate::world::{World, documents};

/// Ten years.
const DECADE_SECONDS: i64 = 10 * 366 * 24 * 3600;

impl World {
    /// One thing happens.
    pub fn act(&mut self) -> Result<(), Failure> {
        let who = self.rng.usize(..self.computers.len());
        match self.rng.u32(..100) {
            0..26 => self.write(who),
            26..34 => self.let_work(who, "does what is due", |installation| {
                installation.tick();
                Ok(())
            }),
            34..42 => self.let_work(who, "flushes", |installation| installation.flush()),
            42..62 => self.exchange(who),
            62..78 => {
                self.tell(|| "the service moves".into());
                (0..self.computers.len()).for_each(|client| self.carrier.stir(client));
                Ok(())
            }
            78..86 => {
                self.tell(|| "mischief".into());
                mischief::stir_up(&mut self.carrier);
                Ok(())
            }
            86..90 => {
                let seconds = [1, 15, 70, 400, 7_000, 90_000][self.rng.usize(..6)];
                self.tell(|| format!("{seconds} s pass"));
                self.clock.advance(Duration::from_secs(seconds));
                Ok(())
            }
            90..95 => self.break_something(who),
            _ => self.meddle_with_profile(who),
        }
    }

    fn let_work(
        &mut self,
        who: usize,
        what: &str,
        work: impl FnOnce(&mut Installation<Disk>) -> Result<(), SessionError>,
    ) -> Result<(), Failure> {
        let was_cut = self.computers[who].work(work)?;
        self.tell(|| format!("computer {who} {what}{}", if was_cut { " and loses power" } else { "" }));
        Ok(())
    }

    fn exchange(&mut self, who: usize) -> Result<(), Failure> {
        self.let_work(who, "exchanges", |installation| {
            installation.exchange();
            Ok(())
        })
    }

    fn write(&mut self, who: usize) -> Result<(), Failure> {
        let all: Vec<_> = documents().collect();
        let document = all[self.rng.usize(..all.len())];
        let mut rng = self.rng.fork();
        self.let_work(who, "writes", |installation| installation.write(document, |page| vec![edit(page, &mut rng)]))
    }

    fn break_something(&mut self, who: usize) -> Result<(), Failure> {
        let computer = &self.computers[who];
        let what = match self.rng.u32(..10) {
            0 | 1 | 8 | 9 => {
                let trouble = [0, 10, 30, 100, 300][self.rng.usize(..5)];
                computer.disk.set_trouble(trouble);
                format!("{trouble} of 1000 calls fail")
            }
            2..=4 => {
                let calls = self.rng.u32(1..60);
                computer.disk.set_fuse(Some(calls));
                format!("the power fails after {calls} calls")
            }
            5 => {
                let root = [Root::There, Root::Gone, Root::Empty, Root::Another][self.rng.usize(..4)];
                computer.disk.set_root(root);
                // The service sees the same.
                self.carrier.clients[who].is_away = root != Root::There;
                if root != Root::There {
                    self.tally.count("f10", || format!("{root:?}"));
                }
                format!("the folder is {root:?}")
            }
            6 => {
                let off = self.rng.i64(-DECADE_SECONDS..=DECADE_SECONDS);
                computer.clock.set_off(off);
                self.tally.count("i8", || format!("{off} s"));
                "the clock is set".into()
            }
            _ => {
                let is_away = !self.carrier.clients[who].is_away && self.carrier.clients.len() > 1;
                self.carrier.clients[who].is_away = is_away;
                if is_away && self.rng.u32(..4) == 0 {
                    self.tally.count("i10", || "400 days pass".into());
                    self.clock.advance(Duration::from_secs(400 * 24 * 3600));
                }
                format!("its service {}", if is_away { "rests" } else { "works" })
            }
        };
        self.tell(|| format!("computer {who}: {what}"));
        Ok(())
    }

    fn meddle_with_profile(&mut self, who: usize) -> Result<(), Failure> {
        match self.rng.u32(..6) {
            0 | 1 => self.back_up(who),
            2 => self.copy_computer(who),
            3 => self.set_back(who, false),
            4 => self.set_back(who, true),
            _ => {
                self.tell(|| format!("computer {who} is started again"));
                self.computers[who].restart(None)
            }
        }
    }
}

/// A change that somebody makes on a page.
fn edit(page: &Page, rng: &mut fastrand::Rng) -> Change {
    let block = rng.usize(..page.block_count());
    let len = page.block(block).map_or(0, |block| block.utf16_len());
    let offset = rng.usize(..=len);
    let point = |offset: usize| Point { block: block as u32, offset: offset as u32 };
    match rng.u32(..10) {
        0 | 1 => {
            Change::Split { at: point(offset), attrs: [("kind".to_owned(), Value::Text("paragraph".into()))].into() }
        }
        2 if block > 0 => Change::Join { block: block as u32 },
        3 | 4 => Change::Splice { from: point(offset), to: point(len.min(offset + 5)), insert: Vec::new() },
        _ => {
            let text: String = (0..rng.usize(1..12)).map(|_| rng.lowercase()).collect();
            let insert = vec![Inline { text, marks: Default::default() }];
            Change::Splice { from: point(offset), to: point(offset), insert }
        }
    }
}
