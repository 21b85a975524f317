//! Step 1, once for a destination: what the MX answer means for all its hosts.

use super::answer::{Answer, Outcome, Proven};
use super::host::HostDiscovery;
use super::plan::{HostPlan, Lacking, NotDane, Skip, Subject};
use crate::digest::Digests;
use crate::names::{DomainName, Name};
use crate::usable::Profile;
use alloc::vec::Vec;

/// What is wanted of DANE for a destination. The default is secure.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Policy {
    /// Whether mail may go without DANE where it does not apply.
    pub mode: Mode,
    /// Whether DANE is used with hosts found by insecure MX records.
    pub half_dane: HalfDane,
    /// Whether failures of TLS count.
    pub enforcement: Enforcement,
    /// Which usages of records are acted on.
    pub profile: Profile,
    /// Which digests are acted on.
    pub digests: Digests,
}

/// Whether mail may go without DANE where it does not apply.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// It may ([RFC 7672 section 2](https://www.rfc-editor.org/rfc/rfc7672#section-2)).
    #[default]
    Opportunistic,
    /// It waits ([RFC 7672 section 6](https://www.rfc-editor.org/rfc/rfc7672#section-6)).
    Mandatory,
}

/// Whether DANE is used with hosts found by insecure MX records
/// ([RFC 7672 section 2.2.1](https://www.rfc-editor.org/rfc/rfc7672#section-2.2.1)).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum HalfDane {
    /// It is, and the outcome is marked [`Assurance::Half`].
    #[default]
    On,
    /// It is not.
    Off,
}

/// Whether failures of TLS count. Failures of look-ups always do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Enforcement {
    /// They keep the host from being used.
    #[default]
    Enforced,
    /// They are reported and delivery goes on; nothing is then authenticated
    /// ([RFC 7672 section 9.1](https://www.rfc-editor.org/rfc/rfc7672#section-9.1)).
    DangerAuditOnly,
}

/// Whether an authenticated host is known to be the next hop's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Assurance {
    /// Everything from the next hop's name on is secure.
    Full,
    /// The host was found by insecure MX records: this is not secure delivery.
    Half,
}

/// What MX records say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exchangers {
    /// They name hosts, which the caller keeps and takes by preference.
    Hosts,
    /// They say that the domain takes no mail ([RFC 7505](https://www.rfc-editor.org/rfc/rfc7505)).
    Null,
}

/// What step 1 comes to.
#[derive(Clone, Debug)]
pub enum Step1 {
    /// Go through the MX hosts in the order of their preference.
    Hosts(Destination),
    /// There are no MX records: the next hop is its own and only host.
    OwnHost(Destination),
    /// No host may be used now; keep the message.
    Delay(Skip),
    /// The domain takes no mail.
    NullMx,
}

/// A destination whose hosts can be looked at, one machine each.
///
/// A host is never preferred because it has records: the caller takes the hosts by MX preference
/// ([RFC 7672 section 2.2.1](https://www.rfc-editor.org/rfc/rfc7672#section-2.2.1)).
#[derive(Clone, Debug)]
pub struct Destination {
    kind: Kind,
    assurance: Assurance,
    pub(super) policy: Policy,
    pub(super) port: u16,
    not_dane: Option<NotDane>,
}

#[derive(Clone, Debug)]
enum Kind {
    Mx { next_hop: Name, expanded: Option<Name> },
    OwnHost(Name),
    Address,
}

