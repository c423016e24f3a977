//! Generated traces. Each writer works on a stretch of the text of its own, so that everybody's result is known without
//! anybody's merge; they know of each other, and of how far, as the shape says.

use crate::case::{Case, Step, Transaction};
use fastrand::Rng;

/// The stretches of a text, as one writer sees them.
type View = Vec<usize>;

/// A text in stretches of one writer each.
struct Stretches {
    texts: Vec<Vec<u8>>,
    cursors: Vec<usize>,
    rng: Rng,
    transactions: Vec<Transaction>,
    /// The bytes of its own stretch after each transaction.
    after: Vec<usize>,
}

impl Stretches {
    /// So many stretches of so many bytes, which the first writer wrote.
    fn new(count: usize, bytes: usize) -> Self {
        let stretch = || "lorem ipsum dolor sit amet ".bytes().cycle().take(bytes.max(1) - 1).chain([b'\n']).collect();
        let mut stretches = Stretches {
            texts: (0..count).map(|_| stretch()).collect(),
            cursors: vec![bytes / 2; count],
            rng: Rng::with_seed(7),
            transactions: Vec::new(),
            after: Vec::new(),
        };
        let text = stretches.end();
        stretches.push(0, Vec::new(), vec![(0, 0, text)]);
        stretches
    }

    fn view(&self) -> View {
        self.texts.iter().map(Vec::len).collect()
    }

    fn end(&self) -> String {
        String::from_utf8(self.texts.concat()).expect("ASCII")
    }

    fn push(&mut self, line: usize, parents: Vec<usize>, patches: Vec<(usize, usize, String)>) -> usize {
        let steps = patches.iter().flat_map(Step::of_patch).collect();
        self.transactions.push(Transaction { parents, line, patches, steps });
        self.after.push(self.texts[line].len());
        self.transactions.len() - 1
    }

    /// A second of a writer's work: some words, at times some backspaces, a new line or another place.
    fn work(&mut self, line: usize, parents: Vec<usize>, view: &View) -> usize {
        let first: usize = view[..line].iter().sum();
        let (text, cursor) = (&mut self.texts[line], &mut self.cursors[line]);
        if self.rng.u8(..) < 12 {
            *cursor = self.rng.usize(..=text.len());
        }
        let mut patches = Vec::new();
        let back = text[..*cursor].iter().rev().take(3).take_while(|&&byte| byte != b'\n').count();
        if back > 0 && self.rng.u8(..) < 40 {
            text.drain(*cursor - back..*cursor);
            *cursor -= back;
            patches.push((first + *cursor, back, String::new()));
        }
        let typed: String = match self.rng.u8(..) {
            0..6 => "\n".into(),
            _ => (0..self.rng.usize(3..9)).map(|_| self.rng.lowercase()).collect(),
        };
        text.splice(*cursor..*cursor, typed.bytes());
        patches.push((first + *cursor, 0, typed.clone()));
        *cursor += typed.len();
        self.push(line, parents, patches)
    }

    fn case(self, name: String, lines: usize) -> Case {
        Case { name, end: self.end(), lines, transactions: self.transactions, trace: None }
    }
}

/// Two replicas that write in turns, each after it has heard the other.
pub fn turns(records: usize) -> Case {
    let mut stretches = Stretches::new(2, 500);
    for i in 0..records {
        let view = stretches.view();
        stretches.work(i % 2, vec![i], &view);
    }
    stretches.case(format!("turns {records}"), 2)
}

/// Two replicas that write at the same time all along: each hears what the other wrote before, never what it is writing.
pub fn crossing(records: usize) -> Case {
    let mut stretches = Stretches::new(2, 500);
    let mut heard = vec![0];
    for _ in 0..records / 2 {
        let view = stretches.view();
        heard = (0..2).map(|line| stretches.work(line, heard.clone(), &view)).collect();
    }
    stretches.case(format!("crossing {records}"), 2)
}

/// Writers who all begin at the same version and never hear of each other; their records come interleaved.
pub fn fan(writers: usize, records: usize) -> Case {
    let mut stretches = Stretches::new(writers + 1, 60);
    let base = stretches.view();
    let mut tips = vec![0; writers + 1];
    for _ in 0..records {
        for line in 1..=writers {
            let mut view = base.clone();
            view[line] = stretches.texts[line].len();
            tips[line] = stretches.work(line, vec![tips[line]], &view);
        }
    }
    stretches.case(format!("fan {writers}×{records}"), writers + 1)
}

/// A history as of a program: so many branches at a time, each by another writer, begins at the main line, is so many
/// records long, and is merged back by the one who keeps the main line.
pub fn branches(writers: usize, records: usize) -> Case {
    const AT_A_TIME: usize = 40;
    struct Branch {
        line: usize,
        view: View,
        tip: usize,
        left: usize,
    }
    let mut stretches = Stretches::new(writers + 1, 60);
    let (mut main, mut main_view, mut next) = (0, stretches.view(), 1);
    let mut open: Vec<Branch> = Vec::new();
    while next <= writers || !open.is_empty() {
        if next <= writers && open.len() < AT_A_TIME {
            open.push(Branch { line: next, view: main_view.clone(), tip: main, left: records });
            next += 1;
        }
        let mut done = Vec::new();
        for (i, branch) in open.iter_mut().enumerate() {
            branch.tip = stretches.work(branch.line, vec![branch.tip], &branch.view);
            branch.view[branch.line] = stretches.after[branch.tip];
            branch.left -= 1;
            if branch.left == 0 {
                done.push(i);
            }
        }
        for i in done.into_iter().rev() {
            let branch = open.remove(i);
            main_view[branch.line] = branch.view[branch.line];
            main = stretches.work(0, vec![main, branch.tip], &main_view);
            main_view[0] = stretches.after[main];
        }
    }
    stretches.case(format!("branches {writers}×{records}"), writers + 1)
}
