//! The fetch of one policy as a machine without I/O: both HTTPS adapters are nothing but its carriers.
//!
//! ```text
//! addresses, "connected", octets,   +-------+   questions, an address, octets to send, "read",
//! an end, "timed out" ------------> | Fetch | ---> until when, and in the end the body
//!                                   +-------+
//! ```

mod conversation;

use core::net::{IpAddr, SocketAddr};
use core::ops::Add;
use core::time::Duration;
use std::vec;

use mta_sts::{Exchange, FetchError, PolicyBody, PolicyDomain, UserAgent};

use self::conversation::{Conversation, Outcome, Phase};
use super::rustls::Connector;
use crate::resolve::{Answer, Kind, LookUpError, Name, Question, Record};

/// How policies are fetched.
pub(super) struct Terms {
    connector: Connector,
    pub(super) port: u16,
    pub(super) user_agent: Option<Box<str>>,
    /// In all.
    limit: Duration,
}

impl Terms {
    pub(super) fn new(connector: &Connector) -> Self {
        let connector = connector.for_application(b"http/1.1");
        Self { connector, port: HTTPS_PORT, user_agent: None, limit: Duration::MAX }
    }

    /// Ends sooner than after the minute.
    #[cfg(all(test, feature = "https-blocking"))]
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }
}

/// One fetch, on the clock of an adapter.
pub(super) struct Fetch<'t, I> {
    terms: &'t Terms,
    host: String,
    exchange: Exchange,
    addresses: vec::IntoIter<IpAddr>,
    /// What there is to say if no address is left.
    failure: FetchError,
    stage: Stage,
    /// When the present wait is over, and when all is.
    until: I,
    end: I,
}

enum Stage {
    LookUp([Question; 2]),
    Connect(SocketAddr),
    Talk(Box<Conversation>),
    Done(Result<PolicyBody, FetchError>),
}

