//! The shell of Inkfold: one program that is a window when it is started without a command, and a command line
//! when it is given one. What it does for either is the session's work (`inkfold_session`); this crate only
//! translates between the session and the screen, and between the session and the terminal.

#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod cli;
mod commands;
mod images;
mod link;
mod location;
mod log;
mod window;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let data = match location::data_directory(arguments.data) {
        Ok(data) => data,
        Err(error) => {
            eprintln!("inkfold: {error}");
            return ExitCode::FAILURE;
        }
    };
    match arguments.command {
        Some(command) => cli::run(command, arguments.options, data),
        None => window::run(data, arguments.file),
    }
}
