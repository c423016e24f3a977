//! The command line of the real program: several installations over one folder, locked out, and given text and folders
//! that nobody would think of.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use inkfold_tests::{Dice, Done, Installation, shared, wait_until};
use serde_json::Value;
use tempfile::TempDir;

/// The position of every beginning and end of a word such as `[a7]`: nothing is inserted into one.
fn gaps(text: &str) -> Vec<usize> {
    let after = text.chars().enumerate().filter(|(_, c)| *c == ']').map(|(i, _)| i + 1);
    std::iter::once(0).chain(after).collect()
}

#[test]
fn three_write_and_every_word_is_there_once() {
    let (_place, folder, all) = shared(["anna", "ben", "cleo"]);
    let document = all[0].ok(&["new", "Plans"]);
    all[1].ok(&["sync"]);
    all[2].ok(&["sync"]);
    let mut dice = Dice(7);
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for round in 0..12 {
        for (who, installation) in all.iter().enumerate() {
            let word = format!("[{who}-{round}]");
            let before = installation.ok(&["cat", &document]);
            match dice.below(4) {
                // Deletes the last of its own words, with whatever it knows to stand behind it in no word.
                0 if kept.iter().any(|(writer, _)| *writer == who) => {
                    let last = kept.iter().rposition(|(writer, _)| *writer == who).expect("there is one");
                    let (_, word): (usize, String) = kept.remove(last);
                    let at = before.find(&word).unwrap_or_else(|| panic!("{word} is missing in {before:?}"));
                    let at = before[..at].chars().count();
                    let (at, count) = (at.to_string(), word.chars().count().to_string());
                    installation.ok(&["delete", &document, "--at", &at, "--count", &count]);
                    gone.push(word);
                }
                1 | 2 => {
                    let gaps = gaps(&before);
                    let at = gaps[dice.below(gaps.len())].to_string();
                    let text = if dice.below(2) == 0 { word.clone() } else { format!("\n{word}") };
                    installation.ok(&["insert", &document, "--at", &at, &text]);
                    kept.push((who, word));
                }
                _ => {
                    installation.ok(&["append", &document, &word]);
                    kept.push((who, word));
                }
            }
            if dice.below(3) == 0 {
                installation.ok(&["sync"]);
            }
        }
    }
    spoil(&folder);
    for (who, installation) in all.iter().enumerate() {
        let word = format!("[{who}-last]");
        installation.ok(&["append", "Plans", &word]);
        kept.push((who, word));
    }
    for _ in 0..2 {
        all.iter().for_each(|installation| drop(installation.ok(&["sync"])));
    }
    let texts: Vec<String> = all.iter().map(|installation| installation.ok(&["cat", "Plans"])).collect();
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[1], texts[2]);
    for (_, word) in &kept {
        assert_eq!(texts[0].matches(word.as_str()).count(), 1, "{word} in {}", texts[0]);
    }
    for word in &gone {
        assert!(!texts[0].contains(word.as_str()), "{word} was deleted");
    }
    let logs: Vec<String> = all.iter().map(|installation| installation.ok(&["log", "Plans"])).collect();
    assert!(logs[0] == logs[1] && logs[1] == logs[2]);
    // What was cut is reported, and nothing of it is missing.
    let done = all[0].run(&["verify"]);
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("waiting    0\nunfolded   0\n") && done.out.contains("pending    0\n"), "{}", done.out);
    assert!(!done.out.contains("refused    0\n"), "{}", done.out);
}

