//! Programs that must not outlive this one, however it ends.

use std::ffi::OsStr;
use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// A program to start, and where to say how that went.
type Order = (Command, Sender<io::Result<Child>>);

/// A program that the kernel kills when the one that [`start`]s it has ended. Linux only: elsewhere it can't be started.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Starts a [`command`] from a thread that never ends: for the kernel a child's parent is the thread that started it, and a
/// test's thread ends with the test.
///
/// # Errors
/// It can't be started.
pub fn start(command: Command) -> io::Result<Child> {
    static STARTER: OnceLock<Sender<Order>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, orders) = channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in orders {
                // Whoever asked waits for it, or has ended with this whole process.
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (answer, started) = channel();
    let gone = |_| io::Error::other("the thread that starts programs is gone");
    starter.send((command, answer)).map_err(|_| gone(()))?;
    started.recv().map_err(|_| gone(()))?
}
