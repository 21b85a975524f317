//! A scripted world: answers of the DNS, a policy host, and mail servers.

use std::collections::BTreeMap;

use mta_sts::{FetchError, PolicyBody, Stored};
use pki_types::UnixTime;

use super::super::{Action, Delivery, Input, MessageTerms, Settings};
use super::server::Server;
use crate::attempt::{Attempt, AttemptResult};
use crate::report::{Report, StoreResult};
use crate::resolve::{
    Answer, Hop, Judged, Kind, LookUpError, Name, Outcome, Question, Record, Security,
};

pub(super) const DOMAIN: &str = "d.test";

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(super) fn now() -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_800_000_000))
}

/// A DANE-EE record over a key, SHA2-256.
pub(super) fn usable_tlsa() -> Record {
    Record::Tlsa([&[3, 1, 1][..], &[7; 32]].concat())
}

/// A PKIX-EE record, which SMTP has no use for.
pub(super) fn unusable_tlsa() -> Record {
    Record::Tlsa([&[1, 1, 1][..], &[7; 32]].concat())
}

pub(super) fn answer(outcome: Outcome, security: Security) -> Answer {
    Answer { outcome, security, chain: Vec::new(), judged: Judged::HopByHop }
}

pub(super) fn alias(from: &str, to: &str, security: Security) -> Hop {
    Hop { name: name(from), target: name(to), security }
}

/// Everything outside the machine. What is not set does not exist, and that is proven insecure.
#[derive(Clone, Debug)]
pub(super) struct World {
    answers: BTreeMap<(String, u16), Result<Answer, LookUpError>>,
    policy: Result<PolicyBody, FetchError>,
    servers: BTreeMap<String, Server>,
    pub(super) store: StoreResult,
    pub(super) stored: Stored,
    pub(super) settings: Settings,
    pub(super) message: MessageTerms,
    pub(super) recipients: usize,
    /// Which of the open questions is answered next: another number, another order.
    pub(super) order: u64,
}

