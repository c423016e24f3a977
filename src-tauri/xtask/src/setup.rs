//! What the machine must have before anything builds or runs, installed where that is possible.

use std::env;
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::project::{Outcome, is_installed, output, run, say};

/// The oldest Node that the UI's tools run on.
const NODE: (u32, u32) = (20, 19);

/// What for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// To build the app.
    Build,
    /// To run it where there is no display.
    Screen,
    /// To drive it from tests, on a screen of their own, so that nobody's keys go astray; and what carries folders there.
    Test,
}

/// How to see whether something is there.
enum Sign {
    Program(&'static str),
    Library(&'static str),
    /// Without any font WebKit draws boxes.
    Font,
}

/// A thing that Linux may lack: from which purpose on, its sign, its package on Debian, Fedora and Arch.
struct Need(Purpose, Sign, &'static str, &'static str, &'static str);

const LINUX: &[Need] = &[
    Need(Purpose::Build, Sign::Program("cc"), "build-essential", "gcc", "base-devel"),
    Need(Purpose::Build, Sign::Program("pkg-config"), "pkg-config", "pkgconf", "pkgconf"),
    Need(
        Purpose::Build,
        Sign::Library("webkit2gtk-4.1"),
        "libwebkit2gtk-4.1-dev",
        "webkit2gtk4.1-devel",
        "webkit2gtk-4.1",
    ),
    Need(Purpose::Screen, Sign::Program("Xvfb"), "xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    Need(Purpose::Screen, Sign::Program("setpriv"), "util-linux", "util-linux", "util-linux"),
    Need(Purpose::Screen, Sign::Program("import"), "imagemagick", "ImageMagick", "imagemagick"),
    Need(Purpose::Screen, Sign::Program("xdotool"), "xdotool", "xdotool", "xdotool"),
    Need(Purpose::Screen, Sign::Program("fc-list"), "fontconfig", "fontconfig", "fontconfig"),
    Need(Purpose::Screen, Sign::Font, "fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu"),
    Need(Purpose::Test, Sign::Program("WebKitWebDriver"), "webkit2gtk-driver", "webkitgtk6.0", "webkitgtk-6.0"),
    Need(Purpose::Test, Sign::Program("syncthing"), "syncthing", "syncthing", "syncthing"),
    Need(Purpose::Test, Sign::Program("rclone"), "rclone", "rclone", "rclone"),
];

/// Sees to everything that this purpose needs, and what the ones before it need.
pub fn ensure(purpose: Purpose) -> Outcome {
    ensure_node()?;
    if !cfg!(target_os = "linux") {
        return if purpose < Purpose::Screen {
            Ok(())
        } else {
            Err("this runs on Linux only: there the web view has a driver, and a screen can be virtual".into())
        };
    }
    let missing = missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    if is_installed("apt-get") {
        install(&missing)?;
        let still = self::missing(purpose);
        if still.is_empty() {
            return Ok(());
        }
        return Err(format!("these are still missing after their installation: {}", names(&still, |need| need.2)));
    }
    Err(format!(
        "packages are missing. Install them and start again:\n  Debian, Ubuntu: {}\n  Fedora: {}\n  Arch: {}",
        names(&missing, |need| need.2),
        names(&missing, |need| need.3),
        names(&missing, |need| need.4),
    ))
}

/// Whether a window can be shown here without a virtual screen.
pub fn has_display() -> bool {
    let is_set = |variable| env::var_os(variable).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

fn ensure_node() -> Outcome {
    let (major, minor) = NODE;
    let wanted = format!("Node {major}.{minor} or newer, with npm, is needed to build the UI");
    if !is_installed("node") || !is_installed("npm") {
        return Err(format!("{wanted}, and there is none on the PATH. Install it and start again."));
    }
    let version = output(Command::new("node").arg("--version"))?;
    match parse_version(&version) {
        Some(found) if found >= NODE => Ok(()),
        _ => Err(format!("{wanted}; this one is {}.", version.trim())),
    }
}

/// `v20.20.2` as (20, 20).
fn parse_version(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim().trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn missing(purpose: Purpose) -> Vec<&'static Need> {
    LINUX.iter().filter(|need| need.0 <= purpose && !is_there(&need.1)).collect()
}

fn is_there(sign: &Sign) -> bool {
    let succeeds = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    match sign {
        Sign::Program(name) => is_installed(name),
        Sign::Library(name) => succeeds("pkg-config", &["--exists", name]),
        Sign::Font => output(&mut Command::new("fc-list")).is_ok_and(|fonts| !fonts.trim().is_empty()),
    }
}

fn names(needs: &[&Need], name: impl Fn(&Need) -> &'static str) -> String {
    needs.iter().map(|need| name(need)).collect::<Vec<_>>().join(" ")
}

fn install(missing: &[&Need]) -> Outcome {
    let packages = names(missing, |need| need.2);
    say(&format!("installing system packages: {packages}"));
    apt_get(&["update", "-q"])?;
    // Another installation may be under way, such as the system's own updates; it is waited for.
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600"];
    arguments.extend(missing.iter().map(|need| need.2));
    apt_get(&arguments)
}

/// Runs apt-get with the rights that it needs.
fn apt_get(arguments: &[&str]) -> Outcome {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = if is_root {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    } else if Path::new("/usr/bin/sudo").exists() || is_installed("sudo") {
        let mut command = Command::new("sudo");
        // Where nobody can answer, a question for a password would wait for ever.
        if !std::io::stdin().is_terminal() {
            command.arg("-n");
        }
        command.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    } else {
        return Err(format!("as root, run `apt-get {}` and start again", arguments.join(" ")));
    };
    run(command.args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_read() {
        assert_eq!(parse_version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(parse_version("22.1.0"), Some((22, 1)));
        assert_eq!(parse_version("v20"), None);
        assert_eq!(parse_version(""), None);
    }
}
