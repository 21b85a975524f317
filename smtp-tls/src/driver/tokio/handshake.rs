//! The handshake that a plan asks for, and what is known of the server after it.

use dane::{Failure, Usage};
use mta_sts::CertificateFault;
use pki_types::ServerName;
use smtp_starttls::{ResultType, TlsFailure, TlsVersion};
use tokio_rustls::client::TlsStream;

use super::watch::Watched;
use crate::adapter::rustls::{
    Check as Demand, Connector, DaneError, TlsError, Verified, fault_result_type, fault_word,
};
use crate::attempt::{Peer, Refusal, Tls};
use crate::plan::{Check, HostPlan};
use smtp_starttls::Requirement;

/// A connection inside TLS.
pub(super) struct Secured {
    pub(super) stream: TlsStream<Watched>,
    pub(super) version: TlsVersion,
    pub(super) tls: Tls,
    pub(super) peer: Peer,
}

/// A handshake that did not come about.
pub(super) struct Refused {
    pub(super) failure: TlsFailure,
    pub(super) peer: Peer,
}

/// Takes a connection into TLS as the plan asks.
pub(super) async fn handshake(
    connector: &Connector,
    plan: &HostPlan,
    stream: Watched,
) -> Result<Secured, Refused> {
    match &plan.check {
        Check::Dane(records) => {
            let secured = connector.connect_dane(records, stream).await.map_err(refused_by_dane)?;
            let peer = match (secured.usage, secured.audit) {
                (Some(Usage::DaneTa), _) => Peer::DaneTa,
                (Some(Usage::DaneEe), _) => Peer::DaneEe,
                // Other usages are none of SMTP's.
                (Some(Usage::PkixTa | Usage::PkixEe), _) | (None, None) => Peer::NotChecked,
                (None, Some(failure)) => Peer::Refused(dane_refusal(&failure)),
            };
            Ok(put_together(secured.stream, secured.version, secured.cipher_suite, peer))
        }
        check => {
            // For a policy under test the certificate is looked at and the session goes on.
            let demand = match (check, plan.requirement) {
                (Check::Pkix, Requirement::Authenticate) => Demand::Pkix,
                _ => Demand::Nothing,
            };
            let Ok(name) = ServerName::try_from(plan.sni.as_str().to_owned()) else {
                return Err(refused(&TlsError::Certificate(CertificateFault::HostMismatch)));
            };
            let secured =
                connector.connect(name, demand, stream).await.map_err(|error| refused(&error))?;
            let peer = match (check, secured.session.verified) {
                (_, Verified::Pkix) | (Check::Pkix, Verified::NotRequired(Ok(()))) => Peer::Pkix,
                (Check::Pkix, Verified::NotRequired(Err(fault))) => {
                    Peer::Refused(pkix_refusal(fault))
                }
                (Check::Nothing | Check::Dane(_), Verified::NotRequired(_)) => Peer::NotChecked,
            };
            let session = secured.session;
            Ok(put_together(secured.stream, session.version, session.cipher_suite, peer))
        }
    }
}

fn put_together(
    stream: TlsStream<Watched>,
    version: TlsVersion,
    cipher_suite: &str,
    peer: Peer,
) -> Secured {
    let tls = Tls { version: version_name(version), cipher_suite: cipher_suite.to_owned() };
    Secured { stream, version, tls, peer }
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

fn refused(error: &TlsError) -> Refused {
    let refusal = match error {
        TlsError::Certificate(fault) => pkix_refusal(*fault),
        TlsError::Signature => Refusal {
            result_type: error.result_type(),
            reason: error.reason(),
            explanation: error.to_string(),
        },
        TlsError::Alert(_)
        | TlsError::Broken(_)
        | TlsError::Incompatible
        | TlsError::Local
        | TlsError::Misbehaved
        | TlsError::NotTls => {
            return Refused { failure: TlsFailure::Broken, peer: Peer::NotChecked };
        }
    };
    let failure = TlsFailure::Certificate(refusal.session_result_type());
    Refused { failure, peer: Peer::Refused(refusal) }
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
    pub(super) fn session_result_type(&self) -> ResultType {
        match self.result_type {
            "certificate-expired" => ResultType::CertificateExpired,
            "certificate-host-mismatch" => ResultType::CertificateHostMismatch,
            "certificate-not-trusted" => ResultType::CertificateNotTrusted,
            _ => ResultType::ValidationFailure,
        }
    }
}
