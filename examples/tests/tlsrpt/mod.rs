//! The programs for TLS reports as a user runs them: helpers for their tests.
#![allow(dead_code)]

use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use nix::sys::socket::{setsockopt, sockopt::SndBuf};
use pki_types::UnixTime;
use smtp_tls::store::{SqliteTally, TallyStore};
use tlsrpt::{Counters, Reporter, UtcDay};

pub(crate) const RECORD: &str = "v=TLSRPTv1;rua=mailto:r@report.example";

/// Captured from Postfix 3.10, of which each was sent once for a new connection.
pub(crate) const CAPTURES: [&str; 3] = [
    r#"{"d": "good.sts.test","pr": "v=TLSRPTv1;rua=mailto:r@sts.test","policies":[{"policy-type":2,"policy-domain": "good.sts.test","policy-string":["version: STSv1","mode: enforce","mx: mx1.sts.test","max_age: 86400"],"mx-host":["mx1.sts.test"],"t":0,"f":0}]}"#,
    r#"{"d": "selfs.sts.test","pr": "v=TLSRPTv1;rua=mailto:r@sts.test","policies":[{"policy-type":2,"policy-domain": "selfs.sts.test","policy-string":["version: STSv1","mode: enforce","mx: mx3.sts.test","max_age: 86400"],"mx-host":["mx3.sts.test"],"failure-details":[{"c":205,"s": "192.0.2.23","n": "mx3.sts.test","h": "250-sink\r\n250-STARTTLS\r\n250 8BITMIME","r": "192.0.2.23","f": "self-signed_certificate"}],"t":1,"f":1}]}"#,
    r#"{"d": "unus.lab.test","pr": "v=TLSRPTv1;rua=mailto:r@lab.test","policies":[{"policy-type":1,"policy-domain": "mx5.lab.test","policy-string":["3 9 9 00"],"failure-details":[{"c":304,"s": "192.0.2.5","n": "mx5.lab.test","h": "250 sink","r": "192.0.2.5","f": "all-TLSA-records-unusable"}],"t":1,"f":1}]}"#,
];

/// Nothing takes that long; it only ends a hang.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A folder that goes away.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tlsrpt-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn store(&self) -> String {
        format!("sqlite:{}", self.path("counts"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that ends with the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A collector that listens.
pub(crate) struct Collector {
    process: Running,
    socket: String,
    metrics: SocketAddr,
}

impl Collector {
    pub(crate) fn start(folder: &Folder) -> Self {
        Self::start_with(folder, "socket", &folder.store(), &[])
    }

    pub(crate) fn start_with(folder: &Folder, socket: &str, store: &str, more: &[&str]) -> Self {
        let socket = folder.path(socket);
        let mut process = Command::new(env!("CARGO_BIN_EXE_tlsrpt-collector"))
            .args(["--socket", &socket, "--store", store, "--metrics", "127.0.0.1:0"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let process = Running(process);
        let mut line = || lines.next().expect("the collector has ended").unwrap();
        let metrics = line();
        let metrics = metrics.strip_prefix("metrics on http://").unwrap();
        let metrics = metrics.strip_suffix("/metrics").unwrap().parse().unwrap();
        assert_eq!(line(), format!("listening on {socket}"));
        Self { process, socket, metrics }
    }

    /// Hands a datagram over, waiting for room in the kernel's queue.
    pub(crate) fn send(&self, datagram: &[u8]) {
        let sender = UnixDatagram::unbound().unwrap();
        setsockopt(&sender, SndBuf, &212_992).unwrap();
        sender.send_to(datagram, &self.socket).unwrap();
    }

    pub(crate) fn get(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.metrics).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    /// The value of a metric; with its label in braces where it has one. Absent is zero.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let page = self.get("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let line =
            page.lines().find_map(|line| line.strip_prefix(&format!("tlsrpt_collector_{name} ")));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Waits until a metric has grown to this value.
    pub(crate) fn wait(&self, name: &str, value: u64) {
        let start = Instant::now();
        while self.metric(name) < value {
            assert!(start.elapsed() < DEADLINE, "{name} is {}, not {value}", self.metric(name));
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(self.metric(name), value, "{name}");
    }

    pub(crate) fn metrics_address(&self) -> SocketAddr {
        self.metrics
    }

    /// `SIGKILL`.
    pub(crate) fn kill(mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// `SIGTERM`: everything is saved then.
    pub(crate) fn end(mut self) {
        terminate(&self.process.0);
        assert_eq!(self.process.0.wait().unwrap().code(), Some(0));
    }
}

pub(crate) fn terminate(process: &Child) {
    let killed = Command::new("kill").arg(process.id().to_string()).status().unwrap();
    assert!(killed.success());
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
pub(crate) fn expect(output: &Output, status: i32, word: &str) {
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert!(text.contains(word), "{word:?} is not in: {text}");
}

/// A session that found no policy.
pub(crate) fn plain(domain: &str) -> Vec<u8> {
    format!(r#"{{"dpv": "1","d": "{domain}","pr": "{RECORD}","policies":[{{"policy-type":9,"t":0,"f":0}}]}}"#)
        .into_bytes()
}

/// The days that a test which has begun lately may have counted on.
pub(crate) fn days() -> [UtcDay; 2] {
    let today = UtcDay::of(UnixTime::now());
    [today.previous(), today]
}

/// All of a store, by domain: sessions that succeeded and that failed.
pub(crate) async fn counts<S: TallyStore<Error: core::fmt::Debug>>(
    store: &S,
) -> Vec<(String, u64, u64)> {
    let reporter = Reporter::new("Test", "test@sender.example", "").unwrap();
    let mut all = std::collections::BTreeMap::<String, (u64, u64)>::new();
    for day in days() {
        let mut last = String::new();
        loop {
            let domains = store.domains(day, &last, 1_000).await.unwrap();
            let Some(end) = domains.last() else { break };
            last.clone_from(end);
            for domain in domains {
                let mut counters = Counters::new(0);
                for row in store.load(day, &domain, None, u32::MAX).await.unwrap() {
                    counters.restore(&row).unwrap();
                }
                for report in counters.reports(&reporter, day) {
                    for policy in report.report().policies() {
                        let summary = policy.summary();
                        let count = all.entry(domain.clone()).or_default();
                        count.0 += summary.successful;
                        count.1 += summary.failed;
                    }
                }
            }
        }
    }
    all.into_iter().map(|(domain, (successful, failed))| (domain, successful, failed)).collect()
}

pub(crate) fn sqlite_counts(folder: &Folder) -> Vec<(String, u64, u64)> {
    let store = SqliteTally::open(folder.path("counts")).unwrap();
    runtime().block_on(counts(&store))
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}
