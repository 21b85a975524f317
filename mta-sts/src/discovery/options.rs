//! What the operator may choose, each with its default named.

use crate::policy::Policy;
use crate::profile::Profile;
use crate::verdict::TlsRequiredNo;

/// What the operator chooses for a delivery.
#[non_exhaustive]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// How strictly records and policies are read. Default: [`Profile::Interop`].
    pub profile: Profile,
    /// What a failed TXT look-up means when nothing is cached. Default: [`OnTxtFailure::Proceed`].
    pub on_txt_failure: OnTxtFailure,
    /// What the operator knows better for this domain. Default: [`Override::Nothing`].
    pub policy_override: Override,
    /// Whether a message may ask for no TLS. Default: [`TlsRequiredNo::Ignore`].
    pub tls_required_no: TlsRequiredNo,
}

/// What a TXT look-up that failed for a while means when no live policy is cached.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum OnTxtFailure {
    /// No policy. Who can make DNS fail can as well forge the absence of the record, and broken DNS at
    /// the other side must not stop mail.
    #[default]
    Proceed,
    /// The delivery is tried again later.
    Defer,
}

/// What the operator has decided for one domain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Override {
    /// Nothing: the domain's own policy counts.
    #[default]
    Nothing,
    /// A `testing` policy of the domain is applied as `enforce`.
    Enforce,
    /// This policy counts as `enforce`, whatever its mode and whatever the domain publishes. Nothing
    /// is looked up.
    Pinned(Policy),
    /// An `enforce` policy of the domain is applied as `testing`. This weakens it.
    DangerTesting,
    /// The domain is treated as if it had no policy. Nothing is looked up. This disables MTA-STS.
    DangerOff,
    /// This policy counts in its own mode, and nothing is looked up. In mode `testing` or `none` this
    /// may weaken what the domain publishes.
    DangerPinned(Policy),
}
