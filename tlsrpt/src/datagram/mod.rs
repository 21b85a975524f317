//! The datagram by which an MTA hands a session's outcome to a report collector.
//!
//! One JSON object a datagram, written byte for byte as existing clients write it, and read with
//! care: a collector takes datagrams from anybody on the machine.

mod code;
mod error;
mod policy;
mod read;
mod values;
mod write;

pub use code::{PolicyCode, ResultCode};
pub use error::{DatagramError, DatagramQuirk};
pub use read::Datagram;
pub(crate) use read::{check, parse};
pub use write::{DatagramWriter, FailureTexts, OrderError};

#[cfg(test)]
mod tests;
