//! The TXT record at `_mta-sts.<domain>`, and the one valid record of an answer.

use core::fmt;
use core::str::FromStr;

use crate::bytes::{is_name_byte, is_wsp};
use crate::profile::{Deviation, Profile};

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

    const EMPTY: Self = Self { len: 0, bytes: [0; Self::MAX_LEN] };

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

    /// Takes one more byte, unless it is not part of an id or there is no room.
    fn push(&mut self, byte: u8) -> Result<(), RecordFault> {
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

/// What the TXT record of a domain announces: that there is a policy, and its version.
///
/// [RFC 8461 section 3.1](https://www.rfc-editor.org/rfc/rfc8461#section-3.1). `Display` writes the
/// record that a domain would publish for this id.
///
/// ```
/// use mta_sts::{Profile, Record};
///
/// let answer = [vec!["v=STSv1; note=rev.4 ; id=7f3c", "19ab;"], vec!["v=spf1 -all"]];
/// let record = Record::from_answer(answer, Profile::Rfc)?;
/// assert_eq!(record.id().as_str(), "7f3c19ab");
/// # Ok::<(), mta_sts::RecordError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Record {
    id: PolicyId,
    deviation: Option<Deviation>,
}

impl Record {
    /// Reads the TXT records found at `_mta-sts.<domain>`, each a list of character-strings.
    ///
    /// The strings of one record are joined with nothing between them. Allocates nothing.
    ///
    /// # Errors
    ///
    /// All of them mean that the domain has no available policy (section 3.1).
    /// [`RecordError::NoRecord`] if no record begins with `v=STSv1;`,
    /// [`RecordError::SeveralRecords`] if more than one does, well formed or not,
    /// [`RecordError::InvalidRecord`] if the one that does breaks the grammar.
    pub fn from_answer<R>(
        records: impl IntoIterator<Item = R>,
        profile: Profile,
    ) -> Result<Self, RecordError>
    where
        R: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut exact = Choice::None;
        let mut spaced = Choice::None;
        for strings in records {
            let mut reader = Reader::new();
            for string in strings {
                reader.read(string.as_ref());
            }
            match reader.begins {
                Begins::Otherwise => {}
                Begins::Exactly => exact.offer(reader),
                Begins::Spaced => spaced.offer(reader),
            }
        }
        // spec: section 3.1 drops what does not begin with "v=STSv1;", though its grammar allows
        // white space before the semicolon. Interop takes such a record where the text finds none.
        match (exact, profile) {
            (Choice::None, Profile::Interop) => spaced.finish(),
            (exact, _) => exact.finish(),
        }
    }

    /// The version of the policy.
    #[must_use]
    pub const fn id(&self) -> &PolicyId {
        &self.id
    }

    /// How the record departs from the grammar, if it does.
    #[must_use]
    pub const fn deviation(&self) -> Option<Deviation> {
        self.deviation
    }
}

impl From<PolicyId> for Record {
    fn from(id: PolicyId) -> Self {
        Self { id, deviation: None }
    }
}

impl FromStr for Record {
    type Err = RecordError;

    fn from_str(record: &str) -> Result<Self, Self::Err> {
        Self::from_answer([[record]], Profile::default())
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.deviation.is_some() { " " } else { "" };
        write!(f, "v=STSv1{space}; id={};", self.id)
    }
}

/// Why an answer holds no usable record. In each case the domain has no available policy.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// The one record that begins with `v=STSv1;` breaks the grammar.
    #[error("byte at offset {at}: {cause}")]
    InvalidRecord {
        /// Offset in the record with its character-strings joined.
        at: usize,
        /// What is wrong there.
        cause: RecordFault,
    },
    /// No record begins with `v=STSv1;`.
    #[error("no record begins with \"v=STSv1;\"")]
    NoRecord,
    /// More than one record begins with `v=STSv1;`.
    #[error("more than one record begins with \"v=STSv1;\"")]
    SeveralRecords,
}

impl RecordError {
    /// A stable word for logs and reports: `invalid-record`, `no-record` or `several-records`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::InvalidRecord { .. } => "invalid-record",
            Self::NoRecord => "no-record",
            Self::SeveralRecords => "several-records",
        }
    }
}

