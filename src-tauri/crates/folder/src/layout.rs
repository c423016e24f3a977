//! Where things lie in the shared folder. Names are short, lowercase ASCII, so that every service and every file
//! system keeps them as they are.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use inkfold_engine::ReplicaId;

use crate::segment::FileHash;

/// Directories of ours begin with this; services add to it when they meet a conflict.
pub const DATA_DIRECTORY: &str = "inkfold-data";
/// Extension of the file that makes a folder a workspace.
pub const GENESIS_EXTENSION: &str = "inkfold";
/// Extension of segments.
pub const SEGMENT_EXTENSION: &str = "ink";
/// Extension of acknowledgements.
pub const ACKNOWLEDGEMENT_EXTENSION: &str = "ina";
/// Extension of presences.
pub const PRESENCE_EXTENSION: &str = "inp";
/// Extension of checkpoints.
pub const CHECKPOINT_EXTENSION: &str = "inc";
/// Extension of attachments.
pub const BLOB_EXTENSION: &str = "inb";
/// The directory of attachments, in the data directory.
pub const BLOB_DIRECTORY: &str = "blobs";
/// The directory of checkpoints, in the data directory.
pub const CHECKPOINT_DIRECTORY: &str = "checkpoints";
/// The greatest length of a path in the shared folder, so that the whole stays short on Windows.
pub const MAX_RELATIVE_PATH: usize = 110;
/// The greatest length of a genesis file's stem.
pub const MAX_SLUG: usize = 40;

/// A path in the shared folder at which this program may write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelativePath(String);

impl RelativePath {
    /// A segment in its publisher's directory.
    pub fn segment(publisher: &ReplicaId, name: &str) -> Self {
        Self(format!("{DATA_DIRECTORY}/{publisher}/{name}"))
    }

    /// A replica's acknowledgement.
    pub fn acknowledgement(replica: &ReplicaId) -> Self {
        Self(format!("{DATA_DIRECTORY}/acks/{replica}.{ACKNOWLEDGEMENT_EXTENSION}"))
    }

    /// A replica's presence.
    pub fn presence(replica: &ReplicaId) -> Self {
        Self(format!("{DATA_DIRECTORY}/presence/{replica}.{PRESENCE_EXTENSION}"))
    }

    /// A blob.
    pub fn blob(hash: &FileHash) -> Self {
        Self(format!("{DATA_DIRECTORY}/{BLOB_DIRECTORY}/{}.{BLOB_EXTENSION}", hash.h16()))
    }

    /// A part of a checkpoint.
    pub fn checkpoint(hash: &FileHash) -> Self {
        Self(format!("{DATA_DIRECTORY}/{CHECKPOINT_DIRECTORY}/{}.{CHECKPOINT_EXTENSION}", hash.h16()))
    }

    /// The genesis file.
    pub fn genesis(slug: &str) -> Self {
        Self(format!("{slug}.{GENESIS_EXTENSION}"))
    }

    /// Takes a path if we could have written it: components of lowercase letters, digits, `-` and inner dots, at most
    /// [`MAX_RELATIVE_PATH`] characters.
    pub fn parse(path: &str) -> Option<Self> {
        let component = |text: &str| {
            let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
            !text.is_empty()
                && !text.starts_with('.')
                && !text.ends_with('.')
                && text.bytes().all(|c| plain(c) || c == b'.')
        };
        (path.len() <= MAX_RELATIVE_PATH && path.split('/').all(component)).then(|| Self(path.to_owned()))
    }

