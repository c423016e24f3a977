//! An installation as its command line shows it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::program::binary;
use crate::wait::wait_until;

/// An installation: a data directory, and the command line on it. Where something is not as a test needs it, these
/// methods fail the test and say why.
pub struct Installation {
    /// Where it keeps its data.
    pub data: PathBuf,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it said besides.
    pub err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("only text is printed");
        Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Installation {
    /// An installation that keeps its data here.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Installation { data: data.into() }
    }

    /// A command of this installation's, ready to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.env("INKFOLD_DATA", &self.data).args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts a command and doesn't wait for it.
    #[track_caller]
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the program starts")
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Done {
        self.command(arguments).output().expect("the program starts").into()
    }

    /// Runs what must work; gives what it printed, without the last line feed.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        done.out.strip_suffix('\n').unwrap_or(&done.out).to_owned()
    }

    /// Whether `verify` finds nothing that waits or was refused. Records that no file holds for the moment are another matter:
    /// they are published again within a day.
    pub fn has_taken_in_everything(&self) -> bool {
        let told: serde_json::Value = serde_json::from_str(&self.run(&["verify", "--json"]).out).unwrap_or_default();
        let is_empty = |list: &str| told["folder"][list].as_array().is_some_and(Vec::is_empty);
        is_empty("waiting") && is_empty("refused") && told["store"]["waiting"] == 0 && told["folder"]["new"] == 0
    }

    /// Runs what must fail; gives its message.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.code, Some(1), "{arguments:?}: {done:?}");
        assert!(done.out.is_empty() && done.err.starts_with("inkfold: ") && done.err.ends_with('\n'), "{done:?}");
        done.err
    }

    /// Runs a command with something on its standard input.
    #[track_caller]
    pub fn fed(&self, arguments: &[&str], input: &[u8]) -> Done {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
        // A program that has read enough doesn't read the rest.
        let _ = child.stdin.take().expect("it was asked for").write_all(input);
        child.wait_with_output().expect("it ends").into()
    }

    /// Starts `sync --watch`, and waits until it says how things stand.
    #[track_caller]
    pub fn watch(&self) -> Watch {
        self.watch_with(self.command(&["sync", "--watch"]))
    }

    /// As [`Installation::watch`], by this command.
    #[track_caller]
    pub fn watch_with(&self, mut command: Command) -> Watch {
        let path = self.data.with_extension("watch");
        let log = fs::File::create(&path).expect("a log can be written");
        let watch = Watch(command.stdout(log).stderr(Stdio::null()).spawn().expect("the program starts"));
        wait_until("the watching process is in step", || {
            fs::read_to_string(&path).is_ok_and(|printed| printed.contains("in the folder")).then_some(())
        });
        watch
    }
}

/// A `sync --watch`, killed with this value.
pub struct Watch(Child);

impl Watch {
    /// Asks it to end; its exit code.
    #[track_caller]
    pub fn end(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.0), Signal::TERM).expect("it runs");
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A place with a folder, and as many installations in it as there are names.
#[track_caller]
pub fn shared<const N: usize>(names: [&str; N]) -> (TempDir, PathBuf, [Installation; N]) {
    let place = TempDir::new().expect("a directory");
    let folder = place.path().join("Team notes");
    let mut first = true;
    let all = names.map(|name| {
        let installation = Installation::new(place.path().join(name));
        let way = if std::mem::take(&mut first) { "init" } else { "join" };
        installation.ok(&[way, "--folder", path_text(&folder), "--person", name]);
        installation
    });
    (place, folder, all)
}

/// A path as an argument.
#[track_caller]
pub fn path_text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Numbers that are the same at every run.
pub struct Dice(pub u64);

impl Dice {
    /// A number below this one, which is 0 where there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}
