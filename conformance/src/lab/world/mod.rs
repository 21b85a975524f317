//! The domains of the lab, each with what a sender must make of it.
//!
//! [`DOMAINS`] is data: for each domain its zone, its hosts, its policy and its faults, and the
//! verdict that the RFCs ask for. [`crate::lab::Lab`] builds it.

mod dane;
mod failing;
mod mta_sts;
mod plain;
mod plan;

use core::fmt;
use core::time::Duration;

pub(super) use plan::{Certificate, HostPlan, KeyOwner, PagePlan, Plan, PolicyPlan, Reach, Tlsa};

/// A domain of the lab, and what a sender must make of it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LabDomain {
    /// The domain: mail goes to `postmaster` there.
    pub domain: &'static str,
    /// A few words for a table.
    pub title: &'static str,
    /// What it shows, in a sentence or two.
    pub what_it_shows: &'static str,
    /// The verdict.
    pub expected: Expected,
    /// A policy that the sender has cached already.
    pub cached_policy: Option<CachedPolicy>,
}

/// What must become of a message to a domain, for a sender with the default settings of this
/// suite: DANE before MTA-STS before opportunistic TLS, half-DANE on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expected {
    /// What becomes of the message in one attempt.
    pub delivery: Delivery,
    /// How the session that took it was secured; none if no host took it.
    pub security: Option<Security>,
    /// The host that took it; none if no host took it.
    pub host: Option<&'static str>,
    /// Whether the MX records were insecure while the host was authenticated by DANE
    /// ([RFC 7672 section 2.2.1](https://www.rfc-editor.org/rfc/rfc7672#section-2.2.1)): such a
    /// delivery is never called secure.
    pub half_dane: bool,
    /// The TLSRPT result type of the failure that was met, first host first
    /// ([RFC 8460 section 4.3](https://www.rfc-editor.org/rfc/rfc8460#section-4.3)); none if there
    /// is nothing to report.
    pub tls_result: Option<&'static str>,
}

/// What becomes of a message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// A host has taken it.
    Delivered,
    /// It stays queued.
    Deferred,
    /// It goes back to its sender: the failure is permanent.
    Refused,
}

/// How a session was secured.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Security {
    /// Not at all.
    Plaintext,
    /// TLS, but nobody checked with whom.
    Unauthenticated,
    /// TLS with a certificate that fits the MTA-STS policy.
    MtaSts,
    /// TLS with a key that a DANE-EE record names.
    DaneEe,
    /// TLS with a certificate below an authority that a DANE-TA record names.
    DaneTa,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
        })
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plaintext => "plaintext",
            Self::Unauthenticated => "unauthenticated TLS",
            Self::MtaSts => "MTA-STS",
            Self::DaneEe => "DANE-EE",
            Self::DaneTa => "DANE-TA",
        })
    }
}

/// A policy that was fetched before the lab started.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CachedPolicy {
    /// The id of the record under which it was fetched.
    pub id: &'static str,
    /// The body as it was served.
    pub body: &'static str,
    /// How long before the lab's `now` it was fetched.
    pub age: Duration,
}

impl Expected {
    /// Taken by `host` over a session secured like this.
    pub(crate) const fn delivered(host: &'static str, security: Security) -> Self {
        Self {
            delivery: Delivery::Delivered,
            security: Some(security),
            host: Some(host),
            half_dane: false,
            tls_result: None,
        }
    }

    pub(crate) const DEFERRED: Self = Self {
        delivery: Delivery::Deferred,
        security: None,
        host: None,
        half_dane: false,
        tls_result: None,
    };

    pub(crate) const REFUSED: Self = Self { delivery: Delivery::Refused, ..Self::DEFERRED };

    /// The same, with this result to report.
    pub(crate) const fn reporting(self, result: &'static str) -> Self {
        Self { tls_result: Some(result), ..self }
    }

    pub(crate) const fn half_dane(self) -> Self {
        Self { half_dane: true, ..self }
    }
}

/// The plans of all domains, in the order in which a demonstration shows them.
pub(super) fn plans() -> impl Iterator<Item = &'static Plan> {
    [plain::DOMAINS, mta_sts::DOMAINS, dane::DOMAINS, failing::DOMAINS].into_iter().flatten()
}
