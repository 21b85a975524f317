//! Who can forge replies can make a look-up fail, and no more: never is a signed name insecure, and
//! never has it other records (RFC 7672 section 2.1.1).
#![cfg(all(feature = "domain", feature = "hickory-validate"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::net::UdpSocket;
use std::sync::Arc;
use std::thread::JoinHandle;

use conformance::lab::dns::{Data, Face, Signing, Transport, Zones};
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, NS};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use pki_types::UnixTime;
use smtp_tls::adapter::domain::Validator;
use smtp_tls::adapter::hickory_validate::{Keys, StrictValidator};
use smtp_tls::resolve::{Answer, BoxedLookUp, Kind, LookUp, LookUpError, Question, Security};

fn world() -> Zones {
    let mut zones = Zones::new(UnixTime::now()).unwrap();
    for (apex, signing) in [
        ("test", Signing::Signed),
        ("secure.test", Signing::Signed),
        ("other.test", Signing::Signed),
        ("plain.test", Signing::Unsigned),
    ] {
        zones.add_zone(apex, signing).unwrap();
    }
    let tlsa = Data::Tlsa([&[3, 1, 1], [7; 32].as_slice()].concat());
    for (name, data) in [
        ("mx.secure.test", Data::A(Ipv4Addr::new(127, 0, 0, 1))),
        ("_25._tcp.mx.secure.test", tlsa),
        ("to-plain.secure.test", Data::Cname("mx.plain.test".to_owned())),
        ("mx.plain.test", Data::A(Ipv4Addr::new(127, 0, 0, 66))),
        ("mx.other.test", Data::A(Ipv4Addr::new(127, 0, 0, 66))),
    ] {
        zones.add(name, data).unwrap();
    }
    zones
}

/// What is asked: records, no data, no such name.
const QUESTIONS: &[(&str, Kind)] = &[
    ("mx.secure.test", Kind::A),
    ("_25._tcp.mx.secure.test", Kind::Tlsa),
    ("mx.secure.test", Kind::Aaaa),
    ("nothing.secure.test", Kind::A),
];

/// A reply in its place, from the question and the honest reply.
type Forgery = dyn Fn(&Zones, &Query, Message) -> Message + Send + Sync;

/// A resolver on loopback that forges.
struct Forger {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Forger {
    fn start(zones: Arc<Zones>, forge: impl Fn(Vec<u8>) -> Vec<u8> + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let address = socket.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !stop.load(Ordering::Relaxed) {
                let Ok((count, from)) = socket.recv_from(&mut buffer) else { continue };
                let honest = zones.respond(&buffer[..count], Transport::Udp, Face::Plain);
                let _ = socket.send_to(&forge(honest.unwrap()), from);
            }
        });
        Self { address, over, thread: Some(thread) }
    }
}

impl Drop for Forger {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Both validators in process, new, so that neither has keys from before.
fn validators(zones: &Zones, resolver: SocketAddr, deadline: Duration) -> [BoxedLookUp; 2] {
    let anchors = zones.trust_anchor();
    let keys: String = anchors.lines().filter(|line| line.contains("DNSKEY")).collect();
    let keys: Keys = keys.parse().unwrap();
    let anchors = anchors.parse().unwrap();
    let one_try = deadline / 4;
    [
        BoxedLookUp::new(Validator::with_times(anchors, &[resolver], one_try, deadline)),
        BoxedLookUp::new(StrictValidator::with_times(keys, resolver, one_try, deadline)),
    ]
}

/// For honest replies.
const LONG: Duration = Duration::from_secs(10);

/// For forged ones, some of which are not even looked at.
const SHORT: Duration = Duration::from_millis(200);

struct Lab {
    zones: Arc<Zones>,
    /// What each validator finds by honest replies, question by question.
    expected: Vec<[Answer; 2]>,
}

impl Lab {
    async fn new() -> Self {
        let zones = Arc::new(world());
        let honest = Forger::start(Arc::clone(&zones), |reply| reply);
        let [one, other] = validators(&zones, honest.address, LONG);
        let mut expected = Vec::new();
        for asked in QUESTIONS {
            let found = [look_up(&one, *asked).await, look_up(&other, *asked).await];
            let found = found.map(Result::unwrap);
            assert!(found.iter().all(|answer| answer.security == Security::Secure), "{found:?}");
            expected.push(found);
        }
        Self { zones, expected }
    }

