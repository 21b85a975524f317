//! What follows from a failure: the report, the status of the message, the next step.

use core::fmt;

use crate::client::{Phase, Requirement};
use crate::reply::{EnhancedCode, ReplyClass, ReplyCode, ReplyError};

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
    const fn status(self) -> EnhancedCode {
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
    const fn result_type(self, phase: Phase, certificate: ResultType) -> Option<ResultType> {
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

/// A TLSRPT result type, [RFC 8460 section 4.3](https://www.rfc-editor.org/rfc/rfc8460#section-4.3).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ResultType {
    /// `starttls-not-supported`
    StartTlsNotSupported,
    /// `certificate-host-mismatch`
    CertificateHostMismatch,
    /// `certificate-expired`
    CertificateExpired,
    /// `certificate-not-trusted`
    CertificateNotTrusted,
    /// `validation-failure`
    ValidationFailure,
    /// `tlsa-invalid`
    TlsaInvalid,
    /// `dnssec-invalid`
    DnssecInvalid,
    /// `dane-required`
    DaneRequired,
    /// `sts-policy-fetch-error`
    StsPolicyFetchError,
    /// `sts-policy-invalid`
    StsPolicyInvalid,
    /// `sts-webpki-invalid`
    StsWebpkiInvalid,
}

impl ResultType {
    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StartTlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::DaneRequired => "dane-required",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
            Self::StsWebpkiInvalid => "sts-webpki-invalid",
        }
    }
}

impl fmt::Display for ResultType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the caller does next with the message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum NextAction {
    /// Go on in clear on this connection.
    GoOn,
    /// Open a new connection to the same host and go on in clear there, once.
    NewConnectionInClear,
    /// Take the next host; if none is left the message stays queued.
    NextMx,
    /// As `NextMx`, and do not come back to this host in this attempt.
    NextMxNotThisHost,
    /// Take the next host; if none is left bounce, see [`Failure::at_last_mx`].
    NextMxElseBounce,
    /// Bounce with the enhanced status code of the failure.
    Bounce,
}

/// Whether going on in clear is allowed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CleartextRetry {
    /// Never for this attempt.
    Never,
    /// Once, on a new connection.
    Allowed,
    /// This connection goes on in clear.
    NotNeeded,
}

/// What a session came to short of TLS, and all that follows from it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Failure {
    /// What happened.
    pub reason: Reason,
    /// What was being waited for.
    pub phase: Phase,
    /// The code of the reply at fault, if a reply was.
    pub reply_code: Option<ReplyCode>,
    /// What to report by TLSRPT; nothing where the failure is not one of TLS.
    pub result_type: Option<ResultType>,
    /// The enhanced status code for the queue.
    pub status: EnhancedCode,
    /// What to do next.
    pub next_action: NextAction,
    /// Whether going on in clear is allowed.
    pub cleartext_retry: CleartextRetry,
}

/// What a failure is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    pub(crate) phase: Phase,
    pub(crate) reply_code: Option<ReplyCode>,
    pub(crate) requirement: Requirement,
    pub(crate) require_tls: bool,
    /// Whether there is a clear form of this service at all: not with implicit TLS.
    pub(crate) has_clear_form: bool,
    pub(crate) certificate: ResultType,
}

impl Circumstances {
    const fn may_be_clear(&self) -> bool {
        self.requirement.allows_clear() && !self.require_tls && self.has_clear_form
    }
}

impl Failure {
    pub(crate) fn new(reason: Reason, at: &Circumstances) -> Self {
        let cleartext_retry = match reason {
            _ if !at.may_be_clear() => CleartextRetry::Never,
            Reason::StartTlsNotOffered => CleartextRetry::NotNeeded,
            Reason::StartTlsRefused | Reason::TlsFailed => CleartextRetry::Allowed,
            _ => CleartextRetry::Never,
        };
        Self {
            reason,
            phase: at.phase,
            reply_code: at.reply_code,
            result_type: reason.result_type(at.phase, at.certificate),
            status: reason.status(),
            next_action: next_action(reason, cleartext_retry, at),
            cleartext_retry,
        }
    }

    /// The failure once no other host is left: where the message asks for REQUIRETLS and TLS is
    /// what failed, it becomes a bounce ([RFC 8689 section 4.2.1]); else it stays as it is.
    ///
    /// [RFC 8689 section 4.2.1]: https://www.rfc-editor.org/rfc/rfc8689#section-4.2.1
    #[must_use]
    pub const fn at_last_mx(self) -> Self {
        let reason = match (self.next_action, self.reason) {
            (NextAction::NextMxElseBounce, Reason::RequireTlsNotOffered) => self.reason,
            (NextAction::NextMxElseBounce, _) => Reason::RequireTlsNoTls,
            _ => return self,
        };
        Self { reason, status: reason.status(), next_action: NextAction::Bounce, ..self }
    }

    /// The same failure on the new connection that it allows in clear.
    pub(crate) const fn going_on(self) -> Self {
        let (next_action, cleartext_retry) = (NextAction::GoOn, CleartextRetry::NotNeeded);
        Self { next_action, cleartext_retry, ..self }
    }