/// Does to a folder what sync services and people do to folders.
fn spoil(folder: &Path) {
    let data = folder.join("inkfold-data");
    let mut files = Vec::new();
    for directory in fs::read_dir(&data).expect("the folder is there") {
        let directory = directory.expect("it can be read").path();
        files.extend(fs::read_dir(&directory).expect("it is a directory").map(|entry| entry.expect("a file").path()));
    }
    files.sort();
    let copies = folder.join("inkfold-data (conflicted copy)").join("moved");
    fs::create_dir_all(&copies).expect("a directory");
    for (i, file) in files.iter().enumerate() {
        let bytes = fs::read(file).expect("it can be read");
        let named = |name: &str| file.with_file_name(format!("{name} {i}.ink"));
        match i % 4 {
            0 => drop(fs::copy(file, named("conflicted copy")).expect("a copy")),
            1 => fs::rename(file, named("renamed")).expect("another name"),
            2 => fs::rename(file, copies.join(format!("{i}"))).expect("another place"),
            _ => fs::write(named("cut"), &bytes[..bytes.len() * i / files.len()]).expect("a part"),
        }
    }
    fs::write(data.join("cut to nothing.ink"), "").expect("an empty file");
    fs::write(data.join("junk.ink"), [0x89, 0x49, 0x4e, 0x4b, 0, 0x0d, 0x0a, 0x1a, 0x53, 0xff, 0xff]).expect("junk");
    fs::write(folder.join(".DS_Store"), [0; 4096]).expect("junk");
    fs::write(folder.join("desktop.ini"), "[.ShellClassInfo]\r\n").expect("junk");
    fs::create_dir_all(data.join("a/b/c/d.ink")).expect("directories");
    fs::create_dir_all(folder.join("inkfold-data.old/empty")).expect("directories");
    symlink(folder, data.join("round and round")).expect("a link");
    symlink("/nowhere", folder.join("dangling.inkfold")).expect("a link");
    let made = Command::new("mkfifo").arg(data.join("pipe.ink")).status().expect("mkfifo is there");
    assert!(made.success());
}

#[test]
fn a_folder_that_has_a_workspace_is_joined() {
    let (place, folder, [anna]) = shared(["anna"]);
    let ben = Installation::new(place.path().join("ben"));
    let folder = folder.to_str().expect("a plain path");
    let message = ben.fails(&["init", "--folder", folder]);
    assert!(message.contains("“Team notes”") && message.contains("inkfold join"), "{message}");
    assert_eq!(fs::read_dir(folder).expect("a folder").filter(|e| e.as_ref().is_ok_and(is_genesis)).count(), 1);
    let id = ben.ok(&["join", "--folder", folder]);
    let listed: Value = serde_json::from_str(&anna.ok(&["sync", "--json"])).expect("JSON");
    assert_eq!(listed["words"], "inTheFolder");
    assert!(ben.fails(&["join", "--folder", folder]).contains("already"));
    assert!(ben.fails(&["join", "--folder", place.path().join("none").to_str().expect("plain")]).contains("none"));
    // A second workspace has to be named from then on.
    let other = ben.ok(&["init", "--name", "Private", "--person", "Ben"]);
    assert!(ben.fails(&["list"]).contains("--workspace"));
    ben.ok(&["new", "Mine", "--workspace", "Private"]);
    assert!(ben.ok(&["--workspace", &other[..8], "list"]).ends_with("  Mine"));
    assert_eq!(ben.ok(&["list", "--workspace", &id]), "");
    assert!(ben.fails(&["list", "--workspace", "Nobody's"]).contains("Private"));
    assert!(ben.fails(&["sync", "--workspace", "Private"]).contains("no shared folder"));
}

fn is_genesis(entry: &fs::DirEntry) -> bool {
    entry.path().extension().is_some_and(|extension| extension == "inkfold")
}

#[test]
fn what_is_not_understood_ends_with_two() {
    let place = TempDir::new().expect("a directory");
    let anna = Installation::new(place.path().join("anna"));
    for wrong in [
        &["lits"][..],
        &["init"],
        &["join"],
        &["append", "x"],
        &["insert", "x", "text"],
        &["insert", "x", "--at", "-1", "text"],
        &["insert", "x", "--at", "many", "text"],
        &["delete", "x", "--at", "1"],
        &["cat"],
        &["cat", "x", "--format", "pdf"],
        &["list", "--nonsense"],
    ] {
        let done = anna.run(wrong);
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{wrong:?}: {}", done.err);
    }
    assert!(anna.fails(&["list"]).contains("inkfold init"));
    assert_eq!(anna.run(&["--help"]).code, Some(0));
}

