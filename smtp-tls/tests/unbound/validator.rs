//! The validator of hickory-net with the adapter of `dane`: what the machine for a host makes of each
//! answer.

use core::net::SocketAddr;
use core::time::Duration;

use dane::adapter::hickory::{Progress, addresses, cname, exchangers, lowered, tlsa};
use dane::discovery::{
    Action, Answer, Destination, HostPlan, Input, LookUpFailure, NotDane, Outcome, Policy,
    Security, Skip, Step1,
};
use hickory_net::dnssec::DnssecDnsHandle;
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::udp::UdpClientStream;
use hickory_net::xfer::{DnsHandle, DnsResponseStream, FirstAnswer};
use hickory_net::{DnsError, NetError};
use hickory_proto::dnssec::TrustAnchors;
use hickory_proto::op::{DnsRequest, DnsRequestOptions, Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name as WireName, RecordType};
use smtp_tls::resolve::{Kind, Question};

use super::signed_dns::resolver::Is;
use super::signed_dns::resolver::Verdict::{self, Failed, Insecure, Secure};

/// Asks as the adapter wants it.
pub struct DaneResolver {
    handle: DnssecDnsHandle<Udp>,
}

impl DaneResolver {
    pub fn new(anchor: &str, resolver: SocketAddr) -> Self {
        let anchors: TrustAnchors = anchor.parse().unwrap();
        let udp = Udp { resolver, provider: TokioRuntimeProvider::new() };
        Self { handle: DnssecDnsHandle::with_trust_anchor(udp, anchors.into()) }
    }

    /// What a verdict on this question means for the host, and what was found; none for types that are not
    /// asked for here.
    pub async fn compare(
        &self,
        question: &Question,
        verdict: Verdict,
    ) -> Option<(Meaning, Meaning)> {
        let name = WireName::from_ascii(format!("{}.", question.name)).unwrap();
        let kind = RecordType::from(question.kind.code());
        Some(match question.kind {
            Kind::A | Kind::Aaaa => {
                let ask = |replies: &[Message]| addresses(&name, kind, replies);
                let answer = self.answer(kind, ask).await;
                (
                    Meaning::of_address(question.name.as_str(), verdict),
                    Meaning::by_address(&name, &answer),
                )
            }
            Kind::Tlsa => {
                let ask = |replies: &[Message]| tlsa(&name, replies);
                let answer = self.answer(kind, ask).await;
                (Meaning::of_tlsa(verdict), Meaning::by_tlsa(answer))
            }
            Kind::Mx => {
                let ask = |replies: &[Message]| exchangers(&name, replies);
                let answer = self.answer(kind, ask).await;
                (Meaning::of_address("", verdict), Meaning::by_mx(&answer))
            }
            Kind::Cname => {
                let answer = cname(&name, &self.reply(&name, kind).await.unwrap());
                assert_eq!(verdict, Secure(Is::Records(1)));
                let secure = Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]);
                assert_eq!(answer, secure);
                return None;
            }
            _ => return None,
        })
    }

    async fn answer<T>(
        &self,
        kind: RecordType,
        ask: impl Fn(&[Message]) -> Progress<T>,
    ) -> Answer<T> {
        let mut replies = Vec::new();
        loop {
            match ask(&replies) {
                Progress::Done(answer) => return answer,
                Progress::Ask(name) => match self.reply(&name, kind).await {
                    Ok(reply) => replies.push(reply),
                    Err(failure) => return Answer::failed(failure),
                },
            }
        }
    }

    async fn reply(&self, name: &WireName, kind: RecordType) -> Result<Message, LookUpFailure> {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(name.clone(), kind));
        let request = DnsRequest::new(message, DnsRequestOptions::default());
        match self.handle.send(request).first_answer().await {
            Ok(reply) => Ok(reply.into_message()),
            Err(NetError::Dns(DnsError::Nsec { response, proof, .. })) => {
                Ok(lowered(response.into_message(), proof))
            }
            Err(NetError::Dns(DnsError::DnssecBogus)) => Err(LookUpFailure::Bogus),
            Err(_) => Err(LookUpFailure::ServerFailure),
        }
    }
}

/// What an answer means for a host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Meaning {
    /// DANE goes on.
    Dane,
    /// There is no DANE.
    NoDane,
    /// There is nothing of what was asked for.
    Nothing,
    /// The look-up failed.
    Failed,
}

