//! Gzip (RFC 1952): the frame around raw deflate, written and read with bounds.

mod crc;
mod inflate;

pub use inflate::GzipError;
pub(crate) use inflate::Inflater;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use miniz_oxide::DataFormat;
use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, TDEFLStatus, compress,
};

/// Compresses reports, one after the other, in memory that is used again.
///
/// Equal texts become equal bytes: the time in the header is 0. A receiver knows gzip by its
/// first two bytes.
///
/// ```
/// let mut compressor = tlsrpt::Compressor::new();
/// let bytes = compressor.gzip(b"{}");
/// assert_eq!(bytes[..2], [0x1f, 0x8b]);
/// ```
#[derive(Default)]
pub struct Compressor {
    small: Option<Box<CompressorOxide>>,
    large: Option<Box<CompressorOxide>>,
}

impl Compressor {
    /// A compressor at the level that zlib uses by default.
    ///
    /// Texts below 4 KiB are written with deflate's fixed codes: to compute codes for them takes more
    /// time than all the rest, and saves some fifty bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state for a text of this length, as new.
    fn state(&mut self, length: usize) -> &mut CompressorOxide {
        let (state, strategy) = if length < SMALL {
            (&mut self.small, CompressionStrategy::Fixed)
        } else {
            (&mut self.large, CompressionStrategy::Default)
        };
        let new = || CompressorOxide::with_params(DataFormat::Raw, LEVEL, strategy, WINDOW);
        let state = state.get_or_insert_with(|| Box::new(new()));
        state.reset();
        state
    }

    /// The text as one gzip member.
    #[must_use]
    pub fn gzip(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() / 4 + 256);
        out.extend_from_slice(&HEADER);
        let state = self.state(text.len());
        let mut rest = text;
        let mut end = out.len();
        loop {
            out.resize(out.capacity().max(end + 1_024), 0);
            let room = out.get_mut(end..).unwrap_or_default();
            let (status, read, written) = compress(state, rest, room, TDEFLFlush::Finish);
            rest = rest.get(read..).unwrap_or_default();
            end += written;
            if status != TDEFLStatus::Okay {
                break;
            }
        }
        out.truncate(end);
        out.extend_from_slice(&crc::crc32(text).to_le_bytes());
        // RFC 1952 section 2.3.1: the size is taken modulo 2^32.
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

/// Whether the bytes begin as gzip does.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// RFC 1952 section 2.3: magic, deflate, no flags, no time, no extra flags, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
const MAGIC: [u8; 2] = [0x1f, 0x8b];
const LEVEL: u8 = 6;
/// Bits of the window, the most that deflate has.
const WINDOW: u8 = 15;
/// Bytes from which on codes are computed for a text.
const SMALL: usize = 4_096;

#[cfg(test)]
mod tests;
