//! What a delivery has to know, and what is to be kept and reported.

use pki_types::UnixTime;

use super::trace::Trace;
use crate::cache::Update;
use crate::failure::FailureKind;
use crate::name::HostName;
use crate::policy::{Mode, Policy};
use crate::record::PolicyId;

/// The end of a [`Discovery`](super::Discovery).
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// What the delivery has to do.
    pub decision: Decision,
    /// What to keep.
    pub update: Update,
    /// Whether a fetch was made.
    pub fetch: FetchMade,
    /// The failure that belongs into a TLS report of this delivery, if there is one.
    pub failure: Option<ReportedFailure>,
    /// When the next fetch makes sense, if one failed or was not made because others were.
    pub retry_at: Option<UnixTime>,
    /// How the decision came about.
    pub trace: Trace,
}

/// What a delivery has to do.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Obey this policy.
    Apply(Applied),
    /// Go on without one, as the local rules say.
    NoPolicy(NoPolicy),
    /// Try again later: it is not known whether there is a policy, and the operator wants to know.
    Defer,
}

/// Why there is no policy to obey.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum NoPolicy {
    /// The policy was needed, and its fetch failed or was not made because others failed.
    FetchFailed,
    /// The policy says `none`.
    ModeNone,
    /// The domain announces no policy.
    NoRecord,
    /// The operator has switched it off.
    OperatorOff,
    /// The TXT record could not be looked up, and the operator lets that pass.
    TxtFailure,
}

impl NoPolicy {
    /// A stable word for logs, such as `mode-none`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::FetchFailed => "fetch-failed",
            Self::ModeNone => "mode-none",
            Self::NoRecord => "no-record",
            Self::OperatorOff => "operator-off",
            Self::TxtFailure => "txt-failure",
        }
    }
}

/// A policy in force for a delivery, in mode `enforce` or `testing`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Applied {
    pub(super) policy: Policy,
    pub(super) mode: Mode,
    pub(super) id: PolicyId,
    pub(super) source: Source,
}

impl Applied {
    /// The policy as it was received. For its mode ask [`Self::mode`].
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The mode to apply: that of the policy, unless the operator has another one in mind.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The id of the policy. For one that the operator has pinned it is made from its content.
    #[must_use]
    pub const fn id(&self) -> &PolicyId {
        &self.id
    }

    /// Where the policy comes from.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// Whether the policy allows this MX host.
    #[must_use]
    pub fn allows(&self, host: &HostName) -> bool {
        self.policy.allows(host)
    }
}

/// Where a policy comes from.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Source {
    /// From the cache.
    Cache,
    /// From a fetch for this delivery.
    Fetched,
    /// From the operator.
    Operator,
}

impl Source {
    /// A stable word: `cache`, `fetched` or `operator`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Fetched => "fetched",
            Self::Operator => "operator",
        }
    }
}

/// Whether a machine has asked for a fetch.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FetchMade {
    /// It has.
    Yes,
    /// It has not.
    No,
}

/// A failure to get a policy, for the TLS report of this delivery. Its policy type is `sts`
/// ([RFC 8460 section 4.3](https://www.rfc-editor.org/rfc/rfc8460#section-4.3)).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportedFailure {
    pub(super) kind: FailureKind,
    pub(super) cached_policy: Option<Policy>,
}

impl ReportedFailure {
    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The result type: `sts-policy-fetch-error`, `sts-policy-invalid` or `sts-webpki-invalid`.
    #[must_use]
    pub const fn result_type(&self) -> &'static str {
        self.kind.result_type()
    }

    /// The failure reason code, with `+cached-policy` if a cached policy stands in.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self.cached_policy {
            Some(_) => self.kind.reason_with_cached_policy(),
            None => self.kind.reason(),
        }
    }

    /// The cached policy that stands in, whose lines are the policy string of the report.
    #[must_use]
    pub const fn cached_policy(&self) -> Option<&Policy> {
        self.cached_policy.as_ref()
    }
}
