//! What strangers can put into a folder to make reading it dear, and what it costs.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use inkfold_folder::kind::MAGIC;
use inkfold_testkit::folder::forge::{Forged, TOPS, bomb};
use serde_json::Value;

use crate::crowd::{Crowd, WORKSPACE};
use crate::join::join_apart;

/// Files that unpack to many megabytes.
const BOMBS: u8 = 200;
/// The length of a file that holds nothing.
const SPARSE: u64 = 10 << 30;

/// Joins a small folder with so many foreign files in it, and worse, while somebody types.
pub fn strangers(files: usize) -> Result<Value, Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let root = scratch.path().join("folder");
    std::fs::create_dir(&root)?;
    Crowd { documents: 20, replicas: 3, events: 20_000, is_small: true }.make(&root)?;
    let data = root.join("inkfold-data");
    fill(&data.join("pictures"), files)?;
    let strange = data.join("strange");
    std::fs::create_dir_all(&strange)?;
    let mut claims = File::create(strange.join("1-1-claims.ink"))?;
    claims.write_all(&MAGIC)?;
    claims.write_all(b"S")?;
    claims.set_len(SPARSE)?;
    File::create(strange.join("2-2-nothing.ink"))?.set_len(SPARSE)?;
    File::create(root.join("film.mkv"))?.set_len(SPARSE)?;
    for seed in 0..BOMBS {
        std::fs::write(strange.join(format!("{seed}-{seed}-bomb.ink")), bomb(WORKSPACE, seed))?;
    }
    for (i, (_, change)) in TOPS.iter().enumerate() {
        let mut forged = Forged::new(WORKSPACE, i as u8);
        change(&mut forged);
        std::fs::write(strange.join(format!("{i}-top.ink")), forged.bytes())?;
    }
    join_apart(&root, &scratch.path().join("data"))
}

fn fill(directory: &Path, files: usize) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(directory)?;
    for i in 0..files {
        File::create(directory.join(format!("{i}.jpg")))?;
    }
    Ok(())
}
