//! What one mail host must reach: DANE before MTA-STS before opportunistic TLS.
//!
//! | DANE for the host | MTA-STS for the domain | the host must reach |
//! |---|---|---|
//! | usable records | whatever | TLS, authenticated by the records |
//! | records, none usable | `enforce` | TLS, authenticated by MTA-STS |
//! | records, none usable | otherwise | TLS |
//! | does not apply | `enforce` | TLS, authenticated by MTA-STS |
//! | does not apply | otherwise | TLS if it can be had |
//! | look-up failed | whatever | nothing: it is not used |
//!
//! A policy in mode `testing` has the certificate checked for the report alone
//! ([RFC 8461 sections 2 and 5](https://www.rfc-editor.org/rfc/rfc8461#section-5),
//! [RFC 7672 section 2.2](https://www.rfc-editor.org/rfc/rfc7672#section-2.2)).

use std::sync::Arc;

use mta_sts::{Applied, Decision, HostName, Mode};
use smtp_starttls::Requirement;

use crate::delivery::LocalLevel;
use crate::resolve::{Name, Security};

/// What a connection to one host must reach.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct HostPlan {
    /// How far the connection must come.
    pub requirement: Requirement,
    /// How the server is checked.
    pub check: Check,
    /// The name for the server name indication.
    pub sni: Name,
    /// Whether DNSSEC proves the way from the domain to the host.
    pub mx: Security,
}

/// How a server is checked. Whether a failure counts is the requirement's to say.
#[derive(Clone, Debug)]
pub enum Check {
    /// It is not.
    Nothing,
    /// Its certificate must chain to a trusted root and name the MX host.
    Pkix,
    /// By these TLSA records.
    Dane(Arc<dane::discovery::DanePlan>),
}

/// What was found out about one host, and what follows.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// What DANE discovery came to.
    pub dane: dane::discovery::HostPlan,
    /// Whether the domain's MTA-STS policy allows the host.
    pub listed: Listed,
    /// What the host must reach, or why it is not used.
    pub verdict: Result<HostPlan, Skip>,
}

/// Whether a domain's MTA-STS policy allows a host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Listed {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// There is no policy.
    NoPolicy,
}

/// Why a host is not used in this attempt. None of these bounces a message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Skip {
    /// DANE forbids it for now.
    #[error("{0}")]
    Dane(dane::discovery::Skip),
    /// The domain's MTA-STS policy, which is enforced, does not list it.
    #[error("mta-sts policy does not list the host")]
    NotInPolicy,
}

impl Skip {
    /// A stable word.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Dane(skip) => skip.reason(),
            Self::NotInPolicy => mta_sts::HostFailure::MxNotInPolicy.reason(),
        }
    }
}

impl Assessment {
    /// Puts together what DANE says of a host and MTA-STS of its domain.
    #[must_use]
    pub fn new(
        host: &Name,
        dane: dane::discovery::HostPlan,
        policy: Option<&mta_sts::Outcome>,
        mx: Security,
        level: LocalLevel,
    ) -> Self {
        let applied = policy.and_then(|outcome| match &outcome.decision {
            Decision::Apply(applied) => Some(applied),
            _ => None,
        });
        let listed = match applied {
            None => Listed::NoPolicy,
            Some(applied) if allows(applied, host) => Listed::Yes,
            Some(_) => Listed::No,
        };
        let verdict = verdict(host, &dane, applied.map(Applied::mode), listed, mx, level);
        Self { dane, listed, verdict }
    }
}

/// A name that is no host name is in no pattern.
fn allows(applied: &Applied, host: &Name) -> bool {
    host.as_str().parse::<HostName>().is_ok_and(|host| applied.allows(&host))
}

fn verdict(
    host: &Name,
    dane: &dane::discovery::HostPlan,
    mode: Option<Mode>,
    listed: Listed,
    mx: Security,
    level: LocalLevel,
) -> Result<HostPlan, Skip> {
    let (least, sni) = match dane {
        dane::discovery::HostPlan::Skip(skip) => return Err(Skip::Dane(*skip)),
        dane::discovery::HostPlan::Dane(plan) => {
            let requirement = match plan.enforcement() {
                dane::discovery::Enforcement::Enforced => Requirement::Authenticate,
                dane::discovery::Enforcement::DangerAuditOnly => local(level),
            };
            let check = Check::Dane(Arc::new(plan.clone()));
            return Ok(HostPlan { requirement, check, sni: name(plan.sni(), host), mx });
        }
        dane::discovery::HostPlan::Encrypt(plan) => {
            let least = match plan.enforcement() {
                dane::discovery::Enforcement::Enforced => Requirement::Encrypt,
                dane::discovery::Enforcement::DangerAuditOnly => local(level),
            };
            (least, name(plan.sni(), host))
        }
        dane::discovery::HostPlan::Opportunistic(_) => (local(level), host.clone()),
    };
    match (mode, listed) {
        (Some(Mode::Enforce), Listed::Yes) => {
            // RFC 8461 section 7.1: here the MX host name is the one to ask for.
            let (requirement, sni) = (Requirement::Authenticate, host.clone());
            Ok(HostPlan { requirement, check: Check::Pkix, sni, mx })
        }
        (Some(Mode::Enforce), Listed::No | Listed::NoPolicy) => Err(Skip::NotInPolicy),
        (Some(Mode::Testing), _) => {
            Ok(HostPlan { requirement: least, check: Check::Pkix, sni, mx })
        }
        (Some(Mode::None) | None, _) => {
            Ok(HostPlan { requirement: least, check: Check::Nothing, sni, mx })
        }
    }
}

/// What a connection must reach where no policy of the domain says more.
const fn local(level: LocalLevel) -> Requirement {
    match level {
        LocalLevel::Opportunistic => Requirement::Opportunistic,
        LocalLevel::Encrypt | LocalLevel::Dane => Requirement::Encrypt,
    }
}

/// A TLSA base domain as a name of this crate; it always is one, and the host's else.
fn name(base: &dane::Name, host: &Name) -> Name {
    base.as_str().parse().unwrap_or_else(|_| host.clone())
}
