//! Why a PostgreSQL database did not answer.

use core::fmt;

use tokio_postgres::error::SqlState;

/// Why the database did not do what it was asked to.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PostgresError {
    /// The connection string cannot be read.
    #[error("the connection string of the database cannot be read")]
    Address,
    /// The database is on another machine, and no TLS was given to reach it.
    #[error("the database is on another machine and TLS is not set up for it")]
    Clear,
    /// The tables are those of a later version.
    #[error("version {0} of the database's tables is not read")]
    Version(i32),
    /// The server refused the user or the password.
    #[error("the database refuses the user")]
    Denied,
    /// The server could not be reached, or the connection was lost.
    #[error("the database cannot be reached")]
    Unreachable,
    /// No answer came in 30 seconds.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The server refused a statement with this SQLSTATE.
    #[error("the database refused a statement ({0})")]
    Failed(StateCode),
}

/// The SQLSTATE of a refused statement: five letters or digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StateCode([u8; 5]);

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(core::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl StateCode {
    /// By its class, the first two: trouble with the connection, a transaction rolled back (a deadlock, say),
    /// no resources left, an object in use, the operator has intervened. All else, such as a database or a
    /// table that there is not, stays until somebody mends it.
    const fn is_temporary(self) -> bool {
        let [one, two, ..] = self.0;
        matches!(&[one, two], b"08" | b"40" | b"53" | b"55" | b"57")
    }
}

impl PostgresError {
    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable | Self::TimedOut => true,
            Self::Failed(code) => code.is_temporary(),
            Self::Address | Self::Clear | Self::Version(_) | Self::Denied => false,
        }
    }
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code)
                if *code == SqlState::INVALID_PASSWORD
                    || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                    || *code == SqlState::INSUFFICIENT_PRIVILEGE =>
            {
                Self::Denied
            }
            Some(code) => code
                .code()
                .as_bytes()
                .try_into()
                .map_or(Self::Unreachable, |code| Self::Failed(StateCode(code))),
            None => Self::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_its_class_a_refused_statement_may_be_taken_later() {
        for (code, is_temporary) in [
            (SqlState::CONNECTION_FAILURE, true),
            (SqlState::T_R_DEADLOCK_DETECTED, true),
            (SqlState::DISK_FULL, true),
            (SqlState::LOCK_NOT_AVAILABLE, true),
            (SqlState::CANNOT_CONNECT_NOW, true),
            (SqlState::ADMIN_SHUTDOWN, true),
            (SqlState::QUERY_CANCELED, true),
            (SqlState::INVALID_CATALOG_NAME, false),
            (SqlState::UNDEFINED_TABLE, false),
            (SqlState::INVALID_PARAMETER_VALUE, false),
            (SqlState::READ_ONLY_SQL_TRANSACTION, false),
            (SqlState::INTERNAL_ERROR, false),
        ] {
            let letters = code.code().as_bytes().try_into().unwrap();
            let error = PostgresError::Failed(StateCode(letters));
            assert_eq!(error.is_temporary(), is_temporary, "{error}");
        }
    }
}
