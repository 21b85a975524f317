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
use std::io;

use hickory_net::NetError;
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::tcp::TcpClientStream;
use hickory_net::udp::UdpClientStream;
use hickory_net::xfer::{DnsHandle, FirstAnswer};
use hickory_proto::op::{
    DnsRequest, DnsRequestOptions, Edns, Message, MessageType, OpCode, Query, ResponseCode,
};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

use super::hickory_records;
use crate::resolve::{
    Answer, ExtendedError, Judged, LookUp, LookUpError, Question, Response, Security, follow,
    limits,
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
pub struct AdResolver {
    path: TrustedPath,
    // Clones share its background tasks, which end when the last one is dropped.
    provider: TokioRuntimeProvider,
    one_try: Duration,
    deadline: Duration,
}

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
        Self { path, provider: TokioRuntimeProvider::new(), one_try, deadline }
    }

    async fn ask(&self, query: &Query) -> Result<Message, LookUpError> {
        let reply = self.ask_over_udp(query).await?;
        if !reply.metadata.truncation {
            return Ok(reply);
        }
        let reply = self.ask_over_tcp(query).await?;
        if reply.metadata.truncation { Err(LookUpError::Truncated) } else { Ok(reply) }
    }

    async fn ask_over_udp(&self, query: &Query) -> Result<Message, LookUpError> {
        let exchange = UdpClientStream::builder(self.path.0, self.provider.clone())
            .with_timeout(Some(self.deadline))
            .with_max_retries(TRIES)
            .with_retry_interval_floor(milliseconds(self.one_try))
            .exchange();
        checked(query, exchange.send(request(query)).first_answer().await)
    }

    async fn ask_over_tcp(&self, query: &Query) -> Result<Message, LookUpError> {
        let provider = self.provider.clone();
        let exchange =
            TcpClientStream::exchange(self.path.0, None, self.deadline, None, provider).await;
        let exchange = exchange.map_err(|error| failure(&error))?;
        checked(query, exchange.send(request(query)).first_answer().await)
    }
}

impl fmt::Debug for AdResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdResolver").field("path", &self.path).finish_non_exhaustive()
    }
}

impl LookUp for AdResolver {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let query = hickory_records::query(question)?;
        let reply = tokio::time::timeout(self.deadline, self.ask(&query)).await;
        answer(question, &reply.map_err(|_| LookUpError::Timeout)??)
    }
}

/// One question, and once more.
const TRIES: u8 = 2;

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn request(query: &Query) -> DnsRequest {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.metadata.authentic_data = true;
    let mut edns = Edns::new();
    edns.set_max_payload(limits::UDP_PAYLOAD);
    message.set_edns(edns);
    message.add_query(query.clone());
    DnsRequest::new(message, DnsRequestOptions::default())
}

/// The reply, if it is one to this question; identifiers were compared on the way.
fn checked(
    query: &Query,
    reply: Result<hickory_proto::op::DnsResponse, NetError>,
) -> Result<Message, LookUpError> {
    let reply = reply.map_err(|error| failure(&error))?.into_message();
    let metadata = &reply.metadata;
    if metadata.message_type != MessageType::Response
        || metadata.op_code != OpCode::Query
        || reply.queries != [query.clone()]
    {
        return Err(LookUpError::Malformed);
    }
    Ok(reply)
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

/// The first extended error, but one of DNSSEC before others.
fn extended_error(reply: &Message) -> Option<ExtendedError> {
    let options = reply.edns.as_ref()?.options().get_all(EdnsCode::Unknown(EXTENDED_ERROR));
    let codes = options.into_iter().filter_map(|option| match option {
        EdnsOption::Unknown(_, data) => data.first_chunk().map(|code| u16::from_be_bytes(*code)),
        _ => None,
    });
    let codes: Vec<_> = codes.map(ExtendedError).collect();
    let of_dnssec = |code: &&ExtendedError| LookUpError::serv_fail(Some(**code)).is_dnssec();
    codes.iter().find(of_dnssec).or(codes.first()).copied()
}

/// The EDNS option of RFC 8914 section 2.
const EXTENDED_ERROR: u16 = 15;

/// Which failure this is: whatever is not about time or the network is a reply that cannot be read.
fn failure(error: &NetError) -> LookUpError {
    match error {
        NetError::Timeout => LookUpError::Timeout,
        NetError::Io(error) if error.kind() == io::ErrorKind::TimedOut => LookUpError::Timeout,
        NetError::Io(error) => LookUpError::Unreachable(error.kind()),
        NetError::Busy | NetError::NoConnections => {
            LookUpError::Unreachable(io::ErrorKind::ResourceBusy)
        }
        NetError::Message(_) | NetError::Msg(_) => {
            LookUpError::Unreachable(io::ErrorKind::ConnectionAborted)
        }
        NetError::Truncated => LookUpError::Truncated,
        _ => LookUpError::Malformed,
    }
}
