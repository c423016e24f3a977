//! The command line, for scripts and for machines without a screen: `inkfold` alone is the window, with a command it
//! does its work and ends.
//!
//! Results go to standard output and nothing else does. Messages go to standard error and say what to do. The exit
//! code is 0 where all was done, 1 where something failed, 2 where the command wasn't understood.

mod ask;
mod output;
mod show;
mod verify;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use inkfold_session::wire::Failure;
use inkfold_session::{Profile, Request, SessionError};

use output::Printer;

/// Documents that several people write, offline, over any shared folder.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Arguments {
    /// Keep this installation's data here instead of in the platform's own place.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub data: Option<PathBuf>,
    /// A workspace's .inkfold file, as the system hands it over when one is opened; the window shows the workspace
    /// that was open last.
    #[arg(value_name = "FILE.inkfold", value_parser = workspace_file)]
    pub file: Option<PathBuf>,
    /// How a command is to be understood.
    #[command(flatten)]
    pub options: Options,
    /// What to do instead of showing the window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What goes for several commands.
#[derive(Debug, Args)]
pub struct Options {
    /// The workspace, where there are several: its id, the beginning of its id, or its name.
    #[arg(long, global = true, value_name = "WORKSPACE")]
    workspace: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// What can be done without a window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a workspace and print its id.
    Init {
        /// The folder to share it through, which a sync service carries; without one it stays on this machine.
        #[arg(long, required_unless_present = "name", value_hint = clap::ValueHint::DirPath)]
        folder: Option<PathBuf>,
        /// What the workspace is called; the folder's name, if nothing is said.
        #[arg(long)]
        name: Option<String>,
        /// What the person who writes here is called; the user's name on this machine, if nothing is said.
        #[arg(long)]
        person: Option<String>,
    },
    /// Join the workspace that a folder holds, and print its id.
    Join {
        /// The shared folder.
        #[arg(long, value_hint = clap::ValueHint::DirPath)]
        folder: PathBuf,
        /// What the person who writes here is called; the user's name on this machine, if nothing is said.
        #[arg(long)]
        person: Option<String>,
    },
    /// Make the document that shows a newcomer around, and print its id.
    #[command(hide = true)]
    Welcome,
    /// Make a document and print its id.
    New {
        /// Its title.
        title: String,
    },
    /// List the documents, the one that was edited last first.
    List,
    /// Add text as a document's last block; a last block that is empty is filled.
    Append {
        /// The document: its id, the beginning of its id, or its exact title.
        #[arg(value_name = "DOC")]
        document: String,
        #[command(flatten)]
        text: Text,
    },
    /// Insert text into a document.
    Insert {
        /// The document: its id, the beginning of its id, or its exact title.
        #[arg(value_name = "DOC")]
        document: String,
        /// After so many characters of what `cat` prints.
        #[arg(long, value_name = "N")]
        at: u64,
        #[command(flatten)]
        text: Text,
    },
    /// Delete characters of a document; deleting a line's end joins two blocks.
    Delete {
        /// The document: its id, the beginning of its id, or its exact title.
        #[arg(value_name = "DOC")]
        document: String,
        /// After so many characters of what `cat` prints.
        #[arg(long, value_name = "N")]
        at: u64,
        /// So many characters.
        #[arg(long, value_name = "N")]
        count: u64,
    },
    /// Print a document: a line for each block, or everything as JSON.
    Cat {
        /// The document: its id, the beginning of its id, or its exact title.
        #[arg(value_name = "DOC")]
        document: String,
        /// How.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Print what was written to a document, a line for each run of events: replica, number of the record, seq of the
    /// first event, kind, time.
    Log {
        /// The document: its id, the beginning of its id, or its exact title.
        #[arg(value_name = "DOC")]
        document: String,
        /// Only what this replica wrote: its id, or the beginning of it.
        #[arg(long)]
        replica: Option<String>,
    },
    /// Share the workspace through a folder, or move it to another one: this workspace is there already, or everything that
    /// is held here is published into it.
    Share {
        /// The folder, which a sync service carries.
        #[arg(long, value_hint = clap::ValueHint::DirPath)]
        folder: PathBuf,
    },
    /// Take the workspace out of its shared folder: it goes on on this machine, and the files stay.
    Leave,
    /// Begin a new database for a workspace whose own is lost and that has no shared folder, with what can be read of the
    /// old one, which stays where it was put aside.
    Salvage,
    /// Read the shared folder once, and publish there what isn't in it yet.
    Sync {
        /// Go on until interrupted, and print what changes.
        #[arg(long)]
        watch: bool,
    },
    /// Check everything that is stored, and every file of the shared folder; fails if anything needs attention. Nothing is
    /// changed, and Inkfold may run meanwhile.
    Verify {
        /// Read all images and attachments in the folder, too. Where the sync service has to fetch them, that takes long.
        #[arg(long)]
        blobs: bool,
    },
}

/// The text to write.
#[derive(Debug, Args)]
pub struct Text {
    /// The text, “-” for what comes on standard input (without its last line feed). Line feeds begin blocks. Put
    /// “--” before a text that begins with a dash.
    text: String,
}

/// How a document is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line for each block.
    Text,
    /// Blocks with their attributes and marks.
    Json,
}

