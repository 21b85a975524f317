//! The exit status, with the numbers of `sysexits.h` where it has one.

use core::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use crate::stopped::Stopped;

/// How the program ends. Of several hosts and addresses the worst counts: the last one here.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Exit {
    /// Done, and nothing is wrong.
    Fine,
    /// A look-up failed that may succeed later.
    Temporary,
    /// A server cannot be reached, or does not get as far as TLS.
    Unavailable,
    /// An answer failed DNSSEC validation: waiting does not help.
    Bogus,
    /// Something is wrong with a server, its records or its domain.
    Wrong,
    /// Wrong usage.
    Usage,
    /// A file holds something else than was expected.
    Data,
    /// A file cannot be read.
    NoInput,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Wrong => 1,
            Self::Usage => 64,
            Self::Data => 65,
            Self::NoInput => 66,
            Self::Unavailable => 69,
            Self::Temporary => 75,
            Self::Bogus => 76,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why the program goes no further.
pub(crate) fn stop(exit: Exit, message: impl Display) -> Stopped {
    Stopped::new(exit.code(), message)
}

/// The same about a file.
pub(crate) fn stop_at(exit: Exit, path: &Path, message: impl Display) -> Stopped {
    stop(exit, format!("{}: {message}", path.display()))
}
