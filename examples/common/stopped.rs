//! Why a program ends early, and with which exit status.

/// The message for people, and the exit status, with the numbers of `sysexits.h`.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Stopped {
    pub(crate) fn new(code: u8, message: impl core::fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }
}