/// What is wrong with a record.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordFault {
    /// A field without a name, or two semicolons with no field between.
    #[error("a field is empty or its name does not begin with a letter or digit")]
    EmptyField,
    /// The id is empty, longer than 32 bytes, or holds something else than letters and digits.
    #[error("an id is 1 to 32 letters and digits")]
    InvalidId,
    /// A field name is over 32 bytes, holds a wrong byte, or is not followed by `=`.
    #[error("a field name is 1 to 32 letters, digits, '_', '-' and '.', then '='")]
    InvalidName,
    /// The value of an unknown or repeated field is empty or holds a wrong byte.
    #[error("a field value is one or more printable characters other than '=' and ';'")]
    InvalidValue,
    /// The record has no `id` field.
    #[error("the record has no id")]
    MissingId,
    /// White space is followed by something else than a semicolon.
    #[error("white space stands only around a semicolon")]
    StraySpace,
}

/// Records of one kind seen so far: none, one, or too many.
enum Choice {
    None,
    One(Reader),
    Several,
}

impl Choice {
    fn offer(&mut self, reader: Reader) {
        *self = match self {
            Self::None => Self::One(reader),
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    fn finish(self) -> Result<Record, RecordError> {
        match self {
            Self::None => Err(RecordError::NoRecord),
            Self::One(reader) => reader.finish(),
            Self::Several => Err(RecordError::SeveralRecords),
        }
    }
}

/// How a record begins, which decides whether it is looked at.
#[derive(Clone, Copy)]
enum Begins {
    /// With `v=STSv1;`.
    Exactly,
    /// With something else.
    Otherwise,
    /// With `v=STSv1`, white space, `;`.
    Spaced,
}

/// Reads one record, a piece at a time.
///
/// `sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]`
struct Reader {
    begins: Begins,
    state: State,
    /// Bytes read before this piece.
    offset: usize,
    id: PolicyId,
}

/// What comes next.
#[derive(Clone, Copy)]
enum State {
    /// The byte of `v=STSv1` with this number.
    Version(usize),
    /// White space that began after the version; then a semicolon.
    SpaceAfterVersion,
    /// A field, or white space before it; the record may end here if it has had a field.
    FieldStart,
    /// More of a name of this many bytes, which may yet be `id` if so marked.
    Name(u8, MayBeId),
    /// More of the id.
    Id,
    /// The first byte of a value.
    ValueStart,
    /// More of a value.
    Value,
    /// White space after a field; then a semicolon.
    SpaceAfterField,
    /// Nothing: the record is wrong at this offset.
    Failed(usize, RecordFault),
    /// Nothing: this is not a record of ours.
    NotOurs,
}

/// Whether what was read of a name is the start of `id`.
#[derive(Clone, Copy, Eq, PartialEq)]
enum MayBeId {
    Yes,
    No,
}

impl Reader {
    const fn new() -> Self {
        Self { begins: Begins::Otherwise, state: State::Version(0), offset: 0, id: PolicyId::EMPTY }
    }

    fn read(&mut self, piece: &[u8]) {
        let mut rest = piece;
        if let State::Version(0) = self.state
            && let Some(after) = piece.strip_prefix(b"v=STSv1;")
        {
            self.begins = Begins::Exactly;
            self.state = State::FieldStart;
            rest = after;
        }
        let skipped = piece.len() - rest.len();
        for (at, &byte) in rest.iter().enumerate() {
            match self.step(byte) {
                Ok(State::NotOurs) => {
                    self.state = State::NotOurs;
                    break;
                }
                Ok(state) => self.state = state,
                Err(cause) => {
                    self.state = State::Failed(self.offset + skipped + at, cause);
                    break;
                }
            }
        }
        self.offset += piece.len();
    }

    fn step(&mut self, byte: u8) -> Result<State, RecordFault> {
        match self.state {
            State::Version(at) => Ok(self.version(at, byte)),
            State::SpaceAfterVersion => Ok(self.space_after_version(byte)),
            State::FieldStart if is_wsp(byte) => Ok(State::FieldStart),
            State::FieldStart if byte == b'i' => Ok(State::Name(1, self.may_be_id())),
            State::FieldStart if byte.is_ascii_alphanumeric() => Ok(State::Name(1, MayBeId::No)),
            State::FieldStart => Err(RecordFault::EmptyField),
            State::Name(2, MayBeId::Yes) if byte == b'=' => Ok(State::Id),
            State::Name(_, _) if byte == b'=' => Ok(State::ValueStart),
            State::Name(len, _) if usize::from(len) >= NAME_MAX || !is_name_byte(byte) => {
                Err(RecordFault::InvalidName)
            }
            State::Name(1, MayBeId::Yes) if byte == b'd' => Ok(State::Name(2, MayBeId::Yes)),
            State::Name(len, _) => Ok(State::Name(len + 1, MayBeId::No)),
            State::Id if byte.is_ascii_alphanumeric() => self.id.push(byte).map(|()| State::Id),
            State::Id if self.id.len == 0 => Err(RecordFault::InvalidId),
            State::Id => end_of_field(byte).ok_or(RecordFault::InvalidId),
            State::ValueStart if is_value_byte(byte) => Ok(State::Value),
            State::ValueStart => Err(RecordFault::InvalidValue),
            State::Value if is_value_byte(byte) => Ok(State::Value),
            State::Value => end_of_field(byte).ok_or(RecordFault::InvalidValue),
            State::SpaceAfterField => end_of_field(byte).ok_or(RecordFault::StraySpace),
            State::Failed(at, cause) => Ok(State::Failed(at, cause)),
            State::NotOurs => Ok(State::NotOurs),
        }
    }

    /// `sts-version = %s"v=STSv1"`
    fn version(&mut self, at: usize, byte: u8) -> State {
        match VERSION.get(at) {
            Some(&expected) if expected == byte => State::Version(at + 1),
            None if byte == b';' => {
                self.begins = Begins::Exactly;
                State::FieldStart
            }
            None if is_wsp(byte) => State::SpaceAfterVersion,
            _ => State::NotOurs,
        }
    }

    fn space_after_version(&mut self, byte: u8) -> State {
        if byte == b';' {
            self.begins = Begins::Spaced;
            State::FieldStart
        } else if is_wsp(byte) {
            State::SpaceAfterVersion
        } else {
            State::NotOurs
        }
    }

    /// Of a repeated field the first counts (section 3.2), so a later `id` is an extension.
    const fn may_be_id(&self) -> MayBeId {
        if self.id.len == 0 { MayBeId::Yes } else { MayBeId::No }
    }

    fn finish(self) -> Result<Record, RecordError> {
        let fault = match self.state {
            State::Failed(at, cause) => {
                return Err(RecordError::InvalidRecord { at, cause });
            }
            State::Id if self.id.len == 0 => Some(RecordFault::InvalidId),
            State::Version(_) | State::SpaceAfterVersion | State::NotOurs => {
                return Err(RecordError::NoRecord);
            }
            State::Name(..) => Some(RecordFault::InvalidName),
            State::ValueStart => Some(RecordFault::InvalidValue),
            State::SpaceAfterField => Some(RecordFault::StraySpace),
            State::FieldStart | State::Id | State::Value if self.id.len == 0 => {
                Some(RecordFault::MissingId)
            }
            State::FieldStart | State::Id | State::Value => None,
        };
        match fault {
            Some(cause) => Err(RecordError::InvalidRecord { at: self.offset, cause }),
            None => Ok(Record { id: self.id, deviation: self.deviation() }),
        }
    }

    const fn deviation(&self) -> Option<Deviation> {
        match self.begins {
            Begins::Spaced => Some(Deviation::SpaceBeforeSemicolon),
            Begins::Exactly | Begins::Otherwise => None,
        }
    }
}

/// `sts-field-delim = *WSP ";" *WSP`
const fn end_of_field(byte: u8) -> Option<State> {
    match byte {
        b';' => Some(State::FieldStart),
        b' ' | b'\t' => Some(State::SpaceAfterField),
        _ => None,
    }
}

/// `sts-ext-value = 1*(%x21-3A / %x3C / %x3E-7E)`
const fn is_value_byte(byte: u8) -> bool {
    matches!(byte, 0x21..=0x3A | 0x3C | 0x3E..=0x7E)
}

const VERSION: &[u8] = b"v=STSv1";

/// Bytes in the longest field name: one and 31.
const NAME_MAX: usize = 32;

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