impl Destination {
    /// Judges the answer to the MX question for a next hop.
    #[must_use]
    pub fn from_mx(next_hop: &Name, mx: &Answer<Exchangers>, policy: Policy) -> Step1 {
        let judged = match mx.judge(&DomainName::from(next_hop)) {
            Ok(judged) => judged,
            Err(failure) => return Step1::Delay(Skip::LookUp { subject: Subject::Mx, failure }),
        };
        if let Outcome::Records(Exchangers::Null) = mx.outcome {
            return Step1::NullMx;
        }
        let (assurance, not_dane) = match (judged.whole, policy.half_dane) {
            (Proven::Secure, _) => (Assurance::Full, None),
            (Proven::Insecure, HalfDane::On) => (Assurance::Half, None),
            (Proven::Insecure, HalfDane::Off) => (Assurance::Half, Some(NotDane::InsecureMx)),
        };
        if assurance == Assurance::Half && policy.mode == Mode::Mandatory {
            return Step1::Delay(Skip::DaneRequired(Lacking::Dane(NotDane::InsecureMx)));
        }
        let destination = |kind| Destination { kind, assurance, policy, port: SMTP, not_dane };
        match mx.outcome {
            Outcome::Records(_) => Step1::Hosts(destination(Kind::Mx {
                next_hop: next_hop.clone(),
                // No certificate can have a name that is none of a host.
                expanded: judged.expanded.as_ref().and_then(|name| Name::try_from(name).ok()),
            })),
            // spec: of a name that does not exist RFC 5321 section 5.1 makes an error, and of an empty
            // list a host; RFC 7672 section 2.2.2 makes no difference. Here both are a host: it has no
            // address either, so nothing is delivered. Vectors rfc7672/2.2.2/no-mx-nxdomain-*. What an
            // insecure denial leaves of DANE is not said; it is taken like an insecure list of hosts.
            _ => Step1::OwnHost(destination(Kind::OwnHost(next_hop.clone()))),
        }
    }

    /// A relay that the administrator has set by name, at this port: nobody asks for MX records.
    #[must_use]
    pub fn relay(name: &Name, port: u16, policy: Policy) -> Self {
        let kind = Kind::OwnHost(name.clone());
        Self { kind, assurance: Assurance::Full, policy, port, not_dane: None }
    }

    /// A next hop that is an address: DANE does not apply
    /// ([RFC 7672 section 2.2](https://www.rfc-editor.org/rfc/rfc7672#section-2.2)).
    #[must_use]
    pub fn address_literal(policy: Policy) -> Self {
        let not_dane = Some(NotDane::AddressLiteral);
        Self { kind: Kind::Address, assurance: Assurance::Full, policy, port: SMTP, not_dane }
    }

    /// The same with the hosts' port, if it is not 25.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Whether the hosts were found by a secure way.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        self.assurance
    }

    /// Steps 2 and 3 for one MX host; for the only host of a destination without MX records its own
    /// name.
    #[must_use]
    pub fn host(&self, host: &Name) -> HostDiscovery {
        match self.not_dane {
            Some(why) => HostDiscovery::decided(self.not_dane(why)),
            None => HostDiscovery::new(self.clone(), host),
        }
    }

    /// The plan for an address that stands in place of an MX host's name
    /// ([RFC 7672 section 2.2](https://www.rfc-editor.org/rfc/rfc7672#section-2.2)).
    #[must_use]
    pub fn address(&self) -> HostPlan {
        self.not_dane(NotDane::AddressLiteral)
    }

    pub(super) fn not_dane(&self, why: NotDane) -> HostPlan {
        match self.policy.mode {
            Mode::Opportunistic => HostPlan::Opportunistic(why),
            Mode::Mandatory => HostPlan::Skip(Skip::DaneRequired(Lacking::Dane(why))),
        }
    }

    /// The reference identifiers for a base domain, in order
    /// ([RFC 7672 section 3.2.2](https://www.rfc-editor.org/rfc/rfc7672#section-3.2.2)).
    pub(super) fn names(&self, base: &Name) -> Vec<Name> {
        // spec: under an insecure MX the RFC says "the MX hostname only" and elsewhere "always the
        // base domain"; where a secure CNAME makes them differ we take the base.
        let more: [Option<&Name>; 2] = match (&self.kind, self.assurance) {
            (_, Assurance::Half) | (Kind::Address, _) => [None, None],
            (Kind::Mx { next_hop, expanded }, Assurance::Full) => {
                [Some(next_hop), expanded.as_ref()]
            }
            (Kind::OwnHost(name), Assurance::Full) => [Some(name), None],
        };
        let mut names = Vec::from([base.clone()]);
        for name in more.into_iter().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

const SMTP: u16 = 25;
