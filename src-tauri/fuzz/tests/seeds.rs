//! Every seed that is kept goes once through its target: most are there because something was wrong with them once.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// What a fuzzer hands its bytes to.
type Target = fn(&[u8]);

#[test]
fn seeds_are_handled() {
    let targets: [(&str, Target); 8] = [
        ("record", inkfold_fuzz::record),
        ("block", inkfold_fuzz::block),
        ("segment", inkfold_fuzz::segment),
        ("checkpoint", inkfold_fuzz::checkpoint),
        ("blob", inkfold_fuzz::blob),
        ("acknowledgement", inkfold_fuzz::acknowledgement),
        ("presence", inkfold_fuzz::presence),
        ("history", inkfold_fuzz::history),
    ];
    for (name, target) in targets {
        let seeds = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name)).unwrap();
        for seed in seeds {
            let path = seed.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(&path).unwrap());
        }
    }
}