    /// Whether the failure is evidence that somebody in the path forges octets.
    #[must_use]
    pub const fn is_attack_evidence(&self) -> bool {
        matches!(
            self.reason,
            Reason::UnsolicitedBytes | Reason::StartTlsResidue | Reason::PlaintextAfter220
        )
    }

    /// The `failure-reason-code` of a report: the reply code where STARTTLS was refused, our
    /// reason where the way into TLS was broken.
    #[must_use]
    pub const fn reason_code(&self) -> Option<FailureReasonCode> {
        match (self.result_type, self.reply_code) {
            (Some(ResultType::StartTlsNotSupported), Some(code)) => {
                Some(FailureReasonCode::Reply(code))
            }
            (Some(ResultType::ValidationFailure), _) => {
                Some(FailureReasonCode::Reason(self.reason))
            }
            _ => None,
        }
    }
}

const fn next_action(reason: Reason, retry: CleartextRetry, at: &Circumstances) -> NextAction {
    let is_permanent = match at.reply_code {
        Some(code) => matches!(code.class(), ReplyClass::Permanent),
        None => false,
    };
    match (retry, reason) {
        (CleartextRetry::NotNeeded, _) => NextAction::GoOn,
        (CleartextRetry::Allowed, _) => NextAction::NewConnectionInClear,
        (_, Reason::GreetingRefused) if is_permanent => NextAction::NextMxNotThisHost,
        (_, Reason::RequireTlsNoTls | Reason::RequireTlsNotOffered) => NextAction::NextMxElseBounce,
        (
            _,
            Reason::StartTlsNotOffered
            | Reason::StartTlsRefused
            | Reason::TlsFailed
            | Reason::NotAuthenticated,
        ) if at.require_tls => NextAction::NextMxElseBounce,
        _ => NextAction::NextMx,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ({})", self.reason, self.phase, self.status)?;
        self.reply_code.map_or(Ok(()), |code| write!(f, ", reply {code}"))
    }
}

/// The `failure-reason-code` of a TLSRPT failure; its display is what stands in the report.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureReasonCode {
    /// The code of the server's reply.
    Reply(ReplyCode),
    /// Our own word.
    Reason(Reason),
}

impl fmt::Display for FailureReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(code) => code.fmt(f),
            Self::Reason(reason) => reason.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(requirement: Requirement) -> Circumstances {
        Circumstances {
            phase: Phase::StartTls,
            reply_code: ReplyCode::new(454),
            requirement,
            require_tls: false,
            has_clear_form: true,
            certificate: ResultType::CertificateExpired,
        }
    }

    #[test]
    fn a_failure_under_a_requirement_never_allows_clear() {
        for requirement in [Requirement::Encrypt, Requirement::Authenticate] {
            for reason in [Reason::StartTlsNotOffered, Reason::StartTlsRefused, Reason::TlsFailed] {
                let failure = Failure::new(reason, &at(requirement));
                assert_eq!(failure.cleartext_retry, CleartextRetry::Never);
                assert_eq!(failure.next_action, NextAction::NextMx);
            }
        }
    }

    #[test]
    fn rfc8460_4_3_1_a_refused_starttls_is_reported_with_its_code() {
        let failure = Failure::new(Reason::StartTlsRefused, &at(Requirement::Opportunistic));
        assert_eq!(failure.result_type, Some(ResultType::StartTlsNotSupported));
        assert_eq!(
            failure.reason_code(),
            Some(FailureReasonCode::Reply(ReplyCode::new(454).unwrap()))
        );
        assert_eq!(failure.next_action, NextAction::NewConnectionInClear);
    }

    #[test]
    fn rfc8689_4_2_1_a_requiretls_message_bounces_at_the_last_mx_alone() {
        let at = Circumstances { require_tls: true, ..at(Requirement::Opportunistic) };
        let failure = Failure::new(Reason::TlsFailed, &at);
        assert_eq!(failure.next_action, NextAction::NextMxElseBounce);
        assert_eq!(failure.status, EnhancedCode::known(4, 7, 5));
        let last = failure.at_last_mx();
        assert_eq!(
            (last.reason, last.status),
            (Reason::RequireTlsNoTls, EnhancedCode::known(5, 7, 10))
        );
        assert_eq!(last.result_type, Some(ResultType::CertificateExpired), "as its cause");
        let not_listed = Failure::new(Reason::RequireTlsNotOffered, &at).at_last_mx();
        assert_eq!(not_listed.status, EnhancedCode::known(5, 7, 30));
        let other = Failure::new(Reason::GreetingRefused, &at);
        assert_eq!(other.at_last_mx(), other, "trouble outside of TLS stays temporary");
    }

    #[test]
    fn smtp_u1_forged_octets_are_evidence() {
        let failure = Failure::new(Reason::StartTlsResidue, &at(Requirement::Opportunistic));
        assert!(failure.is_attack_evidence());
        assert_eq!(
            failure.reason_code().unwrap(),
            FailureReasonCode::Reason(Reason::StartTlsResidue)
        );
        assert_eq!(failure.cleartext_retry, CleartextRetry::Never);
    }
}
