//! `tlsa check` against the servers of the lab.

use conformance::lab::{Lab, Security};
use pki_types::UnixTime;

use super::{Folder, Own, expect, json};

/// The lab, with the options that lead there.
struct World {
    lab: Lab,
    port: String,
    validating: Vec<String>,
    trusting: Vec<String>,
    _folder: Folder,
}

impl World {
    fn new(name: &str) -> Self {
        let (lab, folder) = (Lab::start(UnixTime::now()).unwrap(), Folder::new(name));
        let anchor = folder.file("anchor", lab.trust_anchor());
        let (dns, resolver) = (lab.dns_address().to_string(), lab.resolver_address().to_string());
        let validating = ["--upstream", &dns, "--trust-anchor", &anchor].map(str::to_owned).into();
        let trusting = ["--dns", &resolver].map(str::to_owned).into();
        let port = lab.smtp_port().to_string();
        Self { lab, port, validating, trusting, _folder: folder }
    }

    fn both(&self) -> [Vec<&str>; 2] {
        [&self.validating, &self.trusting].map(|it| it.iter().map(String::as_str).collect())
    }

    fn check<'a>(&'a self, host: &'a str, options: &[&'a str]) -> Vec<&'a str> {
        [&["check", host, "--port", &self.port], options].concat()
    }
}

#[test]
fn live_servers_of_the_lab_with_both_kinds_of_dns() {
    let world = World::new("live");
    for (host, status, policy, word) in [
        ("mx.dane-ee.test", 0, "dane", ""),
        ("mx.dane-ta.test", 0, "dane", ""),
        ("mx.dane-rollover.test", 0, "dane", ""),
        ("mx.dane-mx-cname.test", 0, "dane", ""),
        ("mx.dane-mx-out.test", 0, "dane", ""),
        ("mx.dane-ta-name.test", 1, "dane", "name-mismatch"),
        ("mx.dane-mismatch.test", 1, "dane", "no-match"),
        ("mx.dane-stripped.test", 1, "dane", "starttls-not-offered"),
        ("mx.dane-wrong-key.test", 1, "dane", "handshake-signature"),
        ("mx.dane-wrong-key-12.test", 1, "dane", "handshake-signature"),
        ("mx.dane-unusable.test", 1, "encrypt", "all-unusable"),
        ("mx.dane-island.test", 1, "opportunistic", "insecure-address"),
        ("mx.sts.test", 1, "opportunistic", ""),
    ] {
        for dns in world.both() {
            let object = json(&world.check(host, &dns), status);
            let section = &object["hosts"][0];
            assert_eq!(object["status"], status, "{host}: {object}");
            assert_eq!(section["policy"], policy, "{host}: {object}");
            assert_eq!(section["verdict"]["authenticated"], status == 0, "{host}: {object}");
            if !word.is_empty() {
                assert_eq!(section["verdict"]["reason"], word, "{host}: {object}");
            }
        }
    }
}

#[test]
fn a_look_up_that_fails_tells_whether_waiting_helps() {
    let world = World::new("failed");
    for dns in world.both() {
        for (host, status, word) in [
            ("mx.dane-bogus.test", 76, "_tcp.mx.dane-bogus.test TLSA: answer failed DNSSEC"),
            ("mx.dane-old-signature.test", 76, "look-up failed"),
            ("mx.dane-servfail.test", 75, "look-up failed"),
            ("nobody.dane-ee.test", 69, "no address"),
        ] {
            expect(&world.check(host, &dns), status, word);
            let object = json(&world.check(host, &dns), status);
            assert_eq!(object["hosts"][0]["policy"], "skip", "{object}");
            assert_eq!(object["hosts"][0]["addresses"], serde_json::json!([]), "{object}");
            assert_eq!(object["status"], status, "{object}");
        }
    }
}

#[test]
fn the_report_shows_chain_records_and_what_to_do() {
    let world = World::new("report");
    let dns = world.both()[1].clone();
    let object = json(&world.check("mx.dane-ta.test", &dns), 0);
    let row = &object["hosts"][0]["addresses"][0];
    let chain = row["chain"].as_array().unwrap();
    assert_eq!(chain.len(), 3);
    assert_eq!(row["matches"], serde_json::json!([{ "record": 0, "certificates": [2] }]));
    assert_eq!(row["findings"], serde_json::json!([]));
    assert_eq!(object["hosts"][0]["names"][0], "mx.dane-ta.test");
    let text = expect(&world.check("mx.dane-ta.test", &dns), 0, "verdict: authenticated");
    assert!(
        text.contains("record 0: 2") && text.contains("record 0 matches certificate 2"),
        "{text}"
    );

    let text = expect(&world.check("mx.dane-mismatch.test", &dns), 1, "error: no-match (record 0)");
    assert!(text.contains("publish the record of what the server sends"), "{text}");
    let text = expect(&world.check("mx.dane-stripped.test", &dns), 1, "error: no-starttls");
    assert!(text.contains("STARTTLS is not offered"), "{text}");
    // The key of an issuer, published as the server's own.
    let issuer = chain[1]["records"][0].as_str().unwrap().replacen('2', "3", 1);
    let address = world.lab.address_of("mx.dane-ta.test").unwrap().to_string();
    let given = ["--address", &address, "--record", &issuer];
    let near = "record 0 is published as dane-ee and matches certificate 1";
    expect(&world.check("mx.dane-ta.test", &given), 1, near);
    let object = json(&world.check("mx.dane-ta.test", &given), 1);
    assert_eq!(object["hosts"][0]["verdict"]["nearest"], near);
    // Published with the other selector.
    let key = chain[0]["records"][0].as_str().unwrap().replacen("3 1 1", "3 0 1", 1);
    let given = ["--address", &address, "--record", &key];
    expect(&world.check("mx.dane-ta.test", &given), 1, "by the other selector");
}

