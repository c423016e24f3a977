//! What services, disks and strangers do to a shared folder of their own accord: one function for each kind, in a table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastrand::Rng;
use inkfold_engine::record::Content;
use inkfold_engine::{DocumentId, Event, Events, Insertion, Record, RecordId, WorkspaceId};
use inkfold_folder::fs::Kind;
use inkfold_folder::kind::{FORMAT_VERSION, MAGIC};
use inkfold_folder::{Checkpoint, FileHash, Genesis, HeldRecords, Identity, RelativePath, Signer, encode_segment};

use super::carrier::Carrier;
use super::forge::{self, Forged, TOPS};

/// Does something to a carrier's files; false where there was nothing to do it to.
type Mischief = fn(&mut Carrier) -> bool;

/// All kinds.
pub const MISCHIEF: &[(&str, Mischief)] = &[
    ("conflict copy", conflict_copy),
    ("both sides renamed", both_renamed),
    ("directory renamed", directory_renamed),
    ("junk", junk),
    ("second name", second_name),
    ("checkpoint", checkpoint),
    ("capitals", capitals),
    ("resurrection", resurrection),
    ("rollback", rollback),
    ("older version", older_version),
    ("one folder set back", one_set_back),
    ("unseen change", unseen_change),
    ("not a file", not_a_file),
    ("another genesis", another_genesis),
    ("sparse file", sparse_file),
    ("many files", many_files),
    ("bomb", bomb),
    ("lies", lies),
    ("top of the range", top_of_the_range),
    ("forged signature", forged_signature),
    ("another workspace's segment", foreign_segment),
    ("swapped", swapped),
    ("newer format", newer_format),
];

/// The hash and the signature at a segment's end.
const SEAL_BYTES: usize = 32 + 64;

/// So many files are put together in one.
const MOST_TOGETHER: usize = 16;

/// How many files are more than are looked at.
const MANY: usize = 60;

/// Any kind that finds something to be done.
pub fn stir_up(carrier: &mut Carrier) {
    let (_, mischief) = MISCHIEF[carrier.rng.usize(..MISCHIEF.len())];
    mischief(carrier);
}

/// The kind with this name of [`MISCHIEF`]; false where it found nothing to be done.
pub fn do_mischief(carrier: &mut Carrier, name: &str) -> bool {
    MISCHIEF.iter().find(|(known, _)| *known == name).is_some_and(|(_, mischief)| mischief(carrier))
}

/// A segment in the hub, any; damaged ones, too.
fn segment(carrier: &mut Carrier) -> Option<(PathBuf, Arc<[u8]>)> {
    let segments: Vec<_> = carrier
        .hub
        .iter()
        .filter(|(_, bytes)| bytes.starts_with(&MAGIC) && bytes.len() > MAGIC.len() + SEAL_BYTES)
        .collect();
    let chosen = carrier.rng.choice(segments)?;
    Some((chosen.0.clone(), chosen.1.clone()))
}

fn flip(bytes: &mut [u8], at: usize, rng: &mut Rng) {
    bytes[at] ^= 1 << rng.u32(..8);
}

/// Makes the checksum fit again after what a stranger has changed.
fn reseal(bytes: &mut [u8]) {
    if let Some(body) = bytes.len().checked_sub(SEAL_BYTES) {
        let hash = FileHash::of(&bytes[..body]);
        bytes[body..body + 32].copy_from_slice(&hash.0);
    }
}

/// A stranger's file in the data directory.
fn stranger(carrier: &mut Carrier, name: &'static str, bytes: Vec<u8>) -> bool {
    let path = PathBuf::from(format!("inkfold-data/x{}.ink", carrier.rng.u16(..)));
    carrier.tally.count(name, || path.display().to_string());
    carrier.hub.insert(path, bytes.into());
    true
}

fn conflict_copy(carrier: &mut Carrier) -> bool {
    let Some((path, bytes)) = segment(carrier) else { return false };
    let copy = carrier.service.conflict(&path, &mut carrier.rng);
    // Some are whole, others are what there was at that moment.
    let part = if carrier.rng.bool() { bytes.len() } else { carrier.rng.usize(..bytes.len()) };
    carrier.tally.count(carrier.service.fault, || copy.display().to_string());
    carrier.hub.insert(copy, bytes[..part].into());
    true
}

