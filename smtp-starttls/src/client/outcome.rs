//! How a session ends.

use crate::failure::{CleartextRetry, Failure, Reason};

/// How a session ended. These four are all there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Outcome {
    /// TLS is up, as well verified as was required, and the second EHLO was answered.
    Secured,
    /// Go on in clear on this connection; the value says why there is no TLS.
    Plaintext(Failure),
    /// Go on in clear, on a new connection only.
    RetryPlaintext(Failure),
    /// Deliver nothing over this connection.
    Refused(Failure),
}

impl Outcome {
    pub(crate) const fn of(failure: Failure) -> Self {
        match (failure.cleartext_retry, failure.reason) {
            (CleartextRetry::NotNeeded, _) => Self::Plaintext(failure),
            (CleartextRetry::Allowed, Reason::StartTlsRefused | Reason::TlsFailed) => {
                Self::RetryPlaintext(failure)
            }
            _ => Self::Refused(failure),
        }
    }

    /// Why there is no TLS, if there is none.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Secured => None,
            Self::Plaintext(failure) | Self::RetryPlaintext(failure) | Self::Refused(failure) => {
                Some(failure)
            }
        }
    }

    /// The stable word for logs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Secured => "secured",
            Self::Plaintext(_) => "plaintext",
            Self::RetryPlaintext(_) => "retry-plaintext",
            Self::Refused(_) => "refused",
        }
    }
}