/// What a delivery came to, and what was tried on the way.
pub(super) struct Played {
    pub(super) report: Report,
    pub(super) attempts: Vec<(Attempt, AttemptResult)>,
    pub(super) questions: Vec<Question>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            answers: BTreeMap::new(),
            policy: Err(FetchError::ConnectionFailed),
            servers: BTreeMap::new(),
            store: StoreResult::Fine,
            stored: Stored::default(),
            settings: Settings::default(),
            message: MessageTerms::default(),
            recipients: 1,
            order: 0,
        }
    }

    /// A domain with these hosts, in this order, each with an address and an honest server.
    pub(super) fn with_hosts(security: Security, hosts: &[&str]) -> Self {
        let mut world = Self::new();
        let records = hosts
            .iter()
            .zip(1..)
            .map(|(host, preference)| Record::Mx { preference, host: name(host) });
        world.set(DOMAIN, Kind::Mx, Outcome::Records(records.collect()), security);
        for host in hosts {
            world.address(host, security);
            world.server(host, Server::default());
        }
        world
    }

    pub(super) fn set(&mut self, at: &str, kind: Kind, outcome: Outcome, security: Security) {
        self.answer(at, kind, Ok(answer(outcome, security)));
    }

    pub(super) fn answer(&mut self, at: &str, kind: Kind, given: Result<Answer, LookUpError>) {
        self.answers.insert((at.to_owned(), kind.code()), given);
    }

    pub(super) fn address(&mut self, host: &str, security: Security) {
        let records = vec![Record::A([192, 0, 2, 1].into())];
        self.set(host, Kind::A, Outcome::Records(records), security);
        self.set(host, Kind::Aaaa, Outcome::NoData, security);
    }

    pub(super) fn tlsa(&mut self, host: &str, records: Vec<Record>) {
        let at = format!("_25._tcp.{host}");
        self.set(&at, Kind::Tlsa, Outcome::Records(records), Security::Secure);
    }

    /// A policy under a record.
    pub(super) fn policy(&mut self, mode: &str, mx: &str) {
        let body = format!("version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n");
        self.record();
        self.policy = PolicyBody::from_response(200, [&b"text/plain"[..]], [], body.into_bytes());
    }

    pub(super) fn record(&mut self) {
        let record = Record::Txt(vec![b"v=STSv1; id=1".to_vec()]);
        let at = format!("_mta-sts.{DOMAIN}");
        self.set(&at, Kind::Txt, Outcome::Records(vec![record]), Security::Insecure);
    }

    pub(super) fn asks_for_reports(&mut self) {
        let record = Record::Txt(vec![b"v=TLSRPTv1; rua=mailto:r@d.test".to_vec()]);
        let at = format!("_smtp._tls.{DOMAIN}");
        self.set(&at, Kind::Txt, Outcome::Records(vec![record]), Security::Insecure);
    }

    pub(super) fn server(&mut self, host: &str, server: Server) {
        self.servers.insert(host.to_owned(), server);
    }

    /// Addresses of a host, each with a server of its own.
    pub(super) fn at_addresses(&mut self, host: &str, security: Security, servers: &[Server]) {
        let address = |at: u8| core::net::Ipv4Addr::new(192, 0, 2, at + 1);
        let places = || (0..servers.len()).map(|at| address(at as u8));
        let records = places().map(Record::A).collect();
        self.set(host, Kind::A, Outcome::Records(records), security);
        for (address, server) in places().zip(servers) {
            self.server(&format!("{host} {address}"), server.clone());
        }
    }

    /// As a driver does it: at the first address that can be connected to.
    fn visit(&self, attempt: &Attempt) -> AttemptResult {
        let mut errors = Vec::new();
        for (at, address) in attempt.addresses.iter().enumerate() {
            let own = self.servers.get(&format!("{} {address}", attempt.host));
            let server = own.or_else(|| self.servers.get(attempt.host.as_str()));
            let addresses = attempt.addresses[at..].to_vec();
            let here = Attempt { addresses, ..attempt.clone() };
            match server.unwrap_or(&Server::down()).visited(&here) {
                AttemptResult::NotReached(error) => errors.extend(error),
                result => return result.after(errors),
            }
        }
        AttemptResult::NotReached(errors)
    }

    fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let nothing = Ok(answer(Outcome::NoData, Security::Insecure));
        let key = (question.name.as_str().to_owned(), question.kind.code());
        self.answers.get(&key).cloned().unwrap_or(nothing)
    }

    pub(super) fn delivery(&self) -> Delivery {
        let (settings, stored) = (self.settings.clone(), self.stored.clone());
        Delivery::new(name(DOMAIN), self.recipients, settings, stored, now()).message(self.message)
    }

    /// Carries out the action that is wanted, and nothing more.
    pub(super) fn step(&self, delivery: &mut Delivery, played: &mut Vec<(Attempt, AttemptResult)>) {
        let input = match delivery.action() {
            Action::LookUp(questions) => {
                let at = self.order.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                let question = questions[at as usize % questions.len()].clone();
                let given = self.look_up(&question);
                return delivery.handle(Input::Answered(&question, given), now()).unwrap();
            }
            Action::FetchPolicy(_) => Input::PolicyFetched(self.policy.clone()),
            Action::StorePolicy(..) => Input::PolicyStored(self.store),
            Action::Connect(attempt) => {
                let attempt = attempt.clone();
                let result = self.visit(&attempt);
                played.push((attempt, result.clone()));
                Input::Attempted(result)
            }
            Action::Done(_) => return,
        };
        delivery.handle(input, now()).unwrap();
    }

    pub(super) fn play(&self) -> Played {
        let (mut delivery, mut attempts) = (self.delivery(), Vec::new());
        let mut questions = Vec::new();
        for _ in 0..10_000 {
            match delivery.action() {
                Action::LookUp(open) => {
                    questions.extend(
                        open.iter()
                            .filter(|it| !questions.contains(*it))
                            .cloned()
                            .collect::<Vec<_>>(),
                    );
                }
                Action::Done(_) => {
                    let report = delivery.into_report().unwrap();
                    return Played { report, attempts, questions };
                }
                _ => {}
            }
            self.step(&mut delivery, &mut attempts);
        }
        panic!("the machine does not come to an end");
    }
}