fn both_renamed(carrier: &mut Carrier) -> bool {
    if !carrier.service.renames_both {
        return false;
    }
    let Some((path, bytes)) = segment(carrier) else { return false };
    carrier.hub.remove(&path);
    for name in carrier.service.conflicts {
        carrier.hub.insert(super::service::beside(&path, name), bytes.clone());
    }
    carrier.tally.count(carrier.service.fault, || format!("{} has two other names", path.display()));
    true
}

fn directory_renamed(carrier: &mut Carrier) -> bool {
    if !carrier.service.renames_directories {
        return false;
    }
    let renamed =
        |path: &Path| path.strip_prefix("inkfold-data").ok().map(|rest| Path::new("inkfold-data (1)").join(rest));
    let Some((path, _)) = segment(carrier) else { return false };
    let Some(directory) = path.parent().map(Path::to_owned) else { return false };
    let within: Vec<PathBuf> = carrier.hub.keys().filter(|other| other.starts_with(&directory)).cloned().collect();
    for path in within {
        if let Some(new) = renamed(&path)
            && let Some(bytes) = carrier.hub.remove(&path)
        {
            carrier.hub.insert(new, bytes);
        }
    }
    carrier.tally.count(carrier.service.fault, || format!("{} has another name", directory.display()));
    true
}

fn junk(carrier: &mut Carrier) -> bool {
    let Some(name) = carrier.rng.choice(carrier.service.junk) else { return false };
    let bytes: Vec<u8> = match segment(carrier) {
        // Old versions that a service keeps are whole files of ours.
        Some((_, bytes)) if carrier.rng.bool() => bytes.to_vec(),
        _ => (0..carrier.rng.usize(..200)).map(|_| carrier.rng.u8(..)).collect(),
    };
    let client = carrier.rng.usize(..carrier.clients.len());
    carrier.clients[client].disk.put(Path::new(name), bytes.into(), None);
    carrier.tally.count(carrier.service.fault, || (*name).into());
    true
}

fn second_name(carrier: &mut Carrier) -> bool {
    let Some((path, bytes)) = segment(carrier) else { return false };
    let other = path.with_file_name(format!("copy-{}", carrier.rng.u16(..)));
    carrier.tally.count("a5", || format!("{} is also {}", path.display(), other.display()));
    carrier.hub.insert(other, bytes);
    true
}

/// Somebody has put files together, whatever has become of them meanwhile.
fn checkpoint(carrier: &mut Carrier) -> bool {
    let Some(workspace) = workspace(carrier) else { return false };
    let files: BTreeSet<Arc<[u8]>> =
        (0..MOST_TOGETHER).filter_map(|_| segment(carrier).map(|(_, bytes)| bytes)).collect();
    let files: Vec<Arc<[u8]>> = files.into_iter().collect();
    let Ok(bytes) = Checkpoint::encode(&workspace, &files) else { return false };
    let path = PathBuf::from(RelativePath::checkpoint(&FileHash::of(&bytes)).as_str());
    carrier.tally.count("a5", || format!("{} files are also in {}", files.len(), path.display()));
    carrier.hub.insert(path, bytes.into());
    true
}

fn capitals(carrier: &mut Carrier) -> bool {
    let Some((path, bytes)) = segment(carrier) else { return false };
    let other = PathBuf::from(path.to_string_lossy().to_uppercase());
    carrier.tally.count("f1", || format!("{} in capitals", path.display()));
    if carrier.rng.bool() {
        carrier.hub.remove(&path);
    }
    carrier.hub.insert(other, bytes);
    true
}

fn resurrection(carrier: &mut Carrier) -> bool {
    let Some((path, bytes)) = carrier.rng.choice(carrier.graves.clone()) else { return false };
    if carrier.hub.contains_key(&path) {
        return false;
    }
    carrier.tally.count("a8", || path.display().to_string());
    carrier.hub.insert(path, bytes);
    true
}

