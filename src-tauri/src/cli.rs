//! The command line: `inkfold` alone is the window, with a command it does its work and ends.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use inkfold_session::{Session, SessionError};

/// Documents that several people write, offline, over any shared folder.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Arguments {
    /// Keep this installation's data here instead of in the platform's own place.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub data: Option<PathBuf>,
    /// A workspace's .inkfold file, as the system hands it over when one is opened; the window shows the workspace
    /// that was open last.
    #[arg(value_name = "FILE.inkfold")]
    pub workspace: Option<PathBuf>,
    /// What to do instead of showing the window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done without a window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a workspace, on this machine only or in a folder that a sync service carries.
    Create {
        /// What the workspace is called.
        #[arg(long)]
        name: String,
        /// What the person who writes here is called.
        #[arg(long)]
        person: String,
        /// The folder to share it through.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// Join the workspace that a folder holds.
    Join {
        /// The shared folder.
        folder: PathBuf,
        /// What the person who writes here is called.
        #[arg(long)]
        person: String,
    },
}

/// Does one command's work.
pub fn run(command: Command, data: PathBuf) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("inkfold: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(perform(command, data)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("inkfold: {}", error.failure().message);
            ExitCode::FAILURE
        }
    }
}

async fn perform(command: Command, data: PathBuf) -> Result<(), SessionError> {
    let session = Session::open(data)?;
    let workspace = match command {
        Command::Create { name, person, folder } => session.create_workspace(name, person, folder).await?,
        Command::Join { folder, person } => session.join_workspace(folder, person).await?,
    };
    println!("{} {}", workspace.id, workspace.name);
    session.close().await
}
