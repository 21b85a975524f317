//! Reads one record, a piece at a time.

use super::{PolicyId, Record, RecordError, RecordFault};
use crate::bytes::{NAME_MAX, is_name_byte, is_wsp};
use crate::profile::Deviation;

/// How a record begins, which decides whether it is looked at.
#[derive(Clone, Copy)]
pub(super) enum Begins {
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
pub(super) struct Reader {
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
    pub(super) const fn begins(&self) -> Begins {
        self.begins
    }

    pub(super) const fn new() -> Self {
        Self { begins: Begins::Otherwise, state: State::Version(0), offset: 0, id: PolicyId::EMPTY }
    }

    pub(super) fn read(&mut self, piece: &[u8]) {
        let mut rest = piece;
        if let State::Version(0) = self.state
            && let Some(after) = piece.strip_prefix(b"v=STSv1;")
        {
            self.begins = Begins::Exactly;
            self.state = State::FieldStart;
            rest = after;
        }
        while let Some((&byte, after)) = rest.split_first() {
            match self.step(byte) {
                Ok(state) => self.state = state,
                Err(cause) => {
                    let at = self.offset + piece.len() - rest.len();
                    self.state = State::Failed(at, cause);
                }
            }
            rest = match self.state {
                State::Id => self.id.take(after),
                State::Value => skip(after, is_value_byte),
                State::Failed(..) | State::NotOurs => break,
                _ => after,
            };
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
            State::Id if !self.id.is_empty() && end_of_field(byte).is_some() => {
                end_of_field(byte).ok_or(RecordFault::InvalidId)
            }
            State::Id => self.id.push(byte).map(|()| State::Id),
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
        if self.id.is_empty() { MayBeId::Yes } else { MayBeId::No }
    }

    pub(super) fn finish(self) -> Result<Record, RecordError> {
        let fault = match self.state {
            State::Failed(at, cause) => {
                return Err(RecordError::InvalidRecord { at, cause });
            }
            State::Id if self.id.is_empty() => Some(RecordFault::InvalidId),
            State::Version(_) | State::SpaceAfterVersion | State::NotOurs => {
                return Err(RecordError::NoRecord);
            }
            State::Name(..) => Some(RecordFault::InvalidName),
            State::ValueStart => Some(RecordFault::InvalidValue),
            State::SpaceAfterField => Some(RecordFault::StraySpace),
            State::FieldStart | State::Id | State::Value if self.id.is_empty() => {
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

/// What comes after the bytes of this kind.
fn skip(text: &[u8], kind: fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|&byte| !kind(byte)).unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
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
