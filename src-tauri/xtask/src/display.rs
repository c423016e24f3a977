//! A screen of our own where the machine has none, and pictures of what it shows.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long the X server may take to be ready. It takes a tenth of a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A virtual screen that ends with this value, or with this process however that ends.
#[derive(Debug)]
pub struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts a screen of this width and height. The server chooses the number: two runs on one machine that
    /// each chose a fixed one would draw on each other's screen.
    pub fn start((width, height): (u32, u32)) -> io::Result<Display> {
        // The server asks the kernel to be killed with its parent, and for the kernel that is the thread that
        // started it. A test's thread ends with the test, so the parent is a thread that never ends.
        let (answer, started) = mpsc::channel();
        thread::Builder::new().name("screen".into()).spawn(move || {
            if answer.send(launch(width, height)).is_ok() {
                loop {
                    thread::park();
                }
            }
        })?;
        started.recv_timeout(PATIENCE).map_err(|_| io::Error::other("Xvfb did not say its display's number"))?
    }

    /// The display's name, such as `:99`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a program draw on this screen, and keeps it from what a machine without a desktop lacks.
    pub fn lend_to(&self, program: &mut Command) {
        program
            .env("DISPLAY", &self.name)
            .env("GDK_BACKEND", "x11")
            // There is no message bus to ask, and none must be started that outlives the program.
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env("NO_AT_BRIDGE", "1")
            // Without a graphics card this renderer only costs memory and time.
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
            .env_remove("WAYLAND_DISPLAY");
    }

    /// Saves what the screen shows as a PNG.
    pub fn picture(&self, file: &Path) -> io::Result<()> {
        let status = self.import().arg(file).stdin(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("`import` took no picture")) }
    }

    /// Waits until the screen shows something that stays the same for a moment, then saves it. A blinking caret
    /// never stays the same, so whatever is there when the patience ends is taken too.
    pub fn settled_picture(&self, file: &Path, patience: Duration) -> io::Result<()> {
        let end = Instant::now() + patience;
        let mut before = Vec::new();
        while Instant::now() < end {
            let now = self.pixels()?;
            if now == before && now.chunks(3).any(|pixel| pixel != &now[..3]) {
                break;
            }
            before = now;
            thread::sleep(Duration::from_millis(400));
        }
        self.picture(file)
    }

    /// Three bytes a pixel: a picture file's bytes would differ with the clock.
    fn pixels(&self) -> io::Result<Vec<u8>> {
        let output = self.import().args(["-depth", "8", "rgb:-"]).stdin(Stdio::null()).output()?;
        if output.status.success() { Ok(output.stdout) } else { Err(io::Error::other("`import` took no picture")) }
    }

    fn import(&self) -> Command {
        let mut import = Command::new("import");
        import.args(["-display", &self.name, "-window", "root"]);
        import
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the kernel ends the server with this process anyway.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn launch(width: u32, height: u32) -> io::Result<Display> {
    let mut server = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "Xvfb", "-displayfd", "1", "-nolisten", "tcp"])
        .args(["-screen", "0", &format!("{width}x{height}x24")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut number = String::new();
    if let Some(output) = server.stdout.take() {
        BufReader::new(output).read_line(&mut number)?;
    }
    let number = number.trim();
    if number.is_empty() {
        let _ = server.kill();
        let _ = server.wait();
        return Err(io::Error::other("Xvfb did not start; is it installed?"));
    }
    Ok(Display { name: format!(":{number}"), server })
}