/// Why a command failed.
enum Trouble {
    /// With these words.
    Failure(Failure),
    /// What is to be said was printed already.
    Told,
}

impl From<SessionError> for Trouble {
    fn from(error: SessionError) -> Self {
        Trouble::Failure(error.failure())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Failure(failure)
    }
}

fn trouble(code: &str, message: impl Into<String>) -> Trouble {
    Trouble::Failure(Failure { code: code.into(), message: message.into() })
}

/// Does one command's work.
pub fn run(command: Command, options: Options, data: PathBuf) -> ExitCode {
    let printer = Printer::new(options.json);
    match perform(command, options.workspace.as_deref(), &data, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Told) => ExitCode::FAILURE,
        Err(Trouble::Failure(failure)) => {
            output::message(&failure.message);
            ExitCode::FAILURE
        }
    }
}

fn perform(command: Command, wanted: Option<&str>, data: &Path, printer: &Printer) -> Result<(), Trouble> {
    let chosen = || -> Result<String, Trouble> { Ok(Profile::open(data)?.choose(wanted)?.to_string()) };
    let (request, folder) = match command {
        Command::List => return show::list(data, wanted, printer),
        Command::Cat { document, format } => {
            let format = if printer.is_json() { Format::Json } else { format };
            return show::cat(data, wanted, &document, format, printer);
        }
        Command::Log { document, replica } => return show::log(data, wanted, &document, replica.as_deref(), printer),
        Command::Verify { blobs } => return verify::run(data, wanted, blobs, printer),
        Command::Sync { watch: true } => return watch::run(data, wanted, printer),
        Command::Sync { watch: false } => {
            let answer = ask::session(data, &Request::Sync { workspace: chosen()? })?;
            return ask::synced(&answer, printer);
        }
        Command::Init { folder, name, person } => {
            let folder = folder.map(|folder| absolute(&folder)).transpose()?;
            let name = name.or_else(|| folder.as_ref().and_then(|folder| own_name(folder)));
            let name =
                name.ok_or_else(|| trouble("name", "the folder has no name of its own; give one with --name"))?;
            (Request::Init { name, person: person.unwrap_or_else(person_here), folder: folder.clone() }, folder)
        }
        Command::Join { folder, person } => {
            let folder = absolute(&folder)?;
            (Request::Join { folder: folder.clone(), person: person.unwrap_or_else(person_here) }, None)
        }
        Command::New { title } => (Request::New { workspace: chosen()?, title }, None),
        Command::Share { folder } => (Request::Share { workspace: chosen()?, folder: absolute(&folder)? }, None),
        Command::Leave => (Request::Leave { workspace: chosen()? }, None),
        Command::Salvage => (Request::Salvage { workspace: chosen()? }, None),
        Command::Welcome => (Request::Welcome { workspace: chosen()? }, None),
        Command::Append { document, text } => {
            (Request::Append { workspace: chosen()?, document, text: ask::text(text.text)? }, None)
        }
        Command::Insert { document, at, text } => {
            (Request::Insert { workspace: chosen()?, document, at, text: ask::text(text.text)? }, None)
        }
        Command::Delete { document, at, count } => {
            (Request::Delete { workspace: chosen()?, document, at, count }, None)
        }
    };
    let answer = ask::session(data, &request).map_err(|failure| match folder {
        // It would be somebody else's way to begin; nobody wants a second workspace in one folder.
        Some(folder) if failure.code == "genesis/exists" => Failure {
            message: format!("{}. To write in it here: inkfold join --folder '{}'", failure.message, folder.display()),
            ..failure
        },
        _ => failure,
    })?;
    ask::warn(&answer);
    match answer.made {
        Some(id) => printer.made(&id),
        None => Ok(()),
    }
}

/// A workspace's file. Anything else was meant to be a command.
fn workspace_file(argument: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(argument);
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("inkfold")) {
        Ok(path)
    } else {
        Err("there is no such command, and a workspace's file ends in .inkfold".into())
    }
}

/// The folder as another process finds it, too.
fn absolute(folder: &Path) -> Result<PathBuf, Trouble> {
    std::path::absolute(folder).map_err(|error| trouble("files", format!("{}: {error}", folder.display())))
}

fn own_name(folder: &Path) -> Option<String> {
    // “.” and “..” have none; the directory that they stand for has.
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    Some(folder.file_name()?.to_string_lossy().into_owned())
}

fn person_here() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].iter().filter_map(|variable| std::env::var(variable).ok());
    named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_else(|| "Somebody".into())
}