    /// How often a forgery did no harm because the right answer came all the same.
    async fn withstand(
        &self,
        what: &str,
        forge: impl Fn(Vec<u8>) -> Vec<u8> + Send + Clone + 'static,
    ) -> usize {
        let mut unharmed = 0;
        for (asked, expected) in QUESTIONS.iter().zip(&self.expected) {
            let forger = Forger::start(Arc::clone(&self.zones), forge.clone());
            let validators = validators(&self.zones, forger.address, SHORT);
            for (number, validator) in validators.iter().enumerate() {
                if let Ok(found) = look_up(validator, *asked).await {
                    assert_eq!(found.security, Security::Secure, "{what}: {asked:?} {number}");
                    assert_eq!(found.records(), expected[number].records(), "{what}: {asked:?}");
                    unharmed += 1;
                }
            }
        }
        unharmed
    }
}

async fn look_up(validator: &BoxedLookUp, asked: (&str, Kind)) -> Result<Answer, LookUpError> {
    validator.look_up(&Question::new(asked.0.parse().unwrap(), asked.1)).await
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// The honest reply to another question, as if it were one to this.
fn replay(zones: &Zones, asked: &Query, other: &str, kind: RecordType) -> Message {
    let mut query = Message::query();
    query.metadata.recursion_desired = true;
    let mut edns = Edns::new();
    edns.set_dnssec_ok(true).set_max_payload(4096);
    query.set_edns(edns);
    query.add_query(Query::query(name(other), kind));
    let reply = zones.respond(&query.to_vec().unwrap(), Transport::Udp, Face::Plain);
    let mut reply = Message::from_vec(&reply.unwrap()).unwrap();
    reply.queries = vec![asked.clone()];
    reply
}

/// Renames all that a reply has.
fn rename(mut reply: Message, to: &Name) -> Message {
    for record in reply.answers.iter_mut().chain(&mut reply.authorities) {
        record.name = to.clone();
    }
    reply
}

fn is_for_keys(asked: &Query) -> bool {
    matches!(asked.query_type(), RecordType::DS | RecordType::DNSKEY | RecordType::NS)
}

/// Forges replies to what was asked, and leaves those on keys alone.
fn data(
    forge: impl Fn(&Zones, &Query, Message) -> Message + Send + Sync + 'static,
) -> Box<Forgery> {
    Box::new(move |zones, asked, reply| match is_for_keys(asked) {
        true => reply,
        false => forge(zones, asked, reply),
    })
}

/// Forges replies on the keys of the signed zone, and leaves the others alone.
fn keys(
    forge: impl Fn(&Zones, &Query, Message) -> Message + Send + Sync + 'static,
) -> Box<Forgery> {
    Box::new(move |zones, asked, reply| {
        match is_for_keys(asked) && name("secure.test.").zone_of(asked.name()) {
            true => forge(zones, asked, reply),
            false => reply,
        }
    })
}

fn without(kind: RecordType) -> impl Fn(&Zones, &Query, Message) -> Message + Copy {
    move |_, _, mut reply| {
        reply.answers.retain(|record| record.record_type() != kind);
        reply.authorities.retain(|record| record.record_type() != kind);
        reply
    }
}

fn emptied(code: ResponseCode) -> impl Fn(&Zones, &Query, Message) -> Message + Copy {
    move |_, _, mut reply| {
        reply.answers.clear();
        reply.authorities.clear();
        reply.metadata.response_code = code;
        reply
    }
}

fn answered(data: fn() -> RData) -> impl Fn(&Zones, &Query, Message) -> Message + Copy {
    move |_, asked, mut reply| {
        reply.authorities.clear();
        reply.answers = vec![Record::from_rdata(asked.name().clone(), 300, data())];
        reply.metadata.response_code = ResponseCode::NoError;
        reply
    }
}

/// An alias that nobody signed, into a zone that nobody signs.
fn aliased(zones: &Zones, asked: &Query, mut reply: Message) -> Message {
    let target = name("mx.plain.test.");
    let found = replay(zones, asked, "mx.plain.test.", asked.query_type());
    let alias = Record::from_rdata(asked.name().clone(), 300, RData::CNAME(CNAME(target)));
    reply.answers = vec![alias];
    reply.answers.extend(found.answers);
    reply.authorities = found.authorities;
    reply.metadata.response_code = ResponseCode::NoError;
    reply
}

fn forgeries() -> Vec<(&'static str, Box<Forgery>)> {
    let no_error = ResponseCode::NoError;
    let nx_domain = ResponseCode::NXDomain;
    vec![
        ("no signatures", data(without(RecordType::RRSIG))),
        ("no denial", data(without(RecordType::NSEC))),
        ("no soa", data(without(RecordType::SOA))),
        ("nothing", data(emptied(no_error))),
        ("no such name, without proof", data(emptied(nx_domain))),
        ("another address", data(answered(|| RData::A(A::new(127, 0, 0, 66))))),
        ("an alias alone", data(answered(|| RData::CNAME(CNAME(name("mx.plain.test.")))))),
        ("an alias into an unsigned zone", data(aliased)),
        (
            "an unsigned zone's denial",
            data(|zones, asked, _| replay(zones, asked, "no.plain.test.", RecordType::A)),
        ),
        (
            "an unsigned zone's denial, renamed",
            data(|zones, asked, _| {
                let reply = replay(zones, asked, "no.plain.test.", RecordType::A);
                rename(reply, &name("secure.test."))
            }),
        ),
        (
            "a denial of another name",
            data(|zones, asked, _| replay(zones, asked, "no.secure.test.", RecordType::A)),
        ),
        (
            "a denial of another zone",
            data(|zones, asked, _| replay(zones, asked, "no.other.test.", RecordType::A)),
        ),
        (
            "another zone's signed records, renamed",
            data(|zones, asked, _| {
                let reply = replay(zones, asked, "mx.other.test.", RecordType::A);
                rename(reply, asked.name())
            }),
        ),
        (
            "a signed alias, renamed",
            data(|zones, asked, _| {
                let reply = replay(zones, asked, "to-plain.secure.test.", RecordType::CNAME);
                rename(reply, asked.name())
            }),
        ),
        (
            "a referral",
            data(|_, asked, mut reply| {
                let ns = RData::NS(NS(name("ns.plain.test.")));
                reply.answers.clear();
                reply.authorities = vec![Record::from_rdata(asked.name().clone(), 300, ns)];
                reply
            }),
        ),
        ("no keys", keys(emptied(no_error))),
        ("no keys, no such name", keys(emptied(nx_domain))),
        ("no signatures of keys", keys(without(RecordType::RRSIG))),
        ("no keys, but signatures", keys(without(RecordType::DNSKEY))),
        ("no delegation, but signatures", keys(without(RecordType::DS))),
        (
            "the unsigned zone's delegation",
            keys(|zones, asked, _| replay(zones, asked, "plain.test.", asked.query_type())),
        ),
        (
            "the unsigned zone's delegation, renamed",
            keys(|zones, asked, _| {
                let reply = replay(zones, asked, "plain.test.", asked.query_type());
                rename(reply, asked.name())
            }),
        ),
        (
            "another zone's keys, renamed",
            keys(|zones, asked, _| {
                let reply = replay(zones, asked, "other.test.", asked.query_type());
                rename(reply, asked.name())
            }),
        ),
        ("an alias in place of the delegation", keys(aliased)),
    ]
}

// checks: dane/D1
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_forged_reply_makes_a_signed_name_insecure() {
    let lab = Lab::new().await;
    for (what, forge) in forgeries() {
        let forge: Arc<Forgery> = forge.into();
        let zones = Arc::clone(&lab.zones);
        lab.withstand(what, move |reply| {
            let honest = Message::from_vec(&reply).unwrap();
            let asked = honest.queries[0].clone();
            let id = honest.metadata.id;
            let mut forged = forge(&zones, &asked, honest);
            forged.metadata.id = id;
            forged.to_vec().unwrap()
        })
        .await;
    }
}

// checks: dane/D1
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_flipped_bit_makes_a_signed_name_insecure() {
    let lab = Lab::new().await;
    let mut state = 0x5EED_u64;
    let mut random = move || {
        // A xorshift generator: the same bits in each run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap()
    };
    let mut unharmed = 0;
    for round in 0..40 {
        // One reply in a few, at whatever stage of the look-up.
        let (every, first) = (2 + random() % 7, random() % 7);
        let (at, bit) = (random(), 1 << (random() % 8));
        let count = Arc::new(AtomicUsize::new(first));
        let flip = move |mut reply: Vec<u8>| {
            if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(every) {
                // The identifier stays: what has another one is not looked at.
                let at = 2 + at % (reply.len() - 2);
                reply[at] ^= bit;
            }
            reply
        };
        unharmed += lab.withstand(&format!("flip in round {round}"), flip).await;
    }
    // A flip in a time to live, say, or in a reply that was not needed.
    assert!(unharmed > 0);
}
