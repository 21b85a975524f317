//! The form of a plan: what is built for a domain.

use hickory_proto::rr::RecordType;

use super::{CachedPolicy, Expected, LabDomain};
use crate::lab::dns::{Fault, Signing};
use crate::lab::pki::{Dates, Matching, Selector, Signed};
use crate::lab::smtp::Behaviour;

/// Everything that is built for one domain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) domain: &'static str,
    pub(crate) title: &'static str,
    pub(crate) what_it_shows: &'static str,
    /// The zones that the domain and its hosts need.
    pub(crate) zones: &'static [(&'static str, Signing)],
    /// The MX records of the domain.
    pub(crate) mx: &'static [(u16, &'static str)],
    /// CNAME records.
    pub(crate) aliases: &'static [(&'static str, &'static str)],
    pub(crate) hosts: &'static [HostPlan],
    pub(crate) policy: Option<PolicyPlan>,
    /// The TLSRPT record of the domain.
    pub(crate) report_to: Option<&'static str>,
    pub(crate) faults: &'static [(&'static str, RecordType, Fault)],
    pub(crate) expected: Expected,
    pub(crate) cached_policy: Option<CachedPolicy>,
}

impl Plan {
    /// A domain of which nothing exists.
    pub(crate) const NOTHING: Self = Self {
        domain: "",
        title: "",
        what_it_shows: "",
        zones: &[],
        mx: &[],
        aliases: &[],
        hosts: &[],
        policy: None,
        report_to: None,
        faults: &[],
        expected: Expected::DEFERRED,
        cached_policy: None,
    };

    /// What the users of the lab see of it.
    pub(crate) const fn domain(&self) -> LabDomain {
        LabDomain {
            domain: self.domain,
            title: self.title,
            what_it_shows: self.what_it_shows,
            expected: self.expected,
            cached_policy: self.cached_policy,
        }
    }
}

/// An MX host: its address, its server and its TLSA records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostPlan {
    pub(crate) name: &'static str,
    /// How its server behaves; without one the address refuses connections.
    pub(crate) server: Option<Behaviour>,
    pub(crate) certificate: Certificate,
    pub(crate) tlsa: &'static [Tlsa],
    /// The TLSA base domain, where it is not the name of the host.
    pub(crate) tlsa_base: Option<&'static str>,
    pub(crate) tlsa_fault: Option<Fault>,
}

impl HostPlan {
    /// An honest host with a certificate of the lab's root.
    pub(crate) const HONEST: Self = Self {
        name: "",
        server: Some(Behaviour::DEFAULT),
        certificate: Certificate::GOOD,
        tlsa: &[],
        tlsa_base: None,
        tlsa_fault: None,
    };
}

/// A server certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate {
    /// The names in it; none means the name of the host.
    pub(crate) names: &'static [&'static str],
    pub(crate) signed: Signed,
    pub(crate) dates: Dates,
    pub(crate) key: KeyOwner,
}

impl Certificate {
    pub(crate) const GOOD: Self =
        Self { names: &[], signed: Signed::ByRoot, dates: Dates::Current, key: KeyOwner::Server };
    pub(crate) const EXPIRED: Self = Self { dates: Dates::Past, ..Self::GOOD };
    pub(crate) const SELF_SIGNED: Self = Self { signed: Signed::BySelf, ..Self::GOOD };
    pub(crate) const BY_ANCHOR: Self = Self { signed: Signed::ByAnchor, ..Self::GOOD };
    pub(crate) const OTHER_NAME: Self = Self { names: &["another.example"], ..Self::GOOD };
}

/// With whose key the server proves that the certificate is its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyOwner {
    Server,
    SomebodyElse,
}

/// A TLSA record of a host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tlsa {
    /// Of the certificate at this depth of the chain.
    Of { usage: u8, selector: Selector, matching: Matching, depth: usize },
    /// These octets, whatever the chain.
    Octets(&'static [u8]),
}

/// The MTA-STS side of a domain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyPlan {
    /// The TXT record; none where it is missing.
    pub(crate) record: Option<&'static str>,
    pub(crate) page: PagePlan,
    pub(crate) certificate: Certificate,
    pub(crate) reach: Reach,
}

impl PolicyPlan {
    /// A record with the id `1`, and a policy host that serves this body.
    pub(crate) const fn serving(body: &'static str) -> Self {
        Self {
            record: Some("v=STSv1; id=1;"),
            page: PagePlan::Policy(body),
            certificate: Certificate::GOOD,
            reach: Reach::Up,
        }
    }
}

/// What the policy host answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PagePlan {
    Policy(&'static str),
    Status(u16),
    Redirect(&'static str),
}

/// Whether the policy host can be reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    Up,
    /// Its address refuses connections.
    Down,
}
