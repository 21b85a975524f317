//! MTA-STS ([RFC 8461](https://www.rfc-editor.org/rfc/rfc8461)) without I/O.
//!
//! A receiving domain promises: my mail servers are these, they offer STARTTLS, and their certificates
//! are valid. It announces the promise in a TXT record and serves it over HTTPS. A sender keeps the
//! promise, and until it expires delivers to no server that breaks it. This crate finds, reads, keeps,
//! refreshes and applies such policies, and writes them for a domain that one hosts.
//!
//! ```text
//!   DNS answers, HTTPS bytes,     +---------+     wanted actions,
//!   stored entries, the time ---> | mta-sts | --> a decision, what to keep,
//!                                 +---------+     what to report
//! ```
//!
//! A [`Discovery`] is driven for each delivery:
//!
//! ```
//! use mta_sts::{Action, Discovery, Input, Options, Stored, TxtAnswer};
//! # use mta_sts::{Decision, FetchError, Outcome, PolicyBody, PolicyDomain, UnixTime};
//! # fn look_up(name: &str) -> TxtAnswer { TxtAnswer::from_records([["v=STSv1; id=1"]]) }
//! # fn fetch(domain: &PolicyDomain) -> Result<PolicyBody, FetchError> {
//! #     let body = b"version: STSv1\nmode: enforce\nmx: mx1.example.org\nmax_age: 86400\n";
//! #     PolicyBody::from_response(200, [&b"text/plain"[..]], [], body.to_vec())
//! # }
//! # let now = UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_800_000_000));
//!
//! let mut stored = Stored::default();
//! let mut discovery =
//!     Discovery::new("example.org".parse()?, stored.clone(), &Options::default(), now);
//! let outcome = loop {
//!     let input = match discovery.action() {
//!         Action::LookUpTxt { name } => Input::Txt(look_up(name)),
//!         Action::Fetch { domain } => Input::Fetched(fetch(domain)),
//!         Action::Done(outcome) => break outcome,
//!         _ => unreachable!(),
//!     };
//!     discovery.handle(input, now)?;
//! };
//! stored.apply(&outcome.update);
//! # let Decision::Apply(policy) = &outcome.decision else { unreachable!() };
//! # assert!(policy.allows(&"mx1.example.org".parse()?));
//! # assert!(stored.entry.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The look-up is the caller's. For the fetch there is [`Exchange`], which turns bytes into a
//! [`PolicyBody`]. A [`Refresh`] is driven for each policy that is due
//! ([`CacheEntry::refresh_due`]). What a failure at an MX host means is told by
//! [`HostFailure::consequence`].
//!
//! The crate opens no connection, reads no clock, draws no random number and verifies no certificate.
//! It says which name to verify: the MX host, and `mta-sts.<domain>` for the policy.
//!
//! Feature `idna` converts U-labels in the names of domains and hosts, and in patterns to publish.
//! Without it they are errors. In a policy that was fetched a U-label is an error in any case.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod bytes;
mod cache;
mod codec;
mod discovery;
mod failure;
mod http;
mod mx;
mod name;
mod policy;
mod postfix;
mod profile;
pub mod publish;
mod record;
mod severity;
mod shape;
mod verdict;

pub use cache::{
    Basis, CacheEntry, EntryUpdate, FetchHistory, OverdueRefresh, Permission, PolicyStore, Refusal,
    StandIn, Stored, Update,
};
pub use codec::StoredFormError;
pub use discovery::{
    Action, Applied, Decision, Discovery, FetchMade, Input, NoPolicy, OnTxtFailure, Options,
    Outcome, Override, Refresh, RefreshCause, RefreshOutcome, RefreshResult, ReportedFailure,
    Source, Step, Trace, TxtAnswer, UnexpectedInput,
};
pub use failure::{CertificateFault, FailureKind, FetchError};
pub use http::{Exchange, ExchangeAction, ExchangeInput, PolicyBody, StreamEnd, UserAgent};
pub use mx::{MxPattern, PatternError};
pub use name::{HostName, NameError, PolicyDomain};
pub use pki_types::UnixTime;
pub use policy::{Mode, Policy, PolicyError, PolicyRef};
pub use postfix::{PostfixError, PostfixForm, postfix_value};
pub use profile::{Deviation, Located, Note, Profile};
pub use record::{PolicyId, PolicyIdError, Record, RecordError, RecordFault};
pub use severity::Severity;
pub use verdict::{Consequence, Exemption, HostFailure, MessageTls, Report, TlsRequiredNo};
