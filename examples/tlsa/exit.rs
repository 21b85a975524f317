//! The exit status, with the numbers of `sysexits.h` where it has one, and errors that have one.

use core::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Done, and nothing is wrong.
    Fine,
    /// Something is wrong with the server or its records.
    Wrong,
    /// Wrong usage.
    Usage,
    /// A file holds something else than was expected.
    Data,
    /// A file cannot be read.
    NoInput,
    /// The server cannot be reached, or does not get as far as TLS.
    Unavailable,
    /// A look-up failed.
    Temporary,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Wrong => 1,
            Exit::Usage => 64,
            Exit::Data => 65,
            Exit::NoInput => 66,
            Exit::Unavailable => 69,
            Exit::Temporary => 75,
        })
    }
}

/// Why the program went no further.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Stopped {
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// About a file.
    pub(crate) fn at(exit: Exit, path: &Path, message: impl Display) -> Self {
        Self { exit, message: format!("{}: {message}", path.display()) }
    }
}