    /// The path with `/` between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directories above the file, outermost first, without the root.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(i, _)| &self.0[..i])
    }

    /// The directory in which the file is written before it gets its name: its own, or its writer's where all writers'
    /// files lie side by side, since whatever a crash leaves behind has to be known as one's own.
    pub fn workshop(&self) -> String {
        let (directory, name) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        match directory.strip_prefix(DATA_DIRECTORY) {
            Some("/acks" | "/presence") => {
                let writer = name.split_once('.').map_or(name, |(writer, _)| writer);
                format!("{DATA_DIRECTORY}/{writer}")
            }
            _ => directory.to_owned(),
        }
    }

    /// The path below a root.
    pub fn below(&self, root: &Path) -> PathBuf {
        self.0.split('/').fold(root.to_owned(), |path, part| path.join(part))
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a directory of the root is one for our data: services change names in case and add to them.
pub(crate) fn is_data_directory(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.get(..DATA_DIRECTORY.len()))
        .is_some_and(|start| start.eq_ignore_ascii_case(DATA_DIRECTORY))
}

/// Whether a file's name ends in an extension, in any case.
pub(crate) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// The directory of a replica's own files.
pub fn replica_directory(root: &Path, replica: &ReplicaId) -> PathBuf {
    root.join(DATA_DIRECTORY).join(replica.to_string())
}

/// A file name for a workspace's name: lowercase ASCII letters, digits and single `-`, at most [`MAX_SLUG`] long, never
/// empty and never a name that Windows keeps for devices.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'a'..='z' | '0'..='9' => c,
            'ä' | 'à' | 'á' | 'â' | 'ã' | 'å' | 'æ' => 'a',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ö' | 'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'œ' => 'o',
            'ü' | 'ù' | 'ú' | 'û' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            'ß' => 's',
            _ if slug.ends_with('-') || slug.is_empty() => continue,
            _ => '-',
        };
        if slug.len() == MAX_SLUG {
            break;
        }
        slug.push(plain);
    }
    let slug = slug.trim_end_matches('-');
    let device = matches!(slug, "con" | "prn" | "aux" | "nul")
        || slug
            .strip_prefix("com")
            .or(slug.strip_prefix("lpt"))
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|c| c.is_ascii_digit()));
    match slug {
        "" => "workspace".to_owned(),
        slug if device => format!("{slug}-workspace"),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_plain_names_on_every_system() {
        let table = [
            ("Team notes", "team-notes"),
            ("  Über—Größe!! ", "uber-grose"),
            ("日本語", "workspace"),
            ("日本 2026", "2026"),
            ("", "workspace"),
            ("CON", "con-workspace"),
            ("com1", "com1-workspace"),
            ("common", "common"),
            ("a/../b\\c", "a-b-c"),
            (".hidden", "hidden"),
        ];
        for (name, expected) in table {
            assert_eq!(slug(name), expected, "{name}");
        }
        let long = slug(&"ß-".repeat(200));
        assert!(long.len() <= MAX_SLUG && !long.ends_with('-'));
        assert!(RelativePath::parse(RelativePath::genesis(&long).as_str()).is_some());
    }

    #[test]
    fn what_is_being_written_lies_among_its_writers_own() {
        let replica = ReplicaId([7; 16]);
        let own = format!("{DATA_DIRECTORY}/{replica}");
        assert_eq!(RelativePath::segment(&replica, "1-2-x.ink").workshop(), own);
        assert_eq!(RelativePath::acknowledgement(&replica).workshop(), own);
        assert_eq!(RelativePath::presence(&replica).workshop(), own);
        assert_eq!(RelativePath::genesis("notes").workshop(), "");
    }

    #[test]
    fn paths_are_short_and_plain() {
        let name = format!("{}-{}-{}.ink", 1u64 << 48, 1u64 << 48, "a".repeat(16));
        let path = RelativePath::segment(&ReplicaId([255; 16]), &name);
        assert_eq!(RelativePath::parse(path.as_str()), Some(path.clone()));
        assert_eq!(path.name(), name);
        assert_eq!(path.directories().count(), 2);
        for bad in ["", "/a", "a/", "a//b", "../a", "A", "a b", "~a", &"a".repeat(111)] {
            assert_eq!(RelativePath::parse(bad), None, "{bad}");
        }
    }
}
