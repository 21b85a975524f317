//! The lab: a small real Internet on loopback, in one process.
//!
//! Signed DNS over UDP and TCP ([`dns`]), certificates made at the start ([`pki`]). Nothing is
//! mocked: a client of the lab uses its own sockets, its own resolver and its own TLS.

pub mod dns;
mod error;
mod listen;
pub mod pki;

pub use error::LabError;
