//! What is decided for one host.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::answer::LookUpFailure;
use super::destination::{Assurance, Enforcement};
use crate::names::Name;
use crate::report::ResultType;
use crate::tlsa::TlsaSet;
use crate::usable::{Unusable, UsableSet};

/// What to do with one host.
#[derive(Clone, Debug)]
pub enum HostPlan {
    /// TLS, and authentication by these records.
    Dane(DanePlan),
    /// TLS without authentication: there are records, and none is usable.
    Encrypt(EncryptPlan),
    /// DANE does not apply to this host.
    Opportunistic(NotDane),
    /// This host is not to be used now. Try the next one; if none is left, keep the message.
    Skip(Skip),
}

impl HostPlan {
    /// A stable word for why this is not [`HostPlan::Dane`].
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Dane(_) => None,
            Self::Encrypt(_) => Some("all-unusable"),
            Self::Opportunistic(why) => Some(why.reason()),
            Self::Skip(why) => Some(why.reason()),
        }
    }

    /// The result to report already now, if any.
    #[must_use]
    pub fn result_type(&self) -> Option<ResultType> {
        match self {
            Self::Dane(_) | Self::Opportunistic(_) => None,
            Self::Encrypt(_) => Some(ResultType::TlsaInvalid),
            Self::Skip(why) => why.result_type(),
        }
    }

    /// The TLSA base domain, if there is one: also the policy domain for reports.
    #[must_use]
    pub fn base(&self) -> Option<&Name> {
        match self {
            Self::Dane(plan) => Some(&plan.base),
            Self::Encrypt(plan) => Some(&plan.base),
            Self::Opportunistic(_) | Self::Skip(_) => None,
        }
    }

    /// The records as text, all of the RRset: the policy strings for reports
    /// ([RFC 8460 section 4.4](https://www.rfc-editor.org/rfc/rfc8460#section-4.4)).
    #[must_use]
    pub fn policy_strings(&self) -> Vec<String> {
        let records = match self {
            Self::Dane(plan) => plan.records.records(),
            Self::Encrypt(plan) => plan.records.records(),
            Self::Opportunistic(_) | Self::Skip(_) => &[],
        };
        records.iter().map(ToString::to_string).collect()
    }
}

/// TLS and authentication by the usable records are mandatory, cleartext is out of the question
/// ([RFC 7672 section 2.2](https://www.rfc-editor.org/rfc/rfc7672#section-2.2)).
#[derive(Clone, Debug)]
pub struct DanePlan {
    pub(crate) usable: UsableSet,
    pub(crate) records: TlsaSet,
    pub(crate) base: Name,
    pub(crate) names: Vec<Name>,
    pub(crate) assurance: Assurance,
    pub(crate) enforcement: Enforcement,
}

impl DanePlan {
    /// The records to authenticate by.
    #[must_use]
    pub fn usable(&self) -> &UsableSet {
        &self.usable
    }

    /// All records of the RRset, for reports.
    #[must_use]
    pub fn records(&self) -> &TlsaSet {
        &self.records
    }

    /// The TLSA base domain.
    #[must_use]
    pub fn base(&self) -> &Name {
        &self.base
    }

    /// The name for the server name indication: the TLSA base domain
    /// ([RFC 7672 section 8.1](https://www.rfc-editor.org/rfc/rfc7672#section-8.1)).
    #[must_use]
    pub fn sni(&self) -> &Name {
        &self.base
    }

    /// The reference identifiers in order
    /// ([RFC 7672 section 3.2.2](https://www.rfc-editor.org/rfc/rfc7672#section-3.2.2)).
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Whether delivery to this host is secure delivery to the next hop.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        self.assurance
    }

    /// Whether a failure of TLS keeps the host from being used.
    #[must_use]
    pub fn enforcement(&self) -> Enforcement {
        self.enforcement
    }
}

/// TLS is mandatory, and no record says how to authenticate
/// ([RFC 7672 section 2.2](https://www.rfc-editor.org/rfc/rfc7672#section-2.2)).
#[derive(Clone, Debug)]
pub struct EncryptPlan {
    pub(crate) unusable: Vec<Unusable>,
    pub(crate) records: TlsaSet,
    pub(crate) base: Name,
    pub(crate) names: Vec<Name>,
    pub(crate) assurance: Assurance,
    pub(crate) enforcement: Enforcement,
}

