//! Counters as a store gives them back.

use serde_json::{Map, Value};
use tlsrpt::{CounterRow, Counters, Reader, Reporter, UtcDay, Writer};

use super::super::input::{Input, Output};
use super::{fail, request};
use crate::testee::tlsrpt::tally_of;

/// Rows: a key, a writer, and two counts.
///
/// A row is taken in full or not at all; what is taken is given back, in the order in which it can be taken
/// again, and told in a report; among policies, and among failures, the order of rows has no meaning, nor that
/// one comes twice; what is reported is a report, whatever texts a damaged store has brought.
pub fn stored(data: &[u8]) {
    let mut input = Input::new(data);
    let mut rows = Vec::new();
    while !input.is_empty() && rows.len() < 16 {
        rows.push(row(&mut input));
    }
    rows.iter().for_each(is_told_alone);
    // As stores give them back: policies before their failures.
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    let mut counters = Counters::new(1);
    let taken: Vec<_> = rows.iter().filter(|row| is_taken(&mut counters, row)).collect();
    let (failures, policies): (Vec<_>, Vec<_>) =
        taken.iter().rev().chain(&taken).partition(|row| row.key.starts_with(&[0xff, 0xff]));
    let mut other = Counters::new(2);
    for row in policies.into_iter().chain(failures) {
        assert_eq!(other.restore(row), Ok(()), "what is taken once is taken again");
    }
    assert_eq!(counters, other, "the order of rows has no meaning");
    let mut again = Counters::new(3);
    for row in counters.rows() {
        assert_eq!(again.restore(&row), Ok(()), "what is given back is taken");
    }
    assert_eq!(counters, again, "what is taken is given back");
    for row in &taken {
        let key = present_key(row);
        let mut kept = counters.rows();
        let Some(kept) = kept.find(|kept| kept.key == key && kept.writer == row.writer) else {
            fail("what is taken is given back")
        };
        assert!(kept.successful >= row.successful || kept.successful == 0);
        assert!(kept.failed >= row.failed);
    }
    is_reported(&counters);
}

/// The key under which a row is given back: its own, but for the failures of earlier versions.
fn present_key(row: &CounterRow) -> Vec<u8> {
    let mut alone = Counters::new(1);
    match alone.restore(row).map(|()| alone.rows().last()) {
        Ok(Some(last)) => last.key,
        _ => row.key.clone(),
    }
}

fn is_taken(counters: &mut Counters, row: &CounterRow) -> bool {
    let before = counters.clone();
    let taken = counters.restore(row).is_ok();
    assert!(taken || *counters == before, "what is refused changes nothing");
    taken
}

fn row(input: &mut Input<'_>) -> CounterRow {
    let writer = Writer::new(input.one_of("a", &["b"]), u64::from(input.byte() % 2));
    let counts = (u64::from(input.byte()), u64::from(input.byte()));
    CounterRow::new(input.bytes().to_vec(), writer, counts.0, counts.1)
}

/// What is taken can be told: a policy with its counts, or a failure of one.
fn is_told_alone(row: &CounterRow) {
    let mut counters = Counters::new(1);
    let row = CounterRow::new(row.key.clone(), row.writer.clone(), 0, 3);
    if counters.restore(&row).is_err() {
        return;
    }
    let (day, reporter) = reporting();
    let mut told = 0;
    for report in counters.reports(&reporter, day) {
        told += report.report().policies().map(|policy| policy.summary().failed).sum::<u64>();
        told += report.report().details().map(|detail| detail.failed_session_count).sum::<u64>();
    }
    assert_eq!(told, 3, "what is taken is reported");
}

fn reporting() -> (UtcDay, Reporter) {
    let reporter = Reporter::new("Example", "tls@sender.example", "node");
    match ("2026-11-20".parse(), reporter) {
        (Ok(day), Ok(reporter)) => (day, reporter),
        _ => fail("these are a day and a reporter"),
    }
}

fn is_reported(counters: &Counters) {
    let (day, reporter) = reporting();
    for report in counters.reports(&reporter, day) {
        let json = report.report().to_json();
        let read = Reader::lenient().read_owned(json.as_bytes());
        assert!(read.is_ok(), "what is reported is a report: {json}");
    }
}

pub(in crate::properties) fn seed_stored(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: super::asked::Aggregate = request("tlsrpt.aggregate", operation, fields)?;
    let day: UtcDay = "2026-11-20".parse().ok()?;
    let tally = tally_of(&request, day.start()).ok()?;
    let mut output = Output::default();
    for row in tally.day(day)?.rows().take(16) {
        output.rest(&[0, 0, 1, 2]).bytes(&row.key);
    }
    Some(output.into_bytes())
}
