//! `tlsa check` on a DNS and servers of the test's own: what the MX records say, each host, each address.

use core::net::Ipv4Addr;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use conformance::lab::dns::{Data, DnsServer, Face, Fault, Signing, Zones};
use conformance::lab::pki::{Credential, Dates, Matching, Pki, Selector, Signed};
use conformance::lab::smtp::{Behaviour, Ledger, SmtpServer, StartTls};
use hickory_proto::rr::RecordType;
use pki_types::UnixTime;
use serde_json::Value;

use super::{Folder, expect, json};

const ONE: Ipv4Addr = Ipv4Addr::new(127, 0, 87, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 87, 2);
const THIRD: Ipv4Addr = Ipv4Addr::new(127, 0, 87, 3);
/// Nobody listens there.
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 0, 87, 9);
/// There are no TCP connections to a multicast address: the system sends nothing.
const NO_ROUTE: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);

/// Zones to be filled, and listeners at one port of several addresses.
struct Plan {
    zones: Zones,
    pki: Pki,
    port: u16,
    listeners: Vec<(Ipv4Addr, TcpListener)>,
    servers: Vec<SmtpServer>,
}

impl Plan {
    /// The zones `signed.test` and `hosts.test`, and `plain.test`, which is not signed.
    fn new() -> Self {
        let now = UnixTime::now();
        let mut zones = Zones::new(now).unwrap();
        zones.add_zone("test", Signing::Signed).unwrap();
        zones.add_zone("signed.test", Signing::Signed).unwrap();
        zones.add_zone("hosts.test", Signing::Signed).unwrap();
        zones.add_zone("plain.test", Signing::Unsigned).unwrap();
        let (port, listeners) = listeners();
        Self { zones, pki: Pki::new(now).unwrap(), port, listeners, servers: Vec::new() }
    }

    fn mx(&mut self, domain: &str, preference: u16, host: &str) {
        let host = host.to_owned();
        self.zones.add(domain, Data::Mx { preference, host }).unwrap();
    }

    fn addresses(&mut self, host: &str, addresses: &[Ipv4Addr]) {
        addresses.iter().for_each(|address| self.zones.add(host, Data::A(*address)).unwrap());
    }

    /// Records of the credential's own key, or of its anchor's.
    fn tlsa(&mut self, host: &str, credential: &Credential, usage: u8, depth: usize) {
        let data = credential.tlsa(usage, Selector::PublicKey, Matching::Sha256, depth).unwrap();
        self.zones.add(&format!("_{}._tcp.{host}", self.port), Data::Tlsa(data)).unwrap();
    }

    fn issue(&self, name: &str, signed: Signed) -> Credential {
        self.pki.issue(&[name], signed, Dates::Current).unwrap()
    }

    fn serve(&mut self, address: Ipv4Addr, credential: &Credential, behaviour: Behaviour) {
        let at = self.listeners.iter().position(|(other, _)| *other == address).unwrap();
        let (_, listener) = self.listeners.swap_remove(at);
        let key = credential.certified_key().unwrap();
        let ledger = Ledger::default();
        let server = SmtpServer::start(listener, "mx.test", behaviour, key, ledger).unwrap();
        self.servers.push(server);
    }

    /// A host that fits its record.
    fn honest(&mut self, host: &str, address: Ipv4Addr) {
        let credential = self.issue(host, Signed::BySelf);
        self.addresses(host, &[address]);
        self.tlsa(host, &credential, 3, 0);
        self.serve(address, &credential, Behaviour::DEFAULT);
    }

    fn start(self, name: &str) -> Net {
        let folder = Folder::new(name);
        let anchor = folder.file("anchor", self.zones.trust_anchor());
        let zones = Arc::new(self.zones);
        let dns = DnsServer::start(Arc::clone(&zones), Face::Plain).unwrap();
        let resolver = DnsServer::start(zones, Face::Validating).unwrap();
        let (plain, validating) = (dns.address().to_string(), resolver.address().to_string());
        let options = [
            ["--upstream", &plain, "--trust-anchor", &anchor].map(str::to_owned).to_vec(),
            ["--dns", &validating].map(str::to_owned).to_vec(),
        ];
        let port = self.port.to_string();
        Net { options, port, _kept: (folder, dns, resolver, self.servers) }
    }
}

