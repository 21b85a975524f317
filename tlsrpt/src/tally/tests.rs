use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use pki_types::DnsName;

use super::*;
use crate::record::Record;
use crate::report::{Address, Detail, Failure, Policy, Report, Summary};
use crate::result::{PolicyType, ResultType};
use crate::time::unix;

const TEXT: &str = "v=TLSRPTv1; rua=mailto:tls@example.net";

fn day() -> UtcDay {
    "2026-11-20".parse().unwrap()
}

fn at(seconds_into_day: u64) -> UnixTime {
    unix(day().start().as_secs() + seconds_into_day)
}

fn name(domain: &str) -> DnsName<'_> {
    domain.try_into().unwrap()
}

fn session() -> Session<'static> {
    let record: Record = TEXT.parse().unwrap();
    Session::new(name("example.net").to_owned(), record, at(0))
}

fn sts() -> Policy<'static> {
    Policy::new(PolicyType::STS, "example.net")
        .strings(["version: STSv1"])
        .mx_hosts(["mx.example.net"])
}

fn success() -> PolicyOutcome<'static> {
    PolicyOutcome::new(sts(), Outcome::Success)
}

fn failed(failure: Failure<'static>) -> PolicyOutcome<'static> {
    PolicyOutcome::new(sts(), Outcome::Failure).failure(failure)
}

fn reason(reason: impl Into<Cow<'static, str>>) -> Failure<'static> {
    let failure = Failure::new(ResultType::VALIDATION_FAILURE);
    Failure { failure_reason_code: Some(reason.into()), ..failure }
}

fn tally() -> Tally {
    Tally::new(Writer::new("mx7", 1), 42)
}

fn reporter() -> Reporter {
    Reporter::new("Sender Example Ltd", "tls-reports@Sender.example", "mx7").unwrap()
}

fn reports(tally: &Tally) -> Vec<Report<'static>> {
    let Some(counters) = tally.day(day()) else { return vec![] };
    counters.reports(&reporter(), day()).map(|report| report.into_report().into_owned()).collect()
}

fn count(sessions: &[Session<'_>]) -> Vec<Report<'static>> {
    let mut tally = tally();
    for session in sessions {
        tally.record(session, at(0)).unwrap();
    }
    reports(&tally)
}

fn summary(report: &Report<'_>) -> Vec<Summary> {
    report.policies().map(|policy| policy.summary()).collect()
}

// checks: tlsrpt/S1
#[test]
fn house_sessions_after_the_seal_are_late() {
    let mut tally = tally();
    let session = Session { ended_at: at(86_399), ..session() }.policy(success());
    assert_eq!(tally.record(&session, at(86_400 + 599)), Ok(Counted::Counted));
    assert_eq!(tally.record(&session, at(86_400 + 600)), Err(Refused::Late));
    assert_eq!(tally.take_sealed(at(86_400 + 599)).map(|(day, _)| day), None);
    assert_eq!(tally.latest_sealed(at(86_400 + 599)), Some(day().previous()));
    assert_eq!(tally.latest_sealed(at(86_400 + 600)), Some(day()));
    let (taken, counters) = tally.take_sealed(at(86_400 + 600)).unwrap();
    assert_eq!((taken, counters.buckets()), (day(), 1));
    // A clock that goes back opens no day again.
    assert_eq!(tally.record(&session, at(86_399)), Err(Refused::Late));
    assert_eq!(tally.merge(day(), &counters), Err(Refused::Late));
    assert_eq!((tally.statistics().counted, tally.statistics().late), (1, 2));
}

#[test]
fn sessions_of_the_future_are_refused() {
    let mut tally = tally();
    let session = session().policy(success());
    let before = |seconds| unix(at(0).as_secs() - seconds);
    assert_eq!(tally.record(&session, before(limits::CLOCK_SKEW + 1)), Err(Refused::Future));
    assert_eq!(tally.record(&session, before(limits::CLOCK_SKEW)), Ok(Counted::Counted));
    assert_eq!(tally.statistics().future, 1);
}

// checks: tlsrpt/S8
#[test]
fn rfc8460_3_report_deliveries_are_not_counted() {
    let mut tally = tally();
    let session = session().policy(success()).purpose(Purpose::ReportDelivery);
    assert_eq!(tally.record(&session, at(0)), Ok(Counted::LeftOut));
    assert!(reports(&tally).is_empty());
    assert_eq!(tally.statistics().left_out, 1);
}

// checks: tlsrpt/P1
#[test]
fn policies_that_no_report_could_carry_are_refused() {
    let mut tally = tally();
    let mut record = |policy: Policy<'static>| {
        let session = session().policy(PolicyOutcome::new(policy, Outcome::Success));
        tally.record(&session, at(0))
    };
    let string = |length| sts().strings(["x".repeat(length)]);
    assert_eq!(record(string(limits::STRING)), Ok(Counted::Counted));
    assert_eq!(record(string(limits::STRING + 1)), Err(Refused::TooLarge));
    let strings = |length| {
        let long = ["x".repeat(65_000), "x".repeat(65_000), "x".repeat(65_000), "x".repeat(length)];
        Policy::new(PolicyType::TLSA, "example.net").strings(long)
    };
    // 4 bytes of parent, type, domain, two counts, and 3 bytes for the length of each string.
    let room = limits::POLICY - 3 * 65_000 - 4 * 3 - 4 - 4;
    assert!(room > limits::STRING);
    let more = |extra: usize| strings(65_000).strings(["x".repeat(room - 65_000 - 2 + extra)]);
    assert_eq!(record(more(0)), Ok(Counted::Counted));
    assert_eq!(record(more(2)), Err(Refused::TooLarge));
    assert_eq!(record(Policy::new(PolicyType::TLSA, "a b")), Err(Refused::PolicyDomain));
    assert_eq!(record(Policy::new(PolicyType::TLSA, ".")), Err(Refused::PolicyDomain));
}

// checks: tlsrpt/P1
#[test]
fn a_full_tally_refuses_new_policies_and_counts_known_ones() {
    let mut tally = tally().room(1);
    assert_eq!(tally.record(&session().policy(success()), at(0)), Ok(Counted::Counted));
    let other = Policy::new(PolicyType::NO_POLICY_FOUND, "");
    let other = session().policy(success()).policy(PolicyOutcome::new(other, Outcome::Success));
    assert_eq!(tally.record(&other, at(0)), Err(Refused::Full));
    assert_eq!(tally.record(&session().policy(failed(reason("a"))), at(0)), Ok(Counted::Counted));
    let reports = reports(&tally);
    assert_eq!(summary(&reports[0]), [Summary { successful: 1, failed: 1 }]);
    let policy = reports[0].policies().next().unwrap();
    assert_eq!(policy.details()[0].failure.failure_reason_code.as_deref(), Some("details-omitted"));
    assert_eq!(tally.statistics().full, 1);
}

// checks: tlsrpt/S3, tlsrpt/S4, tlsrpt/S5
#[test]
fn rfc8460_4_2_sessions_are_counted_by_policy_and_outcome() {
    let recovered = PolicyOutcome::new(sts(), Outcome::Success).failure(reason("a"));
    let tlsa = Policy::new(PolicyType::TLSA, "mx.example.net").strings(["3 1 1 00AA"]);
    let both = session().policy(success()).policy(PolicyOutcome::new(tlsa, Outcome::Failure));
    let unexplained = session().policy(PolicyOutcome::new(sts(), Outcome::Failure));
    let reports = count(&[both, session().policy(recovered), unexplained]);
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!(
        summary(report),
        [Summary { successful: 2, failed: 1 }, Summary { successful: 0, failed: 1 }]
    );
    let [sts, tlsa] = &report.policies().collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!((sts.details().len(), tlsa.details().len()), (1, 0));
    assert_eq!(tlsa.policy_domain(), "mx.example.net");
}

// checks: tlsrpt/S3, tlsrpt/S4
#[test]
fn house_equal_failures_of_one_session_count_once() {
    let twice = failed(reason("a")).failure(reason("b")).failure(reason("a"));
    let again = session().policy(twice.clone()).policy(twice.clone());
    let reports = count(&[session().policy(twice), again]);
    let policy = reports[0].policies().next().unwrap();
    assert_eq!(policy.summary(), Summary { successful: 0, failed: 2 });
    let counts: Vec<_> = policy.details().iter().map(|d| d.failed_session_count).collect();
    assert_eq!(counts, [2, 2]);
}

// checks: tlsrpt/J1, tlsrpt/J2, tlsrpt/J11, tlsrpt/S5
#[test]
fn house_policies_are_equal_by_type_domain_strings_and_patterns() {
    let tlsa = |strings: [&'static str; 2], domain: &'static str| {
        let policy =
            Policy::new(PolicyType::TLSA, domain).strings(strings).mx_hosts(["not for tlsa"]);
        session().policy(PolicyOutcome::new(policy, Outcome::Success))
    };
    let rotated = [tlsa(["b", "a"], "MX.example.net"), tlsa(["a", "b"], "mx.example.net.")];
    let reports = count(&rotated);
    assert_eq!(summary(&reports[0]), [Summary { successful: 2, failed: 0 }]);
    let policy = reports[0].policies().next().unwrap();
    assert_eq!(
        (policy.policy_strings(), policy.mx_hosts().len()),
        (&["a".into(), "b".into()][..], 0)
    );

    let lines = |lines: [&'static str; 2]| {
        let policy = Policy::new(PolicyType::STS, "example.net").strings(lines);
        session().policy(PolicyOutcome::new(policy, Outcome::Success))
    };
    assert_eq!(summary(&count(&[lines(["a", "b"]), lines(["b", "a"])])[0]).len(), 2);
}

// checks: tlsrpt/J10, tlsrpt/J12
#[test]
fn rfc8460_4_4_no_policy_found_has_neither_strings_nor_patterns() {
    let policy = Policy { policy_type: PolicyType::NO_POLICY_FOUND, domain: "".into(), ..sts() };
    let reports = count(&[session().policy(PolicyOutcome::new(policy, Outcome::Success))]);
    let policy = reports[0].policies().next().unwrap();
    assert_eq!((policy.policy_strings().len(), policy.mx_hosts().len()), (0, 0));
    assert_eq!(policy.policy_domain(), "example.net");
}

// checks: tlsrpt/S3
#[test]
fn house_sessions_are_grouped_by_domain_and_record_text() {
    let other: Record = "v=TLSRPTv1;rua=mailto:tls@example.net".parse().unwrap();
    let sessions = [
        session().policy(success()),
        Session { record: other.into(), ..session() }.policy(success()),
        Session { report_domain: name("EXAMPLE.net."), ..session() }.policy(success()),
        Session { report_domain: name("example.com"), ..session() }.policy(success()),
    ];
    let mut tally = tally();
    sessions.iter().for_each(|session| assert!(tally.record(session, at(0)).is_ok()));
    let reporter = reporter();
    let reports: Vec<_> = tally.day(day()).unwrap().reports(&reporter, day()).collect();
    let seen: Vec<_> = reports
        .iter()
        .map(|r| (r.domain().as_ref(), r.record().as_str(), summary(r.report())[0].successful))
        .collect();
    let without_space = "v=TLSRPTv1;rua=mailto:tls@example.net";
    assert_eq!(
        seen,
        [("example.com", TEXT, 1), ("example.net", TEXT, 2), ("example.net", without_space, 1)]
    );
}

// checks: tlsrpt/J16, tlsrpt/J17, tlsrpt/J18, tlsrpt/P1
#[test]
fn house_texts_of_peers_are_cut_or_dropped() {
    let failure = |text: String| Failure {
        sending_mta_ip: Some(Address::Text("not an address".into())),
        receiving_mx_hostname: Some(text.clone().into()),
        receiving_mx_helo: Some(format!("{text}\r\nSTARTTLS").into()),
        receiving_ip: Some(Address::V4([192, 0, 2, 1].into())),
        additional_information: Some(format!("x:{text}").into()),
        failure_reason_code: Some(text.into()),
        ..Failure::new(ResultType::VALIDATION_FAILURE)
    };
    let counted = |text: String| {
        let reports = count(&[session().policy(failed(failure(text)))]);
        let [detail] = &reports[0].details().cloned().collect::<Vec<_>>()[..] else { panic!() };
        let length = |text: Option<Cow<'_, str>>| text.map(|text| text.len());
        assert_eq!(detail.failure.sending_mta_ip, None);
        assert!(detail.failure.receiving_ip.is_some());
        [
            length(detail.failure.receiving_mx_hostname.clone()),
            length(detail.failure.receiving_mx_helo.clone()),
            length(detail.failure.additional_information.clone()),
            length(detail.failure.failure_reason_code.clone()),
        ]
    };
    let x = |count| "x".repeat(count);
    assert_eq!(counted(x(255)), [Some(255), Some(255), Some(257), Some(255)]);
    assert_eq!(counted(x(510)), [Some(255), Some(255), Some(512), Some(510)]);
    assert_eq!(counted(x(511)), [Some(255), Some(255), None, Some(511)]);
    assert_eq!(counted(x(513)), [Some(255), Some(255), None, Some(512)]);
    assert_eq!(counted(String::new()), [None, None, Some(2), None]);
    // A character is not cut in half, and what is no URI is dropped.
    assert_eq!(counted("é".repeat(300)), [Some(254), Some(254), None, Some(512)]);
}

// checks: tlsrpt/P1, tlsrpt/S3
#[test]
fn house_256_failure_keys_are_exact_and_more_are_counted() {
    let sessions = |kinds: usize| -> Vec<Session<'static>> {
        let kind = |kind| session().policy(failed(reason(format!("reason {kind}"))));
        (0..kinds).map(kind).collect()
    };
    let details = |kinds| {
        let reports = count(&sessions(kinds));
        let policy = reports[0].policies().next().unwrap();
        assert_eq!(policy.summary().failed, kinds as u64);
        policy.details().to_vec()
    };
    assert_eq!(details(limits::FAILURE_KEYS).len(), 256);
    let rows = details(limits::FAILURE_KEYS + 1);
    assert_eq!(rows.len(), 257);
    let rows = details(limits::FAILURE_KEYS + 3);
    let omitted = rows.iter().find(|row| row.failure == reason("details-omitted")).unwrap();
    assert_eq!((rows.len(), omitted.failed_session_count), (257, 3));
}

// checks: tlsrpt/S3
#[test]
fn house_equal_omitted_failures_of_one_session_count_once() {
    let mut outcome = PolicyOutcome::new(sts(), Outcome::Failure);
    for kind in 0..limits::FAILURE_KEYS {
        outcome = outcome.failure(reason(format!("{kind}")));
    }
    let outcome = outcome.failure(reason("x")).failure(reason("y")).failure(reason("x"));
    let expired = Failure::new(ResultType::CERTIFICATE_EXPIRED);
    let reports = count(&[session().policy(outcome.failure(expired))]);
    let omitted: Vec<_> = reports[0]
        .details()
        .filter(|d| d.failure.failure_reason_code.as_deref() == Some("details-omitted"))
        .map(|d| (d.failure.result_type.to_string(), d.failed_session_count))
        .collect();
    assert_eq!(omitted, [("certificate-expired".into(), 1), ("validation-failure".into(), 2)]);
}

// checks: tlsrpt/P1
#[test]
fn house_large_reports_fold_their_rarest_rows() {
    let mut report = Report::new("o", "c@d.example", "id", day().into());
    let row = |count: u64| Detail {
        failure: reason(format!("{count:0100}")),
        failed_session_count: count,
    };
    report.push(sts(), Summary { successful: 0, failed: 5_050 }, (1..=100).map(row));
    let whole = report.json_len();
    let mut same = report.clone();
    render::shrink(&mut same, whole, "example.net");
    assert_eq!(same, report);
    render::shrink(&mut report, whole - 1, "example.net");
    assert!(report.json_len() < whole);
    let total: u64 = report.details().map(|detail| detail.failed_session_count).sum();
    assert_eq!(total, 5_050);
    assert!(report.details().any(|detail| *detail == row(100)));
    assert!(!report.details().any(|detail| *detail == row(1)));
    // Where nothing is left to fold, the totals stay and the size is what it is.
    render::shrink(&mut report, 1, "example.net");
    assert_eq!(report.details().count(), 1);
}

// checks: tlsrpt/F1, tlsrpt/F2, tlsrpt/J5, tlsrpt/R2
#[test]
fn house_report_ids_and_file_names() {
    let mut tally = tally();
    tally.record(&session().policy(success()), at(0)).unwrap();
    let counters = tally.day(day()).unwrap();
    let (ours, other) = (reporter(), Reporter::new("x", "a@sender.example", "mx8").unwrap());
    let report = counters.reports(&ours, day()).next().unwrap();
    let again = counters.reports(&ours, day()).next().unwrap();
    assert_eq!(report.report().report_id(), again.report().report_id());
    let elsewhere = counters.reports(&other, day()).next().unwrap();
    assert_ne!(report.report().report_id(), elsewhere.report().report_id());

    let id = report.report().report_id();
    let hex =
        id.strip_prefix("20261120.example.net.").unwrap().strip_suffix("@sender.example").unwrap();
    assert!(hex.len() == 8 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    let name = report.file_name().to_string();
    assert_eq!(name, format!("sender.example!example.net!1795132800!1795219199!{hex}.json.gz"));
    assert_eq!(name.parse(), Ok(report.file_name()));
}

// checks: tlsrpt/F1, tlsrpt/F2
#[test]
fn rfc8460_5_1_file_names_that_are_none() {
    for (name, error) in [
        ("a!b!1!2.txt", FileNameError::Extension),
        ("a!b!1.json", FileNameError::Parts),
        ("a!b!1!2!x!y.json", FileNameError::Parts),
        ("a b!b!1!2.json", FileNameError::Domain),
        ("a!!1!2.json", FileNameError::Domain),
        ("a!b!x!2.json", FileNameError::Timestamp),
        ("a!b!+1!2.json", FileNameError::Timestamp),
        ("a!b!1!2!.json", FileNameError::UniqueId),
        ("a!b!1!2!x-y.json.gz", FileNameError::UniqueId),
    ] {
        assert_eq!(name.parse::<FileName>(), Err(error), "{name}");
    }
    assert_eq!("a!b!1!2.json".parse::<FileName>().unwrap().compression, Compression::Plain);
}

// checks: tlsrpt/J6, tlsrpt/M2
#[test]
fn reporters_need_an_address_with_a_domain() {
    for contact in ["", "a", "a@", "a@[192.0.2.1]", "mailto:a@b.example,c@d.example"] {
        assert_eq!(Reporter::new("o", contact, "n"), Err(ReporterError::ContactInfo), "{contact}");
    }
    let long = "o".repeat(1_025);
    assert!(Reporter::new(&long[..1_024], "a@b.example", "n").is_ok());
    assert_eq!(Reporter::new(&long, "a@b.example", "n"), Err(ReporterError::TooLong));
}

fn counters(writer: &Writer, sessions: &[Session<'_>]) -> Counters {
    let mut tally = Tally::new(writer.clone(), 7);
    sessions.iter().for_each(|session| assert!(tally.record(session, at(0)).is_ok()));
    tally.day(day()).cloned().unwrap_or_else(|| Counters::new(0))
}

// checks: tlsrpt/S3
#[test]
fn house_merging_takes_the_maximum_of_each_writer_and_adds_writers() {
    let sessions: Vec<_> =
        (0..5).map(|n| session().policy(failed(reason(format!("{}", n % 2))))).collect();
    let writers = [Writer::new("a", 1), Writer::new("a", 2), Writer::new("b", 1)];
    let mut all = Counters::new(1);
    for writer in &writers {
        // An early and a late snapshot, in both orders, and twice.
        for part in [5, 2, 5] {
            all.merge(&counters(writer, &sessions[..part]));
        }
    }
    let report = all.reports(&reporter(), day()).next().unwrap().into_report().into_owned();
    assert_eq!(summary(&report), [Summary { successful: 0, failed: 15 }]);
    let counts: Vec<_> = report.details().map(|detail| detail.failed_session_count).collect();
    assert_eq!(counts, [9, 6]);
}

#[test]
fn house_merging_folds_nothing() {
    let kinds = |from: usize| -> Vec<_> {
        (from..from + 256).map(|n| session().policy(failed(reason(format!("{n}"))))).collect()
    };
    let mut all = counters(&Writer::new("a", 1), &kinds(0));
    all.merge(&counters(&Writer::new("b", 1), &kinds(256)));
    assert_eq!(all.rows().count(), 2 + 512);
    // A report folds what is beyond 256.
    let reporter = reporter();
    let report = all.reports(&reporter, day()).next().unwrap();
    assert_eq!(report.report().details().count(), 257);
    assert_eq!(report.report().details().map(|d| d.failed_session_count).sum::<u64>(), 512);
}

#[test]
fn stored_rows_give_the_counters_back() {
    let mixed = [session().policy(success()), session().policy(failed(reason("a")))];
    let mut before = counters(&Writer::new("a", 1), &mixed);
    before.merge(&counters(&Writer::new("b", 9), &mixed[1..]));
    let mut after = Counters::new(99);
    for row in before.rows().chain(before.rows()) {
        after.restore(&row).unwrap();
    }
    assert_eq!(after, before);
    after.merge(&counters(&Writer::new("b", 10), &mixed));
    assert_ne!(after, before);
}

#[test]
fn stored_keys_that_are_broken_are_refused() {
    let rows = counters(&Writer::new("a", 1), &[session().policy(failed(reason("a")))]);
    for row in rows.rows().collect::<Vec<_>>() {
        for length in 0..row.key.len() {
            let cut = CounterRow { key: row.key[..length].to_vec(), ..row.clone() };
            assert_eq!(rows.clone().restore(&cut), Err(CounterRowError::Key), "{length}");
        }
        let longer = CounterRow { key: [&row.key[..], &[9]].concat(), ..row.clone() };
        assert_eq!(rows.clone().restore(&longer), Err(CounterRowError::Key));
    }
    // A failure that names the digest of a policy of another domain.
    let failure = rows.rows().last().unwrap();
    let mut other = failure.clone();
    let at = other.key.windows(11).position(|bytes| bytes == b"example.net").unwrap();
    other.key[at] = b'a';
    assert_eq!(other.domain(), Some("axample.net"));
    assert_eq!(rows.clone().restore(&other), Err(CounterRowError::Key));
    assert_eq!(Counters::new(0).restore(&failure), Err(CounterRowError::Policy));
    assert_eq!(Counters::new(0), {
        let mut refused = Counters::new(0);
        let _ = refused.restore(&failure);
        refused
    });
}

// checks: tlsrpt/P1
#[test]
fn house_a_policy_is_stored_once_and_not_with_each_failure() {
    let long = "x".repeat(limits::STRING);
    let policy = || Policy::new(PolicyType::STS, "example.net").strings([long.clone()]);
    let failed = |kind| {
        let outcome = PolicyOutcome::new(policy(), Outcome::Failure);
        session().policy(outcome.failure(reason(format!("{kind:0500}"))))
    };
    let sessions: Vec<_> = (0..limits::FAILURE_KEYS).map(failed).collect();
    let counters = counters(&Writer::new("a", 1), &sessions);
    let rows: Vec<_> = counters.rows().collect();
    assert_eq!(rows.len(), 1 + limits::FAILURE_KEYS);
    assert!(rows.iter().skip(1).all(|row| row.key.len() <= 2_048));
    let stored: usize = rows.iter().map(|row| row.key.len()).sum();
    assert!(stored < limits::STRING + limits::FAILURE_KEYS * 700, "{stored}");
    assert!(rows.is_sorted_by_key(|row| row.key[..2] == [0xff; 2]), "policies come first");
    assert!(rows.iter().all(|row| row.domain() == Some("example.net")));
}

#[test]
fn failures_stored_with_the_key_of_their_policy_are_taken() {
    let before = counters(&Writer::new("a", 1), &[session().policy(failed(reason("a")))]);
    let rows: Vec<_> = before.rows().collect();
    let [policy, failure] = &rows[..] else { panic!("{rows:?}") };
    // So earlier versions wrote them: the policy's key, and the failure behind it.
    let tail = &failure.key[2 + 1 + "example.net".len() + 32..];
    let old = CounterRow { key: [&policy.key[..], tail].concat(), ..failure.clone() };
    assert_eq!(old.domain(), Some("example.net"));
    let mut after = Counters::new(0);
    // Its policy may come later.
    after.restore(&old).unwrap();
    let alone = CounterRow { failed: 0, ..policy.clone() };
    assert_eq!(after.rows().collect::<Vec<_>>(), [alone, failure.clone()]);
    after.restore(policy).unwrap();
    assert_eq!(after, before);
}

#[test]
fn rows_come_in_pages_while_counting_goes_on() {
    let mut tally = tally();
    let domains: Vec<_> = (0..20).map(|number| format!("d{number}.example")).collect();
    let count = |tally: &mut Tally, kind: &str| {
        for domain in &domains {
            let session = Session { report_domain: name(domain), ..session() };
            tally.record(&session.policy(failed(reason(kind.to_string()))), at(0)).unwrap();
        }
    };
    count(&mut tally, "a");
    let mut changes = tally.day(day()).unwrap().changes_since(Mark::default());
    let (mut stored, mut pages) = (Counters::new(0), 0);
    loop {
        let page = tally.day(day()).unwrap().page(&mut changes, 1_000);
        if page.is_empty() {
            break;
        }
        pages += 1;
        assert!(page.len() <= 10);
        page.iter().for_each(|row| stored.restore(row).unwrap());
        // A policy and a failure that are new, between any two pages.
        let late = Policy::new(PolicyType::STS, "example.net").strings([format!("{pages}")]);
        let late = PolicyOutcome::new(late, Outcome::Failure).failure(reason("late"));
        tally.record(&session().policy(late), at(0)).unwrap();
    }
    assert!(pages > 4);
    // What came meanwhile comes after the mark, and then nothing is missing.
    let rest = tally.day(day()).unwrap().rows_since(changes.mark());
    rest.for_each(|row| stored.restore(&row).unwrap());
    assert_eq!(stored, *tally.day(day()).unwrap());
}

#[test]
fn rows_since_a_mark_are_those_counted_later() {
    let mut tally = tally();
    tally.record(&session().policy(success()), at(0)).unwrap();
    let mark = tally.day(day()).unwrap().mark();
    assert_eq!(tally.day(day()).unwrap().rows_since(mark).count(), 0);
    tally.record(&session().policy(failed(reason("a"))), at(0)).unwrap();
    assert_eq!(tally.day(day()).unwrap().rows_since(mark).count(), 2);
    assert_eq!(tally.day(day()).unwrap().rows_since(Mark::default()).count(), 2);
}

/// A datagram of a session that failed in these ways.
fn datagram(reasons: core::ops::Range<usize>) -> Vec<u8> {
    let failures = reasons.map(|at| reason(format!("reason {at}")));
    let mut outcome = PolicyOutcome::new(sts(), Outcome::Failure);
    outcome.failures.extend(failures);
    crate::DatagramWriter::new().session(&session().policy(outcome)).unwrap().to_vec()
}

#[test]
fn house_equal_datagrams_meet_the_cap_each_time() {
    let mut tally = tally();
    let (fits, beyond) = (datagram(0..250), datagram(100..300));
    for _ in 0..5 {
        tally.record_datagram(&fits, at(0)).unwrap();
        tally.record_datagram(&beyond, at(0)).unwrap();
    }
    assert_eq!(tally.day(day()).unwrap().omitted(), 5 * 44, "256 rows are exact, 44 are not");
    let reports = reports(&tally);
    let details: Vec<_> = reports[0].details().collect();
    assert_eq!(details.len(), 257);
    assert_eq!(summary(&reports[0]), [Summary { successful: 0, failed: 10 }]);
    let of = |text: &str| {
        let mut found = details
            .iter()
            .filter(|detail| detail.failure.failure_reason_code.as_deref() == Some(text));
        found.next().map(|detail| detail.failed_session_count)
    };
    assert_eq!([of("reason 0"), of("reason 120"), of("reason 255")], [Some(5), Some(10), Some(5)]);
    assert_eq!([of("reason 256"), of("details-omitted")], [None, Some(5 * 44)]);
}

#[test]
fn equal_datagrams_of_two_days_count_on_their_own_day() {
    let mut tally = tally();
    let bytes = datagram(0..1);
    let days = [at(0), at(86_400 + 700), at(86_400 + 701)];
    for now in days {
        for _ in 0..3 {
            tally.record_datagram(&bytes, now).unwrap();
        }
        if now == days[1] {
            assert_eq!(tally.take_sealed(now).unwrap().0, day());
        }
    }
    assert_eq!(tally.statistics().counted, 9);
    let next = UtcDay::of(days[1]);
    let reporter = reporter();
    let report = tally.day(next).unwrap().reports(&reporter, next).next().unwrap();
    assert_eq!(summary(report.report()), [Summary { successful: 0, failed: 6 }]);
}

/// A session under a TLSA policy of this text, that failed in these ways.
fn tlsa(text: impl Into<Cow<'static, str>>, reasons: core::ops::Range<usize>) -> Session<'static> {
    let policy = Policy::new(PolicyType::TLSA, "mx.example.net").strings([text]);
    let mut outcome = PolicyOutcome::new(policy, Outcome::Failure);
    outcome.failures.extend(reasons.map(|at| reason(format!("reason {at}"))));
    session().policy(outcome)
}

fn omitted_policies<'r>(report: &'r Report<'_>) -> Vec<(&'r str, Summary)> {
    let omitted = report.policies().filter(|p| p.policy_strings() == ["policies-omitted"]);
    omitted.map(|policy| (policy.policy_domain(), policy.summary())).collect()
}

// checks: tlsrpt/S3, tlsrpt/S4
#[test]
fn house_a_policy_that_stands_twice_in_a_session_counts_once_and_as_failed() {
    let policy = |domain: &'static str, strings: [&'static str; 2]| {
        Policy::new(PolicyType::TLSA, domain).strings(strings)
    };
    let fine = PolicyOutcome::new(policy("mx.example.net", ["a", "b"]), Outcome::Success);
    let expired = Failure::new(ResultType::CERTIFICATE_EXPIRED);
    let failed = PolicyOutcome::new(policy("MX.example.net.", ["b", "a"]), Outcome::Failure)
        .failure(reason("x"))
        .failure(expired.clone());
    let also =
        PolicyOutcome::new(policy("mx.example.net", ["a", "b"]), Outcome::Success).failure(expired);
    for order in [[&fine, &failed, &also], [&failed, &also, &fine], [&also, &fine, &failed]] {
        let session = order.into_iter().fold(session(), |session, one| session.policy(one.clone()));
        let bytes = crate::DatagramWriter::new().session(&session).unwrap().to_vec();
        let mut tally = tally();
        tally.record(&session, at(0)).unwrap();
        for _ in 0..3 {
            tally.record_datagram(&bytes, at(0)).unwrap();
        }
        let reports = reports(&tally);
        assert_eq!(summary(&reports[0]), [Summary { successful: 0, failed: 4 }]);
        let details: Vec<_> = reports[0].details().map(|d| d.failed_session_count).collect();
        assert_eq!(details, [4, 4], "equal failures of both count once");
    }
    // Also those for which there is no row of their own.
    let many = |range: core::ops::Range<usize>| tlsa("a", range).policies.remove(0);
    let session = session().policy(many(0..300)).policy(many(200..350));
    let reports = count(&[session]);
    let details: Vec<_> = reports[0].details().map(|d| d.failed_session_count).collect();
    assert_eq!((details.len(), details.iter().sum::<u64>()), (257, 350));
}

// checks: tlsrpt/P1, tlsrpt/S3
#[test]
fn house_a_domain_of_many_policies_fills_its_own_room_alone() {
    let mut tally = tally().room(3 << 20);
    for number in 0..1_000 {
        tally.record(&tlsa(format!("3 1 1 {number:064x}"), 0..1), at(0)).unwrap();
    }
    // One that is known is counted on in its own row, and one that is not among the others again.
    let cached = tlsa("3 1 1 ff", 0..1);
    let bytes = crate::DatagramWriter::new().session(&cached).unwrap().to_vec();
    for _ in 0..4 {
        tally.record_datagram(&bytes, at(0)).unwrap();
    }
    tally.record(&tlsa(format!("3 1 1 {:064x}", 0), 0..1), at(0)).unwrap();
    // Two that have no room are one policy of the session.
    let two = tlsa("x", 0..1).policy(tlsa("y", 0..1).policies.remove(0));
    tally.record(&two, at(0)).unwrap();
    let long = |number: usize| format!("{number:065000}");
    for number in 0..100 {
        tally.record(&tlsa(long(number), 0..256), at(0)).unwrap();
    }
    let none = Policy::new(PolicyType::NO_POLICY_FOUND, "mx1.example.net");
    tally.record(&session().policy(PolicyOutcome::new(none, Outcome::Success)), at(0)).unwrap();
    let counters = tally.day(day()).unwrap();
    assert!(counters.bytes() < 2 * limits::RECORD_BYTES, "{}", counters.bytes());
    assert!(counters.omitted() > 845);
    let reports = reports(&tally);
    let report = &reports[0];
    let total: u64 = summary(report).iter().map(|one| one.successful + one.failed).sum();
    assert_eq!(total, 1_000 + 4 + 1 + 1 + 100 + 1);
    let policies = report.policies().len();
    assert!((200..=257).contains(&policies), "{policies}");
    let [("example.net", rest)] = omitted_policies(report)[..] else { panic!() };
    assert_eq!(rest.failed + (policies as u64 - 2) + 1, total - 1);
    let first = report.policies().find(|policy| policy.summary().failed == 2);
    assert_eq!(first.unwrap().policy_strings(), [format!("3 1 1 {:064x}", 0)]);
    let details: u64 = report.details().map(|detail| detail.failed_session_count).sum();
    assert_eq!(details, 1_000 + 4 + 1 + 1 + 100 * 256);
    // Without a policy there is nothing to leave out.
    let last = report.policies().find(|p| p.policy_type() == &PolicyType::NO_POLICY_FOUND);
    assert_eq!(last.map(|p| (p.policy_domain(), p.summary().successful)), Some(("example.net", 1)));
    let json = report.to_json();
    assert_eq!(
        crate::Reader::strict().read_owned(json.as_bytes()).unwrap().report().to_json(),
        json
    );
    // Others have theirs.
    let other = Session { report_domain: name("example.com"), ..session() }.policy(success());
    assert_eq!(tally.record(&other, at(0)), Ok(Counted::Counted));
}

// checks: tlsrpt/P1
#[test]
fn house_a_domain_of_many_records_fills_its_own_room_alone() {
    let mut tally = tally();
    let mut record = |domain: &'static str, number: usize| {
        let record: Record = format!("{TEXT},mailto:{number}@example.net").parse().unwrap();
        let session = Session::new(name(domain), record, at(0)).policy(success());
        let bytes = crate::DatagramWriter::new().session(&session).unwrap().to_vec();
        let counted = tally.record(&session, at(0));
        assert_eq!(tally.record_datagram(&bytes, at(0)), counted.map_err(DatagramRefused::Refused));
        counted
    };
    for number in 0..limits::RECORDS {
        assert_eq!(record("example.net", number), Ok(Counted::Counted));
    }
    assert_eq!(record("example.net", limits::RECORDS), Err(Refused::Records));
    assert_eq!(record("EXAMPLE.net.", limits::RECORDS), Err(Refused::Records));
    assert_eq!(record("example.net", 0), Ok(Counted::Counted));
    assert_eq!(record("example.com", limits::RECORDS), Ok(Counted::Counted));
    assert_eq!(tally.statistics().records, 4);
    assert_eq!(reports(&tally).len(), limits::RECORDS + 1);
}

// checks: tlsrpt/P1
#[test]
fn house_the_room_of_a_record_is_what_this_writer_took() {
    let all: Vec<_> = (0..300).map(|number| tlsa(format!("{number}"), 0..1)).collect();
    let theirs = counters(&Writer::new("b", 1), &all);
    let ours = counters(&Writer::new("a", 1), &all[..290]);
    // What others counted before takes nothing of it.
    let mut tally = tally_of("a");
    tally.merge(day(), &theirs).unwrap();
    all[..290].iter().for_each(|session| assert!(tally.record(session, at(0)).is_ok()));
    let mut merged = theirs.clone();
    merged.merge(&ours);
    assert_eq!(*tally.day(day()).unwrap(), merged);
}

fn tally_of(node: &str) -> Tally {
    Tally::new(Writer::new(node, 1), 42)
}

// checks: tlsrpt/P1, tlsrpt/S3
#[test]
fn house_a_report_of_too_many_policies_folds_the_rarest() {
    // Ten nodes, each with all that it may take: as JSON some sixty megabytes.
    let mut all = Counters::new(1);
    for node in 0..10 {
        let sessions: Vec<_> = (0..20)
            .map(|number| tlsa(format!("{node} {number}{}", "\u{1}".repeat(45_000)), 0..2))
            .collect();
        let mut one = counters(&Writer::new(format!("{node}"), 1), &sessions);
        one.merge(&counters(&Writer::new("often", node), &sessions[..1]));
        all.merge(&one);
    }
    let reporter = reporter();
    let report = all.reports(&reporter, day()).next().unwrap().into_report();
    assert!(report.json_len() <= limits::REPORT);
    assert_eq!(summary(&report).iter().map(|one| one.failed).sum::<u64>(), 210);
    let [("example.net", rest)] = omitted_policies(&report)[..] else { panic!() };
    assert!(rest.failed > 190 - 20, "as few as will do");
    let often = report.policies().filter(|policy| policy.summary().failed == 2).count();
    assert_eq!(often, 10, "those that came more often stay");
    let details: u64 = report.details().map(|detail| detail.failed_session_count).sum();
    assert_eq!(details, 420);
    let json = report.to_json();
    let read = crate::Reader::strict().read_owned(json.as_bytes()).unwrap();
    assert_eq!(read.report().policies().len(), report.policies().len());
}
