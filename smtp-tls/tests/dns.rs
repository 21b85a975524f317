//! One world of signed, unsigned and broken zones, and what every DNS adapter must make of it.
#![cfg(all(feature = "domain", feature = "hickory"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use conformance::lab::dns::{Data, DnsServer, Face, Fault, Signing, Zones};
use hickory_proto::rr::RecordType;
use pki_types::UnixTime;
use smtp_tls::adapter::domain::Validator;
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::adapter::hickory_blocking::BlockingResolver;
use smtp_tls::resolve::{
    Answer, BoxedLookUp, ChainError, Judged, Kind, LookUp, LookUpError, Outcome, Question, Record,
    Security,
};

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap())
}

fn a(last: u8) -> Data {
    Data::A(Ipv4Addr::new(127, 0, 0, last))
}

fn cname(target: &str) -> Data {
    Data::Cname(target.to_owned())
}

fn world() -> Zones {
    let mut zones = Zones::new(now()).unwrap();
    for (apex, signing) in [
        ("test", Signing::Signed),
        ("secure.test", Signing::Signed),
        ("other.test", Signing::Signed),
        ("plain.test", Signing::Unsigned),
        ("island.test", Signing::Island),
        ("broken.test", Signing::Signed),
        ("keyless.test", Signing::Signed),
    ] {
        zones.add_zone(apex, signing).unwrap();
    }
    let null_mx = Data::Mx { preference: 0, host: ".".to_owned() };
    let mx = Data::Mx { preference: 10, host: "MX.Secure.test".to_owned() };
    let txt = Data::Txt(vec!["v=STSv1; id".to_owned(), "=1;".to_owned()]);
    for (name, data) in [
        ("mx.secure.test", a(1)),
        ("mx.secure.test", a(2)),
        ("secure.test", mx),
        ("null.secure.test", null_mx),
        ("_mta-sts.secure.test", txt),
        ("_25._tcp.mx.secure.test", Data::Tlsa([&[3, 1, 1], [7; 32].as_slice()].concat())),
        ("_25._tcp.odd.secure.test", Data::Tlsa(vec![255, 7, 9])),
        ("_25._tcp.short.secure.test", Data::Tlsa(vec![3])),
        ("_25._tcp.short.secure.test", Data::Tlsa([&[3, 1, 1], [7; 32].as_slice()].concat())),
        ("to-other.secure.test", cname("host.other.test")),
        ("to-plain.secure.test", cname("host.plain.test")),
        ("to-nothing.secure.test", cname("nothing.other.test")),
        ("to-bogus.secure.test", cname("tampered.secure.test")),
        ("host.other.test", a(4)),
        ("host.plain.test", a(5)),
        ("to-secure.plain.test", cname("mx.secure.test")),
        ("to-bogus.plain.test", cname("tampered.secure.test")),
        ("host.island.test", a(6)),
        ("host.broken.test", a(7)),
        ("host.keyless.test", a(7)),
        ("tampered.secure.test", a(8)),
        ("old.secure.test", a(9)),
        ("bare.secure.test", a(10)),
        ("failing.secure.test", a(11)),
        ("silent.secure.test", a(12)),
    ] {
        zones.add(name, data).unwrap();
    }
    for number in 0..90 {
        zones.add("many.secure.test", Data::Tlsa(vec![3, 1, 1, number])).unwrap();
    }
    for (name, kind, fault) in [
        ("tampered.secure.test", RecordType::A, Fault::Tampered),
        ("old.secure.test", RecordType::A, Fault::ExpiredSignature),
        ("bare.secure.test", RecordType::A, Fault::NoSignature),
        ("failing.secure.test", RecordType::A, Fault::ServFail),
        ("silent.secure.test", RecordType::A, Fault::NoAnswer),
        ("denied.secure.test", RecordType::A, Fault::Tampered),
        ("broken.test", RecordType::DNSKEY, Fault::Tampered),
        ("keyless.test", RecordType::DNSKEY, Fault::ServFail),
    ] {
        zones.set_fault(name, kind, fault).unwrap();
    }
    zones
}

