//! Reading gzip with bounds: bytes in, in any portions; the whole text out.

use alloc::boxed::Box;
use alloc::vec::Vec;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::{MAGIC, crc::crc32};
use crate::limits;

/// Why gzip could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GzipError {
    /// The bytes end before the compressed text does.
    #[error("gzip data is cut short")]
    Truncated,
    /// The bytes are not gzip, or the compressed text is broken.
    #[error("gzip data is damaged")]
    Damaged,
    /// There are too many bytes before or after decompression, or too many after for those before.
    #[error("gzip data is too large, or grows too much")]
    TooLarge,
}

/// What is odd about gzip data, yet tolerated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Oddities {
    /// The checksum or the length of a member is wrong.
    pub(crate) crc: bool,
    /// Something follows the last member.
    pub(crate) trailing: bool,
}

/// Inflates gzip that comes in portions. All members count, as RFC 1952 section 2.2 says.
pub(crate) struct Inflater {
    state: State,
    inflate: Box<DecompressorOxide>,
    /// The text, and after it room that is zero.
    text: Vec<u8>,
    /// Where the text ends, and where that of the present member begins.
    end: usize,
    member: usize,
    /// Bytes taken in.
    taken: usize,
    /// Bytes that the text may have.
    most: usize,
    oddities: Oddities,
}

#[derive(Clone, Copy)]
enum State {
    /// This many bytes of a header's fixed part have been seen; its flags, once known.
    Fixed {
        seen: usize,
        flags: u8,
        first: bool,
    },
    /// The length of the extra field: how many of its two bytes were seen, and their value.
    ExtraLength {
        seen: u8,
        length: usize,
        flags: u8,
    },
    /// This many bytes of the extra field are to be skipped.
    Extra {
        left: usize,
        flags: u8,
    },
    /// A name or comment, up to its zero byte.
    Text {
        flags: u8,
    },
    /// Bytes of the header's checksum to be skipped.
    HeaderCrc {
        left: u8,
    },
    Body,
    Trailer {
        seen: usize,
        bytes: [u8; 8],
    },
    /// What follows the last member is left alone.
    Done,
}

impl Inflater {
    /// An inflater for about this many bytes, whose text may have at most `most`.
    pub(crate) fn new(expected: usize, most: usize) -> Self {
        // Small, or one portion of memory up to where the ratio begins to count: so the memory of
        // a text that is refused there stays below 1 MiB.
        let room = match expected.saturating_mul(limits::RATIO) {
            small @ ..SMALL => small.max(256),
            _ => limits::RATIO_FROM + 1,
        };
        Self {
            state: State::Fixed { seen: 0, flags: 0, first: true },
            inflate: Box::default(),
            text: alloc::vec![0; room.min(most.saturating_add(1))],
            end: 0,
            member: 0,
            taken: 0,
            most,
            oddities: Oddities::default(),
        }
    }

