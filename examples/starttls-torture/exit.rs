//! The exit status, with the numbers of `sysexits.h` where it has one.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Every script was played, or what was asked for is printed.
    Played,
    /// No client came in time.
    NoClient,
    /// Wrong usage, or a script that there is not.
    Usage,
    /// The address cannot be listened at.
    Unavailable,
    /// The certificates or the server could not be made.
    Software,
    /// A file, or standard output, cannot be written.
    CannotWrite,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Played => 0,
            Exit::NoClient => 1,
            Exit::Usage => 64,
            Exit::Unavailable => 69,
            Exit::Software => 70,
            Exit::CannotWrite => 73,
        })
    }
}
