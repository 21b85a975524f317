//! Operations of the crate `tlsrpt`.
#![expect(clippy::unwrap_used, reason = "an input of ours that is refused is a fault of the bench")]

use core::fmt::Write;
use core::hint::black_box;
use core::ops::Range;
use core::time::Duration;
use std::time::Instant;

use ::tlsrpt::{
    Compressor, Counters, DatagramWriter, Document, FailureTexts, Mail, PolicyCode, Reader,
    Reporter, ResultCode, Tally, UtcDay, Writer,
};
use serde::de::IgnoredAny;

use crate::clock::repeat;
use crate::reference::reference_report;

/// What tokenising alone takes.
pub(crate) fn tokens(count: usize) -> Duration {
    let json = reference_report();
    repeat(count, || {
        black_box(serde_json::from_str::<IgnoredAny>(black_box(&json)).unwrap());
    })
}

/// Reads a report strictly.
pub fn read_report(json: &[u8]) {
    let document = Document::open(json).unwrap();
    black_box(Reader::strict().read(&document).unwrap());
}

/// Writes the report of this JSON so many times.
pub fn write_report(json: &[u8], count: usize) -> Duration {
    let reading = Reader::strict().read_owned(json).unwrap();
    repeat(count, || {
        black_box(black_box(reading.report()).to_json());
    })
}

pub(crate) fn report_read(count: usize) -> Duration {
    let json = reference_report();
    repeat(count, || read_report(black_box(json.as_bytes())))
}

pub(crate) fn report_write(count: usize) -> Duration {
    write_report(reference_report().as_bytes(), count)
}

/// Writes the datagram of a session into a buffer that is used again.
pub(crate) fn datagram_write(count: usize) -> Duration {
    let mut writer = DatagramWriter::new();
    repeat(count, || {
        write(black_box(&mut writer), black_box("d1.example.com"), Failed::No);
        black_box(writer.end().unwrap());
    })
}

/// Reads and counts datagrams of a thousand domains, one in ten with a failure.
pub(crate) fn tally_1k(count: usize) -> Duration {
    let mut tally = Tally::new(Writer::new("a", 1), 0x5eed);
    // What comes twice is kept, so each comes twice before.
    count_datagrams(&mut tally, 1_000, STEP, 0..2_000);
    count_datagrams(&mut tally, 1_000, STEP, 0..count)
}

/// A tally that has met a million domains, in steps of this width.
#[must_use]
pub fn counted(node: &str, step: usize) -> Tally {
    let mut tally = Tally::new(Writer::new(node, 1), 0x5eed);
    for portion in (0..MANY).step_by(10_000) {
        count_datagrams(&mut tally, MANY, step, portion..portion + 10_000);
    }
    tally
}

/// The time it takes to read and count these datagrams. A step prime to the number of domains meets
/// every domain, in no order that memory would like.
pub fn count_datagrams(
    tally: &mut Tally,
    domains: usize,
    step: usize,
    numbers: Range<usize>,
) -> Duration {
    let mut writer = DatagramWriter::new();
    let mut domain = String::new();
    let portion: Vec<Vec<u8>> = numbers
        .map(|number| {
            domain.clear();
            write!(domain, "d{}.example.com", number * step % domains).unwrap();
            write(&mut writer, &domain, if number % 10 == 0 { Failed::Yes } else { Failed::No });
            writer.end().unwrap().to_vec()
        })
        .collect();
    let now = day().start();
    let start = Instant::now();
    for datagram in &portion {
        tally.record_datagram(datagram, now).unwrap();
    }
    start.elapsed()
}

/// The day on which all of it happens.
#[must_use]
pub fn day() -> UtcDay {
    "2026-11-20".parse().unwrap()
}

enum Failed {
    Yes,
    No,
}

/// An MTA-STS policy of one pattern.
fn write(writer: &mut DatagramWriter, domain: &str, failed: Failed) {
    let mut text = String::with_capacity(128);
    let mut with = |before: &str| {
        text.clear();
        text.push_str(before);
        text.push_str(domain);
        text.clone().into_bytes()
    };
    writer.begin(domain.as_bytes(), &with("v=TLSRPTv1; rua=mailto:tlsrpt@"));
    writer.begin_policy(PolicyCode::STS, Some(domain.as_bytes())).unwrap();
    for line in [&b"version: STSv1"[..], b"mode: enforce", &with("mx: *."), b"max_age: 604800"] {
        writer.add_string(line).unwrap();
    }
    writer.add_mx_host(&with("*.")).unwrap();
    let failed = matches!(failed, Failed::Yes);
    if failed {
        let host = with("mx1.");
        let mut texts = FailureTexts::default();
        texts.sending_mta_ip = Some(b"192.0.2.1");
        texts.receiving_mx_hostname = Some(&host);
        texts.receiving_ip = Some(b"2001:db8::25");
        writer.add_failure(ResultCode(204), &texts).unwrap();
    }
    writer.end_policy(i32::from(failed)).unwrap();
}

/// The time it takes to make this many of a day's reports.
pub fn mails(counters: &Counters, count: usize) -> Duration {
    let reporter = Reporter::new("Sender Example Ltd", "tls-reports@sender.example", "a").unwrap();
    let mut compressor = Compressor::new();
    let start = Instant::now();
    for report in counters.reports(&reporter, day()).take(count) {
        let mail = Mail::gzip(&report, &mut compressor);
        black_box(mail.message("tlsrpt@example.com", day().end()).unwrap().message().len());
    }
    start.elapsed()
}

/// A width of steps through the domains.
pub const STEP: usize = 7_919;
/// Domains of the large tally.
pub const MANY: usize = 1_000_000;