fn rollback(carrier: &mut Carrier) -> bool {
    let Some(tree) = carrier.rng.choice(carrier.past.clone()) else { return false };
    if !tree.keys().any(|path| path.extension().is_some_and(|extension| extension == "inkfold")) {
        return false;
    }
    carrier.tally.count("a9", || format!("from {} files to {}", carrier.hub.len(), tree.len()));
    carrier.hub = tree;
    true
}

fn older_version(carrier: &mut Carrier) -> bool {
    let differs = |path: &PathBuf, bytes: &Arc<[u8]>| carrier.hub.get(path).is_some_and(|now| now != bytes);
    let older: Vec<(PathBuf, Arc<[u8]>)> = carrier
        .past
        .iter()
        .flatten()
        .filter(|(path, bytes)| differs(path, bytes))
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect();
    let Some((path, bytes)) = carrier.rng.choice(older) else { return false };
    carrier.tally.count("a6", || path.display().to_string());
    carrier.hub.insert(path, bytes);
    true
}

fn one_set_back(carrier: &mut Carrier) -> bool {
    let Some(tree) = carrier.rng.choice(carrier.past.clone()) else { return false };
    let client = carrier.rng.usize(..carrier.clients.len());
    let disk = carrier.clients[client].disk.clone();
    for (path, _) in disk.files() {
        if !tree.contains_key(&path) && path.extension().is_none_or(|extension| extension != "inkfold") {
            disk.delete(&path);
        }
    }
    for (path, bytes) in tree {
        disk.put(&path, bytes, None);
    }
    carrier.tally.count("i3", || format!("the folder of computer {client}"));
    true
}

fn unseen_change(carrier: &mut Carrier) -> bool {
    let client = carrier.rng.usize(..carrier.clients.len());
    let disk = carrier.clients[client].disk.clone();
    let Some(path) = carrier.rng.choice(disk.fresh()) else { return false };
    let Some(bytes) = disk.bytes(&path).filter(|bytes| bytes.starts_with(&MAGIC)) else { return false };
    let mut changed = bytes.to_vec();
    let at = carrier.rng.usize(..changed.len());
    flip(&mut changed, at, &mut carrier.rng);
    disk.replace_unseen(&path, changed.into());
    carrier.tally.count("a7", || format!("{} changes unseen on computer {client}", path.display()));
    true
}

fn not_a_file(carrier: &mut Carrier) -> bool {
    let Some((path, _)) = segment(carrier) else { return false };
    let client = carrier.rng.usize(..carrier.clients.len());
    let kind = if carrier.rng.bool() { Kind::Directory } else { Kind::Other };
    let client = &mut carrier.clients[client];
    client.disk.delete(&path);
    client.disk.put_odd(&path, kind);
    carrier.tally.count("f9", || format!("{} is a {kind:?}", path.display()));
    client.odd.insert(path);
    true
}

fn another_genesis(carrier: &mut Carrier) -> bool {
    let name = "Team notes".to_owned();
    let genesis = Genesis { workspace: WorkspaceId([0x77; 16]), name, format: FORMAT_VERSION };
    carrier.tally.count("i9", || "team-notes (2).inkfold".into());
    carrier.hub.insert("team-notes (2).inkfold".into(), genesis.to_bytes().into());
    true
}

fn sparse_file(carrier: &mut Carrier) -> bool {
    let client = carrier.rng.usize(..carrier.clients.len());
    let path = PathBuf::from(format!("inkfold-data/x{}.ink", carrier.rng.u16(..)));
    let starts_like_ours: &[u8] = if carrier.rng.bool() { &MAGIC } else { b"" };
    let client = &mut carrier.clients[client];
    client.disk.put(&path, starts_like_ours.into(), None);
    client.disk.pretend(&path, Some(10 << 30), false);
    // No service carries it in the time that a run takes.
    client.odd.insert(path.clone());
    carrier.tally.count("h1", || path.display().to_string());
    true
}

