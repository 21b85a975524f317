//! The exit status, with the numbers of `sysexits.h` where it has one.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Exit {
    /// All delivered, or every verdict as expected.
    Delivered,
    /// Lab: a verdict is not the expected one.
    Unexpected,
    /// Wrong usage, or an address that is none.
    Usage,
    /// The message cannot be sent as it is.
    Message,
    /// A file cannot be read.
    NoInput,
    /// Refused for good.
    Refused,
    /// The lab, or something else on this machine, could not be started.
    LabFailed,
    /// Deferred.
    Deferred,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Delivered => 0,
            Self::Unexpected => 1,
            Self::Usage => 64,
            Self::Message => 65,
            Self::NoInput => 66,
            Self::Refused => 69,
            Self::LabFailed => 70,
            Self::Deferred => 75,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