impl Meaning {
    fn of_address(asked: &str, verdict: Verdict) -> Self {
        match verdict {
            Secure(Is::Records(_)) => Self::Dane,
            // A secure alias to an insecure address: the alias itself may have TLSA records.
            Insecure(Is::Records(_)) if asked.starts_with("to-plain") => Self::Dane,
            Insecure(Is::Records(_)) => Self::NoDane,
            Secure(Is::Denied) | Insecure(Is::Denied) => Self::Nothing,
            Failed => Self::Failed,
        }
    }

    fn by_address(asked: &WireName, answer: &Answer<()>) -> Self {
        let own: dane::Name = asked.to_ascii().parse().unwrap();
        let mut host = Destination::relay(&own, 25, Policy::default()).host(&own);
        host.handle(&Input::A(answer.clone())).unwrap();
        host.handle(&Input::Aaaa(answer.clone())).unwrap();
        match host.action() {
            Action::LookUp { kind: dane::discovery::Kind::Tlsa, .. } => Self::Dane,
            Action::Done(plan) => Self::by_plan(plan),
            other => panic!("{other:?}"),
        }
    }

    fn of_tlsa(verdict: Verdict) -> Self {
        match verdict {
            Secure(Is::Records(_)) => Self::Dane,
            Failed => Self::Failed,
            _ => Self::NoDane,
        }
    }

    fn by_tlsa(answer: Answer<dane::TlsaSet>) -> Self {
        let own: dane::Name = "mx.example".parse().unwrap();
        let mut host = Destination::relay(&own, 25, Policy::default()).host(&own);
        let address = Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]);
        host.handle(&Input::A(address.clone())).unwrap();
        host.handle(&Input::Aaaa(address)).unwrap();
        host.handle(&Input::Tlsa(answer)).unwrap();
        Self::by_plan(host.plan().unwrap())
    }

    fn by_mx(answer: &Answer<dane::discovery::Exchangers>) -> Self {
        let domain: dane::Name = "example".parse().unwrap();
        let mut policy = Policy::default();
        policy.half_dane = dane::discovery::HalfDane::Off;
        match Destination::from_mx(&domain, answer, policy) {
            Step1::Hosts(destination) => match destination.host(&domain).plan() {
                None => Self::Dane,
                Some(plan) => Self::by_plan(plan),
            },
            Step1::OwnHost(_) => Self::Nothing,
            Step1::Delay(Skip::LookUp { .. }) => Self::Failed,
            other => panic!("{other:?}"),
        }
    }

    fn by_plan(plan: &HostPlan) -> Self {
        match plan {
            HostPlan::Dane(_) | HostPlan::Encrypt(_) => Self::Dane,
            HostPlan::Opportunistic(
                NotDane::InsecureAddress
                | NotDane::InsecureCname
                | NotDane::InsecureMx
                | NotDane::NoRecords,
            ) => Self::NoDane,
            HostPlan::Skip(Skip::NoAddress) => Self::Nothing,
            HostPlan::Skip(Skip::LookUp { .. }) => Self::Failed,
            other => panic!("{other:?}"),
        }
    }
}

/// UDP alone: what is asked here is short, and so large a datagram passes on loopback.
#[derive(Clone)]
struct Udp {
    resolver: SocketAddr,
    provider: TokioRuntimeProvider,
}

impl DnsHandle for Udp {
    type Response = DnsResponseStream;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, mut request: DnsRequest) -> Self::Response {
        request.edns.get_or_insert_with(Edns::new).set_max_payload(4096);
        request.metadata.checking_disabled = true;
        let exchange = UdpClientStream::builder(self.resolver, self.provider.clone())
            .with_timeout(Some(Duration::from_secs(30)))
            .exchange();
        let reply = async move {
            let reply = exchange.send(request).first_answer().await?;
            assert!(!reply.metadata.truncation, "{reply:?}");
            match reply.metadata.response_code {
                ResponseCode::NoError | ResponseCode::NXDomain => Ok(reply),
                other => Err(NetError::Dns(DnsError::ResponseCode(other))),
            }
        };
        DnsResponseStream::from(Box::pin(reply))
    }
}
