//! Reading and writing of bytes: varints and length-prefixed fields, with every length checked before use.

/// Bytes that are not what they should be. Says what was expected, for the list that people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("damaged or foreign data: {0}")]
pub struct DecodeError(pub &'static str);

/// Appends fields to a buffer.
#[derive(Debug, Clone, Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// Appends a number in LEB128, shortest form.
    pub fn uint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Appends a signed number: zigzag, then LEB128.
    pub fn int(&mut self, value: i64) {
        self.uint(zigzag(value));
    }

    /// Appends one byte.
    pub fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Appends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Appends a length and the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.uint(bytes.len() as u64);
        self.raw(bytes);
    }

    /// Appends a length and the text in UTF-8.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
}

/// Maps small negative and positive numbers to small numbers.
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Undoes [`zigzag`].
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Takes fields off the front of a slice. Never panics, never reads past the end, never allocates more than is there.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// Takes a LEB128 number. Only the shortest form is accepted, so that bytes are unique for their meaning.
    ///
    /// # Errors
    /// Cut short, longer than 64 bits, or padded.
    #[inline]
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
        // Most numbers are small.
        if let [byte @ ..0x80, rest @ ..] = self.0 {
            self.0 = rest;
            return Ok(u64::from(*byte));
        }
        self.long_uint()
    }

    fn long_uint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for (i, &byte) in self.0.iter().enumerate().take(10) {
            let bits = u64::from(byte & 0x7f);
            if i == 9 && bits > 1 {
                return Err(DecodeError("a number longer than 64 bits"));
            }
            value |= bits << (7 * i);
            if byte < 0x80 {
                if i > 0 && byte == 0 {
                    return Err(DecodeError("a number in a longer form than needed"));
                }
                self.0 = &self.0[i + 1..];
                return Ok(value);
            }
        }
        Err(DecodeError("a number that is cut short"))
    }

    /// Takes a signed number.
    ///
    /// # Errors
    /// As [`Self::uint`].
    pub fn int(&mut self) -> Result<i64, DecodeError> {
        self.uint().map(unzigzag)
    }

    /// Takes one byte.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.raw(1)?[0])
    }

    /// Takes `len` bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn raw(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        if len > self.0.len() {
            return Err(DecodeError("a field that is cut short"));
        }
        let (head, rest) = self.0.split_at(len);
        self.0 = rest;
        Ok(head)
    }

    /// Takes `N` bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut out = [0; N];
        out.copy_from_slice(self.raw(N)?);
        Ok(out)
    }

    /// Takes a length and that many bytes.
    ///
    /// # Errors
    /// Fewer are left than the length says.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.uint()?;
        self.raw(usize::try_from(len).map_err(|_| DecodeError("a length past the end"))?)
    }

    /// Takes a length and that many bytes of UTF-8.
    ///
    /// # Errors
    /// Fewer are left, or they are not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError("text that is not UTF-8"))
    }

    /// Takes a count of things that take at least `min_bytes` each, so that nobody allocates for a lie.
    ///
    /// # Errors
    /// The count is larger than what is left could hold.
    pub fn count(&mut self, min_bytes: usize) -> Result<usize, DecodeError> {
        let count = usize::try_from(self.uint()?).map_err(|_| DecodeError("a count past the end"))?;
        if count.checked_mul(min_bytes).is_none_or(|bytes| bytes > self.0.len()) {
            return Err(DecodeError("a count larger than what follows"));
        }
        Ok(count)
    }

    /// Fails unless everything was taken.
    ///
    /// # Errors
    /// Something is left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError("more bytes than expected")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_and_have_one_form() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut writer = Writer::default();
            writer.uint(value);
            writer.int(value as i64);
            let mut reader = Reader(&writer.0);
            assert_eq!(reader.uint(), Ok(value));
            assert_eq!(reader.int(), Ok(value as i64));
            assert_eq!(reader.finish(), Ok(()));
        }
        for bad in [&[0x80][..], &[0x80, 0], &[0xff; 10], &[]] {
            assert!(Reader(bad).uint().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let mut writer = Writer::default();
        writer.uint(u64::MAX);
        assert!(Reader(&writer.0).bytes().is_err());
        assert!(Reader(&writer.0).count(1).is_err());
    }
}