impl EncryptPlan {
    /// Why each of the records cannot be used, in their order.
    #[must_use]
    pub fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }

    /// All records of the RRset, for reports.
    #[must_use]
    pub fn records(&self) -> &TlsaSet {
        &self.records
    }

    /// The TLSA base domain.
    #[must_use]
    pub fn base(&self) -> &Name {
        &self.base
    }

    /// The name for the server name indication: the TLSA base domain.
    #[must_use]
    pub fn sni(&self) -> &Name {
        &self.base
    }

    /// What would be the reference identifiers.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Whether the host was found by a secure way.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        self.assurance
    }

    /// Whether a failure of TLS keeps the host from being used.
    #[must_use]
    pub fn enforcement(&self) -> Enforcement {
        self.enforcement
    }
}

/// Why DANE does not apply to a host.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotDane {
    /// An address stands where a name should.
    AddressLiteral,
    /// The host's addresses are insecure, so nobody asked for records.
    InsecureAddress,
    /// The host's name is an insecure CNAME.
    InsecureCname,
    /// The MX records are insecure, and the policy wants no DANE then.
    InsecureMx,
    /// No candidate has secure records.
    NoRecords,
}

impl NotDane {
    /// A stable word for this.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::AddressLiteral => "address-literal",
            Self::InsecureAddress => "insecure-address",
            Self::InsecureCname => "insecure-cname",
            Self::InsecureMx => "insecure-mx",
            Self::NoRecords => "no-secure-tlsa",
        }
    }
}

/// Why a host, or a whole destination, is not to be used now. None of these bounces a message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Skip {
    /// DANE is mandatory and not to be had.
    #[error("dane is mandatory: {}", .0.reason())]
    DaneRequired(Lacking),
    /// A question about this has no answer.
    #[error("{subject} look-up failed: {failure}")]
    LookUp {
        /// What was asked for.
        subject: Subject,
        /// Why there is no answer.
        failure: LookUpFailure,
    },
    /// The host has no address.
    #[error("host has no address")]
    NoAddress,
    /// There are TLSA records for the name that the host's name is an alias of, and that can be no
    /// name of a host: no server can be asked for by it, and no certificate can have it.
    #[error("tlsa records are those of an alias's target that is no host name")]
    NoHostName,
    /// There are this many TLSA records.
    #[error("{0} tlsa records, expected at most {max}", max = crate::usable::MAX_RECORDS)]
    TooManyRecords(usize),
}

impl Skip {
    /// A stable word for this.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::DaneRequired(_) => "dane-required",
            Self::LookUp { subject: Subject::Mx, .. } => "mx-lookup-failure",
            Self::LookUp { subject: Subject::Address, .. } => "address-lookup-failure",
            Self::LookUp { subject: Subject::Cname, .. } => "cname-lookup-failure",
            Self::LookUp { subject: Subject::Tlsa, .. } => "tlsa-lookup-failure",
            Self::NoAddress => "no-address",
            Self::NoHostName => "no-host-name",
            Self::TooManyRecords(_) => "too-many-records",
        }
    }

    /// The result to report, if any.
    #[must_use]
    pub fn result_type(&self) -> Option<ResultType> {
        match self {
            Self::DaneRequired(_) => Some(ResultType::DaneRequired),
            Self::LookUp { failure, .. } => failure.result_type(),
            Self::NoAddress => None,
            Self::NoHostName | Self::TooManyRecords(_) => Some(ResultType::TlsaInvalid),
        }
    }
}

/// What mandatory DANE lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lacking {
    /// DANE does not apply.
    Dane(NotDane),
    /// There are records, and none is usable.
    UsableRecords,
}

impl Lacking {
    /// A stable word for this.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Dane(why) => why.reason(),
            Self::UsableRecords => "all-unusable",
        }
    }
}

/// What a look-up was about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subject {
    /// The host's addresses.
    Address,
    /// The CNAME at the host's name.
    Cname,
    /// The destination's mail exchangers.
    Mx,
    /// The records of a candidate base domain.
    Tlsa,
}

impl core::fmt::Display for Subject {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::Address => "address",
            Self::Cname => "cname",
            Self::Mx => "mx",
            Self::Tlsa => "tlsa",
        })
    }
}
