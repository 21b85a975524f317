//! Measures reading and writing of a report: `measure REPORT.json [ROUNDS]`.
//!
//! Times are the best of all rounds, in one run, so that their ratios can be compared on a busy
//! machine. `reference-report.py` writes the report for which targets are set.
#![allow(clippy::print_stdout)]

use core::error::Error;
use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use serde::de::IgnoredAny;
use tlsrpt::{Compressor, Document, Reader};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: measure REPORT.json [ROUNDS]")?;
    let rounds = arguments.next().map_or(Ok(200), |rounds| rounds.parse())?;
    let json = std::fs::read(path)?;
    let text = core::str::from_utf8(&json)?;
    let reader = Reader::strict();
    let document = Document::open(&json)?;
    let reading = reader.read(&document)?;
    let report = reading.report();
    let mut compressor = Compressor::new();

    let tokens = best(rounds, || serde_json::from_str::<IgnoredAny>(text).is_ok());
    let read = best(rounds, || reader.read(&document).is_ok());
    let write = best(rounds, || report.to_json().len());
    let serde = best(rounds, || serde_json::to_string(report).map_or(0, |json| json.len()));
    let gzip = best(rounds.min(20), || compressor.gzip(&json).len());
    let ratio = |time: Duration| time.as_secs_f64() / tokens.as_secs_f64();
    for (what, time) in [
        ("tokenise", tokens),
        ("read", read),
        ("write", write),
        ("write by serde", serde),
        ("gzip", gzip),
    ] {
        println!("{what:15} {time:>12?} {:6.2} x tokenising", ratio(time));
    }
    Ok(())
}

/// The shortest time of all rounds.
fn best<T>(rounds: u32, mut work: impl FnMut() -> T) -> Duration {
    let time = |_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed()
    };
    (0..rounds.max(1)).map(time).min().unwrap_or_default()
}
