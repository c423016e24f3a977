//! Presences: where somebody is at the moment. Nobody needs them; whoever gets one late or never loses nothing.
//! `src-tauri/FORMAT.md` section 10 is the normative description.

use inkfold_engine::codec::{Reader, Writer};
use inkfold_engine::{DocumentId, ElementId, Place, ReplicaId, Side, WorkspaceId};

use crate::identity::{Identity, PublicKey};
use crate::kind::FileKind;
use crate::refusal::Refusal;
use crate::signed::{Signed, read, write};

/// The greatest length of a name, in characters.
pub const MAX_NAME_CHARS: usize = 200;

/// Where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// In which document.
    pub document: DocumentId,
    /// Where the selection was begun.
    pub anchor: Place,
    /// Where the caret is; the same place where nothing is selected.
    pub head: Place,
}

/// A presence whose signature is good. Of two by one replica the one with the greater counter counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Who it is.
    pub replica: ReplicaId,
    /// That replica's key.
    pub key: PublicKey,
    /// Rises with each presence of the replica, from 1.
    pub counter: u64,
    /// What the person is called; may be empty.
    pub name: String,
    /// Where the person is; none who is in no document.
    pub spot: Option<Spot>,
}

impl Presence {
    /// The file in which a replica says where its person is. Of the name goes in what may stand there.
    pub fn encode(identity: &Identity, counter: u64, name: &str, spot: Option<&Spot>) -> Vec<u8> {
        let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
        write(FileKind::Presence, identity, counter, |out| {
            out.text(&name);
            let Some(Spot { document, anchor, head }) = spot else { return out.byte(0) };
            out.byte(if anchor == head { 1 } else { 2 });
            out.raw(&document.0);
            write_place(out, head);
            if anchor != head {
                write_place(out, anchor);
            }
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn parse(bytes: &[u8], workspace: &WorkspaceId) -> Result<Self, Refusal> {
        let Signed { replica, key, counter, mut body } = read(FileKind::Presence, bytes, workspace)?;
        let name = body.text()?.to_owned();
        if name.chars().any(char::is_control) || name.chars().count() > MAX_NAME_CHARS {
            return Err(Refusal::Malformed("a name that can't be one"));
        }
        let spot = match body.byte()? {
            0 => None,
            places @ 1..=2 => {
                let document = DocumentId(body.array()?);
                let head = read_place(&mut body)?;
                let anchor = if places == 1 { head } else { read_place(&mut body)? };
                if places == 2 && anchor == head {
                    return Err(Refusal::Malformed("a selection of nothing"));
                }
                Some(Spot { document, anchor, head })
            }
            _ => return Err(Refusal::Malformed("more places than a selection has")),
        };
        body.finish()?;
        Ok(Self { replica, key, counter, name, spot })
    }
}

fn write_place(out: &mut Writer, place: &Place) {
    let side = match place.side {
        Side::After => 0,
        Side::Before => 1,
    };
    match place.element {
        None => out.byte(side),
        Some(ElementId { replica, seq }) => {
            out.byte(side | 2);
            out.raw(&replica.0);
            out.uint(seq);
        }
    }
}

fn read_place(body: &mut Reader<'_>) -> Result<Place, Refusal> {
    let byte = body.byte()?;
    if byte > 3 {
        return Err(Refusal::Malformed("a place of no known kind"));
    }
    let side = if byte & 1 == 0 { Side::After } else { Side::Before };
    let element = match byte & 2 {
        0 => None,
        _ => Some(ElementId { replica: ReplicaId(body.array()?), seq: body.uint()? }),
    };
    Ok(Place { element, side })
}
