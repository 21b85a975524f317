//! Beside the collector and the report daemon of PyPI's `tlsrpt-reporter`: our datagrams into its collector, its
//! report daemon fed by both collectors, and its mail read by our reader.
//!
//! `./test` makes the environment with `tlsrpt-reporter` in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod tlsrpt;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use ::tlsrpt::{
    DatagramWriter, FailureTexts, PolicyCode, PolicyType, Reader, Report, ResultCode, UtcDay,
};
use pki_types::UnixTime;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tlsrpt::{CAPTURES, Collector, DEADLINE, Folder, Running, run};

const OURS: &str = env!("CARGO_BIN_EXE_tlsrpt-collector");

/// A program of the package.
fn program(name: &str) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let path = target.join("tlsrpt-reporter/bin").join(name);
    assert!(path.exists(), "tlsrpt-reporter is not installed: run ./test");
    path.to_str().unwrap().to_owned()
}

/// Sessions as our writer puts them into datagrams and as Postfix does, and how often each is sent.
fn datagrams() -> Vec<(Vec<u8>, u32)> {
    let record = b"v=TLSRPTv1; rua=mailto:a@b.example";
    let mut writer = DatagramWriter::new();
    let mut all = Vec::new();

    writer.begin(b"plain.example", record);
    writer.begin_policy(PolicyCode::NO_POLICY_FOUND, Some(b"plain.example")).unwrap();
    writer.end_policy(0).unwrap();
    all.push((writer.end().unwrap().to_vec(), 3));

    writer.begin(b"both.example", record);
    writer.begin_policy(PolicyCode::TLSA, Some(b"mx.both.example")).unwrap();
    writer.add_string(b"3 1 1 00AA").unwrap();
    let mut texts = FailureTexts::default();
    texts.sending_mta_ip = Some(b"192.0.2.1");
    texts.receiving_mx_hostname = Some(b"mx.both.example");
    texts.receiving_mx_helo = Some(b"mx.both.example");
    texts.receiving_ip = Some(b"2001:db8::1");
    texts.additional_information = Some(b"https://info.example/?a=b");
    texts.failure_reason_code = Some("all-TLSA \"records\" \\ unusable \u{e9}".as_bytes());
    writer.add_failure(ResultCode(304), &texts).unwrap();
    writer.end_policy(1).unwrap();
    writer.begin_policy(PolicyCode::STS, Some(b"both.example")).unwrap();
    for line in ["version: STSv1", "mode: enforce", "mx: mx.both.example", "max_age: 86400"] {
        writer.add_string(line.as_bytes()).unwrap();
    }
    writer.add_mx_host(b"mx.both.example").unwrap();
    writer.end_policy(0).unwrap();
    all.push((writer.end().unwrap().to_vec(), 2));

    // The same policy, and a session that recovered.
    writer.begin(b"both.example", record);
    writer.begin_policy(PolicyCode::TLSA, Some(b"mx.both.example")).unwrap();
    writer.add_string(b"3 1 1 00AA").unwrap();
    writer.add_failure(ResultCode(201), &FailureTexts::default()).unwrap();
    writer.end_policy(0).unwrap();
    all.push((writer.end().unwrap().to_vec(), 1));
    writer.begin(b"bare.example", record);
    writer.begin_policy(PolicyCode::NO_POLICY_FOUND, None).unwrap();
    writer.end_policy(0).unwrap();
    all.push((writer.end().unwrap().to_vec(), 1));

    all.extend(CAPTURES.map(|datagram| (datagram.as_bytes().to_vec(), 1)));
    all
}

fn spawn(name: &str, arguments: &[&str]) -> Running {
    let mut command = Command::new(program(name));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

fn wait(what: &str, mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < DEADLINE, "{what}");
        std::thread::sleep(core::time::Duration::from_millis(50));
    }
}

/// Policies counted in a file of the package's collector.
fn counted(path: &Path) -> i64 {
    let sum = |file: Connection| {
        file.query_row("SELECT ifnull(sum(cntrtotal), 0) FROM finalresults", [], |row| row.get(0))
    };
    // Not made here, should it not be there yet.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(path, flags).and_then(sum).unwrap_or(-1)
}

