//! A report by mail: to the MX hosts of its recipient, or to a relay.

use core::net::IpAddr;
use std::sync::Arc;

use smtp_starttls::{EhloName, Message};
use smtp_tls::Address;
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::adapter::rustls::Connector;
use smtp_tls::delivery::{MessageTerms, Settings};
use smtp_tls::driver::tokio::{Envelope, Mailer};
use smtp_tls::report::{Cause, Fate, Report};
use smtp_tls::resolve::{
    Answer, BoxedLookUp, Judged, Kind, LookUp, LookUpError, Name, Outcome, Question, Record,
    Security,
};
use smtp_tls::store::{Capacity, MemoryStore};
use tlsrpt::DeliveryInput;

use crate::args::Send;
use crate::stopped::Stopped;

/// Sends mail in the contact's name.
pub(crate) struct Post {
    from: Address,
    way: Way,
}

/// Where mail goes.
enum Way {
    MxHosts(Box<Mailer<Arc<BoxedLookUp>, HttpsFetch<Arc<BoxedLookUp>>, MemoryStore>>),
    Relay(Box<Relayed>),
}

/// A relay, resolved anew for each mail.
struct Relayed {
    host: String,
    port: u16,
    connector: Connector,
    ehlo: EhloName,
}

impl Post {
    pub(crate) fn new(
        args: &Send,
        contact: &str,
        dns: &Arc<BoxedLookUp>,
        connector: &Connector,
    ) -> Result<Self, Stopped> {
        let from =
            contact.parse().map_err(|error| Stopped::new(64, format!("--contact: {error}")))?;
        let ehlo = crate::network::ehlo_name(args.ehlo.as_deref())?;
        let connector = connector.clone();
        let way = match args.relay.as_deref() {
            None => {
                let fetch = HttpsFetch::new(Arc::clone(dns), &connector);
                let store = MemoryStore::new(Capacity::default());
                let mailer = Mailer::new(Arc::clone(dns), fetch, store, connector, ehlo);
                Way::MxHosts(Box::new(mailer.settings(settings(args.port))))
            }
            Some(relay) => {
                let (host, port) = relay
                    .rsplit_once(':')
                    .and_then(|(host, port)| Some((host, port.parse().ok()?)))
                    .ok_or_else(|| Stopped::new(64, "--relay is not HOST:PORT"))?;
                let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                Way::Relay(Box::new(Relayed { host, port, connector, ehlo }))
            }
        };
        Ok(Self { from, way })
    }

    /// The relay's host, if there is one.
    pub(crate) fn relay(&self) -> Option<&str> {
        match &self.way {
            Way::MxHosts(_) => None,
            Way::Relay(relay) => Some(&relay.host),
        }
    }

    /// Sends once. Policies of the recipient's domain are not applied: a report about broken TLS would not
    /// arrive otherwise ([RFC 8460 section 5.3](https://www.rfc-editor.org/rfc/rfc8460#section-5.3)).
    pub(crate) async fn send(&self, address: &str, message: &[u8]) -> (DeliveryInput, String) {
        let refused = |why: &str| (DeliveryInput::MailReply(550), why.to_owned());
        let Ok(to) = address.parse::<Address>() else { return refused("not an address") };
        let Ok(message) = Message::try_from(message) else { return refused("not a message") };
        let recipients = [to.forward_path()];
        let envelope = Envelope { from: self.from.reverse_path(), to: &recipients, message };
        let terms = MessageTerms::report_delivery();
        let report = match &self.way {
            Way::MxHosts(mailer) => {
                mailer.deliver_with(to.domain().clone(), &envelope, terms).await
            }
            Way::Relay(relay) => match relay.mailer().await {
                Ok((mailer, name)) => mailer.deliver_with(name, &envelope, terms).await,
                Err(error) => return (DeliveryInput::Unreachable, error.to_string()),
            },
        };
        outcome(&report)
    }
}

/// The host to which mail to this address goes, as far as it can be told without asking the DNS.
pub(crate) fn mail_host(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

impl Relayed {
    /// A driver that knows no host but the relay, and the name that it has there.
    async fn mailer(
        &self,
    ) -> std::io::Result<(Mailer<Arc<Relay>, HttpsFetch<Arc<Relay>>, MemoryStore>, Name)> {
        let resolved = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        let dns = Arc::new(Relay(resolved.map(|address| address.ip()).collect()));
        let fetch = HttpsFetch::new(Arc::clone(&dns), &self.connector);
        let store = MemoryStore::new(Capacity::default());
        let mailer = Mailer::new(dns, fetch, store, self.connector.clone(), self.ehlo);
        let name = RELAY.parse().map_err(std::io::Error::other)?;
        Ok((mailer.settings(settings(self.port)), name))
    }
}

fn settings(port: u16) -> Settings {
    let mut settings = Settings::default();
    settings.port = port;
    settings
}

fn outcome(report: &Report) -> (DeliveryInput, String) {
    match report.fates.first() {
        Some(Fate::Delivered { host, reply, .. }) => {
            (DeliveryInput::MailReply(reply.code.value()), format!("{host}: {reply}"))
        }
        Some(Fate::Refused(cause)) => (DeliveryInput::MailReply(550), cause.to_string()),
        Some(Fate::Deferred(cause)) => {
            let code = match cause {
                Cause::Answered { reply, .. } => Some(reply.code.value()),
                _ => None,
            };
            // The driver has judged: what it defers is never taken for a refusal here.
            let code = code.filter(|code| (400..500).contains(code));
            (code.map_or(DeliveryInput::Unreachable, DeliveryInput::MailReply), cause.to_string())
        }
        None => (DeliveryInput::Unreachable, String::new()),
    }
}

/// DNS in which there is one host, the relay, at these addresses.
struct Relay(Vec<IpAddr>);

impl LookUp for Relay {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let record = |address: &IpAddr| match (address, question.kind) {
            (IpAddr::V4(four), Kind::A) => Some(Record::A(*four)),
            (IpAddr::V6(six), Kind::Aaaa) => Some(Record::Aaaa(*six)),
            _ => None,
        };
        let own = RELAY.parse::<Name>().is_ok_and(|name| name == question.name);
        let records: Vec<_> = self.0.iter().filter(|_| own).filter_map(record).collect();
        let outcome = if records.is_empty() { Outcome::NoData } else { Outcome::Records(records) };
        Ok(Answer {
            outcome,
            security: Security::Insecure,
            chain: Vec::new(),
            judged: Judged::HopByHop,
        })
    }
}

/// The name that the relay has in the driver, which knows hosts by name.
const RELAY: &str = "relay.invalid";
