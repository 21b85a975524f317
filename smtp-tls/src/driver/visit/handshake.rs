//! The handshake that a plan asks for, and what is known of the server after it.

use ::rustls::{ClientConnection, Error};
use dane::{Failure, Usage};
use mta_sts::CertificateFault;
use pki_types::ServerName;
use smtp_starttls::{
    MessageNeed, Requirement, ResultType, TlsFailure, TlsVersion, Verification, VerifiedBy,
};

use crate::adapter::rustls::{
    Check as Demand, Connector, DaneError, DaneJudge, DaneSession, PkixJudge, Session, TlsError,
    Verified, fault_result_type, fault_word,
};
use crate::attempt::{Peer, Refusal, Tls};
use crate::plan::{Check, HostPlan};

/// Judges the server of one handshake.
#[derive(Debug)]
pub(super) enum Judge {
    Dane(DaneJudge),
    Pkix(PkixJudge, Looks),
}

/// Whether what is found of a certificate matters to anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Looks {
    Yes,
    No,
}

/// What is known of a server once the handshake is done.
pub(super) struct Secured {
    pub(super) version: TlsVersion,
    pub(super) tls: Tls,
    pub(super) peer: Peer,
}

/// A handshake that did not come about.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) failure: TlsFailure,
    pub(super) peer: Peer,
}

/// Begins the handshake that the plan asks for.
pub(super) fn begin(
    connector: &Connector,
    plan: &HostPlan,
) -> Result<(ClientConnection, Judge), Refused> {
    if let Check::Dane(records) = &plan.check {
        let opened = connector.open_dane(records).map_err(|error| refused(&error))?;
        return Ok((opened.0, Judge::Dane(opened.1)));
    }
    // For a policy under test the certificate is looked at and the session goes on.
    let (demand, looks) = match (&plan.check, plan.requirement) {
        (Check::Pkix, Requirement::Authenticate) => (Demand::Pkix, Looks::Yes),
        (Check::Pkix, _) => (Demand::Nothing, Looks::Yes),
        (Check::Nothing | Check::Dane(_), _) => (Demand::Nothing, Looks::No),
    };
    let Ok(name) = ServerName::try_from(plan.sni.as_str().to_owned()) else {
        return Err(refused(&TlsError::Certificate(CertificateFault::HostMismatch)));
    };
    let (connection, judge) = connector.open_pkix(name, demand).map_err(|error| refused(&error))?;
    Ok((connection, Judge::Pkix(judge, looks)))
}

impl Judge {
    /// What is known once the handshake is done.
    pub(super) fn secured(&self, connection: &ClientConnection) -> Result<Secured, Refused> {
        match self {
            Self::Dane(judge) => {
                judge.session(connection).map(secured_by_dane).map_err(refused_by_dane)
            }
            Self::Pkix(judge, looks) => {
                let session = judge.session(connection).map_err(|error| refused(&error))?;
                Ok(secured_by_pkix(session, *looks))
            }
        }
    }

    /// Why it failed.
    pub(super) fn refused(&self, error: &Error) -> Refused {
        let error = TlsError::from(error);
        match self {
            Self::Dane(judge) => refused_by_dane(judge.refusal(error)),
            Self::Pkix(..) => refused(&error),
        }
    }
}

/// Whether the handshake itself fails with a server that is not verified as required: only then may EHLO
/// be handed over before it is done.
pub(super) fn is_verified_by_the_handshake(plan: &HostPlan) -> bool {
    let is_audit = matches!(&plan.check, Check::Dane(records)
        if records.enforcement() == dane::discovery::Enforcement::DangerAuditOnly);
    plan.need == MessageNeed::Nothing
        && (plan.requirement != Requirement::Authenticate || !is_audit)
}

/// What a session is told of the server's identity.
pub(super) fn verification(peer: &Peer) -> Verification {
    match peer {
        Peer::NotChecked => Verification::NotTried,
        Peer::Pkix => Verification::Verified(VerifiedBy::Pkix),
        Peer::DaneEe | Peer::DaneTa => Verification::Verified(VerifiedBy::Dane),
        Peer::Refused(refusal) => Verification::Failed(refusal.session_result_type()),
    }
}