/// What a [`Fetch`] wants.
pub(super) enum Action<'a> {
    /// Ask these two at the same time.
    LookUp(&'a [Question; 2]),
    /// Connect, and drop the connection before.
    Connect(SocketAddr),
    /// Write all of these octets.
    Send(&'a [u8]),
    /// Read some octets.
    Read,
    /// Nothing: the result is there.
    Done,
}

/// What happens to a [`Fetch`].
pub(super) enum Input<'a> {
    /// What came of both questions.
    Found(Box<[Result<Answer, LookUpError>; 2]>),
    /// The connection is there.
    Connected,
    /// All octets were written.
    Sent,
    /// These octets came.
    Bytes(&'a [u8]),
    /// The connection ended, or did not come about.
    Ended,
    /// [`Fetch::until`] has come.
    TimedOut,
}

impl<'t, I: Copy + Ord + Add<Duration, Output = I>> Fetch<'t, I> {
    /// Begins now: the minute runs.
    pub(super) fn new(terms: &'t Terms, domain: &PolicyDomain, now: I) -> Self {
        let user_agent = terms.user_agent.as_deref().map_or(UserAgent::NotSent, UserAgent::Is);
        let exchange = Exchange::new(domain, user_agent);
        let end = now + exchange.wait_limit().min(terms.limit);
        let host = domain.policy_host().unwrap_or_default().to_owned();
        let failure = FetchError::ConnectionFailed;
        let stage = match host.parse::<Name>() {
            Ok(name) => {
                Stage::LookUp([Kind::Aaaa, Kind::A].map(|k| Question::new(name.clone(), k)))
            }
            Err(_) => Stage::Done(Err(failure)),
        };
        let addresses = Vec::new().into_iter();
        Self { terms, host, exchange, addresses, failure, stage, until: end, end }
    }

    pub(super) fn action(&self) -> Action<'_> {
        match &self.stage {
            Stage::LookUp(questions) => Action::LookUp(questions),
            Stage::Connect(address) => Action::Connect(*address),
            Stage::Talk(conversation) => match conversation.to_send() {
                [] => Action::Read,
                octets => Action::Send(octets),
            },
            Stage::Done(_) => Action::Done,
        }
    }

    /// Until when the action may take.
    pub(super) const fn until(&self) -> I {
        self.until
    }

    /// Takes what happened, however late it is.
    pub(super) fn handle(&mut self, input: Input<'_>, now: I) {
        if now >= self.end && !self.is_closing() {
            self.stage = Stage::Done(Err(FetchError::TimedOut));
        }
        match (&mut self.stage, input) {
            (Stage::LookUp(_), Input::Found(answers)) => {
                self.addresses = by_turns((*answers).map(addresses)).into_iter();
                self.next(now);
            }
            (Stage::Connect(_), Input::Connected) => self.open(now),
            (Stage::Connect(_), _) => self.next(now),
            (Stage::LookUp(_), Input::TimedOut) => {
                self.stage = Stage::Done(Err(FetchError::TimedOut))
            }
            (Stage::Talk(conversation), Input::TimedOut)
                if conversation.phase() == Phase::Exchange =>
            {
                self.stage = Stage::Done(Err(FetchError::TimedOut));
            }
            (Stage::Talk(conversation), input) => {
                match input {
                    Input::Sent => conversation.sent(),
                    Input::Bytes(octets) => conversation.receive(octets),
                    _ => conversation.end(),
                }
                self.after(now);
            }
            (Stage::LookUp(_) | Stage::Done(_), _) => {}
        }
    }

    pub(super) fn into_result(self) -> Result<PolicyBody, FetchError> {
        match self.stage {
            Stage::Done(result) => result,
            _ => Err(FetchError::ConnectionFailed),
        }
    }

    /// The result is there, and TLS is being closed.
    fn is_closing(&self) -> bool {
        matches!(&self.stage, Stage::Talk(conversation) if conversation.phase() == Phase::Close)
    }

    fn next(&mut self, now: I) {
        self.until = self.end.min(now + CONNECT);
        self.stage = match self.addresses.next() {
            Some(address) => Stage::Connect(SocketAddr::new(address, self.terms.port)),
            None => Stage::Done(Err(self.failure)),
        };
    }

    fn open(&mut self, now: I) {
        match Conversation::open(&self.terms.connector, &self.host, self.exchange.clone()) {
            Ok(conversation) => self.stage = Stage::Talk(Box::new(conversation)),
            Err(_) => self.next(now),
        }
    }

    fn after(&mut self, now: I) {
        let placeholder = Stage::Done(Err(self.failure));
        let Stage::Talk(mut conversation) = core::mem::replace(&mut self.stage, placeholder) else {
            return;
        };
        match conversation.outcome() {
            Some(Outcome::Result(result)) => self.stage = Stage::Done(result),
            Some(Outcome::NotSecured(error)) => {
                // What is wrong with a certificate says more than that another address was not reached.
                if let FetchError::Certificate(_) = error {
                    self.failure = error;
                }
                self.next(now);
            }
            None => {
                self.until = match conversation.phase() {
                    Phase::Handshake => self.until,
                    Phase::Exchange => self.end,
                    Phase::Close => self.end.min(now + CLOSE),
                };
                self.stage = Stage::Talk(conversation);
            }
        }
    }
}

/// A family that cannot be looked up has none.
fn addresses(answer: Result<Answer, LookUpError>) -> Vec<IpAddr> {
    let answer = answer.as_ref();
    let records = answer.map_or(&[][..], Answer::records);
    records.iter().filter_map(address).collect()
}

fn address(record: &Record) -> Option<IpAddr> {
    match record {
        Record::A(address) => Some((*address).into()),
        Record::Aaaa(address) => Some((*address).into()),
        _ => None,
    }
}

/// IPv6 and IPv4 by turns, at most [`ADDRESSES`].
fn by_turns([six, four]: [Vec<IpAddr>; 2]) -> Vec<IpAddr> {
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let turns = core::iter::from_fn(|| match (six.next(), four.next()) {
        (None, None) => None,
        pair => Some(pair),
    });
    turns.flat_map(|(six, four)| [six, four]).flatten().take(ADDRESSES).collect()
}

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// Addresses tried. Ours: the minute ends before more could be.
const ADDRESSES: usize = 16;

/// For one address, from the first packet to the end of the handshake. Ours: so that a dead address does
/// not use up the minute.
const CONNECT: Duration = Duration::from_secs(15);

/// For our TLS close at the end. Ours.
const CLOSE: Duration = Duration::from_secs(1);

/// Octets read at a time.
pub(super) const READ: usize = 8_192;

#[cfg(test)]
mod tests;
