//! Counters as a store gives them back.

use serde_json::{Map, Value};
use tlsrpt::{CounterRow, Counters, Reader, Reporter, UtcDay, Writer};

use super::super::input::{Input, Output};
use super::{fail, request};
use crate::testee::tlsrpt::tally_of;

/// Rows: a key, a writer, and two counts.
///
/// A row is taken in full or not at all; what is taken is given back under the same key; the order
/// of rows has no meaning, nor that one comes twice; what is reported is a report, whatever texts a
/// damaged store has brought.
pub fn stored(data: &[u8]) {
    let mut input = Input::new(data);
    let mut rows = Vec::new();
    while !input.is_empty() && rows.len() < 16 {
        rows.push(row(&mut input));
    }
    let mut counters = Counters::new(1);
    let taken: Vec<_> = rows.iter().filter(|row| is_taken(&mut counters, row)).collect();
    let mut other = Counters::new(2);
    for row in taken.iter().rev().chain(&taken) {
        assert_eq!(other.restore(row), Ok(()), "what is taken once is taken again");
    }
    assert_eq!(counters, other, "the order of rows has no meaning");
    for row in taken.iter().filter(|row| row.successful + row.failed > 0) {
        let mut kept = counters.rows();
        let same = |kept: &CounterRow| kept.key == row.key && kept.writer == row.writer;
        let Some(kept) = kept.find(same) else { fail("what is taken is given back") };
        assert!(kept.successful >= row.successful && kept.failed >= row.failed);
    }
    is_reported(&counters);
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

fn is_reported(counters: &Counters) {
    let (Ok(day), Ok(reporter)) =
        ("2026-11-20".parse::<UtcDay>(), Reporter::new("Example", "tls@sender.example", "node"))
    else {
        fail("these are a day and a reporter")
    };
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
