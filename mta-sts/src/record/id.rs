//! The policy id of a record.

use core::fmt;
use core::str::FromStr;

use super::RecordFault;

/// An opaque policy version: 1 to 32 ASCII letters or digits, compared for equality only.
///
/// Ids have no order: one is not later than another.
/// Grammar: [RFC 8461 section 3.1](https://www.rfc-editor.org/rfc/rfc8461#section-3.1).
///
/// ```
/// let id: mta_sts::PolicyId = "20160831085700Z".parse()?;
/// assert_eq!(id.to_string(), "20160831085700Z");
/// # Ok::<(), mta_sts::PolicyIdError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct PolicyId {
    len: u8,
    /// Zero after `len`, so that equal ids are equal arrays.
    bytes: [u8; PolicyId::MAX_LEN],
}

impl PolicyId {
    /// Bytes in the longest id (section 3.1).
    pub const MAX_LEN: usize = 32;

    pub(super) const EMPTY: Self = Self { len: 0, bytes: [0; Self::MAX_LEN] };

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The 32 digits of this number.
    pub(crate) fn from_hexadecimal(mut number: u128) -> Self {
        let mut bytes = [b'0'; Self::MAX_LEN];
        for byte in bytes.iter_mut().rev() {
            let digit = char::from_digit((number & 0xF) as u32, 16).unwrap_or('0');
            *byte = digit as u8;
            number >>= 4;
        }
        Self { len: Self::MAX_LEN as u8, bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes letters and digits from the front of `text` while there is room, and gives what is left.
    pub(super) fn take<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let free = self.bytes.get_mut(usize::from(self.len)..).unwrap_or_default();
        let taken = free
            .iter_mut()
            .zip(text)
            .take_while(|(_, byte)| byte.is_ascii_alphanumeric())
            .map(|(free, byte)| *free = *byte)
            .count();
        self.len += taken as u8;
        text.get(taken..).unwrap_or_default()
    }

    /// Takes one more byte, unless it is not part of an id or there is no room.
    pub(super) fn push(&mut self, byte: u8) -> Result<(), RecordFault> {
        if !byte.is_ascii_alphanumeric() {
            return Err(RecordFault::InvalidId);
        }
        let free = self.bytes.get_mut(usize::from(self.len)).ok_or(RecordFault::InvalidId)?;
        *free = byte;
        self.len += 1;
        Ok(())
    }
}

impl FromStr for PolicyId {
    type Err = PolicyIdError;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        if id.is_empty() || id.len() > Self::MAX_LEN {
            return Err(PolicyIdError::Length(id.len()));
        }
        let mut parsed = Self::EMPTY;
        for (at, byte) in id.bytes().enumerate() {
            parsed.push(byte).map_err(|_| PolicyIdError::InvalidByte(at))?;
        }
        Ok(parsed)
    }
}

impl AsRef<str> for PolicyId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyId({})", self.as_str())
    }
}

/// Why a string is not a [`PolicyId`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyIdError {
    /// The byte at this offset is neither a letter nor a digit.
    #[error("byte at offset {0} is not a letter or digit")]
    InvalidByte(usize),
    /// The id has this many bytes, not 1 to 32.
    #[error("policy id has {0} bytes, not 1 to {max}", max = PolicyId::MAX_LEN)]
    Length(usize),
}

impl PolicyIdError {
    /// A stable word for logs and reports: `invalid-id`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        "invalid-id"
    }
}