/// What is expected, in few words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Expected {
    Secure(Is),
    Insecure(Is),
    Bogus,
    /// The keys could not be had; one who only hears of SERVFAIL cannot tell that from bogus.
    Indeterminate,
    ServFail,
    Timeout,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Is {
    Records(usize),
    Denied,
}

use Expected::{Bogus, Indeterminate, Insecure, Secure, ServFail, Timeout};
use Is::{Denied, Records};

const CASES: &[(&str, Kind, Expected)] = &[
    ("mx.secure.test", Kind::A, Secure(Records(2))),
    ("MX.secure.test.", Kind::A, Secure(Records(2))),
    ("secure.test", Kind::Mx, Secure(Records(1))),
    ("null.secure.test", Kind::Mx, Secure(Records(1))),
    ("_mta-sts.secure.test", Kind::Txt, Secure(Records(1))),
    ("_25._tcp.mx.secure.test", Kind::Tlsa, Secure(Records(1))),
    ("_25._tcp.odd.secure.test", Kind::Tlsa, Secure(Records(1))),
    ("many.secure.test", Kind::Tlsa, Secure(Records(90))),
    ("mx.secure.test", Kind::Aaaa, Secure(Denied)),
    ("mx.secure.test", Kind::Tlsa, Secure(Denied)),
    ("mx.secure.test", Kind::Cname, Secure(Denied)),
    ("nothing.secure.test", Kind::A, Secure(Denied)),
    ("a.b.c.nothing.secure.test", Kind::Tlsa, Secure(Denied)),
    ("to-other.secure.test", Kind::A, Secure(Records(1))),
    ("to-other.secure.test", Kind::Cname, Secure(Records(1))),
    ("to-other.secure.test", Kind::Aaaa, Secure(Denied)),
    ("to-nothing.secure.test", Kind::A, Secure(Denied)),
    ("host.plain.test", Kind::A, Insecure(Records(1))),
    ("host.plain.test", Kind::Aaaa, Insecure(Denied)),
    ("nothing.plain.test", Kind::A, Insecure(Denied)),
    ("host.island.test", Kind::A, Insecure(Records(1))),
    ("to-plain.secure.test", Kind::A, Insecure(Records(1))),
    ("to-plain.secure.test", Kind::Cname, Secure(Records(1))),
    ("to-secure.plain.test", Kind::A, Insecure(Records(2))),
    ("to-secure.plain.test", Kind::Cname, Insecure(Records(1))),
    ("tampered.secure.test", Kind::A, Bogus),
    ("old.secure.test", Kind::A, Bogus),
    ("bare.secure.test", Kind::A, Bogus),
    ("denied.secure.test", Kind::A, Bogus),
    ("host.broken.test", Kind::A, Bogus),
    ("to-bogus.secure.test", Kind::A, Bogus),
    ("to-bogus.plain.test", Kind::A, Bogus),
    ("host.keyless.test", Kind::A, Indeterminate),
    ("failing.secure.test", Kind::A, ServFail),
    ("silent.secure.test", Kind::A, Timeout),
];

fn verdict(answer: Result<Answer, LookUpError>) -> Expected {
    match answer {
        Ok(answer) => {
            let is = match &answer.outcome {
                Outcome::Records(records) => Records(records.len()),
                Outcome::NoData | Outcome::NxDomain => Denied,
            };
            match answer.security {
                Security::Secure => Secure(is),
                Security::Insecure => Insecure(is),
            }
        }
        Err(LookUpError::Bogus { .. }) => Bogus,
        Err(LookUpError::Indeterminate { .. }) => Indeterminate,
        Err(LookUpError::ServFail { .. }) => ServFail,
        Err(LookUpError::Timeout) => Timeout,
        Err(other) => panic!("unexpected failure: {other}"),
    }
}

struct World {
    zones: Arc<Zones>,
    raw: DnsServer,
    validating: DnsServer,
}

impl World {
    fn new() -> Self {
        let zones = Arc::new(world());
        let raw = DnsServer::start(Arc::clone(&zones), Face::Plain).unwrap();
        let validating = DnsServer::start(Arc::clone(&zones), Face::Validating).unwrap();
        Self { zones, raw, validating }
    }

