//! What holds for any input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tlsrpt::pki_types::UnixTime;
use tlsrpt::{
    Address, Compressor, Counters, Datagram, DatagramWriter, DateTime, Document, Failure, FileName,
    Outcome, Policy, PolicyOutcome, PolicyType, Reader, Record, Reporter, ResultType, Session,
    Subject, Tally, UtcDay, Writer,
};

fn day() -> UtcDay {
    "2026-11-20".parse().unwrap()
}

fn record(text: &str) -> Record {
    text.parse().unwrap()
}

/// Texts that a peer may choose: plain, long, or of odd characters.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z.]{0,12}",
        ".{0,40}",
        "[\\x00-\\x1f\"\\\\é😀]{0,8}",
        (200_usize..600).prop_map(|length| "é".repeat(length)),
    ]
}

fn address() -> impl Strategy<Value = Address<'static>> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| Address::V4(octets.into())),
        any::<[u16; 8]>().prop_map(|segments| Address::V6(segments.into())),
        text().prop_map(|text| Address::Text(text.into())),
    ]
}

fn failure() -> impl Strategy<Value = Failure<'static>> {
    let kind = prop_oneof![
        select(&ResultType::REGISTERED[..]),
        text().prop_map(|name| ResultType(name.into())),
    ];
    let option = || proptest::option::of(text());
    let addresses = (proptest::option::of(address()), proptest::option::of(address()));
    (kind, addresses, option(), option(), option(), option()).prop_map(
        |(kind, (sending, receiving), host, helo, information, reason)| {
            let mut failure = Failure::new(kind);
            failure.sending_mta_ip = sending;
            failure.receiving_ip = receiving;
            failure.receiving_mx_hostname = host.map(Into::into);
            failure.receiving_mx_helo = helo.map(Into::into);
            failure.additional_information = information.map(Into::into);
            failure.failure_reason_code = reason.map(Into::into);
            failure
        },
    )
}

fn outcome() -> impl Strategy<Value = PolicyOutcome<'static>> {
    let kind = select(&[PolicyType::TLSA, PolicyType::STS, PolicyType::NO_POLICY_FOUND][..]);
    let domain = select(&["example.net", "MX.example.net.", "a-1.example"][..]);
    let lists = (vec(text(), 0..3), vec(text(), 0..3));
    (kind, domain, lists, any::<bool>(), vec(failure(), 0..4)).prop_map(
        |(kind, domain, (strings, hosts), success, failures)| {
            let policy = Policy::new(kind, domain).strings(strings).mx_hosts(hosts);
            let outcome = if success { Outcome::Success } else { Outcome::Failure };
            let mut outcome = PolicyOutcome::new(policy, outcome);
            outcome.failures = failures;
            outcome
        },
    )
}

fn session() -> impl Strategy<Value = Session<'static>> {
    let domain = select(&["example.net", "example.com", "EXAMPLE.net."][..]);
    let text =
        select(&["v=TLSRPTv1;rua=mailto:a@b.example", "v=TLSRPTv1; rua=https://r.example/x"][..]);
    (domain, text, vec(outcome(), 1..4)).prop_map(|(domain, text, policies)| {
        let domain = domain.try_into().unwrap();
        let mut session = Session::new(domain, record(text), day().start());
        session.policies = policies;
        session
    })
}

