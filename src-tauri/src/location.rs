//! Where this installation keeps what is its own: the database, and the webview's data beside it. Never in a
//! shared folder, where a sync service would carry half-written databases about.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use thiserror::Error;

/// Names the data directory, for tests and for a second profile.
pub const DATA_VARIABLE: &str = "INKFOLD_DATA";

/// Why there is no place for the data.
#[derive(Debug, Error)]
pub enum LocationError {
    /// The system names no home for this user.
    #[error("this user has no home directory; name a place for Inkfold's data with --data")]
    NoHome,
    /// The directory can't be made, or its path can't be resolved.
    #[error("the data directory {} can't be made", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The data directory, which exists afterwards: the one asked for, else the environment's, else the platform's.
pub fn data_directory(asked: Option<PathBuf>) -> Result<PathBuf, LocationError> {
    let path = choose(asked, std::env::var_os(DATA_VARIABLE), platform_directory).ok_or(LocationError::NoHome)?;
    make_private(&path)
}

/// The webview's own data (cache, local storage), apart from the documents so that it can be thrown away.
pub fn webview_directory(data: &Path) -> PathBuf {
    data.join("webview")
}

fn choose(
    asked: Option<PathBuf>,
    variable: Option<OsString>,
    platform: impl FnOnce() -> Option<PathBuf>,
) -> Option<PathBuf> {
    asked.or_else(|| variable.filter(|value| !value.is_empty()).map(PathBuf::from)).or_else(platform)
}

/// The local one, not the roaming one: a profile that roams between Windows machines would be two replicas with
/// one identity.
fn platform_directory() -> Option<PathBuf> {
    ProjectDirs::from("app", "Inkfold", "Inkfold").map(|directories| directories.data_local_dir().to_path_buf())
}

/// What is written here is nobody else's to read on a machine with several users.
fn make_private(path: &Path) -> Result<PathBuf, LocationError> {
    let unusable = |source| LocationError::Unusable { path: path.to_path_buf(), source };
    let path = std::path::absolute(path).map_err(unusable)?;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path).map_err(unusable)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_wins() {
        let home = || Some(PathBuf::from("home"));
        let cases = [
            (Some("asked"), Some("variable"), Some("asked")),
            (None, Some("variable"), Some("variable")),
            (None, Some(""), Some("home")),
            (None, None, Some("home")),
        ];
        for (asked, variable, expected) in cases {
            let chosen = choose(asked.map(PathBuf::from), variable.map(OsString::from), home);
            assert_eq!(chosen, expected.map(PathBuf::from), "{asked:?} {variable:?}");
        }
        assert_eq!(choose(None, None, || None), None);
    }
}
