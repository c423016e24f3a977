//! A screen of our own where the machine has none, and pictures of what it shows.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::child;

/// How long the X server may take to be ready. It takes a tenth of a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a screen that may still change: longer than a frame, shorter than a caret's blink.
const BREATH: Duration = Duration::from_millis(300);

/// The window that is the whole screen.
const WHOLE: &str = "root";

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
        // A server that says nothing must not hold anybody up.
        let (answer, started) = mpsc::channel();
        thread::Builder::new().name("screen".into()).spawn(move || {
            // Who no longer waits for it lets it end.
            let _ = answer.send(launch(width, height));
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
        self.import(WHOLE, file)
    }

    /// Saves what the screen shows once it shows something that stays the same for a moment, or after this long:
    /// a caret that blinks never stays the same.
    pub fn settled_picture(&self, file: &Path, patience: Duration) -> io::Result<()> {
        self.settle(WHOLE, patience)?;
        self.import(WHOLE, file)
    }

    /// Saves one program's window, laid on top of the others first: what is covered is not drawn.
    pub fn window_picture(&self, process: u32, file: &Path) -> io::Result<()> {
        let window = self.window(process)?;
        self.xdotool(&["windowraise", &window])?;
        self.settle(&window, Duration::from_secs(2))?;
        self.import(&window, file)
    }

    /// Gives one program's window another size.
    pub fn resize_window(&self, process: u32, (width, height): (u32, u32)) -> io::Result<()> {
        let window = self.window(process)?;
        self.xdotool(&["windowsize", &window, &width.to_string(), &height.to_string()]).map(drop)
    }

    fn window(&self, process: u32) -> io::Result<String> {
        let found =
            self.xdotool(&["search", "--all", "--onlyvisible", "--pid", &process.to_string(), "--name", "."])?;
        let window = found.lines().next_back().map(str::to_owned);
        window.ok_or_else(|| io::Error::other("the program shows no window"))
    }

    fn xdotool(&self, arguments: &[&str]) -> io::Result<String> {
        let mut command = Command::new("xdotool");
        self.lend_to(command.args(arguments));
        let output = command.stdin(Stdio::null()).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn settle(&self, window: &str, patience: Duration) -> io::Result<()> {
        let end = Instant::now() + patience;
        let mut before = Vec::new();
        while Instant::now() < end {
            let now = self.pixels(window)?;
            if now == before && now.chunks(3).any(|pixel| pixel != &now[..3]) {
                break;
            }
            before = now;
            thread::sleep(BREATH);
        }
        Ok(())
    }

    /// Three bytes a pixel: a picture file's bytes would differ with the clock.
    fn pixels(&self, window: &str) -> io::Result<Vec<u8>> {
        let arguments = ["-display", &self.name, "-window", window, "-depth", "8", "rgb:-"];
        let output = Command::new("import").args(arguments).stdin(Stdio::null()).output()?;
        if output.status.success() { Ok(output.stdout) } else { Err(no_picture()) }
    }

    fn import(&self, window: &str, file: &Path) -> io::Result<()> {
        let mut import = Command::new("import");
        import.args(["-display", &self.name, "-window", window]).arg(file).stdin(Stdio::null());
        if import.status()?.success() { Ok(()) } else { Err(no_picture()) }
    }
}

fn no_picture() -> io::Error {
    io::Error::other("`import` took no picture")
}

impl Drop for Display {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the kernel ends the server with this process anyway.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn launch(width: u32, height: u32) -> io::Result<Display> {
    let mut command = child::command("Xvfb");
    command
        .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", &format!("{width}x{height}x24")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut server = child::start(command)?;
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
