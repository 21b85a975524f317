//! One resolver over UDP and, for what does not fit, TCP.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use hickory_net::NetError;
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::tcp::TcpClientStream;
use hickory_net::udp::UdpClientStream;
use hickory_net::xfer::{DnsHandle, FirstAnswer};
use hickory_proto::op::{DnsRequest, DnsResponse};

use super::hickory_ad::is_reply_to;
use crate::resolve::LookUpError;

/// Asks one resolver: twice over UDP, and over TCP if the reply was cut short.
#[derive(Clone)]
pub(super) struct Transport {
    pub(super) resolver: SocketAddr,
    // Clones share its background tasks, which end when the last one is dropped.
    provider: TokioRuntimeProvider,
    one_try: Duration,
    pub(super) deadline: Duration,
}

impl Transport {
    pub(super) fn new(resolver: SocketAddr, one_try: Duration, deadline: Duration) -> Self {
        Self { resolver, provider: TokioRuntimeProvider::new(), one_try, deadline }
    }

    /// The reply to this question. The identifier is random and compared by the library.
    ///
    /// # Errors
    ///
    /// Those of the library; [`NetError::Truncated`] if the reply was cut short over TCP too;
    /// [`NetError::Message`] if it is no reply to the question.
    pub(super) async fn exchange(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        // The library's own limit is one for each transport and try.
        let exchange = self.over_udp_or_tcp(request);
        tokio::time::timeout(self.deadline, exchange).await.unwrap_or(Err(NetError::Timeout))
    }

    async fn over_udp_or_tcp(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let reply = self.over_udp(request.clone()).await?;
        if !reply.metadata.truncation {
            return Ok(reply);
        }
        let reply = self.over_tcp(request).await?;
        if reply.metadata.truncation { Err(NetError::Truncated) } else { Ok(reply) }
    }

    async fn over_udp(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let exchange = UdpClientStream::builder(self.resolver, self.provider.clone())
            .with_timeout(Some(self.deadline))
            .with_max_retries(TRIES)
            .with_retry_interval_floor(milliseconds(self.one_try))
            .exchange();
        let question = request.queries.clone();
        checked(&question, exchange.send(request).first_answer().await?)
    }

    async fn over_tcp(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let provider = self.provider.clone();
        let exchange =
            TcpClientStream::exchange(self.resolver, None, self.deadline, None, provider).await?;
        let question = request.queries.clone();
        checked(&question, exchange.send(request).first_answer().await?)
    }
}

/// One question, and once more.
const TRIES: u8 = 2;

const NO_REPLY: &str = "message is no reply to the question";

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn checked(
    question: &[hickory_proto::op::Query],
    reply: DnsResponse,
) -> Result<DnsResponse, NetError> {
    if is_reply_to(question, &reply) { Ok(reply) } else { Err(NetError::Message(NO_REPLY)) }
}

/// Which failure this is: whatever is not about time or the network is a reply that cannot be read.
pub(super) fn failure(error: &NetError) -> LookUpError {
    match error {
        NetError::Timeout => LookUpError::Timeout,
        NetError::Io(error) if error.kind() == io::ErrorKind::TimedOut => LookUpError::Timeout,
        NetError::Io(error) => LookUpError::Unreachable(error.kind()),
        NetError::Busy | NetError::NoConnections => {
            LookUpError::Unreachable(io::ErrorKind::ResourceBusy)
        }
        NetError::Message(text) if *text == NO_REPLY => LookUpError::Malformed,
        NetError::Message(_) | NetError::Msg(_) => {
            LookUpError::Unreachable(io::ErrorKind::ConnectionAborted)
        }
        NetError::Truncated => LookUpError::Truncated,
        _ => LookUpError::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_network_and_contents_are_told_apart() {
        for (error, expected) in [
            (NetError::Timeout, LookUpError::Timeout),
            (NetError::Truncated, LookUpError::Truncated),
            (NetError::Message(NO_REPLY), LookUpError::Malformed),
            (NetError::Busy, LookUpError::Unreachable(io::ErrorKind::ResourceBusy)),
            (
                io::Error::from(io::ErrorKind::ConnectionRefused).into(),
                LookUpError::Unreachable(io::ErrorKind::ConnectionRefused),
            ),
            (io::Error::from(io::ErrorKind::TimedOut).into(), LookUpError::Timeout),
        ] {
            assert_eq!(failure(&error), expected);
        }
    }
}
