//! Why a lab does not start.

use std::io;

use super::dns::DnsError;

/// Why a lab does not start.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A certificate cannot be made.
    #[error("a certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// The zones cannot be built.
    #[error("the zones cannot be built")]
    Dns(#[from] DnsError),
    /// An address cannot be bound or a thread not started.
    #[error("the system refuses a socket or a thread")]
    Io(#[from] io::Error),
    /// The time is out of the range of certificates.
    #[error("the time is out of range")]
    Time,
    /// A server's TLS configuration is refused.
    #[error("a TLS configuration is refused")]
    Tls(#[from] rustls::Error),
}