#[test]
fn writing_goes_to_the_process_that_runs() {
    let (place, folder, [anna, ben]) = shared(["anna", "ben"]);
    let document = anna.ok(&["new", "Plans"]);
    let running = anna.watch();
    let mode = fs::symlink_metadata(anna.data.join("socket")).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    anna.ok(&["append", "Plans", "one"]);
    anna.ok(&["insert", &document, "--at", "3", "\ntwo!"]);
    anna.ok(&["delete", &document, "--at", "7", "--count", "1"]);
    anna.ok(&["append", "Plans", "--", "-three"]);
    assert_eq!(anna.ok(&["cat", "Plans"]), "one\ntwo\n-three");
    assert!(anna.fails(&["append", "Nothing", "x"]).contains("“Nothing”"));
    assert!(anna.fails(&["append", "Plans", "bell\u{7}"]).contains("U+0007"));
    assert!(anna.fails(&["sync", "--watch"]).contains("running"));
    assert!(anna.ok(&["sync"]).starts_with("in the folder"));
    // It is in the folder when the command has ended.
    ben.ok(&["sync"]);
    assert_eq!(ben.ok(&["cat", "Plans"]), "one\ntwo\n-three");
    // Another workspace is opened beside the one that is watched, and one is made.
    anna.ok(&["init", "--name", "Other", "--person", "Anna"]);
    anna.ok(&["new", "Elsewhere", "--workspace", "Other"]);
    anna.ok(&["append", "Elsewhere", "there", "--workspace", "Other"]);
    assert_eq!(anna.ok(&["cat", "Elsewhere", "--workspace", "Other"]), "there");
    ben.ok(&["append", "Plans", "four"]);
    let name = folder.file_name().and_then(|name| name.to_str()).expect("a name");
    wait_until("what Ben wrote comes in by itself", || {
        anna.ok(&["cat", "Plans", "--workspace", name]).ends_with("\nfour").then_some(())
    });
    assert_eq!(running.end(), Some(0));
    assert!(!anna.data.join("socket").exists());
    let printed = fs::read_to_string(anna.data.with_extension("watch")).expect("it printed");
    assert!(printed.contains("Plans\n") && printed.contains("in the folder"), "{printed}");

    // A killed process leaves a socket that nobody listens at.
    drop(ben.watch());
    assert!(ben.data.join("socket").exists());
    ben.ok(&["append", "Plans", "five"]);
    assert_eq!(ben.watch().end(), Some(0));

    // A path that no socket can have.
    let cleo = Installation::new(place.path().join("c".repeat(120)));
    cleo.ok(&["join", "--folder", folder.to_str().expect("a plain path")]);
    let running = cleo.watch();
    cleo.ok(&["append", "Plans", "six"]);
    let socket = PathBuf::from(fs::read_to_string(cleo.data.join("socket.path")).expect("it says where it is"));
    let directory = socket.parent().expect("in a directory of its own");
    assert_eq!(fs::metadata(directory).expect("the directory").permissions().mode() & 0o777, 0o700);
    assert_eq!(running.end(), Some(0));
    assert!(!directory.exists());
}

