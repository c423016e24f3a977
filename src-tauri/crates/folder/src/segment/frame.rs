//! One block as it stands in a file: length, checksum, one zstd frame.

use std::io::Read;

use inkfold_engine::codec::{Reader, Writer};

use super::{CHECKSUM_BYTES, MAX_BLOCK_BYTES};
use crate::refusal::Refusal;

/// From this level on each kind of column gets a code of its own. A small block takes microseconds, one of the greatest
/// that writers make a tenth of a second, and that is a merged file's.
const LEVEL: i32 = 17;
/// The decoder's window never needs more than the greatest block.
const WINDOW_LOG_MAX: u32 = MAX_BLOCK_BYTES.ilog2();

/// Appends a block.
pub(super) fn write_block(out: &mut Writer, block: &[u8]) -> std::io::Result<()> {
    let frame = zstd::bulk::compress(block, LEVEL)?;
    out.uint(frame.len() as u64);
    out.raw(&checksum(&frame));
    out.raw(&frame);
    Ok(())
}

/// Takes a block's frame, its length and checksum verified; `None` at the mark that ends the blocks.
pub(super) fn read_frame<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Refusal> {
    let len = reader.uint()?;
    if len == 0 {
        return Ok(None);
    }
    let expected: [u8; CHECKSUM_BYTES] = reader.array()?;
    let frame = reader.raw(usize::try_from(len).map_err(|_| Refusal::Malformed("a block past the end"))?)?;
    if checksum(frame) != expected {
        return Err(Refusal::Malformed("a block whose checksum is not its own"));
    }
    Ok(Some(frame))
}

/// Inflates a frame, at most to `max` bytes: memory grows with what comes out, never with what a frame promises.
pub(super) fn inflate(frame: &[u8], max: usize) -> Result<Vec<u8>, Refusal> {
    let bad = |_| Refusal::Malformed("a block that can't be unpacked");
    let mut decoder = zstd::stream::read::Decoder::with_buffer(frame).map_err(bad)?.single_frame();
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(bad)?;
    let mut block = Vec::new();
    decoder.by_ref().take(max as u64 + 1).read_to_end(&mut block).map_err(bad)?;
    if block.len() > max {
        return Err(Refusal::Bomb("a block larger than allowed"));
    }
    if !decoder.finish().is_empty() {
        return Err(Refusal::Malformed("more bytes than expected in a block"));
    }
    Ok(block)
}

fn checksum(frame: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut out = [0; CHECKSUM_BYTES];
    out.copy_from_slice(&blake3::hash(frame).as_bytes()[..CHECKSUM_BYTES]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_and_bombs_stop_at_the_bound() {
        let block = b"some words ".repeat(1000);
        let mut out = Writer::default();
        write_block(&mut out, &block).unwrap();
        let frame = read_frame(&mut Reader(&out.0)).unwrap().unwrap();
        assert_eq!(inflate(frame, block.len()).unwrap(), block);
        assert!(matches!(inflate(frame, block.len() - 1), Err(Refusal::Bomb(_))));
        // A gigabyte of zeros in a few kilobytes, in a frame that doesn't say how much it holds.
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        for _ in 0..1024 {
            std::io::Write::write_all(&mut encoder, &[0; 1 << 20]).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 1 << 17);
        assert!(matches!(inflate(&bomb, MAX_BLOCK_BYTES), Err(Refusal::Bomb(_))));
        // Two frames, or bytes after the frame.
        assert!(inflate(&[frame, frame].concat(), 1 << 20).is_err());
        assert!(inflate(&[frame, &[0]].concat(), 1 << 20).is_err());
        assert!(inflate(&frame[..frame.len() - 1], 1 << 20).is_err());
        assert!(inflate(&[], 1 << 20).is_err());
    }
}
