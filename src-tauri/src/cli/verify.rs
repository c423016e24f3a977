//! How everything stands, without a window: what is stored, what the folder holds, and what to do about what isn't well.

use std::fmt::Write as _;
use std::path::Path;

use inkfold_session::wire::{FileReport, PersonHealth, PlaceReport, Unpublished, WaitingFile, Who};
use inkfold_session::{Profile, checking};
use serde::Serialize;

use super::output::{self, Printer};
use super::{Trouble, trouble};

#[derive(Serialize)]
struct Check {
    well: bool,
    store: checking::StoreCheck,
    folder: Option<checking::FolderCheck>,
}

/// Checks everything that is stored, and every file of the shared folder.
pub fn run(data: &Path, wanted: Option<&str>, reads_blobs: bool, printer: &Printer) -> Result<(), Trouble> {
    let profile = Profile::open(data)?;
    let id = profile.choose(wanted)?;
    let store = profile.store(id)?;
    let folder = checking::folder(&store, &profile.known_blobs(id), reads_blobs)?;
    let store = checking::store(&store)?;
    let well = store.findings.is_empty() && folder.as_ref().is_none_or(checking::FolderCheck::is_well);
    let check = Check { well, store, folder };
    if printer.is_json() {
        printer.line(&check)?;
    } else {
        printer.text(&lines(&check).map_err(|error| trouble("output", error.to_string()))?)?;
    }
    // Everything that is wrong stands among the results.
    if well { Ok(()) } else { Err(Trouble::Told) }
}

/// Facts first, then who there is, then what needs attention, each with what to do.
fn lines(check: &Check) -> Result<String, std::fmt::Error> {
    let Check { well, store, folder } = check;
    let mut out = String::new();
    let row = |out: &mut String, name: &str, count: u64| writeln!(out, "{name:<10} {count}");
    row(&mut out, "records", store.records)?;
    row(&mut out, "documents", store.documents)?;
    row(&mut out, "waiting", store.waiting)?;
    row(&mut out, "unfolded", store.unfolded)?;
    let mut problems: Vec<String> = store.findings.clone();
    if let Some(folder) = folder {
        let Unpublished { records, files, blobs } = folder.unpublished;
        row(&mut out, "files", folder.files)?;
        row(&mut out, "bytes", folder.bytes)?;
        row(&mut out, "new", folder.new)?;
        row(&mut out, "pending", folder.waiting.len() as u64)?;
        row(&mut out, "refused", folder.refused.len() as u64)?;
        row(&mut out, "images", folder.blobs.in_folder)?;
        row(&mut out, "missing", folder.blobs.missing.len() as u64)?;
        row(&mut out, "to publish", records + u64::from(files) + u64::from(blobs))?;
        folder.people.iter().try_for_each(|person| writeln!(out, "{}", output::plain(&person_line(person))))?;
        if folder.blobs.in_folder > 0 && !folder.blobs.verified {
            writeln!(out, "Images and attachments were not read; --blobs reads them.")?;
        }
        problems.extend(folder.findings.iter().cloned());
        problems.extend(folder.places.iter().map(place_line));
        problems.extend(folder.waiting.iter().map(waiting_line));
        problems.extend(folder.refused.iter().map(refused_line));
        problems.extend(folder.blobs.missing.iter().map(|hash| {
            format!("{hash}: a document shows this image or attachment, and it has not arrived. Wait until the sync service has brought it; if this stays, ask whoever added it to open Inkfold.")
        }));
    }
    problems.iter().try_for_each(|line| writeln!(out, "{}", output::plain(line)))?;
    if *well {
        writeln!(out, "All is well.")?;
    }
    Ok(out)
}

fn name(who: &Who) -> String {
    match (who.person.as_str(), who.device.as_str()) {
        ("", _) => format!("somebody ({:.8})", who.replica),
        (person, "") => person.to_owned(),
        (person, device) => format!("{person} ({device})"),
    }
}

fn person_line(PersonHealth { peer, seen, .. }: &PersonHealth) -> String {
    let who = Who { replica: peer.replica.clone(), person: peer.person.clone(), device: peer.device.clone() };
    let seen = seen.map_or_else(|| "not heard of yet".to_owned(), |seen| format!("heard of {}", output::time(seen)));
    let reached = peer.reached.map_or_else(
        || "does not have everything yet".to_owned(),
        |since| format!("has had everything since {}", output::time(since)),
    );
    format!("{}: {seen}, {reached}", name(&who))
}

fn waiting_line(file: &WaitingFile) -> String {
    let whose = name(&file.awaited);
    let number = file.number.map_or_else(String::new, |number| format!(" (record {number})"));
    format!(
        "{}: waits for changes of {whose} that have not arrived yet{number}. Wait until the sync service has brought them; \
         if this stays, ask {whose} to open Inkfold.",
        file.path
    )
}

fn refused_line(file: &FileReport) -> String {
    format!("{}: {} [{}]. {}", file.path, file.reason, file.code, file.remedy)
}

fn place_line(place: &PlaceReport) -> String {
    format!("{}: could not be read: {}. Check its permissions and the drive.", place.path, place.message)
}
