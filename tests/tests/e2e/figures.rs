//! Figures for people, in the release build where there is one. They hang on the machine, so they are no tests:
//! `cargo test --workspace --features inkfold-tests/e2e --test e2e -- --ignored --nocapture --test-threads 1 figures`,
//! with no other window of the app open: memory that two share counts half in each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use inkfold_tests::{App, Syncthing, keys, wait_until};
use serde_json::Value;
use tempfile::TempDir;

use crate::people::{holds_workspace, join, share, write_alone};

const STARTS: usize = 7;
const KEYS: usize = 300;
const LETTERS: usize = 40;

/// Notes when keys go down, and how long after the key the status line calls the words safe.
const NOTE_KEYS: &str = "window.noted = { keys: [], edits: [] };
    const now = () => performance.timeOrigin + performance.now();
    addEventListener('keydown', () => noted.keys.push(now()), true);
    const state = document.querySelector('[data-testid=whereabouts]');
    let saving = null;
    new MutationObserver(() => {
        if (state.dataset.state === 'saving') saving ??= noted.keys.at(-1);
        else if (saving !== null) { noted.edits.push(now() - saving); saving = null; }
    }).observe(state, { attributes: true })";

/// Notes how much text the page has, and since when.
const NOTE_TEXT: &str = "window.noted = [];
    const page = document.querySelector('.ProseMirror');
    new MutationObserver(() => noted.push([performance.timeOrigin + performance.now(), page.textContent.length]))
        .observe(page, { childList: true, characterData: true, subtree: true })";

#[test]
#[ignore = "figures for people, taken by hand"]
fn start_and_memory() {
    let place = TempDir::new().unwrap();
    let data = place.path().join("anna");
    let app = App::start_for_figures(&data);
    println!("{}", app.program().display());
    write_alone(&app, "Anna");
    app.type_keys(&format!("Page{}Some words.", keys::ENTER));
    app.wait_for_state("whereabouts", "onThisDevice");
    app.close();
    let (mut starts, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let app = App::start_for_figures(&data);
        wait_until("the page is to take keys", || {
            (app.script("return document.activeElement?.matches('.ProseMirror') ?? false", &[]) == true).then_some(())
        });
        let process = app.processes()[0];
        starts.push(age_of(process) * 1_000.0);
        app.type_keys("x");
        app.wait_for_state("whereabouts", "onThisDevice");
        // What was only needed for the start is given back after a while.
        thread::sleep(Duration::from_secs(3));
        memory.push(memory_of(process));
        app.close();
    }
    tell("start to a page that takes keys, ms, at most (the driver's way included)", &mut starts);
    tell("memory at rest, MB PSS of all processes", &mut memory);
}

#[test]
#[ignore = "figures for people, taken by hand"]
fn key_to_disk() {
    let place = TempDir::new().unwrap();
    let app = App::start_for_figures(&place.path().join("anna"));
    write_alone(&app, "Anna");
    app.type_keys(&format!("Page{}", keys::ENTER));
    app.wait_for_state("whereabouts", "onThisDevice");
    app.script(NOTE_KEYS, &[]);
    for key in 0..KEYS {
        app.type_keys(if key % 6 == 5 { " " } else { "x" });
        wait_until("the key is to be stored", || {
            (app.script("return noted.edits.length", &[]).as_u64() > Some(key as u64)).then_some(())
        });
    }
    tell("key to “saved” in the status line, ms", &mut numbers(&app.script("return noted.edits", &[])));
    app.close();
}

#[test]
#[ignore = "figures for people, taken by hand"]
fn key_to_the_other() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("shared");
    fs::create_dir(&folder).unwrap();
    key_from_folder_to_folder(place.path(), [&folder, &folder]);
}

#[test]
#[ignore = "figures for people, taken by hand"]
fn key_to_the_other_over_syncthing() {
    let place = TempDir::new().unwrap();
    let folders = ["annas", "bens"].map(|name| place.path().join(name));
    folders.iter().for_each(|folder| fs::create_dir(folder).unwrap());
    let folders = folders.each_ref().map(|folder| folder.as_path());
    let _syncthing = Syncthing::start(place.path(), folders);
    key_from_folder_to_folder(place.path(), folders);
}

