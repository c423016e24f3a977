//! What a random history is to be like.

use fastrand::Rng;

use super::Kind;

/// Who hears from whom, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Anybody hears from anybody now and then, often only a part.
    Mesh,
    /// Two halves that hear only within themselves until late.
    Partition,
    /// Turns, each on nearly all that was before.
    PingPong,
    /// Long branches that are merged in the end.
    Branches,
    /// A mesh that one replica joins late.
    LateJoiner,
    /// A mesh in which now and then everybody hears everything, so that all that follows knows all that came before.
    Rounds,
}

/// A recipe for a random history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// All that is random comes from it.
    pub seed: u64,
    /// How many replicas there are; forks come on top.
    pub replicas: usize,
    /// Whether their ids come in another order than they do.
    pub shuffled_ids: bool,
    /// How many times somebody acts; about as many records come of it.
    pub steps: usize,
    /// A record holds up to this many edits.
    pub edits_per_record: usize,
    /// The longest text that is typed at once.
    pub longest_text: usize,
    /// How many blocks the document has that all begin with; with none, several begin a new one.
    pub blocks: usize,
    /// Who hears from whom.
    pub shape: Shape,
    /// What they do, with how often.
    pub kinds: Vec<(Kind, u32)>,
    /// Now and then an older copy of a replica goes on by itself: two records with the same number.
    pub forks: bool,
    /// Now and then a record of another document comes between: numbers with gaps.
    pub elsewhere: bool,
}

impl Plan {
    /// Everything at once, differently for every seed: at most about 60 records.
    pub fn mixed(seed: u64) -> Self {
        // Not the generator of the history, so that a changed plan doesn't change what it draws.
        let mut rng = Rng::with_seed(seed ^ 0x9e37_79b9_7f4a_7c15);
        let shapes = [Shape::Mesh, Shape::Partition, Shape::PingPong, Shape::Branches, Shape::LateJoiner];
        let mut kinds = vec![
            (Kind::Type, 14),
            (Kind::Backspace, 4),
            (Kind::DeleteForward, 3),
            (Kind::DeleteRange, 4),
            (Kind::Enter, 8),
            (Kind::Join, 5),
            (Kind::RemoveWithText, 3),
            (Kind::RemoveOnly, 2),
            (Kind::Mark, 6),
            (Kind::RawMark, 2),
            (Kind::Attribute, 3),
            (Kind::Register, 1),
            (Kind::Object, 1),
            (Kind::Hostile, 2),
        ];
        // Some seeds do only a few kinds, so that these meet each other more often.
        if rng.bool() {
            kinds.retain(|(kind, _)| *kind == Kind::Type || rng.bool());
        }
        Plan {
            seed,
            replicas: rng.usize(2..=8),
            shuffled_ids: rng.bool(),
            steps: rng.usize(4..45),
            edits_per_record: rng.usize(1..5),
            longest_text: rng.usize(1..6),
            blocks: rng.usize(..6),
            shape: shapes[rng.usize(..shapes.len())],
            kinds,
            forks: rng.u8(..4) == 0,
            elsewhere: rng.u8(..4) == 0,
        }
    }

    /// Only typing, deleting, splitting and joining next to each other; no forks, nothing removed, marked or hostile.
    pub fn plain(seed: u64) -> Self {
        let kinds =
            vec![(Kind::Type, 10), (Kind::Backspace, 4), (Kind::DeleteForward, 3), (Kind::Enter, 5), (Kind::Join, 3)];
        Plan { kinds, forks: false, elsewhere: false, ..Plan::mixed(seed) }
    }

    /// Blocks are split, joined and removed over and over, with little text and nothing else.
    pub fn blocks(seed: u64) -> Self {
        let kinds = vec![
            (Kind::Type, 4),
            (Kind::DeleteRange, 3),
            (Kind::Enter, 8),
            (Kind::Join, 7),
            (Kind::RemoveWithText, 2),
            (Kind::RemoveOnly, 1),
        ];
        Plan { kinds, blocks: 5, longest_text: 2, edits_per_record: 2, ..Plan::mixed(seed) }
    }

    /// Only characters come and go.
    pub fn text_only(seed: u64) -> Self {
        let kinds = vec![(Kind::Type, 10), (Kind::Backspace, 4), (Kind::DeleteForward, 4)];
        Plan { kinds, ..Plan::plain(seed) }
    }

    /// Far more records with longer texts, of everything but hostile positions.
    pub fn large(seed: u64) -> Self {
        let mut plan = Plan::everything(seed);
        plan.kinds.retain(|(kind, _)| !matches!(kind, Kind::Hostile | Kind::HostileMove));
        Plan { steps: 200, longest_text: 40, edits_per_record: 2, ..plan }
    }

    /// Blocks move, next to all that is done to blocks, with little text.
    pub fn moves(seed: u64) -> Self {
        let mut kinds = vec![
            (Kind::Type, 5),
            (Kind::Backspace, 1),
            (Kind::DeleteRange, 2),
            (Kind::Enter, 6),
            (Kind::Join, 4),
            (Kind::RemoveWithText, 2),
            (Kind::RemoveOnly, 1),
            (Kind::MoveRun, 5),
            (Kind::MoveOne, 5),
            (Kind::HostileMove, 1),
        ];
        // Some seeds leave a few of them out, so that the others meet more often.
        let mut rng = Rng::with_seed(!seed);
        if rng.bool() {
            kinds.retain(|(kind, _)| matches!(kind, Kind::Enter | Kind::MoveRun | Kind::MoveOne) || rng.bool());
        }
        Plan { kinds, blocks: rng.usize(2..7), longest_text: 2, edits_per_record: rng.usize(1..4), ..Plan::mixed(seed) }
    }

    /// Text, marks, registers and removals, and all of it undone and done again.
    pub fn cancels(seed: u64) -> Self {
        let kinds = vec![
            (Kind::Type, 8),
            (Kind::Backspace, 2),
            (Kind::DeleteForward, 2),
            (Kind::DeleteRange, 2),
            (Kind::Enter, 2),
            (Kind::RemoveWithText, 3),
            (Kind::RemoveOnly, 1),
            (Kind::Mark, 5),
            (Kind::RawMark, 1),
            (Kind::Attribute, 3),
            (Kind::Register, 1),
            (Kind::Object, 1),
            (Kind::Undo, 8),
            (Kind::Redo, 3),
            (Kind::Cancel, 4),
        ];
        Plan { kinds, ..Plan::mixed(seed) }
    }

    /// All that there is.
    pub fn everything(seed: u64) -> Self {
        let mut kinds = Plan::mixed(seed).kinds;
        kinds.extend([
            (Kind::MoveRun, 4),
            (Kind::MoveOne, 4),
            (Kind::HostileMove, 1),
            (Kind::Undo, 4),
            (Kind::Redo, 2),
            (Kind::Cancel, 2),
        ]);
        Plan { kinds, ..Plan::mixed(seed) }
    }

    /// Draws what to do next; `None` where the plan has nothing to do.
    pub(super) fn draw(&self, rng: &mut Rng) -> Option<Kind> {
        let total: u32 = self.kinds.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return None;
        }
        let mut rest = rng.u32(..total);
        for &(kind, weight) in &self.kinds {
            match rest.checked_sub(weight) {
                Some(left) => rest = left,
                None => return Some(kind),
            }
        }
        None
    }
}