#[test]
fn of_records_that_cannot_be_used_each_says_why() {
    let world = World::new("unusable");
    let dns = world.both()[1].clone();
    let check = world.check("mx.dane-unusable.test", &dns);
    let text = expect(&check, 1, "warning: pkix-usage");
    let object = json(&check, 1);
    let records = object["hosts"][0]["records"].as_array().unwrap();
    let why = |at: usize, what: &str| records[at]["unusable"][what].as_str().unwrap();
    let expected = [
        ("unsupported-usage", "certificate usage 1 is not supported"),
        ("digest-length", "digest of 4 octets, which is not the length of its kind"),
    ];
    assert_eq!(records.len(), expected.len(), "{object}");
    for (reason, explanation) in expected {
        let at = (0..records.len()).find(|at| why(*at, "reason") == reason).unwrap();
        assert_eq!(why(at, "explanation"), explanation);
        let record = records[at]["record"].as_str().unwrap();
        let line = format!("record {at}: {record}: not usable: {reason}: {explanation}");
        assert!(text.contains(&line), "{line:?} is not in: {text}");
    }
    // One that cannot be used beside one that can.
    let address = world.lab.address_of("mx.dane-unusable.test").unwrap().to_string();
    let good = format!("3 1 1 {}", "00".repeat(32));
    let given = ["--address", &address, "--record", "3 1 1 00", "--record", &good];
    let object = json(&world.check("mx.dane-unusable.test", &given), 1);
    let records = &object["hosts"][0]["records"];
    assert_eq!(records[0]["unusable"]["reason"], "digest-length");
    assert_eq!(records[1].get("unusable"), None);
}

#[test]
fn the_name_of_the_domain_counts_too() {
    let world = World::new("domain");
    let dns = world.both()[0].clone();
    expect(&world.check("mx.dane-behind.test", &dns), 1, "does not name the server");
    let named = [&dns[..], &["--domain", "dane-behind.test"]].concat();
    expect(&world.check("mx.dane-behind.test", &named), 0, "verdict: authenticated");
}

#[test]
fn domains_of_the_lab_by_their_name_alone() {
    let world = World::new("domains");
    let dns = world.both()[1].clone();
    let check = |domain: &str| {
        [&["check", "--domain", domain, "--port", &world.port], &dns[..]].concat().join("\n")
    };
    let mut count = 0;
    for domain in world.lab.domains() {
        if !matches!(domain.expected.security, Some(Security::DaneEe | Security::DaneTa)) {
            continue;
        }
        // The host that is tried first does not fit its records.
        let status = i32::from(domain.domain == "dane-second-mx.test");
        let arguments = check(domain.domain);
        let object = json(&arguments.split('\n').collect::<Vec<_>>(), status);
        let mx = if domain.expected.half_dane { "insecure" } else { "secure" };
        assert_eq!(object["mx"], mx, "{object}");
        let hosts = object["hosts"].as_array().unwrap();
        let served = hosts.iter().find(|it| it["host"] == *domain.expected.host.unwrap()).unwrap();
        assert_eq!(served["verdict"]["authenticated"], true, "{object}");
        count += 1;
    }
    assert!(count >= 8, "{count}");
    for (domain, status, word) in [
        ("null-mx.test", 1, "null-mx"),
        ("dane-bogus.test", 76, "failed DNSSEC validation"),
        ("plain.test", 1, "no records to authenticate by"),
        ("nobody.dane-ee.test", 69, "no address"),
    ] {
        let arguments = check(domain);
        expect(&arguments.split('\n').collect::<Vec<_>>(), status, word);
    }
}

#[test]
fn the_next_certificate_or_key_must_be_published_already() {
    let (world, folder, next) = (World::new("next"), Folder::new("next-file"), Own::new());
    let dns = world.both()[1].clone();
    let files = [
        folder.file("next.pem", next.certificate.pem()),
        folder.file("public.pem", next.key.public_key_pem()),
        folder.file("private.pem", next.key.serialize_pem()),
    ];
    for file in &files {
        let options = [&dns[..], &["--next", file]].concat();
        expect(&world.check("mx.dane-ee.test", &options), 1, "next-not-published");
    }
    // Beside the record of what is sent now.
    let object = json(&world.check("mx.dane-ee.test", &dns), 0);
    let sent = object["hosts"][0]["addresses"][0]["chain"][0]["records"][0].as_str().unwrap();
    let address = world.lab.address_of("mx.dane-ee.test").unwrap().to_string();
    let (published, of_anchor) = (next.record(), format!("2 1 1 {}", "ab".repeat(32)));
    let both = ["--address", &address, "--record", sent, "--record", &published];
    for file in &files {
        let options = [&both[..], &["--next", file]].concat();
        expect(&world.check("mx.dane-ee.test", &options), 0, "verdict: authenticated");
    }
    // Of a key, records of a CA tell nothing: clients find that of the key.
    let options = [&both[..], &["--record", &of_anchor, "--next", &files[1]]].concat();
    let text = expect(&world.check("mx.dane-ee.test", &options), 1, "(record 2)");
    assert!(!text.contains("next-not-published"), "{text}");
    let only_whole = ["--address", &address, "--record", &of_anchor, "--next", &files[1]];
    expect(&world.check("mx.dane-ee.test", &only_whole), 1, "next-not-published");
}
