//! The exit status.

use std::process::ExitCode;

use crate::summary::Summary;

/// How the program ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// All files were read.
    AllRead,
    /// Some files or reports could not be read.
    SomeUnread,
    /// No report could be read, and there was at least one.
    NoneRead,
    /// Wrong usage.
    Usage,
    /// The page or standard output could not be written.
    CannotWrite,
}

impl Exit {
    /// What a summary amounts to; where there is nothing to read, all was read.
    pub(crate) fn of(summary: &Summary) -> Self {
        match (summary.totals.read(), summary.totals.unread) {
            (_, 0) => Self::AllRead,
            (0, _) => Self::NoneRead,
            _ => Self::SomeUnread,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::AllRead => 0,
            Exit::SomeUnread => 1,
            Exit::NoneRead => 2,
            Exit::Usage => 64,
            Exit::CannotWrite => 73,
        })
    }
}
