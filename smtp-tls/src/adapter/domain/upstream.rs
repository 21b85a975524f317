//! Where the data comes from: plain recursive resolvers, asked one after the other.

use core::fmt;
use core::future::Future;
use core::net::SocketAddr;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use ::domain::base::Message;
use ::domain::base::iana::OptRcode;
use ::domain::net::client::protocol::{TcpConnect, UdpConnect};
use ::domain::net::client::request::{Error, GetResponse, RequestMessage, SendRequest};
use ::domain::net::client::{dgram, dgram_stream};
use bytes::Bytes;

use crate::resolve::{ExtendedError, LookUpError, limits};

pub(super) type Request = RequestMessage<Vec<u8>>;

/// Servers that are asked in order until one answers, the one that answered last before others.
#[derive(Clone)]
pub(super) struct Upstream {
    servers: Arc<[Server]>,
    first: Arc<AtomicUsize>,
}

type Server = dgram_stream::Connection<UdpConnect, Request>;

impl Upstream {
    /// Must be called within a tokio runtime: the TCP side of each server is a task.
    pub(super) fn new(servers: &[SocketAddr], one_try: Duration) -> Self {
        let servers = servers.iter().map(|server| connection(*server, one_try)).collect();
        Self { servers, first: Arc::default() }
    }

    /// A reply with NOERROR or NXDOMAIN.
    ///
    /// # Errors
    ///
    /// Those of the last server, if none gave an answer.
    pub(super) async fn ask(&self, request: Request) -> Result<Message<Bytes>, LookUpError> {
        let mut last = LookUpError::Unreachable(io::ErrorKind::NotConnected);
        let first = self.first.load(Ordering::Relaxed);
        let servers = self.servers.iter().enumerate();
        for (number, server) in servers.clone().skip(first).chain(servers.take(first)) {
            match server.send_request(request.clone()).get_response().await {
                Ok(reply) => match reply.opt_rcode() {
                    OptRcode::NOERROR | OptRcode::NXDOMAIN => {
                        self.first.store(number, Ordering::Relaxed);
                        return Ok(reply);
                    }
                    OptRcode::SERVFAIL => last = LookUpError::serv_fail(extended_error(&reply)),
                    other => last = LookUpError::ResponseCode(other.to_int()),
                },
                Err(error) => last = failure(error),
            }
        }
        Err(last)
    }
}

fn connection(server: SocketAddr, one_try: Duration) -> Server {
    let mut config = dgram_stream::Config::new();
    let mut udp = dgram::Config::new();
    udp.set_read_timeout(one_try);
    udp.set_max_retries(1);
    udp.set_udp_payload_size(Some(limits::UDP_PAYLOAD));
    config.set_dgram(udp);
    config.stream_mut().set_response_timeout(one_try);
    let udp = UdpConnect::new(server);
    let tcp = TcpConnect::new(server);
    let (connection, transport) = dgram_stream::Connection::with_config(udp, tcp, config);
    // Ends when the last copy of the connection is dropped.
    tokio::spawn(transport.run());
    connection
}

/// As the validator asks for keys. It does not look at response codes, so an error must come as one.
impl SendRequest<Request> for Upstream {
    fn send_request(&self, request: Request) -> Box<dyn GetResponse + Send + Sync> {
        Box::new(Pending { upstream: self.clone(), request })
    }
}

struct Pending {
    upstream: Upstream,
    request: Request,
}

impl GetResponse for Pending {
    fn get_response(
        &mut self,
    ) -> Pin<Box<dyn Future<Output = Result<Message<Bytes>, Error>> + Send + Sync + '_>> {
        let reply = self.upstream.ask(self.request.clone());
        Box::pin(async { reply.await.map_err(|_| Error::NoTransportAvailable) })
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

fn extended_error(reply: &Message<Bytes>) -> Option<ExtendedError> {
    let option = reply.opt()?.opt().extended_error()?;
    Some(ExtendedError(option.code().to_int()))
}

fn failure(error: Error) -> LookUpError {
    match error {
        Error::StreamReadTimeout | Error::StreamIdleTimeout => LookUpError::Timeout,
        Error::StreamReadError(error) | Error::StreamWriteError(error) => of_io(error.kind()),
        Error::Dgram(error) => match Arc::try_unwrap(error) {
            Ok(error) => of_io(error.io_error().kind()),
            Err(_) => LookUpError::Unreachable(io::ErrorKind::NotConnected),
        },
        Error::ConnectionClosed
        | Error::NoTransportAvailable
        | Error::RedundantTransportNotFound
        | Error::StreamReceiveError
        | Error::StreamTooManyOutstandingQueries
        | Error::StreamUnexpectedEndOfData => LookUpError::Unreachable(io::ErrorKind::NotConnected),
        Error::MessageBuilderPushError | Error::OptTooLong | Error::StreamLongMessage => {
            LookUpError::Name
        }
        Error::FormError
        | Error::MessageParseError
        | Error::ShortMessage
        | Error::Validation(_)
        | Error::WrongReplyForQuery => LookUpError::Malformed,
    }
}

fn of_io(kind: io::ErrorKind) -> LookUpError {
    match kind {
        io::ErrorKind::TimedOut => LookUpError::Timeout,
        kind => LookUpError::Unreachable(kind),
    }
}
