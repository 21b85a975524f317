//! DNS validated in this process, with the validator of the `domain` crate.
//!
//! Any recursive resolver serves, wherever it is: what it says is believed only as far as signatures
//! from a trust anchor prove it. Where a validating resolver runs on the same host, the `hickory`
//! adapter asks less of the network.
//!
//! | the validator says | here |
//! |---|---|
//! | secure | [`Security::Secure`] |
//! | insecure: a proof that there is no signed delegation | [`Security::Insecure`] |
//! | indeterminate: below no trust anchor (RFC 4033 section 5) | [`Security::Insecure`] |
//! | bogus, because keys could not be had from the network | [`LookUpError::Indeterminate`] |
//! | bogus | [`LookUpError::Bogus`] with the extended error |
//! | a message with a record that it cannot read | [`LookUpError::Malformed`] |
//!
//! The verdict is one for the whole answer: [`Judged::AsAWhole`].
//!
//! The validator knows the RSA algorithms and ECDSA with P-256. A zone that is signed with others alone
//! (P-384, Ed25519) is insecure to it, as [RFC 4035 section 5.2] has it: DANE does not apply there, and
//! a resolver that knows them, asked by the `hickory` adapter, gives more.
//!
//! [RFC 4035 section 5.2]: https://www.rfc-editor.org/rfc/rfc4035#section-5.2

mod anchors;
mod records;
mod upstream;

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use ::domain::base::Message;
use ::domain::base::opt::ExtendedError as ReasonGiven;
use ::domain::dnssec::validator::context::{Config, Error, ValidationContext, ValidationState};
use bytes::Bytes;
use tokio::task::JoinSet;

pub use self::anchors::{AnchorError, Anchors};
use self::upstream::Upstream;
use crate::resolve::{
    Answer, ExtendedError, Judged, LookUp, LookUpError, Question, Response, Security, follow,
    limits,
};

/// Validates answers of recursive resolvers from trust anchors down.
///
/// Use it within a tokio runtime. Keys are cached, at most [`KEYS_CACHED`] zones; answers are not.
#[derive(Clone)]
pub struct Validator {
    upstream: Upstream,
    context: Arc<ValidationContext<Upstream>>,
    deadline: Duration,
}

impl Validator {
    /// Asks these resolvers in order until one answers, within [`limits::DEADLINE`] in all.
    ///
    /// Must be called within a tokio runtime. Without a resolver every look-up is
    /// [`LookUpError::Unreachable`].
    #[must_use]
    pub fn new(anchors: Anchors, resolvers: &[SocketAddr]) -> Self {
        Self::with_times(anchors, resolvers, limits::TRY, limits::DEADLINE)
    }

    /// As [`Validator::new`], waiting this long for a reply before asking once more, and this long
    /// for a look-up in all.
    #[must_use]
    pub fn with_times(
        anchors: Anchors,
        resolvers: &[SocketAddr],
        one_try: Duration,
        deadline: Duration,
    ) -> Self {
        let upstream = Upstream::new(resolvers, one_try);
        let mut config = Config::new();
        config.set_max_node_cache(KEYS_CACHED);
        config.set_max_bogus_validity(BOGUS_CACHED);
        let context = ValidationContext::with_config(anchors.0, upstream.clone(), config);
        Self { upstream, context: Arc::new(context), deadline }
    }

    /// Asks the resolvers that `/etc/resolv.conf` names.
    ///
    /// # Errors
    ///
    /// If that file cannot be read; [`io::ErrorKind::NotFound`] if it names none.
    pub fn from_system(anchors: Anchors) -> io::Result<Self> {
        let text = std::fs::read_to_string(super::resolv_conf::PATH)?;
        let servers = super::resolv_conf::name_servers(&text);
        if servers.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self::new(anchors, &servers))
    }

    async fn ask(self, question: Question) -> Result<Answer, LookUpError> {
        let mut reply = self.upstream.ask(records::request(&question)?).await?;
        let verdict = self.context.validate_msg::<Bytes, Vec<u8>>(&mut reply).await;
        answer(&question, &reply, security(verdict)?)
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").finish_non_exhaustive()
    }
}

impl LookUp for Validator {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        // A task of its own: should the library's assertions fail on some zone's data, the look-up
        // fails and nothing else. Dropping the set ends the task.
        let mut task = JoinSet::new();
        task.spawn(self.clone().ask(question.clone()));
        match tokio::time::timeout(self.deadline, task.join_next()).await {
            Ok(Some(Ok(answer))) => answer,
            Ok(Some(Err(_)) | None) => Err(LookUpError::Indeterminate { extended: None }),
            Err(_) => Err(LookUpError::Timeout),
        }
    }
}

/// Zones whose keys are kept at a time.
pub const KEYS_CACHED: u64 = 10_000;

/// How long a failed zone is remembered: the library's least, for a failure may be the network's.
const BOGUS_CACHED: Duration = Duration::from_secs(1);

fn answer(
    question: &Question,
    reply: &Message<Bytes>,
    security: Security,
) -> Result<Answer, LookUpError> {
    let (found, denial) = records::read(reply, security)?;
    let judged = Judged::AsAWhole;
    follow(question, Response { found, denial, denial_security: security, judged })
}

type Verdict = Result<(ValidationState, Option<ReasonGiven<Vec<u8>>>), Error>;

fn security(verdict: Verdict) -> Result<Security, LookUpError> {
    match verdict {
        Ok((ValidationState::Secure, _)) => Ok(Security::Secure),
        // The last one is the library's word for "below no trust anchor", nothing else.
        Ok((ValidationState::Insecure | ValidationState::Indeterminate, _)) => {
            Ok(Security::Insecure)
        }
        Ok((ValidationState::Bogus, reason)) => Err(bogus(reason.as_ref())),
        Err(
            Error::FormError
            | Error::InplaceError(_)
            | Error::OctetsConversion
            | Error::ParseError
            | Error::PushError
            | Error::PushNameError
            | Error::ReadError(_)
            | Error::ShortMessage,
        ) => Err(LookUpError::Malformed),
    }
}

/// The library calls a zone bogus also if it got no reply to its questions for keys: that is
/// "indeterminate" in the sense of RFC 4035 section 4.3. Only the reason's text tells.
fn bogus(reason: Option<&ReasonGiven<Vec<u8>>>) -> LookUpError {
    let extended = reason.map(|reason| ExtendedError(reason.code().to_int()));
    let text = reason.and_then(ReasonGiven::text_slice).unwrap_or_default();
    if KEYS_NOT_HAD.iter().any(|one| one.as_bytes() == text) {
        return LookUpError::Indeterminate {
            extended: Some(ExtendedError::NO_REACHABLE_AUTHORITY),
        };
    }
    LookUpError::Bogus { extended }
}

/// Texts of version 0.12.3, to which the dependency is pinned.
const KEYS_NOT_HAD: [&str; 2] =
    ["request for DS or DNSKEY failed", "No DNSKEY RRset for trust anchor"];
