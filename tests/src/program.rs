//! Where the program under test is.

use std::path::PathBuf;

/// Where cargo builds: this test's program lies in `deps/` of one of its directories.
pub fn target_directory() -> PathBuf {
    let program = std::env::current_exe().expect("a test knows its program");
    program.ancestors().nth(2).expect("a test lies in deps/").to_path_buf()
}

/// The app that was built beside this test: the window, and the command line.
///
/// # Panics
/// It was not built.
pub fn binary() -> PathBuf {
    let binary = target_directory().join("inkfold");
    assert!(binary.is_file(), "{} is not built; `cargo xtask test` builds it first", binary.display());
    // The kernel names a process's program by its true path.
    binary.canonicalize().expect("the file is there")
}
