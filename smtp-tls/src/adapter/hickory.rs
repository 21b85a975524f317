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
//!   ([RFC 8914]). The bit is one for the whole answer: [`Judged::AsAWhole`].
//! - A reply in which hickory-proto cannot read some record (a TLSA record of fewer than three
//!   octets, say) is [`LookUpError::Malformed`] as a whole.
//!
//! [RFC 4035 section 4.9.3]: https://www.rfc-editor.org/rfc/rfc4035#section-4.9.3
//! [RFC 6840 section 5.7]: https://www.rfc-editor.org/rfc/rfc6840#section-5.7
//! [RFC 7672 section 2.1.1]: https://www.rfc-editor.org/rfc/rfc7672#section-2.1.1
//! [RFC 8914]: https://www.rfc-editor.org/rfc/rfc8914

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use hickory_proto::op::{DnsRequest, DnsRequestOptions, Edns, Message, ResponseCode};

use super::hickory_records;
use super::hickory_transport::{Transport, extended_error, failure};
use crate::resolve::{
    Answer, Judged, LookUp, LookUpError, Question, Response, Security, follow, limits,
};

/// The address of a validating resolver whose AD bit may be believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TrustedPath(SocketAddr);

impl TrustedPath {
    /// A resolver on this host, which must validate: `127.0.0.0/8` or `::1`.
    ///
    /// # Errors
    ///
    /// [`NotLoopback`] for every other address.
    pub fn loopback(resolver: SocketAddr) -> Result<Self, NotLoopback> {
        if resolver.ip().to_canonical().is_loopback() {
            Ok(Self(resolver))
        } else {
            Err(NotLoopback(resolver))
        }
    }

    /// A resolver elsewhere. The caller vouches that it validates and that nobody can forge its
    /// replies on the way, as in a tunnel that authenticates both ends.
    ///
    /// Whoever can forge them decides which destinations are secured at all.
    #[must_use]
    pub fn danger_declare_trusted(resolver: SocketAddr) -> Self {
        Self(resolver)
    }

    /// The resolver's address.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

/// The resolver is not on this host, so that its AD bit means nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("resolver {0} is not on this host, expected a loopback address")]
pub struct NotLoopback(pub SocketAddr);

/// Asks one validating resolver and believes its AD bit.
///
/// Use it within a tokio runtime.
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
        Self(Transport::new(path.0, one_try, deadline))
    }
}

impl fmt::Debug for AdResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AdResolver").field(&self.0.resolver).finish()
    }
}

impl LookUp for AdResolver {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let exchange = self.0.exchange(request(question)?);
        let reply = tokio::time::timeout(self.0.deadline, exchange).await;
        let reply = reply.map_err(|_| LookUpError::Timeout)?.map_err(|error| failure(&error))?;
        answer(question, &reply)
    }
}

fn request(question: &Question) -> Result<DnsRequest, LookUpError> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.metadata.authentic_data = true;
    let mut edns = Edns::new();
    edns.set_max_payload(limits::UDP_PAYLOAD);
    message.set_edns(edns);
    message.add_query(hickory_records::query(question)?);
    Ok(DnsRequest::new(message, DnsRequestOptions::default()))
}

fn answer(question: &Question, reply: &Message) -> Result<Answer, LookUpError> {
    let metadata = &reply.metadata;
    let nx_domain = match metadata.response_code {
        ResponseCode::NoError => false,
        ResponseCode::NXDomain => true,
        ResponseCode::ServFail => return Err(LookUpError::serv_fail(extended_error(reply))),
        other => return Err(LookUpError::ResponseCode(other.into())),
    };
    let security = match metadata.authentic_data {
        true => Security::Secure,
        false => Security::Insecure,
    };
    let denial = hickory_records::denial(nx_domain, &reply.answers, &reply.authorities)?;
    let found = hickory_records::found(&reply.answers, |_| security)?;
    let judged = Judged::AsAWhole;
    follow(question, Response { found, denial, denial_security: security, judged })
}
