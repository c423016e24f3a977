//! Patches, applied as an editor does.

use inkfold_engine::patch::Change;
use inkfold_engine::{Attributes, Block, Page, Patch};

/// A page in plain values, a code unit at a time.
pub type Plain = Vec<(Attributes, Vec<(u16, Attributes)>)>;

fn plain_block(block: &Block) -> (Attributes, Vec<(u16, Attributes)>) {
    let units =
        |(text, marks): (&str, &Attributes)| text.encode_utf16().map(|unit| (unit, marks.clone())).collect::<Vec<_>>();
    (block.attributes().clone(), block.inlines().into_iter().flat_map(units).collect())
}

pub fn plain(page: &Page) -> Plain {
    page.blocks().map(|block| plain_block(&block)).collect()
}

/// What an editor does with a patch.
pub fn applied(mut page: Plain, patch: &Patch) -> Plain {
    for change in patch {
        match change {
            Change::Splice { block, at, delete, insert } => {
                let new = insert
                    .iter()
                    .flat_map(|inline| inline.text.encode_utf16().map(|unit| (unit, inline.marks.clone())));
                page[*block].1.splice(*at..at + delete, new);
            }
            Change::Split { block, at, attributes } => {
                let rest = page[*block].1.split_off(*at);
                page.insert(block + 1, (attributes.clone(), rest));
            }
            Change::Join { block } => {
                let (_, text) = page.remove(*block);
                page[block - 1].1.extend(text);
            }
            Change::Insert { block, blocks } => {
                page.splice(*block..*block, blocks.iter().map(plain_block));
            }
            Change::Remove { block, count } => {
                page.drain(*block..block + count);
            }
            Change::Set { block, attributes } => {
                for (key, value) in attributes {
                    match value {
                        Some(value) => page[*block].0.insert(key.clone(), value.clone()),
                        None => page[*block].0.remove(key),
                    };
                }
            }
            Change::Mark { block, from, to, key, value } => {
                for (_, marks) in &mut page[*block].1[*from..*to] {
                    match value {
                        Some(value) => marks.insert(key.clone(), value.clone()),
                        None => marks.remove(key),
                    };
                }
            }
        }
    }
    page
}
