//! `inkfold verify` on a folder that has one of each fault: every one is told, with what to do, and the exit code says so.

use std::fs;
use std::path::{Path, PathBuf};

use inkfold_tests::{Installation, shared};
use serde_json::Value;

fn segments(folder: &Path) -> Vec<PathBuf> {
    let directories = fs::read_dir(folder.join("inkfold-data")).expect("a folder").flatten();
    let files = directories.filter_map(|entry| fs::read_dir(entry.path()).ok()).flatten().flatten();
    let mut found: Vec<PathBuf> =
        files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|kind| kind == "ink")).collect();
    found.sort();
    found
}

fn check(installation: &Installation, more: &[&str]) -> (Option<i32>, Value) {
    let done = installation.run(&[&["verify", "--json"], more].concat());
    (done.code, serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:?}")))
}

#[test]
fn one_of_each_fault_is_told_with_what_to_do() {
    let (place, folder, [anna, ben]) = shared(["anna", "ben"]);
    anna.ok(&["new", "Plans"]);
    anna.ok(&["append", "Plans", "one"]);
    ben.ok(&["sync"]);
    let (code, well) = check(&anna, &[]);
    assert_eq!((code, &well["well"], &well["folder"]["root"]), (Some(0), &true.into(), &"root/ready".into()), "{well}");
    assert!(ben.ok(&["verify"]).ends_with("All is well."));

    // Ben builds on what Anna wrote; Cleo gets his file and not hers.
    let before = segments(&folder);
    anna.ok(&["append", "Plans", "two"]);
    let annas: Vec<PathBuf> = segments(&folder).into_iter().filter(|path| !before.contains(path)).collect();
    ben.ok(&["sync"]);
    ben.ok(&["append", "Plans", "three"]);
    ben.ok(&["sync"]);
    for (i, file) in annas.iter().enumerate() {
        fs::rename(file, place.path().join(i.to_string())).expect("the service holds it back");
    }
    let sound = fs::read(segments(&folder).first().expect("a file")).expect("it can be read");
    let changed = |at: usize, byte: u8| -> Vec<u8> {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        bytes
    };
    let data = folder.join("inkfold-data");
    let blobs = data.join("blobs");
    fs::create_dir_all(&blobs).expect("a directory");
    let faults: [(PathBuf, Vec<u8>, &str); 7] = [
        (data.join("cut.ink"), sound[..sound.len() / 2].to_vec(), "file/incomplete"),
        (data.join("damaged.ink"), changed(sound.len() / 2, sound[sound.len() / 2] ^ 1), "file/incomplete"),
        (data.join("unsigned.ink"), changed(sound.len() - 1, sound[sound.len() - 1] ^ 1), "file/bad-signature"),
        (data.join("newer.ink"), changed(9, 99), "file/newer-format"),
        (data.join("letter.ink"), b"Dear Mr Holm, here is the letter".to_vec(), "file/not-ours"),
        (data.join("part.inc"), changed(8, b'C'), "file/incomplete"),
        (blobs.join("picture.inb"), b"no blob at all".to_vec(), "file/not-ours"),
    ];
    for (path, bytes, _) in &faults {
        fs::write(path, bytes).expect("a file");
    }
    let cleo = Installation::new(place.path().join("cleo"));
    cleo.ok(&["join", "--folder", folder.to_str().expect("a plain path"), "--person", "Cleo"]);

    let (code, sick) = check(&cleo, &["--blobs"]);
    assert_eq!((code, &sick["well"]), (Some(1), &false.into()));
    let list = |name: &str| sick["folder"][name].as_array().expect("a list").clone();
    for (path, _, code) in &faults {
        let path = path.strip_prefix(&folder).expect("below").display().to_string();
        let refused = list("refused").into_iter().find(|file| file["path"] == path.as_str());
        let refused = refused.unwrap_or_else(|| panic!("{path} is not told: {sick}"));
        assert_eq!(refused["code"], *code, "{path}");
        assert!(!refused["reason"].as_str().expect("text").is_empty());
        assert!(refused["remedy"].as_str().is_some_and(|remedy| remedy.ends_with('.')), "{refused}");
    }
    assert_eq!(list("refused").len(), faults.len(), "{sick}");
    let waiting = list("waiting");
    assert_eq!(waiting.len(), 1, "{sick}");
    assert_eq!(waiting[0]["author"]["person"], "ben");
    assert_eq!(waiting[0]["awaited"]["person"], "anna");
    assert_eq!(sick["store"]["findings"], Value::Array(vec![]));
    let people: Vec<Value> = list("people").into_iter().map(|person| person["peer"]["person"].clone()).collect();
    assert_eq!(people, ["anna", "ben"]);

    // In words, the same; without being asked, no attachment is read.
    let told = cleo.run(&["verify"]);
    assert_eq!(told.code, Some(1));
    assert!(told.out.contains("waits for changes of anna") && told.out.contains("to open Inkfold"), "{}", told.out);
    assert!(told.out.contains("[file/bad-signature]") && !told.out.contains("picture.inb"), "{}", told.out);

    // Looking has changed nothing: once the faults are gone, all is well, for everybody.
    faults.iter().for_each(|(path, ..)| fs::remove_file(path).expect("it goes"));
    for (i, file) in annas.iter().enumerate() {
        fs::rename(place.path().join(i.to_string()), file).expect("it arrives");
    }
    for installation in [&cleo, &anna, &ben] {
        installation.ok(&["sync"]);
        assert_eq!(check(installation, &["--blobs"]).0, Some(0));
    }
}
