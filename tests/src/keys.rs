//! Keys that are no characters, as the WebDriver standard writes them. A modifier stays down until [`RELEASE`].

/// Lets go of every modifier.
pub const RELEASE: char = '\u{E000}';
/// Backspace.
pub const BACKSPACE: char = '\u{E003}';
/// Tab.
pub const TAB: char = '\u{E004}';
/// Enter.
pub const ENTER: char = '\u{E007}';
/// Shift, held.
pub const SHIFT: char = '\u{E008}';
/// Control, held.
pub const CONTROL: char = '\u{E009}';
/// Alt, held.
pub const ALT: char = '\u{E00A}';
/// Escape.
pub const ESCAPE: char = '\u{E00C}';
/// End.
pub const END: char = '\u{E010}';
/// Home.
pub const HOME: char = '\u{E011}';
/// Left.
pub const LEFT: char = '\u{E012}';
/// Up.
pub const UP: char = '\u{E013}';
/// Right.
pub const RIGHT: char = '\u{E014}';
/// Down.
pub const DOWN: char = '\u{E015}';
/// Delete.
pub const DELETE: char = '\u{E017}';

/// A key pressed while Control is held.
pub fn control(key: char) -> String {
    format!("{CONTROL}{key}{RELEASE}")
}