/// One port that is free at every address; what is not served later is closed with the plan.
fn listeners() -> (u16, Vec<(Ipv4Addr, TcpListener)>) {
    for _ in 0..64 {
        let first = TcpListener::bind((ONE, 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        let bind = |address| Ok((address, TcpListener::bind((address, port))?));
        let others: io::Result<Vec<_>> = [OTHER, THIRD].into_iter().map(bind).collect();
        if let Ok(mut listeners) = others {
            listeners.push((ONE, first));
            return (port, listeners);
        }
    }
    panic!("no port is free at three addresses");
}

/// The DNS and the servers, running.
struct Net {
    /// For validation in the program, and for a resolver that validates.
    options: [Vec<String>; 2],
    port: String,
    _kept: (Folder, DnsServer, DnsServer, Vec<SmtpServer>),
}

impl Net {
    fn arguments<'a>(&'a self, what: &[&'a str], dns: &'a [String]) -> Vec<&'a str> {
        let dns: Vec<&str> = dns.iter().map(String::as_str).collect();
        [&["check", "--port", &self.port], what, &dns].concat()
    }

    /// The same text with both kinds of DNS, but for the details of failed look-ups.
    #[track_caller]
    fn text(&self, what: &[&str], status: i32, word: &str) -> String {
        let [one, other] = &self.options;
        expect(&self.arguments(what, one), status, word);
        expect(&self.arguments(what, other), status, word)
    }

    #[track_caller]
    fn json(&self, what: &[&str], status: i32) -> Value {
        let [one, other] = &self.options;
        let object = json(&self.arguments(what, one), status);
        assert_eq!(object["status"], status);
        assert_eq!(json(&self.arguments(what, other), status), object);
        object
    }
}

// RFC 7672 sections 2.2.1 and 3.2.2: insecure MX records add no name.
#[test]
fn the_name_of_the_domain_counts_only_where_its_mx_records_are_secure() {
    let mut plan = Plan::new();
    let names = ["plain.test", "signed.test"];
    let of_domains = plan.pki.issue(&names, Signed::ByAnchor, Dates::Current).unwrap();
    for domain in names {
        plan.mx(domain, 10, "mx.hosts.test");
        plan.mx(domain, 20, "good.hosts.test");
    }
    plan.addresses("mx.hosts.test", &[ONE]);
    plan.tlsa("mx.hosts.test", &of_domains, 2, 2);
    plan.serve(ONE, &of_domains, Behaviour::DEFAULT);
    plan.honest("good.hosts.test", OTHER);
    let net = plan.start("mx-security");

    let insecure = net.json(&["mx.hosts.test", "--domain", "plain.test"], 1);
    let host = &insecure["hosts"][0];
    assert_eq!(insecure["mx"], "insecure", "{insecure}");
    assert_eq!(host["names"], serde_json::json!(["mx.hosts.test"]));
    assert_eq!(host["verdict"]["reason"], "name-mismatch");
    assert_eq!(host["assurance"], "half");

    let secure = net.json(&["mx.hosts.test", "--domain", "signed.test"], 0);
    let host = &secure["hosts"][0];
    assert_eq!(secure["mx"], "secure", "{secure}");
    assert_eq!(host["names"], serde_json::json!(["mx.hosts.test", "signed.test"]));
    assert_eq!((&host["assurance"], &host["preference"]), (&"full".into(), &10.into()));

    // A host that needs no name of the domain is authenticated; that it is the right one is not.
    let half =
        net.text(&["good.hosts.test", "--domain", "plain.test"], 0, "verdict: authenticated");
    assert!(half.contains("warning: insecure-mx") && half.contains("are insecure"), "{half}");
}

#[test]
fn a_host_that_takes_no_mail_of_the_domain_is_told() {
    let mut plan = Plan::new();
    plan.mx("signed.test", 10, "mx.hosts.test");
    plan.honest("mx.hosts.test", ONE);
    plan.honest("old.hosts.test", OTHER);
    plan.honest("own.signed.test", THIRD);
    let net = plan.start("strangers");
    net.text(&["MX.hosts.test.", "--domain", "signed.test"], 0, "verdict: authenticated");
    let object = net.json(&["old.hosts.test", "--domain", "signed.test"], 1);
    assert_eq!(object["domain-findings"][0]["problem"], "not-an-exchanger", "{object}");
    assert_eq!(object["hosts"][0]["verdict"]["authenticated"], true, "{object}");
    // Without MX records the domain is its own and only host.
    let own = net.json(&["--domain", "own.signed.test"], 0);
    assert_eq!(own["hosts"][0]["host"], "own.signed.test", "{own}");
    assert_eq!(own["exchangers"], serde_json::json!([]));
    net.text(&["mx.hosts.test", "--domain", "own.signed.test"], 1, "error: not-an-exchanger");
    // A host by itself, and one that nothing is asked about.
    net.text(&["old.hosts.test"], 0, "verdict: authenticated");
}

#[test]
fn all_hosts_of_a_domain_are_checked_in_their_order_and_the_worst_counts() {
    let mut plan = Plan::new();
    plan.mx("signed.test", 20, "b.hosts.test");
    plan.mx("signed.test", 10, "z.hosts.test");
    plan.mx("signed.test", 30, "b.hosts.test");
    plan.honest("z.hosts.test", ONE);
    plan.honest("b.hosts.test", OTHER);
    for (domain, host) in [("stale", "stale.hosts.test"), ("gone", "gone.hosts.test")] {
        plan.mx(&format!("{domain}.signed.test"), 10, "z.hosts.test");
        plan.mx(&format!("{domain}.signed.test"), 20, host);
    }
    let (sent, published) = (plan.issue("x", Signed::BySelf), plan.issue("x", Signed::BySelf));
    plan.addresses("stale.hosts.test", &[THIRD]);
    plan.tlsa("stale.hosts.test", &published, 3, 0);
    plan.serve(THIRD, &sent, Behaviour::DEFAULT);
    plan.addresses("gone.hosts.test", &[NOBODY]);
    plan.tlsa("gone.hosts.test", &published, 3, 0);
    let net = plan.start("all-hosts");

    let object = net.json(&["--domain", "signed.test"], 0);
    let expected = serde_json::json!([
        { "preference": 10, "host": "z.hosts.test" },
        { "preference": 20, "host": "b.hosts.test" },
    ]);
    assert_eq!(object["exchangers"], expected);
    let hosts: Vec<&Value> = object["hosts"].as_array().unwrap().iter().collect();
    assert_eq!(hosts.len(), 2, "{object}");
    assert_eq!(
        (&hosts[0]["host"], &hosts[1]["host"]),
        (&"z.hosts.test".into(), &"b.hosts.test".into())
    );

    let text = net.text(&["--domain", "stale.signed.test"], 1, "no tlsa record matches");
    let (good, bad) = (text.find("verdict: authenticated"), text.find("verdict: not"));
    assert!(good.unwrap() < bad.unwrap(), "{text}");
    let object = net.json(&["--domain", "gone.signed.test"], 69);
    assert_eq!(object["hosts"][1]["verdict"]["reason"], "unreachable", "{object}");
}

#[test]
fn a_domain_without_a_host_or_without_an_answer_has_none_checked() {
    let mut plan = Plan::new();
    for (domain, host) in [("null", "."), ("bogus", "mx.hosts.test"), ("broken", "mx.hosts.test")] {
        plan.mx(&format!("{domain}.signed.test"), 10, host);
    }
    plan.mx("roots.signed.test", 10, ".");
    plan.mx("roots.signed.test", 20, ".");
    plan.mx("literal.signed.test", 10, "192.0.2.1");
    plan.mx("odd.signed.test", 10, "*.hosts.test");
    plan.zones.set_fault("bogus.signed.test", RecordType::MX, Fault::Tampered).unwrap();
    plan.zones.set_fault("broken.signed.test", RecordType::MX, Fault::ServFail).unwrap();
    plan.honest("mx.hosts.test", ONE);
    let net = plan.start("no-hosts");
    for (domain, status, mx, word) in [
        ("null.signed.test", 1, "null", "error: null-mx"),
        ("roots.signed.test", 1, "no-host", "error: no-mail-host"),
        ("bogus.signed.test", 76, "failed", "bogus.signed.test MX: answer failed DNSSEC"),
        ("broken.signed.test", 75, "failed", "error: mx-lookup-failure"),
    ] {
        for what in [&["--domain", domain][..], &["mx.hosts.test", "--domain", domain]] {
            net.text(what, status, word);
            for dns in &net.options {
                let object = json(&net.arguments(what, dns), status);
                assert_eq!(object["mx"], mx, "{object}");
                assert_eq!(object["hosts"], serde_json::json!([]), "{object}");
            }
        }
    }
    // RFC 7672 section 2.2: an address in place of a name.
    let object = net.json(&["--domain", "literal.signed.test"], 1);
    assert_eq!(object["hosts"][0]["because"], "address-literal", "{object}");
    let object = net.json(&["--domain", "odd.signed.test"], 1);
    assert_eq!(object["hosts"][0]["policy"], "skip", "{object}");
    net.text(&["--domain", "odd.signed.test"], 1, "can be no name of a host");
}

// RFC 7671 section 8: whatever address a client takes, it finds the certificate of a record.
#[test]
fn every_address_is_judged() {
    let mut plan = Plan::new();
    let (new, old) = (plan.issue("x", Signed::BySelf), plan.issue("x", Signed::BySelf));
    for (host, addresses) in [
        ("fresh-first", &[ONE, OTHER][..]),
        ("fresh-last", &[OTHER, ONE]),
        ("twice", &[ONE, THIRD]),
        ("closed", &[ONE, NOBODY]),
        ("no-route", &[NO_ROUTE, ONE]),
        ("only-no-route", &[NO_ROUTE]),
    ] {
        let host = format!("{host}.hosts.test");
        plan.addresses(&host, addresses);
        plan.tlsa(&host, &new, 3, 0);
    }
    let half_known = "half-known.hosts.test";
    plan.addresses(half_known, &[ONE]);
    plan.tlsa(half_known, &new, 3, 0);
    plan.zones.set_fault(half_known, RecordType::AAAA, Fault::ServFail).unwrap();
    plan.serve(ONE, &new, Behaviour::DEFAULT);
    plan.serve(OTHER, &old, Behaviour::DEFAULT);
    plan.serve(THIRD, &new, Behaviour::DEFAULT);
    let net = plan.start("addresses");

    for host in ["fresh-first.hosts.test", "fresh-last.hosts.test"] {
        let object = net.json(&[host], 1);
        let host = &object["hosts"][0];
        for row in host["addresses"].as_array().unwrap() {
            let is_fresh = row["address"] == ONE.to_string();
            assert_eq!(row["verdict"]["authenticated"], is_fresh, "{object}");
            assert_eq!(row["verdict"]["judged"], true, "{object}");
            assert_eq!(row["matches"][0]["certificates"].as_array().unwrap().is_empty(), !is_fresh);
        }
        assert_eq!(host["addresses"].as_array().unwrap().len(), 2);
        let why = host["verdict"]["explanation"].as_str().unwrap();
        assert!(why.starts_with(&format!("at {OTHER}: no tlsa record matches")), "{why}");
    }
    net.text(&["twice.hosts.test"], 0, "the same as at 127.0.87.");
    let object = net.json(&["closed.hosts.test"], 69);
    assert_eq!(object["hosts"][0]["verdict"]["reason"], "unreachable", "{object}");
    assert_eq!(object["hosts"][0]["addresses"].as_array().unwrap().len(), 2);
    // This machine's own lack says nothing of the server, unless nothing else is known of it.
    let object = net.json(&["no-route.hosts.test"], 0);
    let rows = object["hosts"][0]["addresses"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["verdict"]["reason"] == "no-route"), "{object}");
    net.text(&["only-no-route.hosts.test"], 69, "there is no route from here");
    // Addresses that nobody knows are not judged, and that is told.
    net.text(&[half_known], 0, "warning: look-up-failed: mend the zone: there may be servers");
    // One address alone, of the caller's choice.
    let other = OTHER.to_string();
    let object = net.json(&["fresh-first.hosts.test", "--address", &other], 1);
    assert_eq!(object["hosts"][0]["addresses"].as_array().unwrap().len(), 1);
}

#[test]
fn a_server_with_nothing_in_common_is_no_refusal_of_its_records() {
    let mut plan = Plan::new();
    let credential = plan.issue("x", Signed::BySelf);
    plan.addresses("mx.hosts.test", &[ONE]);
    plan.tlsa("mx.hosts.test", &credential, 3, 0);
    let broken = Behaviour { starttls: StartTls::Broken, ..Behaviour::DEFAULT };
    plan.serve(ONE, &credential, broken);
    let net = plan.start("nothing-in-common");
    let object = net.json(&["mx.hosts.test"], 69);
    let row = &object["hosts"][0]["addresses"][0];
    assert_eq!(row["verdict"]["reason"], "tls-nothing-in-common", "{object}");
    let told = (&row["verdict"]["authenticated"], &row["verdict"]["judged"]);
    assert_eq!(told, (&false.into(), &false.into()), "{object}");
    net.text(
        &["mx.hosts.test"],
        69,
        "perhaps its key is of a kind that this program cannot verify",
    );
}
