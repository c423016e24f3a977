//! What is printed. Nobody may be there to read it, which is no reason to fail.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};

use inkfold_session::wire::{FolderTrouble, News, Status, Whereabouts};
use serde::Serialize;

use super::{Trouble, trouble};

/// Prints results.
pub struct Printer {
    json: bool,
}

impl Printer {
    pub fn new(json: bool) -> Self {
        Printer { json }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints text as it is. A reader that has gone away has read what it wanted.
    pub fn text(&self, text: &str) -> Result<(), Trouble> {
        self.try_text(text).map(|_| ())
    }

    /// As [`Self::text`]; false where nobody reads any more.
    pub fn try_text(&self, text: &str) -> Result<bool, Trouble> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(trouble("output", format!("the output could not be written: {error}"))),
        }
    }

    /// Prints a value on a line.
    pub fn line(&self, value: &impl Serialize) -> Result<(), Trouble> {
        self.text(&json_line(value)?)
    }

    /// Prints the id of what was made.
    pub fn made(&self, id: &str) -> Result<(), Trouble> {
        if self.json { self.line(&serde_json::json!({ "id": id })) } else { self.text(&format!("{id}\n")) }
    }

    /// Prints how a workspace stands.
    pub fn status(&self, status: &Status) -> Result<(), Trouble> {
        if self.json { self.line(status) } else { self.text(&status_line(status)) }
    }
}

/// A value as a line of JSON.
pub fn json_line(value: &impl Serialize) -> Result<String, Trouble> {
    let mut line = serde_json::to_string(value).map_err(|error| trouble("output", error.to_string()))?;
    line.push('\n');
    Ok(line)
}

/// Says something to whoever watches.
pub fn message(text: &str) {
    // Where nobody listens there is nobody to tell that.
    let _ = writeln!(io::stderr().lock(), "inkfold: {}", plain(text));
}

/// Text from elsewhere, for a terminal: a title must not move the cursor, or say that it is two lines.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// How a workspace stands, on a line.
pub fn status_line(status: &Status) -> String {
    let mut line = match status.words {
        Whereabouts::NotSaved => "not saved".to_owned(),
        Whereabouts::OnThisDevice => "on this device".to_owned(),
        Whereabouts::InTheFolder => "in the folder".to_owned(),
    };
    let (others, pending, refused) = (status.others, status.pending, status.refused);
    let _ = write!(line, "; other replicas: {others}, files pending: {pending}, refused: {refused}");
    if let Some(trouble) = status.trouble {
        let _ = write!(line, "; {}", folder_trouble(trouble));
    }
    line.push('\n');
    line
}

/// What is wrong with a folder, and what to do.
pub fn folder_trouble(trouble: FolderTrouble) -> &'static str {
    match trouble {
        FolderTrouble::Missing => "the folder is not there; reconnect the drive or start the sync service",
        FolderTrouble::Empty => {
            "the folder holds no workspace; wait until it has arrived, or restore the .inkfold file"
        }
        FolderTrouble::OtherWorkspace => "the folder belongs to another workspace",
        FolderTrouble::SeveralWorkspaces => {
            "the folder was shared more than once; agree on one workspace and move the other .inkfold files elsewhere"
        }
        FolderTrouble::Unreadable => "the folder can't be read; check your permissions",
        FolderTrouble::TooManyFiles => "the folder holds more files than are read; take out what doesn't belong there",
        FolderTrouble::Unwritable => "the folder can't be written; check your permissions and the space left",
    }
}

/// What has happened at home.
pub fn news(news: &News) -> String {
    match news {
        News::NewIdentity => {
            "this data is a copy, or was set back: it continues under a new identity; nothing is lost, \
                              and what was written before stays as it is"
                .into()
        }
        News::Rebuilt { aside: Some(aside), records } => format!(
            "the database was damaged: a new one was begun with the {records} records that could be read, and the shared \
             folder has the rest; the old one was put aside, untouched, at {aside}"
        ),
        News::Rebuilt { aside: None, .. } => {
            "the database was missing: a new one was begun, and the shared folder has what was published".into()
        }
    }
}

/// A time in milliseconds since 1970, as people and programs both read it: UTC, ISO 8601.
pub fn time(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    // Days since 0000-03-01, in eras of 400 years, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second, milli) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(time(millis), expected);
        }
        // Somebody's clock may be anything.
        time(i64::MAX);
        time(i64::MIN);
    }

    #[test]
    fn nothing_from_elsewhere_moves_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{9b}d\u{7f}é🙂"), "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d\u{FFFD}é🙂");
    }
}