fn counted(writer: &Writer, sessions: &[Session<'_>]) -> Counters {
    let mut tally = Tally::new(writer.clone(), 7);
    for session in sessions {
        tally.record(session, day().start()).unwrap();
    }
    tally.day(day()).cloned().unwrap_or_else(|| Counters::new(0))
}

/// What a few nodes counted, some of them twice in life.
fn snapshots() -> impl Strategy<Value = Vec<Counters>> {
    let node = select(&["a", "b", "c"][..]);
    vec((node, 0_u64..2, vec(session(), 0..6)), 3).prop_map(|parts| {
        parts
            .iter()
            .map(|(node, epoch, sessions)| counted(&Writer::new(*node, *epoch), sessions))
            .collect()
    })
}

fn merged<'a>(parts: impl IntoIterator<Item = &'a Counters>) -> Counters {
    let mut all = Counters::new(99);
    parts.into_iter().for_each(|part| all.merge(part));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn merging_is_commutative_associative_and_idempotent(parts in snapshots()) {
        let [a, b, c] = &parts[..] else { panic!() };
        prop_assert_eq!(merged([a, b]), merged([b, a]));
        prop_assert_eq!(merged([&merged([a, b]), c]), merged([a, &merged([b, c])]));
        prop_assert_eq!(merged([a, a]), merged([a]));
        prop_assert_eq!(merged([a, b, a, c, b]), merged([c, b, a]));
        // Rows from a store give the same.
        let mut stored = Counters::new(5);
        for row in parts.iter().flat_map(Counters::rows) {
            stored.restore(&row).unwrap();
        }
        prop_assert_eq!(&stored, &merged(&parts));
        let reporter = Reporter::new("o", "a@sender.example", "n").unwrap();
        let reports = |counters: &Counters| -> Vec<String> {
            counters.reports(&reporter, day()).map(|report| report.report().to_json()).collect()
        };
        prop_assert_eq!(reports(&merged([a, b, c])), reports(&merged([c, b, a])));
    }

    #[test]
    fn a_later_snapshot_replaces_an_earlier_one(sessions in vec(session(), 1..8), cut in 0_usize..8) {
        let writer = Writer::new("a", 1);
        let early = counted(&writer, &sessions[..cut.min(sessions.len())]);
        let late = counted(&writer, &sessions);
        prop_assert_eq!(merged([&early, &late]), merged([&late]));
        prop_assert_eq!(merged([&late, &early]), merged([&late]));
    }

    // checks: tlsrpt/F1, tlsrpt/F3, tlsrpt/J8
    #[test]
    fn a_strict_reader_takes_every_report_of_a_tally(sessions in vec(session(), 1..8)) {
        let counters = counted(&Writer::new("a", 1), &sessions);
        let reporter = Reporter::new("Org \"é\"\n", "a@sender.example", "n").unwrap();
        let mut compressor = Compressor::new();
        for report in counters.reports(&reporter, day()) {
            let json = report.report().to_json();
            prop_assert_eq!(report.report().json_len(), json.len());
            prop_assert_eq!(&serde_json::to_string(report.report()).unwrap(), &json);
            let gzip = compressor.gzip(json.as_bytes());
            let document = Document::open(&gzip).unwrap();
            let reading = Reader::strict().read(&document).unwrap();
            prop_assert_eq!(reading.report().to_json(), json);
            let name = report.file_name();
            prop_assert_eq!(name.to_string().parse::<FileName>().unwrap(), name);
        }
    }

    // checks: tlsrpt/S3
    #[test]
    fn totals_are_exact(sessions in vec(session(), 1..8)) {
        let counters = counted(&Writer::new("a", 1), &sessions);
        let reporter = Reporter::new("o", "a@sender.example", "n").unwrap();
        let total: u64 = counters
            .reports(&reporter, day())
            .flat_map(|report| report.report().policies().map(|policy| policy.summary()).collect::<Vec<_>>())
            .map(|summary| summary.successful + summary.failed)
            .sum();
        // A policy that is evaluated twice in one session counts once.
        let most: usize = sessions.iter().map(|session| session.policies.len()).sum();
        prop_assert!(total as usize <= most && total as usize >= sessions.len());
    }

    #[test]
    fn datagrams_come_back_as_their_sessions(session in session()) {
        let mut writer = DatagramWriter::new();
        let bytes = writer.session(&session).unwrap();
        let read = Datagram::read(bytes).unwrap().into_session(session.ended_at);
        let now = day().start();
        let (mut direct, mut by_datagram) = (Tally::new(Writer::new("a", 1), 1), Tally::new(Writer::new("a", 1), 1));
        let mut fast = by_datagram.clone();
        // What has no number of its own travels as another failure.
        let mut numbered = session.clone();
        for failure in numbered.policies.iter_mut().flat_map(|outcome| &mut outcome.failures) {
            if !failure.result_type.is_registered() {
                failure.result_type = ResultType::VALIDATION_FAILURE;
            }
            if let Some(Address::Text(text)) = &failure.sending_mta_ip {
                failure.sending_mta_ip = Some(Address::from(&**text).into_owned());
            }
            if let Some(Address::Text(text)) = &failure.receiving_ip {
                failure.receiving_ip = Some(Address::from(&**text).into_owned());
            }
        }
        direct.record(&numbered, now).unwrap();
        by_datagram.record(&read, now).unwrap();
        fast.record_datagram(bytes, now).unwrap();
        prop_assert_eq!(direct.day(day()), by_datagram.day(day()));
        prop_assert_eq!(fast.day(day()), by_datagram.day(day()));
    }

    #[test]
    fn a_datagram_that_comes_again_counts_the_same_again(
        sessions in vec(session(), 1..4), order in vec((0_usize..4, 1_usize..4), 1..24)
    ) {
        let mut writer = DatagramWriter::new();
        let datagrams: Vec<Vec<u8>> =
            sessions.iter().map(|session| writer.session(session).unwrap().to_vec()).collect();
        let now = day().start();
        let (mut fast, mut slow) = (Tally::new(Writer::new("a", 1), 1), Tally::new(Writer::new("a", 1), 1));
        for (which, times) in order {
            let bytes = &datagrams[which % datagrams.len()];
            for _ in 0..times {
                let mark = fast.day(day()).map(Counters::mark);
                fast.record_datagram(bytes, now).unwrap();
                slow.record(&Datagram::read(bytes).unwrap().into_session(now), now).unwrap();
                // The rows that it counted are those that a store is told of.
                let since = |tally: &Tally| {
                    let counters = tally.day(day()).unwrap();
                    let mut rows: Vec<_> = counters.rows_since(mark.unwrap_or_default()).collect();
                    rows.sort_unstable();
                    rows
                };
                prop_assert_eq!(since(&fast), since(&slow));
            }
        }
        prop_assert_eq!(fast.day(day()), slow.day(day()));
        prop_assert_eq!(fast.statistics(), slow.statistics());
    }

    // checks: tlsrpt/J7
    #[test]
    fn date_times_are_those_of_jiff(seconds in 0_u64..253_402_300_799, offset in -86_340_i32..86_340) {
        let ours = DateTime::from(UnixTime::since_unix_epoch(Duration::from_secs(seconds))).to_string();
        let theirs: jiff::Timestamp = ours.parse().unwrap();
        prop_assert_eq!(theirs.as_second() as u64, seconds);
        let offset = jiff::tz::Offset::from_seconds(offset / 60 * 60).unwrap();
        if let Ok(oracle) = jiff::Timestamp::from_second(seconds as i64) {
            let text = oracle.display_with_offset(offset).to_string();
            if text.len() == ours.len() + 5 {
                prop_assert_eq!(text.parse::<DateTime>().unwrap().time().as_secs(), seconds);
            }
        }
    }

    // checks: tlsrpt/P1
    #[test]
    fn nothing_panics_on_any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        everything(&bytes);
    }

    // checks: tlsrpt/P1
    #[test]
    fn nothing_panics_on_text_of_the_right_letters(text in "[v=TLSRP1;rua:mto@.,!% \\t{}\\[\\]\"0-9\\\\n-]{0,80}") {
        everything(text.as_bytes());
    }

    // checks: tlsrpt/P1
    #[test]
    fn nothing_panics_on_broken_examples(
        which in 0_usize..6, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()
    ) {
        let mut bytes = example(which);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
        }
        everything(&bytes);
    }
}

