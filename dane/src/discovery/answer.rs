//! DNS answers as they enter, with their DNSSEC status, and what a whole CNAME chain comes to.

use alloc::vec::Vec;

use crate::names::DomainName;
use crate::report::ResultType;

/// What DNSSEC says of one RRset, or of its denial
/// ([RFC 4035 section 4.3](https://www.rfc-editor.org/rfc/rfc4035#section-4.3)).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Security {
    /// Signed and validated.
    Secure,
    /// Proven to be unsigned, or below no trust anchor.
    Insecure,
    /// Validation failed.
    Bogus,
    /// It could not be determined whether this is signed, or nobody has tried. Never insecure.
    Indeterminate,
}

/// One CNAME of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hop {
    /// What the CNAME points to, be it the name of a host or not.
    pub name: DomainName,
    /// The status of the CNAME itself, whatever those before it are.
    pub security: Security,
}

/// What an answer holds, for the name at the end of its CNAMEs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome<T> {
    /// Records.
    Records(T),
    /// The name exists and has none of that type.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// There is no answer.
    Failed(LookUpFailure),
}

impl<T> Outcome<T> {
    /// The same without the records.
    fn status(&self) -> Outcome<()> {
        match self {
            Self::Records(_) => Outcome::Records(()),
            Self::NoData => Outcome::NoData,
            Self::NxDomain => Outcome::NxDomain,
            Self::Failed(failure) => Outcome::Failed(*failure),
        }
    }
}

/// An answer to one question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer<T> {
    pub(crate) outcome: Outcome<T>,
    security: Security,
    chain: Chain,
}

/// The CNAMEs of an answer, as finely as their status is known.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Chain {
    HopByHop(Vec<Hop>),
    AsAWhole(Vec<DomainName>),
}

impl<T> Answer<T> {
    /// An answer of a resolver that tells the status of each CNAME. `security` is that of the last
    /// RRset, or of its denial; `chain` holds the CNAMEs from the name asked for on.
    pub fn hop_by_hop(outcome: Outcome<T>, security: Security, chain: Vec<Hop>) -> Self {
        Self { outcome, security, chain: Chain::HopByHop(chain) }
    }

    /// An answer of a validating resolver that tells one bit for all of it; `chain` holds the
    /// targets of the CNAMEs from the name asked for on.
    ///
    /// The bit says something only if nobody can have changed it on the way, so a [`TrustedPath`] is
    /// asked for. See [RFC 7672 section
    /// 2.1.1](https://www.rfc-editor.org/rfc/rfc7672#section-2.1.1) and [RFC 4035 section
    /// 4.9.3](https://www.rfc-editor.org/rfc/rfc4035#section-4.9.3).
    pub fn from_ad_bit(
        outcome: Outcome<T>,
        bit: AuthenticData,
        chain: Vec<DomainName>,
        _: &TrustedPath,
    ) -> Self {
        let security = match bit {
            AuthenticData::Set => Security::Secure,
            AuthenticData::Clear => Security::Insecure,
        };
        Self { outcome, security, chain: Chain::AsAWhole(chain) }
    }

    /// A question that has no answer.
    pub fn failed(failure: LookUpFailure) -> Self {
        let chain = Chain::HopByHop(Vec::new());
        Self { outcome: Outcome::Failed(failure), security: Security::Indeterminate, chain }
    }

    /// What the answer holds.
    pub fn outcome(&self) -> &Outcome<T> {
        &self.outcome
    }

    /// The answer without its records: all that is asked of addresses, which the caller keeps.
    pub fn to_status(&self) -> Answer<()> {
        Answer {
            outcome: self.outcome.status(),
            security: self.security,
            chain: self.chain.clone(),
        }
    }

    /// The answer's status as a whole; `asked` is the name of the question.
    ///
    /// From the first insecure CNAME on everything is insecure, and a failure anywhere is a failure
    /// ([RFC 7672 section 2.1.3](https://www.rfc-editor.org/rfc/rfc7672#section-2.1.3)).
    pub(crate) fn judge(&self, asked: &DomainName) -> Result<Judged, LookUpFailure> {
        if let Outcome::Failed(failure) = self.outcome {
            return Err(failure);
        }
        let own = proven(self.security)?;
        match &self.chain {
            Chain::HopByHop(hops) => {
                check_chain(asked, hops.iter().map(|hop| &hop.name))?;
                let mut whole = own;
                for hop in hops {
                    whole = whole.and(proven(hop.security)?);
                }
                let first_hop = hops.first().map(|hop| proven(hop.security)).transpose()?;
                let expanded = hops.last().map(|hop| hop.name.clone());
                Ok(Judged { whole, first_hop, expanded })
            }
            Chain::AsAWhole(names) => {
                check_chain(asked, names.iter())?;
                let first_hop = match (names.is_empty(), own) {
                    (false, Proven::Secure) => Some(Proven::Secure),
                    (true, _) | (false, Proven::Insecure) => None,
                };
                Ok(Judged { whole: own, first_hop, expanded: names.last().cloned() })
            }
        }
    }
}

