//! The log: what went wrong, for whoever is asked to help. Two files of bounded size in the data directory; no text of a
//! document, no title and no name of a person is in them, and home directories are written as `~`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The size at which a file becomes the earlier one.
const MOST: u64 = 512 << 10;
/// So many of the last lines are given to whoever helps.
const LAST_LINES: usize = 200;

fn path(data: &Path) -> PathBuf {
    data.join("log").join("inkfold.log")
}

fn earlier(data: &Path) -> PathBuf {
    data.join("log").join("inkfold.1.log")
}

/// Writes what happens from now on to the log. A log that can't be written is no reason not to work.
pub fn begin(data: &Path) {
    let writer = Mutex::new(LogFile { data: data.to_path_buf(), open: None, home: home() });
    // Everything else in this program may say what it likes, paths and addresses included.
    let own = Targets::new().with_default(LevelFilter::OFF).with_target("inkfold", LevelFilter::INFO);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    if tracing_subscriber::registry().with(own).with(layer).try_init().is_ok() {
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
        let printed = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Where, and not what: the words of a panic may hold anything.
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "a thread has panicked");
            printed(panic);
        }));
    }
}

/// The last lines of the log; empty where there is none.
pub fn tail(data: &Path) -> String {
    let texts = [earlier(data), path(data)].map(|path| fs::read(path).unwrap_or_default());
    let text = String::from_utf8_lossy(&texts.concat()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

fn home() -> Option<String> {
    let home = directories::BaseDirs::new()?.home_dir().to_str()?.to_owned();
    (home.len() > 1).then_some(home)
}

struct LogFile {
    data: PathBuf,
    open: Option<(File, u64)>,
    home: Option<String>,
}

impl LogFile {
    fn open(&self) -> io::Result<(File, u64)> {
        let path = path(&self.data);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        Ok((file, size))
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        let line = self.home.as_ref().map_or_else(|| line.to_string(), |home| line.replace(home, "~"));
        if self.open.as_ref().is_some_and(|(_, size)| *size >= MOST) {
            self.open = None;
            fs::rename(path(&self.data), earlier(&self.data))?;
        }
        let (mut file, size) = match self.open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        file.write_all(line.as_bytes())?;
        self.open = Some((file, size + line.len() as u64));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_names_no_home() {
        let data = std::env::temp_dir().join(format!("inkfold-log-{}", std::process::id()));
        let mut log = LogFile { data: data.clone(), open: None, home: Some("/home/ida".into()) };
        for i in 0..30_000 {
            log.write_all(format!("{i} /home/ida/Dropbox/Hut can't be written, for whatever reason\n").as_bytes())
                .unwrap();
        }
        let sizes = [path(&data), earlier(&data)].map(|path| fs::metadata(path).unwrap().len());
        assert!(sizes.iter().all(|size| *size <= MOST + 100), "{sizes:?}");
        let tail = tail(&data);
        assert_eq!(tail.lines().count(), LAST_LINES);
        assert!(tail.ends_with("29999 ~/Dropbox/Hut can't be written, for whatever reason"));
        assert!(!tail.contains("ida"));
        fs::remove_dir_all(data).unwrap();
    }
}