/// Far fewer than a million: what is scaled with them is how many are looked at.
fn many_files(carrier: &mut Carrier) -> bool {
    let client = carrier.rng.usize(..carrier.clients.len());
    let client = &mut carrier.clients[client];
    for i in 0..MANY {
        let path = PathBuf::from(format!("inkfold-data/many-{i}.ink"));
        client.disk.put(&path, b"many".as_slice().into(), None);
        // Whoever has made them takes them away again.
        client.odd.insert(path);
    }
    client.disk.set_most_entries(MANY / 2);
    carrier.tally.count("h2", || format!("{MANY} files where {} are listed", MANY / 2));
    true
}

fn bomb(carrier: &mut Carrier) -> bool {
    let Some(workspace) = workspace(carrier) else { return false };
    let bytes = forge::bomb(workspace, carrier.rng.u8(100..));
    stranger(carrier, "h3", bytes)
}

fn top_of_the_range(carrier: &mut Carrier) -> bool {
    let Some(workspace) = workspace(carrier) else { return false };
    let mut forged = Forged::new(workspace, carrier.rng.u8(100..));
    let (_, change) = TOPS[carrier.rng.usize(..TOPS.len())];
    change(&mut forged);
    stranger(carrier, "h5", forged.bytes())
}

/// The workspace of the hub's files, as a stranger who sees them knows it, too.
fn workspace(carrier: &mut Carrier) -> Option<WorkspaceId> {
    // It follows the magic, the kind, the version, the cipher and the key epoch.
    let (_, bytes) = segment(carrier)?;
    WorkspaceId::from_slice(bytes.get(MAGIC.len() + 4..MAGIC.len() + 20)?)
}

fn lies(carrier: &mut Carrier) -> bool {
    let Some((_, bytes)) = segment(carrier) else { return false };
    let mut bytes = bytes.to_vec();
    for _ in 0..=carrier.rng.usize(..3) {
        let at = carrier.rng.usize(MAGIC.len()..bytes.len());
        bytes[at] = if carrier.rng.bool() { 0xff } else { carrier.rng.u8(..) };
    }
    reseal(&mut bytes);
    stranger(carrier, "h4", bytes)
}

fn forged_signature(carrier: &mut Carrier) -> bool {
    let Some((_, bytes)) = segment(carrier) else { return false };
    let mut bytes = bytes.to_vec();
    let at = bytes.len() - 1 - carrier.rng.usize(..bytes.len().min(64));
    flip(&mut bytes, at, &mut carrier.rng);
    stranger(carrier, "h6", bytes)
}

fn foreign_segment(carrier: &mut Carrier) -> bool {
    let workspace = WorkspaceId([0x66; 16]);
    let identity = Identity::from_seed([carrier.rng.u8(..); 32], workspace);
    let text = Event::Insert { at: 0, what: Insertion::Text("elsewhere".into()) };
    let content = Content {
        workspace,
        document: DocumentId([1; 16]),
        replica: identity.replica(),
        number: 1,
        first_seq: 0,
        time: 0,
        events: Events::from_runs([text]),
    };
    let record = Record::seal(content, RecordId::NONE, None, vec![]);
    match encode_segment(Signer::Own(&identity), &[record], &HeldRecords::default()) {
        Ok(file) => stranger(carrier, "h7", file.bytes),
        Err(_) => false,
    }
}

fn swapped(carrier: &mut Carrier) -> bool {
    let (Some(one), Some(other)) = (segment(carrier), segment(carrier)) else { return false };
    if one.0 == other.0 {
        return false;
    }
    carrier.tally.count("h8", || format!("{} and {}", one.0.display(), other.0.display()));
    carrier.hub.insert(one.0, other.1);
    carrier.hub.insert(other.0, one.1);
    true
}

fn newer_format(carrier: &mut Carrier) -> bool {
    let Some((_, bytes)) = segment(carrier) else { return false };
    let mut bytes = bytes.to_vec();
    // The kind follows the magic, the version the kind.
    let at = MAGIC.len() + usize::from(carrier.rng.bool());
    if at + SEAL_BYTES >= bytes.len() {
        return false;
    }
    bytes[at] = 100;
    reseal(&mut bytes);
    stranger(carrier, "h9", bytes)
}
