//! The TXT record at `_mta-sts.<domain>`, and the one valid record of an answer.

mod id;
mod reader;

use core::fmt;
use core::str::FromStr;

pub use id::{PolicyId, PolicyIdError};
use reader::{Begins, Reader};

use crate::profile::{Deviation, Profile};

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
            match reader.begins() {
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

#[cfg(test)]
mod tests;