    /// Takes in the next portion.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<(), GzipError> {
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Body => self.body(bytes)?,
                State::Done => bytes.len(),
                _ => bytes.first().map_or(Ok(()), |&byte| self.frame(byte)).map(|()| 1)?,
            };
            self.taken = self.taken.saturating_add(taken);
            if self.taken > limits::COMPRESSED {
                return Err(GzipError::TooLarge);
            }
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Bytes of the text so far.
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// The text, once all is in.
    pub(crate) fn finish(mut self) -> Result<(Vec<u8>, Oddities), GzipError> {
        match self.state {
            State::Fixed { first: false, seen: 0, .. } | State::Done => {}
            // A lone first byte of the magic is no member.
            State::Fixed { first: false, seen: 1, .. } => self.oddities.trailing = true,
            _ => return Err(GzipError::Truncated),
        }
        self.check(self.taken)?;
        self.text.truncate(self.end);
        Ok((self.text, self.oddities))
    }

    /// One byte of a header or trailer.
    fn frame(&mut self, byte: u8) -> Result<(), GzipError> {
        self.state = match self.state {
            State::Fixed { seen, flags, first } => return self.fixed(seen, flags, first, byte),
            State::ExtraLength { seen: 0, flags, .. } => {
                State::ExtraLength { seen: 1, length: usize::from(byte), flags }
            }
            State::ExtraLength { length, flags, .. } => {
                let left = length | usize::from(byte) << 8;
                if left > 0 { State::Extra { left, flags } } else { after(flags) }
            }
            State::Extra { left: 1, flags } => after(flags),
            State::Extra { left, flags } => State::Extra { left: left - 1, flags },
            State::Text { flags } if byte == 0 => after(flags),
            State::HeaderCrc { left: 1 } => State::Body,
            State::HeaderCrc { left } => State::HeaderCrc { left: left - 1 },
            State::Trailer { seen, mut bytes } => {
                if let Some(place) = bytes.get_mut(seen) {
                    *place = byte;
                }
                if seen < 7 { State::Trailer { seen: seen + 1, bytes } } else { self.member(bytes) }
            }
            state @ (State::Text { .. } | State::Body | State::Done) => state,
        };
        Ok(())
    }

    /// RFC 1952 section 2.3: magic, method, flags, time, extra flags, system.
    fn fixed(&mut self, seen: usize, flags: u8, first: bool, byte: u8) -> Result<(), GzipError> {
        let mut flags = flags;
        match seen {
            0 | 1 if MAGIC.get(seen) != Some(&byte) => {
                if first {
                    return Err(GzipError::Damaged);
                }
                self.oddities.trailing = true;
                self.state = State::Done;
                return Ok(());
            }
            2 if byte != 8 => return Err(GzipError::Damaged),
            3 if byte & RESERVED != 0 => return Err(GzipError::Damaged),
            3 => flags = byte,
            _ => {}
        }
        self.state = if seen < 9 {
            State::Fixed { seen: seen + 1, flags, first }
        } else {
            self.inflate.init();
            self.member = self.end;
            after(flags)
        };
        Ok(())
    }

    fn body(&mut self, bytes: &[u8]) -> Result<usize, GzipError> {
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            let text = self.text.get_mut(self.member..).unwrap_or_default();
            let at = self.end - self.member;
            let (status, read, written) = decompress(&mut self.inflate, rest, text, at, flags);
            taken += read;
            self.end += written;
            match status {
                TINFLStatus::Done => {
                    self.state = State::Trailer { seen: 0, bytes: [0; 8] };
                    return Ok(taken);
                }
                TINFLStatus::NeedsMoreInput => return Ok(bytes.len()),
                TINFLStatus::HasMoreOutput => self.grow(self.taken + taken)?,
                _ => return Err(GzipError::Damaged),
            }
        }
    }

    /// Makes room for more text, if what has come so far justifies it.
    fn grow(&mut self, taken: usize) -> Result<(), GzipError> {
        self.check(taken)?;
        let length = self.text.len();
        let room = match length {
            ..=limits::RATIO_FROM => limits::RATIO_FROM + 1,
            _ => length * 2,
        };
        let room = room.min(self.most.saturating_add(1));
        if room <= length {
            return Err(GzipError::TooLarge);
        }
        self.text.reserve_exact(room - length);
        self.text.resize(room, 0);
        Ok(())
    }

    fn check(&self, taken: usize) -> Result<(), GzipError> {
        let steep =
            self.end >= limits::RATIO_FROM && self.end > taken.saturating_mul(limits::RATIO);
        if steep || self.end > self.most { Err(GzipError::TooLarge) } else { Ok(()) }
    }

    /// Compares a member with its trailer: CRC-32 and length, both little-endian.
    fn member(&mut self, [a, b, c, d, length @ ..]: [u8; 8]) -> State {
        let text = self.text.get(self.member..self.end).unwrap_or_default();
        let right = crc32(text) == u32::from_le_bytes([a, b, c, d])
            && text.len() as u32 == u32::from_le_bytes(length);
        self.oddities.crc |= !right;
        State::Fixed { seen: 0, flags: 0, first: false }
    }
}

/// The next part of the header that the flags announce. Each flag is dropped as its part begins.
fn after(flags: u8) -> State {
    if flags & EXTRA != 0 {
        State::ExtraLength { seen: 0, length: 0, flags: flags & !EXTRA }
    } else if flags & NAME != 0 {
        State::Text { flags: flags & !NAME }
    } else if flags & COMMENT != 0 {
        State::Text { flags: flags & !COMMENT }
    } else if flags & HEADER_CRC != 0 {
        State::HeaderCrc { left: 2 }
    } else {
        State::Body
    }
}

/// Bytes of text for which room is made at first where the input is short.
const SMALL: usize = 32_000;

// RFC 1952 section 2.3.1.
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;
