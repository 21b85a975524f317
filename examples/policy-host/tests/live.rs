//! Findings that need DNS, from the zones of the lab.

use core::net::Ipv4Addr;
use std::sync::Arc;

use conformance::lab::dns::{Data, DnsServer, Face, Fault, Signing, Zones};
use hickory_proto::rr::RecordType;
use mta_sts::UnixTime;
use mta_sts::publish::content_id;

use super::{Folders, Host, POLICY};

/// What the domains publish, each in a way of its own.
fn zones() -> Zones {
    let mut zones = Zones::new(UnixTime::now()).unwrap();
    zones.add_zone("test", Signing::Unsigned).unwrap();
    let id = content_id(POLICY);
    let sound = format!("v=STSv1; id={id};");
    for (domain, hosts, records, reporting) in [
        (
            "sound.test",
            vec!["mx1.example.org"],
            vec![sound.as_str()],
            "v=TLSRPTv1; rua=mailto:t@x.test",
        ),
        (
            "own-id.test",
            vec!["mx1.example.org"],
            vec!["v=STSv1; id=own1;"],
            "v=TLSRPTv1; rua=mailto:t@x.test",
        ),
        ("moved.test", vec!["mx2.example.org", "mx3.example.org"], vec![sound.as_str()], ""),
        (
            "twice.test",
            vec!["mx1.example.org"],
            vec![sound.as_str(), "v=STSv1; id=2;"],
            "v=TLSRPTv1; rua=x",
        ),
        (
            "behind.test",
            vec!["mx1.example.org"],
            vec!["v=STSv1; id=0123456789abcdef0123456789abcdef;"],
            "",
        ),
        ("none.test", vec!["."], vec![], ""),
        ("odd.test", vec!["mx1.example.org", "*.example.org"], vec![sound.as_str()], ""),
    ] {
        for (preference, host) in (10..).zip(hosts) {
            let data = Data::Mx { preference, host: host.to_owned() };
            zones.add(domain, data).unwrap();
        }
        for record in records {
            // Split in the midst of a word.
            let (one, other) = record.split_at(9);
            let data = Data::Txt(vec![one.to_owned(), other.to_owned()]);
            zones.add(&format!("_mta-sts.{domain}"), data).unwrap();
        }
        if !reporting.is_empty() {
            let data = Data::Txt(vec![reporting.to_owned()]);
            zones.add(&format!("_smtp._tls.{domain}"), data).unwrap();
        }
        zones.add(&format!("mta-sts.{domain}"), Data::A(Ipv4Addr::LOCALHOST)).unwrap();
    }
    zones.add("down.test", Data::A(Ipv4Addr::LOCALHOST)).unwrap();
    for (name, kind) in [("down.test", RecordType::MX), ("_mta-sts.down.test", RecordType::TXT)] {
        zones.set_fault(name, kind, Fault::ServFail).unwrap();
    }
    // No MX record, and thus its own host.
    zones.add("mx1.example.test", Data::A(Ipv4Addr::LOCALHOST)).unwrap();
    zones
}

fn dns() -> (DnsServer, String) {
    let server = DnsServer::start(Arc::new(zones()), Face::Validating).unwrap();
    let address = server.address().to_string();
    (server, address)
}

/// The findings for one domain: severities and words.
fn found(domain: &str, body: &str, dns: &str) -> Vec<String> {
    let folders = Folders::new(&format!("live-{domain}"));
    folders.policy(domain, body);
    folders.certificate(domain);
    let (code, out) = folders.check_with(&["--dns", dns]);
    let findings: Vec<String> = out
        .lines()
        .filter(|line| !line.starts_with("record: "))
        .map(|line| {
            let mut parts = line.split(": ");
            let severity = parts.next().unwrap();
            assert_eq!(parts.next(), Some(domain), "{line}");
            format!("{severity} {}", parts.next().unwrap())
        })
        .collect();
    let is_error = findings.iter().any(|finding| finding.starts_with("error "));
    assert_eq!(code, Some(i32::from(is_error)), "{out}");
    findings
}

// checks: mta-sts/H06
#[test]
fn h06_what_is_published_is_compared_with_what_dns_says() {
    let (_server, dns) = dns();
    let unused = "notice mx-unused";
    let unreported = "notice no-reporting";
    for (domain, expected) in [
        ("sound.test", vec![]),
        ("own-id.test", vec![]),
        ("moved.test", vec!["error mx-not-covered", "error mx-not-covered", unused, unreported]),
        (
            "twice.test",
            vec!["error stray-record", "error record-invalid", "warning reporting-invalid"],
        ),
        ("behind.test", vec!["warning id-of-other-content", unreported]),
        ("none.test", vec!["error record-invalid", unused, unreported]),
        ("odd.test", vec!["error mx-no-host-name", unreported]),
        ("missing.test", vec!["error record-invalid", unused, "error no-policy-host", unreported]),
        (
            "mx1.example.test",
            vec![
                "error mx-not-covered",
                "error record-invalid",
                unused,
                "error no-policy-host",
                unreported,
            ],
        ),
        (
            "down.test",
            vec![
                "error no-policy-host",
                unreported,
                "warning look-up-failed",
                "warning look-up-failed",
            ],
        ),
    ] {
        let mut found = found(domain, POLICY, &dns);
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{domain}");
    }
}

#[test]
fn h06_without_an_answer_nothing_is_said_of_the_domain() {
    // Nobody listens there.
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let free = socket.local_addr().unwrap().to_string();
    drop(socket);
    let found = found("sound.test", POLICY, &free);
    assert!(
        found.len() == 5 && found.iter().all(|one| one == "warning look-up-failed"),
        "{found:?}"
    );
}

// checks: mta-sts/H06
#[test]
fn h06_a_file_that_changes_without_a_new_id_is_told_while_it_is_served() {
    let (_server, dns) = dns();
    let folders = Folders::new("live-change");
    folders.policy("own-id.test", POLICY);
    folders.certificate("own-id.test");
    let host = Host::start(&folders, &["--dns", &dns]);
    host.wait_for("record: _mta-sts.own-id.test. ");
    for change in ["604800", "864000"] {
        folders.policy("own-id.test", &POLICY.replace("1209600", change));
        host.wait_for("error: own-id.test: id-unchanged: ");
        host.wait_for("reloaded");
    }
    // A file that cannot be read for a while leaves what is known.
    folders.policy("own-id.test", &"a".repeat(65_537));
    host.wait_for("error: own-id.test: unreadable: ");
    host.wait_for("reloaded");
    folders.policy("own-id.test", &POLICY.replace("1209600", "950400"));
    host.wait_for("error: own-id.test: id-unchanged: ");
    host.wait_for("reloaded");
    // What the record announces is served again.
    folders.policy("own-id.test", POLICY);
    let line = host.wait_for("");
    assert!(line.starts_with("record: "), "{line}");
}