/// Something valid, to be broken.
fn example(which: usize) -> Vec<u8> {
    let json = br#"{"organization-name":"S","date-range":{"start-datetime":"2026-11-20T00:00:00Z","end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"a@b.example","report-id":"1","policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1"],"policy-domain":"d.example","mx-host":["mx"]},"summary":{"total-successful-session-count":1,"total-failure-session-count":2},"failure-details":[{"result-type":"x","receiving-ip":"192.0.2.1","failed-session-count":2}]}]}"#;
    match which {
        0 => b"v=TLSRPTv1; rua=https://r.example/x?a=b , mailto:a%2B@b.example; x=y".to_vec(),
        1 => json.to_vec(),
        2 => Compressor::new().gzip(json),
        3 => br#"{"dpv": "1","d": "Example.COM.","pr": "v=TLSRPTv1; rua=mailto:a@b.example","policies":[{"policy-type":9,"failure-details":[{"c":201,"h": "\u00e9"}],"t":1,"f":0}]}"#.to_vec(),
        4 => [&b"Content-Type: multipart/report; report-type=tlsrpt; boundary=\"b\"\n\n--b\nContent-Type: application/tlsrpt+json\n\n"[..], json, b"\n--b--\n"].concat(),
        _ => b"sender.example!example.net!1795132800!1795219199!5f3a9c01.json.gz".to_vec(),
    }
}

/// Gives the bytes to everything that reads.
fn everything(bytes: &[u8]) {
    if let Ok(record) = Record::try_from(bytes) {
        assert_eq!(record.to_string().parse(), Ok(record.clone()));
        for uri in record.uris() {
            assert_eq!(uri.to_string().parse(), Ok(uri.clone()));
        }
    }
    for reader in [Reader::lenient(), Reader::strict()] {
        if let Ok(reading) = reader.read_owned(bytes) {
            // Canonical form is a fixed point.
            let json = reading.report().to_json();
            let again = Reader::lenient().read_owned(json.as_bytes()).unwrap();
            assert_eq!(again.report().to_json(), json);
        }
        let _ = reader.read_mail(bytes);
    }
    let _ = Datagram::read(bytes);
    let mut tally = Tally::new(Writer::new("a", 1), 1);
    let fast = tally.record_datagram(bytes, day().start());
    assert_eq!(fast.is_ok(), Datagram::read(bytes).is_ok());
    if let Ok(text) = core::str::from_utf8(bytes) {
        let _ = (text.parse::<DateTime>(), text.parse::<UtcDay>(), Subject::parse(text));
        if let Ok(name) = text.parse::<FileName>() {
            assert_eq!(name.to_string().parse::<FileName>(), Ok(name));
        }
    }
}
