//! Datagrams that MTAs send to a collector.

use pki_types::UnixTime;
use serde_json::{Map, Value};
use tlsrpt::{
    Counted, Datagram, DatagramError, DatagramWriter, FailureTexts, OrderError, PolicyCode, Reader,
    Reporter, ResultCode, Session, Tally, UtcDay, Writer,
};

use super::super::input::Input;
use super::{fail, request};

/// A datagram as it comes, and one written out of the same bytes.
///
/// What is read has a good domain and record, is written and read again as the same, is counted
/// without an effect on others, and gives a report that the strict reader takes; it is counted
/// alike as it came and as the session that it tells of; nothing that was cut short is read; what
/// is written is JSON whatever the texts hold.
pub fn datagram(data: &[u8]) {
    is_counted_alike(data);
    if let Ok(datagram) = Datagram::read(data) {
        let domain: &str = datagram.domain().as_ref();
        assert!(!domain.is_empty() && !domain.ends_with('.'));
        assert!(!domain.contains(|c: char| c.is_ascii_uppercase() || c.is_ascii_control()));
        assert!((1..=16).contains(&datagram.policies().len()));
        let cut = data.trim_ascii_end().split_last().map(|(_, cut)| cut).unwrap_or_default();
        assert!(Datagram::read(cut).is_err(), "a cut datagram is none");
        is_written(datagram);
    }
    match written(&mut Input::new(data)) {
        Ok(bytes) => is_json(&bytes),
        Err(OrderError::NoPolicy) => {}
        Err(error) => fail(&format!("steps in order: {error}")),
    }
}

/// The quick way into a tally and the one over a session are one.
fn is_counted_alike(data: &[u8]) {
    let Ok(day) = "2026-11-20".parse::<UtcDay>() else { return };
    let [mut quick, mut slow] = [3, 4].map(|seed| Tally::new(Writer::new("node", 1), seed));
    let counted = quick.record_datagram(data, day.start());
    let read = Datagram::read(data);
    assert_eq!(counted.is_ok(), read.is_ok(), "{counted:?} {read:?}");
    if let Ok(datagram) = read {
        let again = slow.record(&datagram.into_session(day.start()), day.start());
        assert_eq!(counted.ok(), again.ok());
    }
    assert_eq!(quick.day(day), slow.day(day));
}

fn is_written(datagram: Datagram<'_>) {
    let Ok(day) = "2026-11-20".parse::<UtcDay>() else { return };
    let session = datagram.into_session(day.start());
    let mut writer = DatagramWriter::new();
    let Ok(bytes) = writer.session(&session).map(<[u8]>::to_vec) else {
        fail("what is read is written")
    };
    match Datagram::read(&bytes) {
        Ok(again) => {
            assert_eq!(again.domain(), &session.report_domain);
            assert_eq!(again.policies().len(), session.policies.len());
            let again = again.into_session(day.start());
            assert_eq!(writer.session(&again).ok(), Some(bytes.as_slice()), "one form");
        }
        // Escapes make a datagram longer than it came.
        Err(DatagramError::TooLong) => {}
        Err(error) => fail(&format!("what is written is read: {error}")),
    }
    is_counted(&session, day.start());
}

fn is_counted(session: &Session<'_>, now: UnixTime) {
    let mut tally = Tally::new(Writer::new("node", 1), 0);
    let counted = tally.record(session, now);
    let day = UtcDay::of(now);
    let Ok(reporter) = Reporter::new("Example", "tls@sender.example", "node") else { return };
    let reports: Vec<_> = match tally.day(day) {
        Some(counters) => counters.reports(&reporter, day).collect(),
        None => Vec::new(),
    };
    assert_eq!(reports.len(), usize::from(counted == Ok(Counted::Counted)), "whole or not at all");
    for report in reports {
        let json = report.report().to_json();
        let read = Reader::strict().read_owned(json.as_bytes());
        assert!(read.is_ok(), "the strict reader takes what is reported: {json}");
    }
}

/// A datagram out of any texts.
fn written(input: &mut Input<'_>) -> Result<Vec<u8>, OrderError> {
    let mut writer = DatagramWriter::new();
    writer.begin(input.bytes(), input.bytes());
    for _ in 0..input.byte() % 4 {
        let kind = input.one_of(PolicyCode(9), &[PolicyCode(1), PolicyCode(2), PolicyCode(-1)]);
        let domain = input.bytes();
        writer.begin_policy(kind, Some(domain).filter(|domain| !domain.is_empty()))?;
        for _ in 0..input.byte() % 3 {
            writer.add_string(input.bytes())?;
            writer.add_mx_host(input.bytes())?;
        }
        for _ in 0..input.byte() % 3 {
            let mut texts = FailureTexts::default();
            texts.sending_mta_ip = Some(input.bytes());
            texts.receiving_mx_helo = Some(input.bytes());
            texts.failure_reason_code = Some(input.bytes());
            writer.add_failure(ResultCode(i32::from(input.byte()) + 200), &texts)?;
        }
        writer.end_policy(i32::from(input.byte() % 3))?;
    }
    writer.end().map(<[u8]>::to_vec)
}

fn is_json(bytes: &[u8]) {
    assert!(serde_json::from_slice::<Value>(bytes).is_ok(), "what is written is JSON");
    let is_formed = !matches!(
        Datagram::read(bytes),
        Err(DatagramError::NotJson { .. }
            | DatagramError::NotAnObject
            | DatagramError::TrailingBytes
            | DatagramError::DuplicateMember
            | DatagramError::TooDeep
            | DatagramError::Missing
            | DatagramError::WrongType
            | DatagramError::Version)
    );
    assert!(is_formed, "what is written has the right form");
}

pub(in crate::properties) fn seed_datagram(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: super::asked::Record = request("tlsrpt.record", operation, fields)?;
    let mut writer = DatagramWriter::new();
    writer.begin(b"Example.COM.", request.txt.first()?.concat().as_bytes());
    writer.begin_policy(PolicyCode(2), Some(b"example.com")).ok()?;
    writer.add_string(b"version: STSv1").ok()?;
    let mut texts = FailureTexts::default();
    texts.receiving_ip = Some(b"2001:db8::1");
    texts.receiving_mx_helo = Some(b"mx ESMTP\r\n\"q\\");
    writer.add_failure(ResultCode(205), &texts).ok()?;
    writer.end_policy(1).ok()?;
    writer.end().ok().map(<[u8]>::to_vec)
}
