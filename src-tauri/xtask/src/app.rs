//! Building the app, and starting it for somebody to look at.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use inkfold_xtask::display::Display;

use crate::project::{Outcome, Project, output, say};
use crate::setup::{self, Purpose};
use crate::ui;

/// How long a window may take to show its page before its picture is taken as it is.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a window may take to stay where it is put. Some window managers never let it.
const MOVING: Duration = Duration::from_secs(6);

/// How long the app may take to end: it waits a few seconds for the shared folder itself.
const FAREWELL: Duration = Duration::from_secs(10);

/// Builds the app with the UI inside and says where it is.
pub fn build(project: &Project, release: bool) -> Outcome<PathBuf> {
    setup::ensure(Purpose::Build)?;
    ui::ensure_built(project)?;
    compile(project, release)
}

/// Compiles the app as a part of the whole workspace: cargo chooses the features of shared dependencies for what it
/// is asked to build, so asked now for one package and now for all, it would compile the web view's bindings twice.
/// This command itself is left out, since Windows can't replace a program that runs.
pub fn compile(project: &Project, release: bool) -> Outcome<PathBuf> {
    let mut arguments = vec!["build", "--workspace", "--exclude", "inkfold-xtask", "--bins"];
    if release {
        arguments.push("--release");
    }
    project.cargo(&arguments)?;
    Ok(binary(project, release))
}

/// Where cargo leaves the app.
fn binary(project: &Project, release: bool) -> PathBuf {
    let name = if cfg!(windows) { "inkfold.exe" } else { "inkfold" };
    project.target.join(if release { "release" } else { "debug" }).join(name)
}

/// Starts the app on data of its own.
pub fn run(project: &Project, release: bool, fresh: bool) -> Outcome {
    let screen = Screen::find((1200, 800))?;
    let binary = build(project, release)?;
    let data = project.scratch("run");
    if fresh {
        remove(&data)?;
    }
    if !data.exists() {
        make(&data)?;
        prepare(&binary, &data, &["init", "--name", "Sample", "--person", &person()]);
        prepare(&binary, &data, &["welcome"]);
    }
    say(&format!("starting the app on the data in {}", data.display()));
    let mut windows = vec![Window::open(&binary, &data, &screen)?];
    screen.show(project, "run.png", &mut windows)
}

/// Two people's windows over one folder.
pub fn demo(project: &Project) -> Outcome {
    const WIDTH: u32 = 820;
    const HEIGHT: u32 = 900;
    let screen = Screen::find((2 * WIDTH, HEIGHT))?;
    let binary = build(project, false)?;
    let place = project.scratch("demo");
    remove(&place)?;
    let (folder, anna, ben) = (place.join("folder"), place.join("anna"), place.join("ben"));
    for directory in [&folder, &anna, &ben] {
        make(directory)?;
    }
    let shared = folder.to_string_lossy();
    prepare(&binary, &anna, &["init", "--name", "Demo", "--person", "Anna", "--folder", &shared]);
    prepare(&binary, &anna, &["welcome"]);
    prepare(&binary, &ben, &["join", "--folder", &shared, "--person", "Ben"]);
    say(&format!("Anna's window and Ben's share {}", folder.display()));
    let mut windows = vec![Window::open(&binary, &anna, &screen)?, Window::open(&binary, &ben, &screen)?];
    for (window, left) in windows.iter().zip([0, WIDTH]) {
        window.place(&screen, (left, 0), (WIDTH, HEIGHT));
    }
    screen.show(project, "demo.png", &mut windows)
}

/// The desktop's screen, or a virtual one.
enum Screen {
    Desktop,
    Virtual(Display),
}

impl Screen {
    fn find(size: (u32, u32)) -> Outcome<Screen> {
        if setup::has_display() {
            return Ok(Screen::Desktop);
        }
        setup::ensure(Purpose::Screen)?;
        let display = Display::start(size).map_err(|error| format!("no virtual screen: {error}"))?;
        say(&format!("there is no display here, so the app draws on a virtual one, {}", display.name()));
        Ok(Screen::Virtual(display))
    }