/// The AD bit of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthenticData {
    /// The resolver has validated everything in the answer.
    Set,
    /// It has not.
    Clear,
}

/// A declaration that the path to the resolver is trusted, so that its AD bit may be believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TrustedPath(());

impl TrustedPath {
    /// The caller declares that the resolver validates, and runs on this very host.
    #[must_use]
    pub fn same_host() -> Self {
        Self(())
    }

    /// The caller declares that the resolver validates, is trusted, and is reached over a channel
    /// that authenticates it and protects the answers.
    #[must_use]
    pub fn authenticated_channel() -> Self {
        Self(())
    }
}

/// Why a question has no answer. None of these proves anything about the name.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LookUpFailure {
    /// Validation failed, or the resolver said that this is why it failed.
    #[error("answer failed dnssec validation")]
    Bogus,
    /// A name stands twice in a chain of CNAMEs.
    #[error("cnames go round in a circle")]
    CnameLoop,
    /// It could not be determined whether the answer is secure, or nobody has tried.
    #[error("security of the answer could not be determined")]
    Indeterminate,
    /// The reply, or a name in it, could not be read.
    #[error("reply is malformed")]
    Malformed,
    /// SERVFAIL, or another response code that is no answer, for no known reason of DNSSEC.
    #[error("resolver failed")]
    ServerFailure,
    /// No reply in time, or no way to the resolver.
    #[error("no reply in time")]
    TimedOut,
    /// There are more CNAMEs than are followed.
    #[error("more than {max} cnames", max = MAX_HOPS)]
    TooManyHops,
}

impl LookUpFailure {
    /// What a SERVFAIL with this extended error is
    /// ([RFC 8914 section 4](https://www.rfc-editor.org/rfc/rfc8914#section-4)).
    #[must_use]
    pub fn server_failure(extended_error: u16) -> Self {
        match extended_error {
            5 => Self::Indeterminate,
            6..=12 => Self::Bogus,
            _ => Self::ServerFailure,
        }
    }

    /// A stable word for this failure.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Bogus => "bogus",
            Self::CnameLoop => "cname-loop",
            Self::Indeterminate => "indeterminate",
            Self::Malformed => "malformed-reply",
            Self::ServerFailure => "server-failure",
            Self::TimedOut => "timed-out",
            Self::TooManyHops => "too-many-cnames",
        }
    }

    /// The result to report; a plain failure of the DNS is not reported
    /// ([RFC 8460 section 4.3.4](https://www.rfc-editor.org/rfc/rfc8460#section-4.3.4)).
    #[must_use]
    pub fn result_type(&self) -> Option<ResultType> {
        match self {
            Self::Bogus | Self::Indeterminate => Some(ResultType::DnssecInvalid),
            Self::CnameLoop
            | Self::Malformed
            | Self::ServerFailure
            | Self::TimedOut
            | Self::TooManyHops => None,
        }
    }
}

/// CNAMEs that are followed at most.
pub const MAX_HOPS: usize = 10;

/// Secure or insecure, and nothing else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Proven {
    Secure,
    Insecure,
}

impl Proven {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Secure, Self::Secure) => Self::Secure,
            (Self::Insecure, _) | (_, Self::Insecure) => Self::Insecure,
        }
    }
}

/// What an answer comes to.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Of all of the answer, every hop included.
    pub(crate) whole: Proven,
    /// Of the first CNAME; none if there is none, or if the resolver does not tell.
    pub(crate) first_hop: Option<Proven>,
    /// The name at the end of the CNAMEs, if there are any.
    pub(crate) expanded: Option<DomainName>,
}

fn proven(security: Security) -> Result<Proven, LookUpFailure> {
    match security {
        Security::Secure => Ok(Proven::Secure),
        Security::Insecure => Ok(Proven::Insecure),
        Security::Bogus => Err(LookUpFailure::Bogus),
        Security::Indeterminate => Err(LookUpFailure::Indeterminate),
    }
}

fn check_chain<'n>(
    asked: &DomainName,
    targets: impl ExactSizeIterator<Item = &'n DomainName> + Clone,
) -> Result<(), LookUpFailure> {
    if targets.len() > MAX_HOPS {
        return Err(LookUpFailure::TooManyHops);
    }
    for (at, name) in targets.clone().enumerate() {
        if name == asked || targets.clone().take(at).any(|before| before == name) {
            return Err(LookUpFailure::CnameLoop);
        }
    }
    Ok(())
}