fn key_from_folder_to_folder(place: &Path, [annas, bens]: [&Path; 2]) {
    let anna = App::start_for_figures(&place.join("anna"));
    share(&anna, "Anna", annas);
    anna.wait_for("page");
    anna.type_keys(&format!("Page{}{FIRST}", keys::ENTER));
    let ben = App::start_for_figures(&place.join("ben"));
    wait_until("the workspace is to reach Ben's folder", || holds_workspace(bens).then_some(()));
    join(&ben, "Ben", bens);
    ben.wait_for("page");
    wait_until("Ben is to see it", || (length(&ben) == FIRST.len()).then_some(()));
    anna.script(NOTE_KEYS, &[]);
    ben.script(NOTE_TEXT, &[]);

    for _ in 0..LETTERS {
        anna.type_keys("y");
        let wanted = length(&anna);
        wait_until("Ben is to see the key", || (length(&ben) >= wanted).then_some(()));
        // Longer than the least time between two files.
        thread::sleep(Duration::from_millis(1_600));
    }
    let mut after_a_pause = ways(&anna, &ben, 0, LETTERS);
    let begin = Instant::now();
    for _ in 0..KEYS {
        anna.type_keys("z");
        thread::sleep(Duration::from_millis(115));
    }
    let pace = begin.elapsed().as_millis() as usize / KEYS;
    wait_until("Ben is to see all", || (length(&ben) == length(&anna)).then_some(()));
    tell("key to the other's page, ms, after a pause", &mut after_a_pause);
    let what = format!("key to the other's page, ms, a key every {pace} ms");
    tell(&what, &mut ways(&anna, &ben, LETTERS, LETTERS + KEYS));
    anna.close();
    ben.close();
}

/// What the page begins with.
const FIRST: &str = "Start";

fn length(app: &App) -> usize {
    app.paragraphs().concat().chars().count()
}

/// How long these keys of Anna's took to Ben's page.
fn ways(anna: &App, ben: &App, first: usize, end: usize) -> Vec<f64> {
    let pressed = numbers(&anna.script("return noted.keys", &[]));
    let seen = ben.script("return noted", &[]);
    let seen: Vec<Vec<f64>> = seen.as_array().into_iter().flatten().map(numbers).collect();
    let arrival = |key: usize| {
        let there = FIRST.len() + key + 1;
        seen.iter().find(|moment| moment[1] as usize >= there).map(|moment| moment[0])
    };
    (first..end).map(|key| arrival(key).expect("Ben has seen it") - pressed[key]).collect()
}

/// An array of numbers.
pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// Says how some figures are spread.
pub fn tell(what: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    println!(
        "{what}: p50 {:.0}, p95 {:.0}, p99 {:.0}, least {:.0}, most {:.0}, of {}",
        at(0.5),
        at(0.95),
        at(0.99),
        at(0.0),
        at(1.0),
        values.len()
    );
}

/// How long a process has run, in seconds; the kernel counts in hundredths.
fn age_of(process: u32) -> f64 {
    let started: f64 = stat_of(process)[19].parse().expect("a number");
    let uptime = fs::read_to_string("/proc/uptime").expect("the machine runs");
    let now: f64 = uptime.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number");
    now - started / 100.0
}

/// What the kernel says of a process, after its name.
fn stat_of(process: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// The memory of a process and of all that it started, in megabytes; what several share is divided among them.
fn memory_of(process: u32) -> f64 {
    let entries = fs::read_dir("/proc").expect("there are processes").flatten();
    let ids: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let parents: BTreeMap<u32, u32> =
        ids.into_iter().filter_map(|id| Some((id, stat_of(id).get(1)?.parse().ok()?))).collect();
    let belongs = |id: &u32| std::iter::successors(Some(*id), |id| parents.get(id).copied()).any(|id| id == process);
    let pss = |id: u32| {
        let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0)
    };
    parents.keys().copied().filter(belongs).map(pss).sum::<f64>() / 1_000.0
}