    fn lend_to(&self, command: &mut Command) {
        if let Screen::Virtual(display) = self {
            display.lend_to(command);
        }
    }

    /// On a desktop, until the last window is closed; where nobody can see them, until their picture is taken.
    fn show(&self, project: &Project, picture: &str, windows: &mut [Window]) -> Outcome {
        let Screen::Virtual(display) = self else {
            return windows.iter_mut().try_for_each(Window::wait);
        };
        let picture = project.scratch(picture);
        display.settled_picture(&picture, PATIENCE).map_err(|error| format!("no picture: {error}"))?;
        println!("Picture: {}", picture.display());
        windows.iter_mut().try_for_each(Window::end)
    }
}

/// A running app, ended with this value.
struct Window(Child);

impl Window {
    fn open(binary: &Path, data: &Path, screen: &Screen) -> Outcome<Window> {
        let mut command = Command::new(binary);
        command.arg("--data").arg(data).stdin(Stdio::null());
        screen.lend_to(&mut command);
        command.spawn().map(Window).map_err(|error| format!("{} can't be started: {error}", binary.display()))
    }

    /// Puts the window somewhere. Only X11 lets one program do this to another; elsewhere it stays where it is.
    fn place(&self, screen: &Screen, (left, top): (u32, u32), (width, height): (u32, u32)) {
        let id = self.0.id().to_string();
        let xdotool = |arguments: &str| {
            let mut command = Command::new("xdotool");
            command
                .args(["search", "--all", "--onlyvisible", "--pid", &id, "--name", "Inkfold"])
                .args(arguments.split(' '));
            screen.lend_to(&mut command);
            output(&mut command).unwrap_or_default()
        };
        let wanted = [format!("Position: {left},{top} "), format!("Geometry: {width}x{height}")];
        let end = Instant::now() + MOVING;
        let mut times = 0;
        // A window that is just being drawn for the first time takes a size and then its own again, so it counts
        // only when it has kept what it was given.
        while times < 2 && Instant::now() < end {
            let geometry = xdotool("getwindowgeometry");
            if wanted.iter().all(|line| geometry.contains(line)) {
                times += 1;
            } else {
                times = 0;
                xdotool(&format!("windowsize {width} {height} windowmove {left} {top}"));
            }
            thread::sleep(Duration::from_millis(300));
        }
    }

    fn wait(&mut self) -> Outcome {
        let status = self.0.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("the app failed ({status})")) }
    }

    /// Asks the app to close, as the end of a login session does, and sees that it does.
    fn end(&mut self) -> Outcome {
        output(Command::new("kill").arg(self.0.id().to_string()))?;
        let end = Instant::now() + FAREWELL;
        while Instant::now() < end {
            if self.0.try_wait().map_err(|error| error.to_string())?.is_some() {
                return self.wait();
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err("the app does not end when it is asked to".into())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // It has ended, or something went wrong and it must not stay.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Makes a sample through the command line. If that fails the window still starts, at its first page.
fn prepare(binary: &Path, data: &Path, arguments: &[&str]) {
    let mut command = Command::new(binary);
    command.arg("--data").arg(data).args(arguments);
    if let Err(error) = output(&mut command) {
        say(&format!("the sample could not be made, so the window starts empty: {error}"));
    }
}

/// The name to sign the sample with.
fn person() -> String {
    ["USER", "USERNAME"].iter().find_map(|variable| std::env::var(variable).ok()).unwrap_or_else(|| "Writer".into())
}

fn make(directory: &Path) -> Outcome {
    fs::create_dir_all(directory).map_err(|error| format!("{} can't be made: {error}", directory.display()))
}

fn remove(directory: &Path) -> Outcome {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} can't be removed: {error}", directory.display()))
        }
        _ => Ok(()),
    }
}
