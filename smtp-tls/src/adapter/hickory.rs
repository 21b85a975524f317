//! DNS over hickory-net: the AD bit of a validating resolver that one trusts.
//!
//! The resolver validates; this adapter asks it and believes its AD bit. That is sound only if
//! nobody can stand between the two, so the path to it must be declared:
//! [`TrustedPath::loopback`] takes a resolver on this host and nothing else
//! ([RFC 7672 section 2.1.1], [RFC 4035 section 4.9.3]).
//!
//! - A question goes out over UDP with AD set ([RFC 6840 section 5.7]) and EDNS, once more if there
//!   is no reply, and over TCP if the reply was cut short.
//! - The reply must repeat the identifier, which is random, and the question; others are ignored.
//! - AD set: the whole answer is secure. Not set: it is insecure, for a validating resolver answers
//!   SERVFAIL to what it could not validate; the extended error of that reply says why
//!   ([RFC 8914]). The bit is one for the whole answer: [`Judged::AsAWhole`](crate::resolve::Judged::AsAWhole).
//! - A reply in which hickory-proto cannot read some record (a TLSA record of fewer than three
//!   octets, say) is [`LookUpError::Malformed`] as a whole.
//!
//! [RFC 4035 section 4.9.3]: https://www.rfc-editor.org/rfc/rfc4035#section-4.9.3
//! [RFC 6840 section 5.7]: https://www.rfc-editor.org/rfc/rfc6840#section-5.7
//! [RFC 7672 section 2.1.1]: https://www.rfc-editor.org/rfc/rfc7672#section-2.1.1
//! [RFC 8914]: https://www.rfc-editor.org/rfc/rfc8914

use core::fmt;
use core::time::Duration;

use hickory_proto::op::{DnsRequest, DnsRequestOptions};

pub use super::hickory_ad::{NotLoopback, TrustedPath};
use super::hickory_ad::{answer, request};
use super::hickory_transport::{Transport, failure};
use crate::resolve::{Answer, LookUp, LookUpError, Question, limits};

/// Asks one validating resolver and believes its AD bit.
///
/// Use it within a tokio runtime; [`hickory_blocking`](super::hickory_blocking) needs none.
#[derive(Clone)]
pub struct AdResolver(Transport);

impl AdResolver {
    /// Asks this resolver, within [`limits::DEADLINE`] for each question.
    #[must_use]
    pub fn new(path: TrustedPath) -> Self {
        Self::with_times(path, limits::TRY, limits::DEADLINE)
    }

    /// As [`AdResolver::new`], waiting this long for a UDP reply before asking once more, and this
    /// long in all.
    #[must_use]
    pub fn with_times(path: TrustedPath, one_try: Duration, deadline: Duration) -> Self {
        Self(Transport::new(path.address(), one_try, deadline))
    }
}

impl fmt::Debug for AdResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AdResolver").field(&self.0.resolver).finish()
    }
}

impl LookUp for AdResolver {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let request = DnsRequest::new(request(question)?, DnsRequestOptions::default());
        let exchange = self.0.exchange(request);
        let reply = tokio::time::timeout(self.0.deadline, exchange).await;
        let reply = reply.map_err(|_| LookUpError::Timeout)?.map_err(|error| failure(&error))?;
        answer(question, &reply)
    }
}
