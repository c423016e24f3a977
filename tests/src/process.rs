//! The app's process. The driver starts it, so it is no child of ours and has to be looked for.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// The processes that run this program on this data directory.
pub fn running(binary: &Path, data: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mark = [b"INKFOLD_DATA=", data.as_os_str().as_bytes()].concat();
    entries
        .flatten()
        .filter_map(|entry| Some((entry.path(), Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?)))
        .filter(|(process, _)| {
            // The web view's own processes inherit the environment, but are other programs.
            fs::read_link(process.join("exe")).is_ok_and(|program| program == binary)
                && fs::read(process.join("environ"))
                    .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|variable| variable == mark))
        })
        .map(|(_, id)| id)
        .collect()
}

/// A process's number.
pub fn number(process: Pid) -> u32 {
    process.as_raw_nonzero().get().unsigned_abs()
}

/// Asks a process to end.
pub fn ask_to_end(process: Pid) {
    // It may have ended just now, which is what is wanted.
    let _ = kill_process(process, Signal::TERM);
}

/// Ends a process as a power cut does.
pub fn kill(process: Pid) {
    let _ = kill_process(process, Signal::KILL);
}
