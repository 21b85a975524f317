//! Why a session fails, and what follows from each reason alone.

use core::fmt;

use super::ResultType;
use crate::client::Phase;
use crate::reply::{EnhancedCode, ReplyError};

/// Why a session did not come to TLS, or came to an end.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Reason {
    /// The greeting has another 2yz or 3yz code than 220.
    GreetingNot220,
    /// The greeting has a 4yz or 5yz code.
    GreetingRefused,
    /// EHLO, HELO or LHLO was not accepted.
    EhloRefused,
    /// STARTTLS is not listed, and where TLS is needed the one try was refused too.
    StartTlsNotOffered,
    /// STARTTLS is listed, and refused by a 4yz or 5yz code.
    StartTlsRefused,
    /// The answer to STARTTLS has another 2yz or 3yz code than 220.
    StartTlsBadReply,
    /// A reply is not one.
    MalformedReply,
    /// The lines of a reply have different codes.
    MixedCodes,
    /// A reply line is longer than [`limits::REPLY_LINE`](crate::limits::REPLY_LINE).
    LineTooLong,
    /// A reply is longer than [`limits`](crate::limits) allow.
    ReplyTooLong,
    /// Octets came that no command has asked for.
    UnsolicitedBytes,
    /// Octets came behind the 220 and before TLS.
    StartTlsResidue,
    /// What came in place of the server's first TLS record is not one.
    PlaintextAfter220,
    /// The handshake failed, was cut off or took too long.
    TlsFailed,
    /// The server must be authenticated, and was not.
    NotAuthenticated,
    /// EHLO inside TLS was not accepted.
    EhloInTlsRefused,
    /// EHLO inside TLS was answered by 220, a second greeting.
    GreetingInTls,
    /// 421: the server closes the connection.
    ServiceClosing,
    /// The connection ended.
    Closed,
    /// A wait ran out.
    TimedOut,
    /// The message asks for REQUIRETLS: no TLS, or not authenticated.
    RequireTlsNoTls,
    /// The message asks for REQUIRETLS, which the server does not list.
    RequireTlsNotOffered,
}

impl Reason {
    /// The stable word for logs and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::GreetingNot220 => "greeting-not-220",
            Self::GreetingRefused => "greeting-refused",
            Self::EhloRefused => "ehlo-refused",
            Self::StartTlsNotOffered => "starttls-not-offered",
            Self::StartTlsRefused => "starttls-refused",
            Self::StartTlsBadReply => "starttls-bad-reply",
            Self::MalformedReply => "malformed-reply",
            Self::MixedCodes => "mixed-codes",
            Self::LineTooLong => "line-too-long",
            Self::ReplyTooLong => "reply-too-long",
            Self::UnsolicitedBytes => "unsolicited-bytes",
            Self::StartTlsResidue => "starttls-residue",
            Self::PlaintextAfter220 => "plaintext-after-220",
            Self::TlsFailed => "tls-failed",
            Self::NotAuthenticated => "not-authenticated",
            Self::EhloInTlsRefused => "ehlo-in-tls-refused",
            Self::GreetingInTls => "greeting-in-tls",
            Self::ServiceClosing => "service-closing",
            Self::Closed => "closed",
            Self::TimedOut => "timed-out",
            Self::RequireTlsNoTls => "requiretls-no-tls",
            Self::RequireTlsNotOffered => "requiretls-not-offered",
        }
    }

    /// The enhanced status code for the queue, [RFC 3463 section 3] and [RFC 8689 section 7].
    ///
    /// [RFC 3463 section 3]: https://www.rfc-editor.org/rfc/rfc3463#section-3
    /// [RFC 8689 section 7]: https://www.rfc-editor.org/rfc/rfc8689#section-7
    pub(super) const fn status(self) -> EnhancedCode {
        match self {
            Self::GreetingNot220
            | Self::EhloRefused
            | Self::StartTlsBadReply
            | Self::MalformedReply
            | Self::MixedCodes
            | Self::LineTooLong
            | Self::ReplyTooLong
            | Self::EhloInTlsRefused
            | Self::GreetingInTls => EnhancedCode::known(4, 5, 0),
            Self::GreetingRefused | Self::ServiceClosing => EnhancedCode::known(4, 3, 2),
            Self::StartTlsNotOffered | Self::StartTlsRefused => EnhancedCode::known(4, 7, 4),
            Self::UnsolicitedBytes | Self::StartTlsResidue | Self::PlaintextAfter220 => {
                EnhancedCode::known(4, 7, 0)
            }
            Self::TlsFailed | Self::NotAuthenticated => EnhancedCode::known(4, 7, 5),
            Self::Closed | Self::TimedOut => EnhancedCode::known(4, 4, 2),
            Self::RequireTlsNoTls => EnhancedCode::known(5, 7, 10),
            Self::RequireTlsNotOffered => EnhancedCode::known(5, 7, 30),
        }
    }

    /// What is reported; `certificate` is what the caller's verification says of a failed one.
    pub(super) const fn result_type(
        self,
        phase: Phase,
        certificate: ResultType,
    ) -> Option<ResultType> {
        match self {
            Self::StartTlsNotOffered | Self::StartTlsRefused | Self::StartTlsBadReply => {
                Some(ResultType::StartTlsNotSupported)
            }
            // spec: RFC 8460 section 4.3 has no word for a forged reply; what breaks the way into
            // TLS is reported as a failed validation with our reason.
            Self::MalformedReply | Self::MixedCodes | Self::LineTooLong | Self::ReplyTooLong => {
                match phase {
                    Phase::StartTls => Some(ResultType::ValidationFailure),
                    _ => None,
                }
            }
            Self::UnsolicitedBytes | Self::StartTlsResidue | Self::PlaintextAfter220 => {
                Some(ResultType::ValidationFailure)
            }
            Self::TlsFailed | Self::NotAuthenticated | Self::RequireTlsNoTls => Some(certificate),
            // RFC 8460 section 4.3.4: trouble outside of TLS is not reported.
            Self::GreetingNot220
            | Self::GreetingRefused
            | Self::EhloRefused
            | Self::EhloInTlsRefused
            | Self::GreetingInTls
            | Self::ServiceClosing
            | Self::Closed
            | Self::TimedOut
            | Self::RequireTlsNotOffered => None,
        }
    }
}

impl From<ReplyError> for Reason {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Code(_)
            | ReplyError::Separator(_)
            | ReplyError::BareCr(_)
            | ReplyError::BareLf(_)
            | ReplyError::Nul(_)
            | ReplyError::EmptyLine(_) => Self::MalformedReply,
            ReplyError::MixedCodes(_) => Self::MixedCodes,
            ReplyError::LineTooLong(_) => Self::LineTooLong,
            ReplyError::ReplyTooLong(_) => Self::ReplyTooLong,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