/// Their collector, fed and closed for the day: the command that fetches from it.
fn theirs(folder: &Folder, day: UtcDay) -> String {
    let storage = format!("sqlite:///{}", folder.path("theirs"));
    let (socket, pid, log) =
        (folder.path("socket"), folder.path("pid"), folder.path("collectd.log"));
    let collector = spawn(
        "tlsrpt-collectd",
        &[
            "--storage",
            &storage,
            "--socketname",
            &socket,
            "--pidfilename",
            &pid,
            "--logfilename",
            &log,
            "--max_uncommited_datagrams",
            "1",
            "--sockettimeout",
            "1",
        ],
    );
    let sender = UnixDatagram::unbound().unwrap();
    wait("their collector listens", || sender.connect(&socket).is_ok());
    let mut policies = 0;
    for (datagram, times) in datagrams() {
        let text = String::from_utf8_lossy(&datagram);
        policies += i64::from(times) * text.matches("\"policy-type\"").count() as i64;
        for _ in 0..times {
            sender.send(&datagram).unwrap();
        }
    }
    let today = folder.0.join("theirs");
    wait("their collector has counted", || counted(&today) == policies);
    signal(&collector.0, "USR2");
    let closed = PathBuf::from(format!("{}.yesterday", today.display()));
    wait("their collector closes the day", || counted(&closed) == policies);
    drop(collector);
    let file = Connection::open(closed).unwrap();
    for table in ["finalresults", "failures"] {
        file.execute(&format!("UPDATE {table} SET day = ?1"), [day.to_string()]).unwrap();
    }
    format!("{} --storage {storage}", program("tlsrpt-fetcher"))
}

/// Our collector, fed the same: the command that fetches from it.
fn ours(folder: &Folder, day: UtcDay) -> String {
    let collector = Collector::start(folder);
    for (datagram, times) in datagrams() {
        for _ in 0..times {
            collector.send(&datagram);
        }
    }
    collector.end();
    let file = Connection::open(folder.path("counts")).unwrap();
    file.execute("UPDATE counters SET day = ?1", [day.number()]).unwrap();
    format!("{OURS} --store {} --fetch", folder.store())
}

fn signal(process: &Child, name: &str) {
    let mut kill = Command::new("kill");
    assert!(
        kill.args([&format!("-{name}"), &process.id().to_string()]).status().unwrap().success()
    );
}

