//! Why a file did not answer.

use rusqlite::ErrorCode;

/// Why the store failed. No answer is not "no policy": the delivery is deferred.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SqliteError {
    /// Another process has held the file for five seconds.
    #[error("the file is locked by another process")]
    Busy,
    /// A thread of the store has ended.
    #[error("the store has ended")]
    Closed,
    /// The file itself is damaged. One of policies is a cache: moved away, it is made anew, and all domains are as on
    /// first contact.
    #[error("the file is damaged")]
    Corrupt,
    /// A pin is damaged. Pin the domain anew or take the pin back.
    #[error("the pin of the domain is damaged")]
    DamagedPin,
    /// SQLite failed with this extended result code.
    #[error("sqlite failed with result code {0}")]
    Failed(i32),
    /// It is a file of other software.
    #[error("the file is of other software")]
    Foreign,
    /// No room is left on the disk.
    #[error("the disk of the file is full")]
    Full,
    /// The file could not be opened, read or written.
    #[error("the file cannot be read or written")]
    Io,
    /// The file is not there, and is not to be made.
    #[error("there is no such file")]
    Missing,
    /// A later version of this crate wrote it.
    #[error("version {0} of the file is not read")]
    Version(i32),
}

impl SqliteError {
    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Full | Self::Io)
    }
}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error() else { return Self::Corrupt };
        match code.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DatabaseCorrupt => Self::Corrupt,
            ErrorCode::NotADatabase => Self::Foreign,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly => Self::Io,
            _ => Self::Failed(code.extended_code),
        }
    }
}
