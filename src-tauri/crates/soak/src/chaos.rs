//! What happens while anything may: somebody writes, the program does what is due, the service moves, or something goes
//! wrong.

use std::time::Duration;

use inkfold_engine::Page;
use inkfold_session::wire::{Change, Inline, Point, Value};
use inkfold_session::{Installation, SessionError};
use inkfold_testkit::folder::disk::{Disk, Root};
use inkfold_testkit::folder::mischief;
use inkfold_testkit::folder::watcher::Temper;

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
            86..89 => {
                let seconds = [1, 3, 16, 40][self.rng.usize(..4)];
                self.tell(|| format!("{seconds} s go by"));
                self.run_for(Duration::from_secs(seconds))
            }
            89..91 => {
                let seconds = [1, 15, 70, 400, 7_000, 90_000][self.rng.usize(..6)];
                self.tell(|| format!("{seconds} s pass"));
                self.clock.advance(Duration::from_secs(seconds));
                Ok(())
            }
            91..95 => self.break_something(who),
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

    /// Somebody writes, in a window or without one. What is called durable must never be lost.
    fn write(&mut self, who: usize) -> Result<(), Failure> {
        let all: Vec<_> = documents().collect();
        let document = all[self.rng.usize(..all.len())];
        let mut rng = self.rng.fork();
        let word = format!("⟨{}⟩", self.words.len());
        let (mut is_typed, has_window) = (false, self.rng.u8(..4) > 0);
        self.let_work(who, "writes", |installation| {
            let mut is_word = false;
            let write = |page: &Page| {
                let change = edit(page, &mut rng, &word);
                is_word = inserts(&change);
                vec![change]
            };
            let is_durable = if has_window {
                installation.type_in(document, write)?
            } else {
                installation.close_window(document)?;
                installation.write(document, write)?;
                true
            };
            is_typed = is_durable && is_word;
            Ok(())
        })?;
        if is_typed {
            self.words.push(word);
        }
        Ok(())
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
        match self.rng.u32(..9) {
            0 | 1 => {
                self.back_up(who);
                Ok(())
            }
            5 => self.resume(who),
            6 => self.second_process(who),
            7 => {
                let (temper, _) = Temper::ALL[self.rng.usize(..Temper::ALL.len())];
                self.tell(|| format!("the watcher of computer {who} is {temper:?}"));
                self.computers[who].watcher.set_temper(temper);
                Ok(())
            }
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

/// Whether a change brings new words.
fn inserts(change: &Change) -> bool {
    matches!(change, Change::Splice { insert, .. } if !insert.is_empty())
}

/// A change that somebody makes on a page; it may bring a word that is in no other.
pub fn edit(page: &Page, rng: &mut fastrand::Rng, word: &str) -> Change {
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
            let insert = vec![Inline { text: word.into(), marks: Default::default() }];
            Change::Splice { from: point(offset), to: point(offset), insert }
        }
    }
}
