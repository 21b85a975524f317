//! What follows from a failure: the report, the status of the message, the next step.

mod reason;
mod result_type;

pub use reason::Reason;
pub use result_type::ResultType;

use core::fmt;

use crate::client::{Phase, Requirement};
use crate::reply::{EnhancedCode, ReplyClass, ReplyCode};

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
    pub(crate) trouble: Trouble,
}

/// Whether trouble that no reply tells of may be over by the next attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    MayPass,
    Stays,
}

impl Circumstances {
    /// What is no answer of the server at all.
    fn may_pass(&self) -> bool {
        self.reply_code.is_none() && self.trouble == Trouble::MayPass
    }

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

    /// The `failure-reason-code` of a report: the reply code where STARTTLS was refused or answered
    /// oddly, our reason where the way into TLS was broken. An accepted EHLO is no reason.
    #[must_use]
    pub const fn reason_code(&self) -> Option<FailureReasonCode> {
        match (self.result_type, self.reply_code) {
            (Some(ResultType::StartTlsNotSupported), Some(code)) => {
                let is_refusal =
                    matches!(code.class(), ReplyClass::Temporary | ReplyClass::Permanent);
                let is_of_starttls = matches!(self.phase, Phase::StartTls);
                if is_refusal || is_of_starttls {
                    Some(FailureReasonCode::Reply(code))
                } else {
                    None
                }
            }
            (Some(ResultType::ValidationFailure), _) => {
                Some(FailureReasonCode::Reason(self.reason))
            }
            _ => None,
        }
    }
}

fn next_action(reason: Reason, retry: CleartextRetry, at: &Circumstances) -> NextAction {
    let is_permanent = match at.reply_code {
        Some(code) => matches!(code.class(), ReplyClass::Permanent),
        None => false,
    };
    match (retry, reason) {
        (CleartextRetry::NotNeeded, _) => NextAction::GoOn,
        (CleartextRetry::Allowed, _) => NextAction::NewConnectionInClear,
        (_, Reason::GreetingRefused) if is_permanent => NextAction::NextMxNotThisHost,
        (_, Reason::RequireTlsNoTls | Reason::RequireTlsNotOffered) => NextAction::NextMxElseBounce,
        // spec: RFC 8689 section 4.2.1 bounces once each host has failed a step: so does a server that
        // refuses STARTTLS, with 454 too. It says nothing of trouble in which no server has answered, which
        // would make its first step, the look-up, a reason to bounce: that stays with the queue (RFC 5321
        // section 4.5.4.1).
        (
            _,
            Reason::StartTlsNotOffered
            | Reason::StartTlsRefused
            | Reason::TlsFailed
            | Reason::NotAuthenticated,
        ) if at.require_tls && !at.may_pass() => NextAction::NextMxElseBounce,
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
            trouble: Trouble::Stays,
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
    fn rfc8460_4_3_1_a_reply_that_refused_nothing_is_not_reported() {
        let code = |phase, code| {
            let reply_code = ReplyCode::new(code);
            let at = Circumstances { phase, reply_code, ..at(Requirement::Opportunistic) };
            let failure = Failure::new(Reason::StartTlsNotOffered, &at);
            assert_eq!(failure.result_type, Some(ResultType::StartTlsNotSupported));
            failure.reason_code()
        };
        let reply = |code| Some(FailureReasonCode::Reply(ReplyCode::new(code).unwrap()));
        assert_eq!(code(Phase::Ehlo, 250), None, "STARTTLS is not in the list");
        assert_eq!(code(Phase::Helo, 250), None);
        assert_eq!(code(Phase::Ehlo, 502), reply(502), "there is no list");
        assert_eq!(code(Phase::StartTls, 502), reply(502));
        assert_eq!(code(Phase::StartTls, 250), reply(250), "the odd answer is the reason");
    }

    #[test]
    fn rfc8689_4_2_1_a_requiretls_message_bounces_at_the_last_mx_alone() {
        let at =
            Circumstances { require_tls: true, reply_code: None, ..at(Requirement::Opportunistic) };
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
    fn rfc8689_4_2_1_what_may_pass_is_no_reason_to_bounce() {
        let at = |reply_code: Option<u16>, trouble| Circumstances {
            require_tls: true,
            reply_code: reply_code.and_then(ReplyCode::new),
            trouble,
            ..at(Requirement::Opportunistic)
        };
        for reason in [Reason::TlsFailed, Reason::StartTlsRefused, Reason::StartTlsNotOffered] {
            for (code, trouble, action) in [
                (Some(454), Trouble::MayPass, NextAction::NextMxElseBounce),
                (Some(421), Trouble::Stays, NextAction::NextMxElseBounce),
                (None, Trouble::MayPass, NextAction::NextMx),
                (Some(554), Trouble::MayPass, NextAction::NextMxElseBounce),
                (None, Trouble::Stays, NextAction::NextMxElseBounce),
            ] {
                let failure = Failure::new(reason, &at(code, trouble));
                assert_eq!(failure.next_action, action, "{reason} {code:?} {trouble:?}");
                assert_eq!(failure.cleartext_retry, CleartextRetry::Never);
            }
        }
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