#[test]
fn commands_on_one_installation_wait_for_each_other() {
    let (_place, _, [anna]) = shared(["anna"]);
    let document = anna.ok(&["new", "Plans"]);
    let words: Vec<String> = (0..6).map(|i| format!("[{i}]")).collect();
    let children: Vec<Child> = words
        .iter()
        .map(|word| anna.command(&["append", &document, word]).spawn().expect("the program starts"))
        .collect();
    for child in children {
        let done = Done::from(child.wait_with_output().expect("it ends"));
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let text = anna.ok(&["cat", &document]);
    assert!(words.iter().all(|word| text.matches(word.as_str()).count() == 1), "{text}");
    assert_eq!(text.lines().count(), words.len());
}

#[test]
fn awkward_text_is_kept_or_refused() {
    let (_place, _, [anna]) = shared(["anna"]);
    let document = anna.ok(&["new", "Täglich 🗓 \"x\" \\ 'y'"]);
    let lines = ["tab\there", "  blanks  ", "e\u{301} 👩‍👩‍👧 \u{2028} שלום", "back\\slash \"quote\" $HOME %s", "\u{FEFF}"];
    anna.ok(&["append", &document, lines[0]]);
    for line in &lines[1..] {
        anna.ok(&["append", &document, line]);
    }
    assert_eq!(anna.ok(&["cat", &document]), lines.join("\n"));
    let before = anna.ok(&["cat", &document]);
    for refused in ["a\rb", "a\u{0B}b", "\u{1b}[2J", "\u{7f}", "\u{85}", "\u{FFFC}", "fine\nnot\u{1}"] {
        assert!(anna.fails(&["append", &document, refused]).contains("control character U+"), "{refused:?}");
        assert!(anna.fails(&["insert", &document, "--at", "0", refused]).contains("control character U+"));
    }
    assert!(anna.fails(&["new", "two\nlines"]).contains("U+000A"));
    let length = before.chars().count().to_string();
    assert!(anna.fails(&["delete", &document, "--at", "1", "--count", &length]).contains(&length));
    assert!(anna.fails(&["insert", &document, "--at", "99999999999999", "x"]).contains("past its end"));
    assert_eq!(anna.ok(&["cat", &document]), before);

    let input = anna.ok(&["new", "From standard input"]);
    let done = anna.fed(&["append", &input, "-"], "one\r\ntwo\r\n\r\nthree 🙂\r\n".as_bytes());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(anna.run(&["cat", &input]).out, "one\ntwo\n\nthree 🙂\n");
    assert_eq!(anna.fed(&["append", &input, "-"], &[0xff, 0xfe]).code, Some(1));
    assert_eq!(anna.fed(&["append", &input, "-"], b"").code, Some(0));
    // An emoji is one position, whatever it takes in bytes.
    anna.ok(&["delete", &input, "--at", "15", "--count", "1"]);
    anna.ok(&["insert", &input, "--at", "3", "\r\nand a half"]);
    let parts: Value = serde_json::from_str(&anna.ok(&["cat", &input, "--format", "json"])).expect("JSON");
    let texts: Vec<&str> = parts["blocks"]
        .as_array()
        .expect("blocks")
        .iter()
        .map(|block| block["content"][0]["text"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(texts[..5], ["one", "and a half", "two", "", "three "]);
    assert_eq!((&parts["id"], &parts["title"]), (&Value::from(input.as_str()), &Value::from("From standard input")));
    assert_eq!(parts["blocks"][0]["attrs"]["kind"], "paragraph");

    // More than a pipe holds, to a reader that goes away.
    let large = "0123456789abcdef\n".repeat(20_000);
    assert_eq!(anna.fed(&["append", &input, "-"], large.as_bytes()).code, Some(0));
    let mut child = anna.command(&["cat", &input]).spawn().expect("the program starts");
    drop(child.stdout.take());
    let done = Done::from(child.wait_with_output().expect("it ends"));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert_eq!(anna.fed(&["append", &input, "-"], &vec![b'x'; 4 << 20]).code, Some(1));
}

#[test]
fn documents_are_found_by_id_beginning_and_title() {
    let (_place, _, [anna]) = shared(["anna"]);
    let first = anna.ok(&["new", "Twice"]);
    let second = anna.ok(&["new", "Twice"]);
    let single = anna.ok(&["new", "Once"]);
    anna.ok(&["append", &single, "found"]);
    let common = first.chars().zip(single.chars()).take_while(|(a, b)| a == b).count() + 1;
    for name in [single.as_str(), "Once", &single.to_uppercase()] {
        assert_eq!(anna.ok(&["cat", name]), "found");
    }
    assert!(anna.fails(&["cat", "Twice"]).contains("several"));
    assert!(anna.fails(&["cat", ""]).contains("no document"));
    assert!(anna.fails(&["cat", "once"]).contains("inkfold list"));
    // Each beginning finds the one that has it, or several.
    let all = [&first, &second, &single];
    for end in 1..=common.max(3) {
        let beginning = &single[..end];
        let found = all.iter().filter(|id| id.starts_with(beginning)).count();
        let done = anna.run(&["cat", beginning]);
        assert_eq!(done.code, Some(i32::from(found != 1)), "{beginning}: {done:?}");
    }
    let listed: Value = serde_json::from_str(&anna.ok(&["list", "--json"])).expect("JSON");
    let ids: Vec<&str> =
        listed.as_array().expect("a list").iter().filter_map(|document| document["id"].as_str()).collect();
    assert!(ids.len() == 3 && all.iter().all(|id| ids.contains(&id.as_str())));
    assert!(anna.ok(&["list"]).contains(&format!("{single}  Once")));

    let line = anna.ok(&["log", "Once"]);
    let columns: Vec<&str> = line.lines().next().expect("a line").split("  ").collect();
    assert_eq!((columns.len(), columns[2], columns[3]), (5, "0", "marker"), "{line}");
    let run: Value = serde_json::from_str(anna.ok(&["log", "Once", "--json"]).lines().next().expect("a line")).unwrap();
    assert_eq!((&run["replica"], &run["kind"]), (&Value::from(columns[0]), &Value::from("marker")));
    assert_eq!(anna.ok(&["log", "Once", "--replica", &columns[0][..6]]), line);
    assert!(anna.fails(&["log", "Once", "--replica", "777777"]).contains("no replica"));
}
