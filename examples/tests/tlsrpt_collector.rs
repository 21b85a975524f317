//! `tlsrpt-collector` as a real program: datagrams into its socket, counts out of its store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../../smtp-tls/tests/postgres/mod.rs"]
mod postgres;
mod tlsrpt;

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Instant;

use ::tlsrpt::limits;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use smtp_tls::store::PostgresTally;
use tlsrpt::sqlite_counts;
use tlsrpt::{CAPTURES, Collector, DEADLINE, Folder, RECORD, counts, expect, plain, run, runtime};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tlsrpt-collector");

const G1: &str = r#"{"dpv": "1","d": "Example.COM.","pr": "v=TLSRPTv1; rua=mailto:a@b.example","policies":[{"policy-type":9,"t":0,"f":0}]}"#;
const G2: &str = r#"{"dpv": "1","d": "example.net","pr": "v=TLSRPTv1; rua=https://r.example/x,mailto:a@b.example","policies":[{"policy-type":1,"policy-domain": "mx.example.net","policy-string":["3 1 1 00AA"],"failure-details":[{"c":304,"s": "192.0.2.1","n": "mx.example.net","r": "2001:db8::1"}],"t":1,"f":1},{"policy-type":2,"policy-domain": "example.net","policy-string":["version: STSv1"],"t":0,"f":0}]}"#;
const G3: &str = "eyJkcHYiOiAiMSIsImQiOiAiZS5leGFtcGxlIiwicHIiOiAidj1UTFNSUFR2MTtydWE9bWFpbHRvOmFAYi5leGFtcGxlIiwicG9saWNpZXMiOlt7InBvbGljeS10eXBlIjo5LCJwb2xpY3ktZG9tYWluIjogImUuZXhhbXBsZSIsImZhaWx1cmUtZGV0YWlscyI6W3siYyI6MjA1LCJzIjogIiIsIm4iOiAibXguZS5leGFtcGxlIiwiaCI6ICJteC5lLmV4YW1wbGUgRVNNVFBcclxuU1RBUlRUTFNcclxuXCJxXFxcdTAwMDFcdTAwN2YiLCJyIjogIjE5OC41MS4xMDAuNyIsImEiOiAiY2Fmw6kiLCJmIjogImJhZP8gYnl0ZSJ9XSwidCI6MSwiZiI6MX1dfQ==";

// checks: tlsrpt/S3
#[test]
fn what_mail_servers_send_is_counted() {
    let folder = Folder::new("golden");
    let collector = Collector::start(&folder);
    let g3 = STANDARD.decode(G3).unwrap();
    for _ in 0..3 {
        for datagram in [G1.as_bytes(), G2.as_bytes(), &g3] {
            collector.send(datagram);
        }
    }
    for capture in CAPTURES {
        collector.send(capture.as_bytes());
    }
    collector.wait("counted_total", 12);
    assert_eq!(collector.metric("received_total"), 12);
    assert_eq!(collector.metric("buckets"), 7, "two policies of one domain");
    collector.end();
    assert!(!folder.0.join("socket").exists(), "the socket is taken away");
    let expected = [
        ("e.example", 0, 3),
        ("example.com", 3, 0),
        ("example.net", 3, 3),
        ("good.sts.test", 1, 0),
        ("selfs.sts.test", 0, 1),
        ("unus.lab.test", 0, 1),
    ];
    let expected = expected.map(|(domain, good, bad)| (domain.to_owned(), good, bad));
    assert_eq!(sqlite_counts(&folder), expected);
}