fn secured_by_dane(session: DaneSession) -> Secured {
    let peer = match (session.usage, session.audit) {
        (Some(Usage::DaneTa), _) => Peer::DaneTa,
        (Some(Usage::DaneEe), _) => Peer::DaneEe,
        // Other usages are none of SMTP's.
        (Some(Usage::PkixTa | Usage::PkixEe), _) | (None, None) => Peer::NotChecked,
        (None, Some(failure)) => Peer::Refused(dane_refusal(&failure)),
    };
    put_together(session.version, session.cipher_suite, peer)
}

fn secured_by_pkix(session: Session, looks: Looks) -> Secured {
    let peer = match (session.verified, looks) {
        (Verified::Pkix, _) | (Verified::NotRequired(Ok(())), Looks::Yes) => Peer::Pkix,
        (Verified::NotRequired(Err(fault)), Looks::Yes) => Peer::Refused(pkix_refusal(fault)),
        (Verified::NotRequired(_), Looks::No) => Peer::NotChecked,
    };
    put_together(session.version, session.cipher_suite, peer)
}

fn put_together(version: TlsVersion, cipher_suite: &str, peer: Peer) -> Secured {
    let tls = Tls { version: version_name(version), cipher_suite: cipher_suite.to_owned() };
    Secured { version, tls, peer }
}

fn version_name(version: TlsVersion) -> String {
    match version {
        TlsVersion::TLS12 => "TLSv1.2".to_owned(),
        TlsVersion::TLS13 => "TLSv1.3".to_owned(),
        TlsVersion(other) => format!("{other:#06x}"),
    }
}

fn refused_by_dane(error: DaneError) -> Refused {
    match error {
        DaneError::Tls(error) => refused(&error),
        DaneError::NotAuthenticated(failure) => {
            let refusal = dane_refusal(&failure);
            let failure = TlsFailure::Certificate(refusal.session_result_type());
            Refused { failure, peer: Peer::Refused(refusal) }
        }
    }
}

/// No handshake comes about with this error.
fn refused(error: &TlsError) -> Refused {
    let refusal = match error {
        TlsError::Certificate(fault) => pkix_refusal(*fault),
        TlsError::Signature => Refusal {
            result_type: error.result_type(),
            reason: error.reason(),
            explanation: error.to_string(),
        },
        error => return Refused { failure: failure_of(error), peer: Peer::NotChecked },
    };
    let failure = TlsFailure::Certificate(refusal.session_result_type());
    Refused { failure, peer: Peer::Refused(refusal) }
}

/// What an error means for the session, whoever the server is.
pub(super) const fn failure_of(error: &TlsError) -> TlsFailure {
    match error {
        TlsError::Broken(_) => TlsFailure::Lost,
        TlsError::Local => TlsFailure::Local,
        TlsError::Alert(_)
        | TlsError::Certificate(_)
        | TlsError::Incompatible
        | TlsError::Misbehaved
        | TlsError::NotTls
        | TlsError::Signature => TlsFailure::Broken,
    }
}

fn pkix_refusal(fault: CertificateFault) -> Refusal {
    Refusal {
        result_type: fault_result_type(fault),
        reason: fault_word(fault),
        explanation: format!("certificate of the server is refused: {fault}"),
    }
}

fn dane_refusal(failure: &Failure) -> Refusal {
    Refusal {
        result_type: failure.result_type().as_str(),
        reason: failure.reason_code(),
        explanation: failure.to_string(),
    }
}

impl Refusal {
    /// The result type in the words of a session.
    fn session_result_type(&self) -> ResultType {
        match self.result_type {
            "certificate-expired" => ResultType::CertificateExpired,
            "certificate-host-mismatch" => ResultType::CertificateHostMismatch,
            "certificate-not-trusted" => ResultType::CertificateNotTrusted,
            _ => ResultType::ValidationFailure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_trouble_is_none_of_the_servers() {
        for (error, failure) in [
            (Error::FailedToGetCurrentTime, TlsFailure::Local),
            (Error::FailedToGetRandomBytes, TlsFailure::Local),
            (
                Error::AlertReceived(::rustls::AlertDescription::HandshakeFailure),
                TlsFailure::Broken,
            ),
        ] {
            let refused = refused(&TlsError::from(&error));
            assert_eq!((refused.failure, refused.peer), (failure, Peer::NotChecked));
        }
        let lost = TlsError::Broken(std::io::ErrorKind::ConnectionReset);
        assert_eq!(refused(&lost).failure, TlsFailure::Lost);
    }
}