    fn validator(&self) -> Validator {
        let anchors = self.zones.trust_anchor().parse().unwrap();
        Validator::with_times(anchors, &[self.raw.address()], DEADLINE / 2, DEADLINE)
    }

    fn blocking_resolver(&self) -> BlockingResolver {
        let path = TrustedPath::loopback(self.validating.address()).unwrap();
        BlockingResolver::with_times(path, DEADLINE / 2, DEADLINE)
    }

    fn adapters(&self) -> [BoxedLookUp; 3] {
        [
            BoxedLookUp::new(self.validator()),
            BoxedLookUp::new(self.ad_resolver()),
            BoxedLookUp::new(self.blocking_resolver()),
        ]
    }

    fn ad_resolver(&self) -> AdResolver {
        let path = TrustedPath::loopback(self.validating.address()).unwrap();
        AdResolver::with_times(path, DEADLINE / 2, DEADLINE)
    }
}

const DEADLINE: Duration = Duration::from_millis(1500);

fn question(name: &str, kind: Kind) -> Question {
    Question::new(name.parse().unwrap(), kind)
}

async fn judge(look_up: &impl LookUp, softened: impl Fn(&str, Expected) -> Expected) {
    let mut wrong = Vec::new();
    for (name, kind, expected) in CASES {
        let question = question(name, *kind);
        let found = verdict(look_up.look_up(&question).await);
        let expected = softened(name, *expected);
        if found != expected {
            wrong.push(format!("{question}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// checks: dane/D1, dane/D2, dane/D5, dane/D7
#[tokio::test]
async fn verdicts_of_the_validator_in_process() {
    judge(&World::new().validator(), |_, expected| expected).await;
}

// checks: dane/D1, dane/D2, dane/D5, dane/D7
#[tokio::test]
async fn verdicts_by_the_ad_bit() {
    let softened = |_: &str, expected| match expected {
        Indeterminate => ServFail,
        other => other,
    };
    judge(&World::new().ad_resolver(), softened).await;
    judge(&World::new().blocking_resolver(), softened).await;
}

// checks: dane/D1, dane/D2, dane/D5, dane/D7
#[cfg(feature = "hickory-validate")]
#[tokio::test]
async fn verdicts_of_the_stricter_validator() {
    use smtp_tls::adapter::hickory_validate::{Keys, StrictValidator};

    let world = World::new();
    let anchors = world.zones.trust_anchor();
    let keys: String = anchors.lines().filter(|line| line.contains("DNSKEY")).collect();
    let keys: Keys = keys.parse().unwrap();
    let validator = StrictValidator::with_times(keys, world.raw.address(), DEADLINE / 2, DEADLINE);
    let other = |name: &str, expected| match (name, expected) {
        // It takes the proof that an alias's target has no such records for one about the alias.
        ("to-other.secure.test" | "to-nothing.secure.test", Secure(Denied)) => Bogus,
        // Each key is vouched for by the parent; it does not insist that they are signed as a set.
        ("host.broken.test", Bogus) => Secure(Records(1)),
        // It does not tell a missing reply from a missing proof.
        (_, Indeterminate) => Bogus,
        (_, other) => other,
    };
    judge(&validator, other).await;
}

#[cfg(feature = "hickory-validate")]
#[test]
fn only_keys_of_the_root_are_a_beginning() {
    use smtp_tls::adapter::hickory_validate::{Keys, KeysError};

    assert_eq!("".parse::<Keys>().unwrap_err(), KeysError::NoRootKey);
    assert_eq!(". IN DS 1 13 2 00".parse::<Keys>().unwrap_err(), KeysError::Syntax);
    let _ = Keys::root();
}

// checks: dane/D5
#[cfg(feature = "hickory-validate")]
#[tokio::test]
async fn rfc7672_2_1_3_each_hop_has_its_own_verdict() {
    use smtp_tls::adapter::hickory_validate::{Keys, StrictValidator};

    let world = World::new();
    let anchors = world.zones.trust_anchor();
    let keys: String = anchors.lines().filter(|line| line.contains("DNSKEY")).collect();
    let keys: Keys = keys.parse().unwrap();
    let validator = StrictValidator::with_times(keys, world.raw.address(), DEADLINE / 2, DEADLINE);
    for (name, first_hop) in
        [("to-plain.secure.test", Security::Secure), ("to-secure.plain.test", Security::Insecure)]
    {
        let answer = validator.look_up(&question(name, Kind::A)).await.unwrap();
        assert_eq!(answer.judged, Judged::HopByHop);
        assert_eq!(answer.security, Security::Insecure);
        assert_eq!(answer.chain[0].security, first_hop);
    }
}

#[tokio::test]
async fn an_adapter_chosen_at_run_time_answers_alike() {
    let world = World::new();
    let boxed = BoxedLookUp::new(world.validator());
    let question = question("mx.secure.test", Kind::A);
    let expected = world.ad_resolver().look_up(&question).await;
    assert_eq!(boxed.look_up(&question).await, expected);
}

#[tokio::test]
async fn records_come_as_they_are() {
    let world = World::new();
    for adapter in world.adapters() {
        let ask = async |name, kind| adapter.look_up(&question(name, kind)).await.unwrap();
        let host = "mx.secure.test".parse().unwrap();
        assert_eq!(
            ask("secure.test", Kind::Mx).await.records(),
            [Record::Mx { preference: 10, host }]
        );
        let host = ".".parse().unwrap();
        assert_eq!(
            ask("null.secure.test", Kind::Mx).await.records(),
            [Record::Mx { preference: 0, host }]
        );
        assert_eq!(
            ask("_mta-sts.secure.test", Kind::Txt).await.records(),
            [Record::Txt(vec![b"v=STSv1; id".to_vec(), b"=1;".to_vec()])]
        );
        assert_eq!(
            ask("_25._tcp.odd.secure.test", Kind::Tlsa).await.records(),
            [Record::Tlsa(vec![255, 7, 9])]
        );
    }
}

// checks: dane/DANE-U3
#[tokio::test]
async fn a_tlsa_record_too_short_is_a_failure_and_no_denial() {
    let world = World::new();
    let question = question("_25._tcp.short.secure.test", Kind::Tlsa);
    for adapter in world.adapters() {
        // Both libraries read all records of a message or none.
        assert_eq!(adapter.look_up(&question).await, Err(LookUpError::Malformed));
    }
}

// checks: dane/D6
#[tokio::test]
async fn rfc7672_2_1_3_the_first_hop_of_an_insecure_chain_can_be_asked_for() {
    let world = World::new();
    for adapter in world.adapters() {
        for (name, first_hop) in [
            ("to-plain.secure.test", Security::Secure),
            ("to-secure.plain.test", Security::Insecure),
        ] {
            let asked = question(name, Kind::A);
            let answer = adapter.look_up(&asked).await.unwrap();
            assert_eq!(answer.judged, Judged::AsAWhole);
            assert_eq!(answer.security, Security::Insecure);
            assert_eq!(answer.chain.len(), 1);
            assert_ne!(answer.final_name(&asked), &asked.name);
            let hop = adapter.look_up(&question(name, Kind::Cname)).await.unwrap();
            assert_eq!(hop.security, first_hop, "{name}");
            assert_eq!(hop.records(), [Record::Cname(answer.chain[0].target.clone())]);
        }
    }
}

#[tokio::test]
async fn names_below_no_trust_anchor_are_insecure() {
    let world = World::new();
    let anchors = "other.invalid. 1 IN DS 1 13 2 00".parse().unwrap();
    let validator = Validator::with_times(anchors, &[world.raw.address()], DEADLINE / 5, DEADLINE);
    let answer = validator.look_up(&question("mx.secure.test", Kind::A)).await.unwrap();
    assert_eq!(answer.security, Security::Insecure);
}

#[tokio::test]
async fn a_wrong_trust_anchor_makes_everything_bogus() {
    let world = World::new();
    let anchors = ". 1 IN DS 1 13 2 \
        0000000000000000000000000000000000000000000000000000000000000000";
    let servers = [world.raw.address()];
    let validator =
        Validator::with_times(anchors.parse().unwrap(), &servers, DEADLINE / 5, DEADLINE);
    for name in ["mx.secure.test", "host.plain.test", "nothing.secure.test"] {
        let found = validator.look_up(&question(name, Kind::A)).await;
        assert_eq!(verdict(found), Bogus, "{name}");
    }
}

// checks: dane/D1
#[tokio::test]
async fn without_a_resolver_nothing_is_concluded() {
    let world = World::new();
    let (_socket, closed) = refusing_port();
    let anchors = || world.zones.trust_anchor().parse().unwrap();
    let path = TrustedPath::loopback(closed).unwrap();
    let adapters = [
        BoxedLookUp::new(Validator::with_times(anchors(), &[closed], DEADLINE / 5, DEADLINE)),
        BoxedLookUp::new(Validator::with_times(anchors(), &[], DEADLINE / 5, DEADLINE)),
        BoxedLookUp::new(AdResolver::with_times(path, DEADLINE / 2, DEADLINE)),
        BoxedLookUp::new(BlockingResolver::with_times(path, DEADLINE / 2, DEADLINE)),
    ];
    for adapter in adapters {
        let error = adapter.look_up(&question("mx.secure.test", Kind::A)).await.unwrap_err();
        // hickory's sockets are not connected, so that they hear of no refusal.
        assert!(matches!(error, LookUpError::Unreachable(_) | LookUpError::Timeout), "{error:?}");
        assert!(!error.is_dnssec());
    }
}

#[tokio::test]
async fn a_second_resolver_is_asked_where_the_first_fails() {
    let world = World::new();
    let (_socket, closed) = refusing_port();
    let servers = [closed, world.raw.address()];
    let anchors = world.zones.trust_anchor().parse().unwrap();
    let validator = Validator::with_times(anchors, &servers, DEADLINE / 5, DEADLINE);
    let found = validator.look_up(&question("mx.secure.test", Kind::A)).await;
    assert_eq!(verdict(found), Secure(Records(2)));
}

/// A port that is taken and refuses: its socket hears one peer, which never speaks.
fn refusing_port() -> (std::net::UdpSocket, SocketAddr) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect("127.0.0.1:9").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

// checks: dane/D4
#[test]
fn rfc7672_2_1_1_an_ad_bit_from_elsewhere_is_not_believed() {
    for address in ["192.0.2.1:53", "[2001:db8::1]:53", "10.0.0.1:53", "[::ffff:192.0.2.1]:53"] {
        assert!(TrustedPath::loopback(address.parse().unwrap()).is_err(), "{address}");
        let _ = TrustedPath::danger_declare_trusted(address.parse().unwrap());
    }
    for address in ["127.0.0.1:53", "127.8.8.8:5353", "[::1]:53", "[::ffff:127.0.0.1]:53"] {
        assert!(TrustedPath::loopback(address.parse().unwrap()).is_ok(), "{address}");
    }
}

// checks: dane/D8
#[tokio::test]
async fn circles_and_long_chains_are_failures() {
    let mut zones = Zones::new(now()).unwrap();
    zones.add("loop.test", cname("loop.test")).unwrap();
    zones.add("one.test", cname("two.test")).unwrap();
    zones.add("two.test", cname("one.test")).unwrap();
    for number in 0..=12 {
        let target = format!("h{}.test", number + 1);
        zones.add(&format!("h{number}.test"), cname(&target)).unwrap();
    }
    zones.add("h13.test", a(1)).unwrap();
    let zones = Arc::new(zones);
    let server = DnsServer::start(Arc::clone(&zones), Face::Validating).unwrap();
    let path = TrustedPath::loopback(server.address()).unwrap();
    let adapter = AdResolver::with_times(path, DEADLINE / 2, DEADLINE);
    let ask = async |name| adapter.look_up(&question(name, Kind::A)).await;
    assert_eq!(ask("h3.test").await.unwrap().chain.len(), 10);
    for name in ["loop.test", "one.test"] {
        let error = ask(name).await.unwrap_err();
        assert!(
            matches!(error, LookUpError::Chain(ChainError::Loop) | LookUpError::ServFail { .. }),
            "{name}: {error:?}"
        );
    }
    let error = ask("h2.test").await.unwrap_err();
    assert!(
        matches!(error, LookUpError::Chain(ChainError::TooLong) | LookUpError::ServFail { .. }),
        "{error:?}"
    );
}