fn fetch(command: &str, words: &[&str]) -> String {
    let mut command = command.split(' ');
    let program = command.next().unwrap();
    let output = run(program, &command.chain(words.iter().copied()).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a collector has counted for a domain.
fn counts(command: &str, date: &str, domain: &str) -> Value {
    serde_json::from_str(&fetch(command, &[date, domain])).unwrap()
}

/// The lists are the same but for the time and the order.
fn lists_are_alike(ours: &str, theirs: &str, date: &str) {
    let list = |command: &str, day: &str| {
        let text = fetch(command, &[day]);
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.remove(1);
        lines[2..].sort();
        lines
    };
    assert_eq!(list(ours, date), list(theirs, date));
    assert_eq!(list(ours, "1999-01-01").len(), 3, "nothing but the head and the dot");
    assert_eq!(list(ours, "1999-01-01"), list(theirs, "1999-01-01"));
}

fn counts_are_alike(ours: &str, theirs: &str, date: &str) {
    for domain in ["plain.example", "both.example", "unknown.example", "good.sts.test"] {
        assert_eq!(counts(ours, date, domain), counts(theirs, date, domain), "{domain}");
    }
    // A policy domain that is absent is filled in here.
    let [mut here, there] =
        [ours, theirs].map(|command| counts(command, date, "bare.example").to_string());
    let filled_in = r#", \"policy-domain\": \"bare.example\""#;
    assert!(here.contains(filled_in), "{here}");
    here = here.replace(filled_in, "");
    assert_eq!(here, there);

    // Of a greeting the name is kept here and all of it there: two keys, and the same sums.
    let name = r#"\"sink\""#;
    for (domain, whole) in [
        ("selfs.sts.test", r#"\"250-sink\\r\\n250-STARTTLS\\r\\n250 8BITMIME\""#),
        ("unus.lab.test", r#"\"250 sink\""#),
    ] {
        let [mut here, mut there] =
            [ours, theirs].map(|command| counts(command, date, domain).to_string());
        assert_ne!(here, there);
        for (text, greeting) in [(&mut here, name), (&mut there, whole)] {
            assert!(text.contains(greeting), "{text}");
            *text = text.replace(greeting, "");
        }
        assert_eq!(here, there);
    }
}

/// Their report daemon on both collectors: the reports that it mails, by domain.
fn reports_of_daemon(folder: &Folder, ours: &str, theirs: &str) -> Reports {
    let mail = folder.path("mail");
    fs::create_dir(&mail).unwrap();
    let (fetchers, script) = (format!("{ours},{theirs}"), format!("cat > {mail}/$$"));
    let (pid, log, database) =
        (folder.path("pid"), folder.path("reportd.log"), folder.path("reports"));
    let arguments = [
        ["--dbname", &database],
        ["--pidfilename", &pid],
        ["--logfilename", &log],
        ["--fetchers", &fetchers],
        ["--organization_name", "Sender Ltd"],
        ["--contact_info", "tls@sender.example"],
        ["--sender_address", "tls@sender.example"],
        ["--spread_out_delivery", "1"],
        ["--interval_main_loop", "1"],
        ["--sendmail_script", &script],
        ["--http_script", "true"],
    ];
    let _daemon = spawn("tlsrpt-reportd", arguments.as_flattened());
    let mut reports = BTreeMap::new();
    wait("their daemon sends a mail for each domain", || {
        for entry in fs::read_dir(&mail).unwrap().flatten() {
            // One that is not wholly written is read again.
            let bytes = fs::read(entry.path()).unwrap();
            let Ok(reading) = Reader::lenient().read_mail(&bytes) else { continue };
            if let (Some(domain), [Ok(report)]) =
                (reading.report_domain, reading.reports.as_slice())
            {
                reports.insert(domain.as_ref().to_owned(), report.report().clone().into_owned());
            }
        }
        reports.len() == 3 + CAPTURES.len()
    });
    reports
}

type Reports = BTreeMap<String, Report<'static>>;

/// A policy of a report: its type, the sessions that succeeded and failed, and the details by result type.
type Counted = (String, (u64, u64), Vec<(String, u64)>);

fn policies(report: &Report<'static>) -> Vec<Counted> {
    let policies = report.policies().map(|policy| {
        let details = policy.details().iter().map(|detail| {
            (detail.failure.result_type.as_str().to_owned(), detail.failed_session_count)
        });
        let mut details: Vec<_> = details.collect();
        details.sort();
        let (kind, summary) = (policy.policy_type().as_str().to_owned(), policy.summary());
        (kind, (summary.successful, summary.failed), details)
    });
    let mut policies: Vec<_> = policies.collect();
    policies.sort();
    policies
}

#[test]
#[ignore = "needs tlsrpt-reporter"]
fn two_collectors_count_alike_and_one_daemon_reports_for_both() {
    let (folder, other) = (Folder::new("ours"), Folder::new("theirs"));
    let day = UtcDay::of(UnixTime::now()).previous();
    let (ours, theirs) = (ours(&folder, day), theirs(&other, day));
    let date = day.to_string();
    lists_are_alike(&ours, &theirs, &date);
    counts_are_alike(&ours, &theirs, &date);

    // What both have counted under equal keys has added up.
    let reports = reports_of_daemon(&folder, &ours, &theirs);
    let of = |domain: &str| policies(&reports[domain]);
    let policy = |kind: &str, sessions, details: &[(&str, u64)]| {
        let details = details.iter().map(|&(result, count)| (result.to_owned(), count)).collect();
        (kind.to_owned(), sessions, details)
    };
    assert_eq!(of("plain.example"), [policy("no-policy-found", (6, 0), &[])]);
    // And what stands under two keys is in two rows, with the same sum.
    let bare = || policy("no-policy-found", (1, 0), &[]);
    assert_eq!(of("bare.example"), [bare(), bare()]);
    let details = [("starttls-not-supported", 2), ("tlsa-invalid", 4)];
    assert_eq!(of("both.example"), [policy("sts", (4, 0), &[]), policy("tlsa", (2, 4), &details)]);
    let sts = reports["both.example"].policies().find(|p| *p.policy_type() == PolicyType::STS);
    assert_eq!(sts.unwrap().mx_hosts(), ["mx.both.example"]);
    assert_eq!(of("good.sts.test"), [policy("sts", (2, 0), &[])]);
    let details = [("tlsa-invalid", 1), ("tlsa-invalid", 1)];
    assert_eq!(of("unus.lab.test"), [policy("tlsa", (0, 2), &details)]);
    let details = [("validation-failure", 1), ("validation-failure", 1)];
    assert_eq!(of("selfs.sts.test"), [policy("sts", (0, 2), &details)]);
}
