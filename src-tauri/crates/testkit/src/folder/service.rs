//! How each sync service names what it makes. Readers need none of this: a file counts by what it holds.

use std::path::{Path, PathBuf};

use fastrand::Rng;

/// A sync service, or another way in which a folder travels.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// The fault that its names are counted as.
    pub fault: &'static str,
    /// Names of conflict copies: `{stem}`, `{ext}` and `{name}` stand for the parts of the file's name.
    pub conflicts: &'static [&'static str],
    /// Names of files that are still on their way; none where they arrive under their own.
    pub temporary: Option<&'static str>,
    /// Files of its own that it leaves, below the shared folder.
    pub junk: &'static [&'static str],
    /// A conflict leaves no file under the name itself.
    pub renames_both: bool,
    /// A directory may get another name, with all that is in it.
    pub renames_directories: bool,
    /// What stands for a file whose content it has taken away.
    pub stub: Option<&'static str>,
    /// Files may be placeholders, fetched when they are read.
    pub placeholders: bool,
}

const PLAIN: Service = Service {
    name: "",
    fault: "n9",
    conflicts: &[],
    temporary: None,
    junk: &[],
    renames_both: false,
    renames_directories: false,
    stub: None,
    placeholders: false,
};

/// Every service that the simulator knows.
pub const SERVICES: &[Service] = &[
    Service {
        name: "Dropbox",
        fault: "n1",
        conflicts: &[
            "{stem} (Anna's conflicted copy 2026-01-02).{ext}",
            "{stem} (In Konflikt stehende Kopie von Jörg 2026-01-02).{ext}",
            "{stem} (Copie en conflit de Zoé 2026-01-02).{ext}",
        ],
        temporary: Some(".~{name}"),
        junk: &[".dropbox", ".dropbox.cache/state"],
        ..PLAIN
    },
    Service {
        name: "Syncthing",
        fault: "n2",
        conflicts: &["{stem}.sync-conflict-20260102-131415-ABCDEFG.{ext}", "{stem}~20260102-131415.{ext}"],
        temporary: Some(".syncthing.{name}.tmp"),
        junk: &[
            ".stfolder/syncthing-folder-1a2b3c.txt",
            ".stignore",
            ".stversions/inkfold-data/old~20260102-131415.ink",
        ],
        ..PLAIN
    },
    Service {
        name: "OneDrive",
        fault: "n3",
        conflicts: &["{stem}-PC.{ext}", "{stem}-PC-2.{ext}", "{stem}-safeBackup-0001.{ext}"],
        temporary: Some("{name}.tmp"),
        junk: &["desktop.ini", ".849C9593-D756-4E56-8D6E-42412F2A707B"],
        placeholders: true,
        ..PLAIN
    },
    Service {
        name: "Google Drive",
        fault: "n6",
        conflicts: &["{stem} (1).{ext}", "{stem} (2).{ext}"],
        temporary: Some(".tmp.driveupload-{name}"),
        junk: &["Icon\r", ".tmp.drivedownload/1234"],
        renames_directories: true,
        placeholders: true,
        ..PLAIN
    },
    Service {
        name: "iCloud",
        fault: "n7",
        conflicts: &["{stem} 2.{ext}", "{stem} 3.{ext}"],
        junk: &[".DS_Store"],
        stub: Some(".{name}.icloud"),
        placeholders: true,
        ..PLAIN
    },
    Service {
        name: "Nextcloud",
        fault: "n4",
        conflicts: &["{stem} (conflicted copy 2026-01-02 131415).{ext}", "{stem}_conflict-20260102-131415.{ext}"],
        temporary: Some(".{name}.~a1b2c3"),
        junk: &[".sync_0123456789ab.db", "._sync_0123456789ab.db-wal"],
        ..PLAIN
    },
    Service {
        name: "rclone bisync",
        fault: "n5",
        conflicts: &["{name}.conflict1", "{name}.conflict2"],
        temporary: Some("{name}.1a2b3c4d.partial"),
        junk: &["RCLONE_TEST"],
        renames_both: true,
        ..PLAIN
    },
    Service {
        name: "Resilio",
        fault: "n8",
        conflicts: &["{stem}.Conflict.{ext}", "{stem}.Conflict(1).{ext}"],
        temporary: Some("{name}.!Sync"),
        junk: &[".sync/ID", ".sync/Archive/old.ink"],
        ..PLAIN
    },
    Service {
        name: "SMB/NFS",
        conflicts: &["{stem} - Copy.{ext}"],
        junk: &["inkfold-data/.nfs000000000001a2b3", "Thumbs.db", "inkfold-data/.DS_Store"],
        ..PLAIN
    },
    Service {
        name: "USB stick",
        conflicts: &["{stem} (Kopie für später).{ext}", "._{name}"],
        junk: &["FOUND.000/FILE0000.CHK", "System Volume Information/IndexerVolumeGuid", ".Trash-1000/files/x.ink"],
        ..PLAIN
    },
];

impl Service {
    /// A conflict copy's path beside a file.
    pub fn conflict(&self, path: &Path, rng: &mut Rng) -> PathBuf {
        match self.conflicts {
            [] => path.to_owned(),
            names => beside(path, names[rng.usize(..names.len())]),
        }
    }

    /// The path under which a file is while it arrives, where that isn't its own.
    pub fn temporary(&self, path: &Path) -> Option<PathBuf> {
        self.temporary.map(|name| beside(path, name))
    }

    /// Whether a path is of files that the service itself never carries.
    pub fn keeps_to_itself(&self, path: &Path) -> bool {
        let text = path.to_string_lossy();
        let own = [".syncthing.", ".!Sync", ".icloud", ".partial", ".~", ".tmp.drive"];
        own.iter().any(|part| text.contains(part)) || self.junk.iter().any(|junk| Path::new(junk) == path)
    }
}

/// A path in the same directory, by a pattern.
pub fn beside(path: &Path, pattern: &str) -> PathBuf {
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let name = pattern
        .replace("{stem}", &part(path.file_stem()))
        .replace("{ext}", &part(path.extension()))
        .replace("{name}", &part(path.file_name()));
    path.with_file_name(name)
}
