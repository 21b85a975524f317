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

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Delivered => 0,
            Exit::Unexpected => 1,
            Exit::Usage => 64,
            Exit::Message => 65,
            Exit::NoInput => 66,
            Exit::Refused => 69,
            Exit::LabFailed => 70,
            Exit::Deferred => 75,
        })
    }
}
