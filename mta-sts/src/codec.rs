//! The stored form: fields one after the other, big-endian, with a checksum at the end.

use alloc::vec::Vec;

use crate::record::PolicyId;

/// Why stored bytes were not taken. Whatever the reason, there is no entry then.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoredFormError {
    /// The checksum does not fit: the bytes were damaged or only partly written.
    #[error("the checksum of the stored form does not fit")]
    Checksum,
    /// The checksum fits, but a field does not: the writer was not this crate.
    #[error("a field of the stored form is invalid")]
    Field,
    /// It is not the stored form of what was asked for.
    #[error("these bytes are not a stored form")]
    Foreign,
    /// It was written in a form that this version does not read.
    #[error("version {0} of the stored form is not read")]
    Version(u8),
}

impl StoredFormError {
    /// A stable word for logs and reports, such as `stored-checksum`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Checksum => "stored-checksum",
            Self::Field => "stored-field",
            Self::Foreign => "stored-foreign",
            Self::Version(_) => "stored-version",
        }
    }
}

/// What a stored form is of: its first four bytes.
pub(crate) type Magic = [u8; 4];

/// The version that is written.
const VERSION: u8 = 1;

pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new(magic: Magic, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity + 16);
        bytes.extend_from_slice(&magic);
        bytes.push(VERSION);
        Self(bytes)
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(crate) fn id(&mut self, id: &PolicyId) {
        self.0.push(id.as_str().len() as u8);
        self.0.extend_from_slice(id.as_str().as_bytes());
    }

    /// All that is left, so it comes last.
    pub(crate) fn rest(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let sum = checksum(&self.0);
        self.number(sum);
        self.0
    }
}

pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], magic: Magic) -> Result<Self, StoredFormError> {
        let after = bytes.strip_prefix(&magic).ok_or(StoredFormError::Foreign)?;
        let (&version, _) = after.split_first().ok_or(StoredFormError::Checksum)?;
        if version != VERSION {
            return Err(StoredFormError::Version(version));
        }
        let (written, sum) = bytes.split_last_chunk::<8>().ok_or(StoredFormError::Checksum)?;
        if checksum(written) != u64::from_be_bytes(*sum) {
            return Err(StoredFormError::Checksum);
        }
        written.get(magic.len() + 1..).map(Self).ok_or(StoredFormError::Checksum)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, StoredFormError> {
        let (&byte, rest) = self.0.split_first().ok_or(StoredFormError::Field)?;
        self.0 = rest;
        Ok(byte)
    }

    pub(crate) fn number(&mut self) -> Result<u64, StoredFormError> {
        let (number, rest) = self.0.split_first_chunk::<8>().ok_or(StoredFormError::Field)?;
        self.0 = rest;
        Ok(u64::from_be_bytes(*number))
    }

    pub(crate) fn id(&mut self) -> Result<PolicyId, StoredFormError> {
        let len = usize::from(self.byte()?);
        let (id, rest) = self.0.split_at_checked(len).ok_or(StoredFormError::Field)?;
        self.0 = rest;
        let id = core::str::from_utf8(id).map_err(|_| StoredFormError::Field)?;
        id.parse().map_err(|_| StoredFormError::Field)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Finds damage, not malice. Any change within one aligned word of eight bytes changes it.
fn checksum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let step = |sum: u64, word: u64| {
        let sum = (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        sum ^ (sum >> 32)
    };
    let sum =
        words.iter().fold(bytes.len() as u64, |sum, word| step(sum, u64::from_le_bytes(*word)));
    step(step(sum, u64::from_le_bytes(last)), 0x7374_7376_3120)
}