/// Datagrams that count nothing, and the words for why.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let of =
        |policies: &str| format!(r#"{{"d":"a.example","pr":"{RECORD}","policies":{policies}}}"#);
    let domain = |name: &str| String::from_utf8(plain("NAME")).unwrap().replace("NAME", name);
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let many = |count, item: &str| vec![item; count].join(",");
    let fine = r#"{"policy-type":9,"f":0}"#;
    vec![
        ("empty", Vec::new()),
        ("too-long", vec![b'a'; limits::DATAGRAM + 1]),
        ("not-json", b"{".to_vec()),
        ("not-json", G1.as_bytes()[..60].to_vec()),
        ("not-json", b"\xff\xfe".to_vec()),
        ("not-json", b"\0".to_vec()),
        ("not-an-object", b"1".to_vec()),
        ("not-an-object", b"null".to_vec()),
        ("not-an-object", b"true".to_vec()),
        ("not-an-object", b"\"text\"".to_vec()),
        ("not-an-object", b"[]".to_vec()),
        ("too-deep", deep.into_bytes()),
        ("missing-member", b"{}".to_vec()),
        ("missing-member", of(r#"[{"f":0}]"#).into_bytes()),
        ("missing-member", of(r#"[{"policy-type":9}]"#).into_bytes()),
        ("no-policy", of("[]").into_bytes()),
        ("policy-type", of(r#"[{"policy-type":3,"f":0}]"#).into_bytes()),
        ("final-result", of(r#"[{"policy-type":9,"f":2}]"#).into_bytes()),
        ("wrong-type", of(r#"[{"policy-type":9,"f":-1}]"#).into_bytes()),
        ("wrong-type", of(r#"[{"policy-type":1e99,"f":0}]"#).into_bytes()),
        ("duplicate-member", of(r#"[{"policy-type":9,"f":0,"f":0}]"#).into_bytes()),
        ("too-many", of(&format!("[{}]", many(limits::DATAGRAM_POLICIES + 1, fine))).into_bytes()),
        ("domain", domain("").into_bytes()),
        ("domain", domain(".").into_bytes()),
        ("domain", domain(r"a\nb.example").into_bytes()),
        ("domain", domain(&"a.".repeat(200)).into_bytes()),
        (
            "record",
            plain("a.example").into_iter().map(|b| if b == b'=' { b'-' } else { b }).collect(),
        ),
        ("version", G1.replace(r#""dpv": "1""#, r#""dpv": "2""#).into_bytes()),
        ("trailing-bytes", format!("{G1}{G1}").into_bytes()),
    ]
}

// checks: tlsrpt/P1
#[test]
fn no_datagram_ends_stalls_or_poisons_it() {
    let folder = Folder::new("hostile");
    let collector = Collector::start(&folder);
    let hostile = hostile();
    for (_, datagram) in &hostile {
        collector.send(datagram);
    }
    collector.send(G1.as_bytes());
    collector.wait("counted_total", 1);
    assert_eq!(collector.metric("received_total"), hostile.len() as u64 + 1);
    let words: BTreeSet<_> = hostile.iter().map(|(word, _)| *word).collect();
    for word in words {
        let sent = hostile.iter().filter(|(other, _)| *other == word).count() as u64;
        assert_eq!(
            collector.metric(&format!("malformed_total{{reason=\"{word}\"}}")),
            sent,
            "{word}"
        );
    }
    collector.end();
    assert_eq!(sqlite_counts(&folder), [("example.com".to_owned(), 1, 0)]);
}

/// How long the machine has left a thread waiting that wanted to write a file every 20 milliseconds.
struct Stalls {
    longest: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Stalls {
    fn watch(folder: &Folder) -> Self {
        let (longest, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (noted, stopped) = (Arc::clone(&longest), Arc::clone(&stop));
        let path = folder.0.join("stalls");
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let start = Instant::now();
                std::thread::sleep(Duration::from_millis(20));
                let file = fs::File::create(&path);
                let _ =
                    file.and_then(|mut file| file.write_all(b"x").and_then(|()| file.sync_all()));
                noted.fetch_max(start.elapsed().as_millis() as u64, Ordering::Relaxed);
            }
        });
        Self { longest, stop }
    }

    fn take(&self) -> Duration {
        Duration::from_millis(self.longest.swap(0, Ordering::Relaxed))
    }
}

impl Drop for Stalls {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_killed_collector_loses_a_second_at_most_and_counts_nothing_twice() {
    let folder = Folder::new("kill");
    let stalls = Stalls::watch(&folder);
    // Each datagram has a domain of its own, so that each can be asked for.
    let (mut number, mut must, mut may) = (0, BTreeSet::new(), BTreeSet::new());
    for round in 0..4 {
        let collector = Collector::start(&folder);
        let sender = UnixDatagram::unbound().unwrap();
        sender.connect(folder.0.join("socket")).unwrap();
        let mut accepted = Vec::new();
        let start = Instant::now();
        let length = Duration::from_millis(1_500 + 130 * round);
        while start.elapsed() < length {
            let domain = format!("d{number}.example");
            sender.send(&plain(&domain)).unwrap();
            accepted.push((domain, Instant::now()));
            number += 1;
            std::thread::sleep(Duration::from_millis(1));
        }
        let killed = Instant::now();
        collector.kill();
        // The machine may have been busy with others; that is not the collector's second.
        let second = Duration::from_secs(1) + stalls.take() * 4;
        for (domain, at) in accepted {
            if at + second < killed {
                must.insert(domain)
            } else {
                may.insert(domain)
            };
        }
    }
    let found = sqlite_counts(&folder);
    assert!(found.iter().all(|(_, good, bad)| (*good, *bad) == (1, 0)), "something counts twice");
    let found: BTreeSet<_> = found.into_iter().map(|(domain, ..)| domain).collect();
    assert!(!must.is_empty(), "the machine was too busy to tell");
    let lost: Vec<_> = must.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} lost, such as {:?}", lost.len(), must.len(), lost[0]);
    assert!(found.iter().all(|domain| must.contains(domain) || may.contains(domain)));
}

#[test]
fn a_collector_that_is_asked_to_end_loses_nothing() {
    let folder = Folder::new("term");
    for round in 0..3 {
        let collector = Collector::start(&folder);
        for number in 0..500 {
            collector.send(&plain(&format!("d{number}.example")));
        }
        // What the kernel still has in its queue is taken in.
        collector.end();
        let found = sqlite_counts(&folder);
        assert_eq!(found.len(), 500);
        assert!(found.iter().all(|(_, good, _)| *good == round + 1), "round {round}");
    }
}

#[test]
fn the_socket_is_for_one_and_only_a_stale_one_is_replaced() {
    let folder = Folder::new("socket");
    let socket = folder.path("socket");
    let start = |more: &[&str]| {
        let store = folder.store();
        let common = ["--socket", &socket, "--store", &store, "--metrics", "none"];
        run(PROGRAM, &[&common[..], more].concat())
    };
    let first = Collector::start_with(&folder, "socket", &folder.store(), &["--mode", "0620"]);
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o620);
    expect(&start(&[]), 69, "another collector uses this socket");
    first.send(G1.as_bytes());
    first.wait("saves_total", 1);
    first.kill();

    assert!(fs::symlink_metadata(&socket).is_ok(), "a killed collector leaves its socket");
    let second = Collector::start(&folder);
    second.send(G1.as_bytes());
    second.end();
    assert_eq!(sqlite_counts(&folder), [("example.com".to_owned(), 2, 0)]);

    // Another program's socket, and a file: neither is touched.
    let other = UnixDatagram::bind(&socket).unwrap();
    expect(&start(&[]), 69, "another program receives on this socket");
    assert!(UnixDatagram::unbound().unwrap().send_to(b"x", &socket).is_ok());
    drop(other);
    fs::remove_file(&socket).unwrap();
    fs::write(&socket, "precious").unwrap();
    expect(&start(&[]), 69, "not a socket");
    assert_eq!(fs::read(&socket).unwrap(), b"precious");
    fs::remove_file(&socket).unwrap();
    std::os::unix::fs::symlink("precious", &socket).unwrap();
    expect(&start(&[]), 69, "not a socket");
    fs::remove_file(&socket).unwrap();

    expect(&start(&["--mode", "0999"]), 64, "octal");
    expect(&start(&["--owner", "no-such-user-here"]), 64, "no user");
    expect(&start(&["--node", ""]), 64, "--node");
    for (store, status, word) in [
        ("file:x", 64, "sqlite:FILE"),
        ("sqlite:/no/such/folder/counts", 66, "cannot be read"),
        ("@/no/such/file", 66, "/no/such/file"),
        ("postgres:hosts=x", 64, "connection string"),
    ] {
        let arguments = ["--socket", &socket, "--store", store, "--metrics", "none"];
        expect(&run(PROGRAM, &arguments), status, word);
    }
}

/// The samples of a page that keeps to the text format.
fn samples(page: &str) -> BTreeSet<&str> {
    let mut types = std::collections::BTreeMap::new();
    let mut samples = BTreeSet::new();
    for line in page.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<_> = comment.splitn(3, ' ').collect();
            match words[0] {
                "HELP" => assert!(!words[2].is_empty()),
                "TYPE" => assert!(types.insert(words[1], words[2]).is_none(), "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        value.parse::<u64>().unwrap();
        assert!(samples.insert(sample), "{line} stands twice");
        let (name, label) = sample.split_once('{').unwrap_or((sample, "reason=\"x\"}"));
        let reason = label.strip_prefix("reason=\"").and_then(|label| label.strip_suffix("\"}"));
        assert!(
            reason
                .unwrap()
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit()),
            "{line}"
        );
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        assert_eq!(types.get(name), Some(&kind), "{line}");
    }
    samples
}

#[test]
fn metrics_are_prometheus_text_and_slow_readers_do_not_matter() {
    let folder = Folder::new("metrics");
    let collector = Collector::start(&folder);
    collector.send(b"{");
    collector.send(G1.as_bytes());
    collector.wait("counted_total", 1);
    // Half a request each, more than are served at a time but those that wait.
    let slow: Vec<_> = (0..10)
        .map(|_| {
            let mut stream = TcpStream::connect(collector.metrics_address()).unwrap();
            stream.write_all(b"GET /met").unwrap();
            stream
        })
        .collect();
    let response = collector.get("GET /metrics HTTP/1.0\r\n\r\n");
    drop(slow);
    let (head, page) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", page.len())), "{head}");
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let samples = samples(page);
    for name in ["received", "counted", "dropped", "capped", "queue_full", "saves", "failed_saves"]
    {
        assert!(samples.contains(format!("tlsrpt_collector_{name}_total").as_str()), "{name}");
    }
    assert!(samples.contains("tlsrpt_collector_malformed_total{reason=\"not-json\"}"));
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\n\r\n", "405"),
        ("nonsense\r\n\r\n", "400"),
    ] {
        assert!(collector.get(request).starts_with(&format!("HTTP/1.1 {status} ")), "{request}");
    }
    let head = collector.get("HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n") && head.contains("200 OK"));
    collector.end();
}

// checks: tlsrpt/P1
#[test]
fn what_a_peer_can_vary_is_capped_and_counted() {
    let folder = Folder::new("capped");
    let collector = Collector::start(&folder);
    let failures = limits::FAILURE_KEYS + 44;
    for number in 0..failures {
        let datagram = format!(
            r#"{{"d":"a.example","pr":"{RECORD}","policies":[{{"policy-type":9,"failure-details":[{{"c":205,"f":"error {number}"}}],"f":1}}]}}"#
        );
        collector.send(datagram.as_bytes());
    }
    collector.wait("counted_total", failures as u64);
    assert_eq!(collector.metric("capped_total"), 44);
    collector.end();
    assert_eq!(sqlite_counts(&folder), [("a.example".to_owned(), 0, failures as u64)]);

    // No room for another domain: refused and counted, and what is there counts on.
    let small = Folder::new("full");
    let collector = Collector::start_with(&small, "socket", &small.store(), &["--room", "1"]);
    for domain in ["a.example", "b.example", "a.example"] {
        collector.send(&plain(domain));
    }
    collector.wait("counted_total", 2);
    assert_eq!(collector.metric("refused_total{reason=\"full\"}"), 1);
    collector.end();
}

#[test]
#[ignore = "needs postgresql"]
fn two_nodes_count_into_one_postgresql() {
    let folder = Folder::new("nodes");
    let mut server = postgres::Server::start("nodes");
    // A password would not show in the process list.
    fs::write(folder.0.join("store"), format!("postgres:{}\n", server.address())).unwrap();
    let store = format!("@{}", folder.path("store"));
    let start = |node: &str| Collector::start_with(&folder, node, &store, &["--node", node]);
    let (mut one, two) = (start("one"), start("two"));
    let send = |collector: &Collector, times: u64| {
        for number in 0..times {
            collector.send(&plain(&format!("d{}.example", number % 10)));
        }
    };
    send(&one, 100);
    send(&two, 200);
    // The database goes away and comes back: counting goes on.
    server.stop();
    send(&one, 300);
    one.wait("counted_total", 400);
    let start_of_wait = Instant::now();
    while one.metric("failed_saves_total") == 0 {
        assert!(start_of_wait.elapsed() < DEADLINE);
        std::thread::sleep(Duration::from_millis(20));
    }
    server.run();
    one.end();
    one = start("one");
    send(&one, 50);
    one.end();
    two.end();
    let tally = PostgresTally::new(&server.address(), None).unwrap();
    let found = runtime().block_on(async {
        let found = counts(&tally).await;
        drop(tally);
        found
    });
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|(_, good, bad)| (*good, *bad) == (65, 0)), "{found:?}");
}

#[test]
fn a_burst_waits_in_the_ring_and_nothing_is_dropped() {
    let folder = Folder::new("burst");
    let collector = Collector::start(&folder);
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect(folder.0.join("socket")).unwrap();
    let domains: Vec<_> = (0..1_000).map(|number| plain(&format!("d{number}.example"))).collect();
    for datagram in domains.iter().cycle().take(50_000) {
        sender.send(datagram).unwrap();
    }
    collector.wait("counted_total", 50_000);
    assert_eq!(collector.metric("dropped_total"), 0);
    assert!(collector.metric("queue_full_total") > 0, "a sender without pauses fills the queue");
    let mut response = String::new();
    let mut stream = TcpStream::connect(collector.metrics_address()).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.contains("buckets 1000\n"), "{response}");
    collector.end();
    assert!(sqlite_counts(&folder).iter().all(|(_, good, _)| *good == 50));
}

#[test]
fn a_mistyped_store_is_not_fetched_from() {
    let folder = Folder::new("typo");
    let absent = folder.path("cuonts");
    let output = run(PROGRAM, &["--store", &format!("sqlite:{absent}"), "--fetch", "1999-01-01"]);
    expect(&output, 66, "cuonts");
    assert!(output.stdout.is_empty());
    assert!(!fs::exists(absent).unwrap());
}
