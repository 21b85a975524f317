//! Measures a collector's work: `load [DATAGRAMS]`.
//!
//! Datagrams of 1,000 and of a million domains are read and counted; then two snapshots of a
//! million buckets are merged, and the reports of a thousand domains are written.
#![allow(clippy::print_stdout)]

use core::error::Error;
use core::hint::black_box;
use std::time::Instant;

use tlsrpt::{
    Compressor, Counters, DatagramWriter, FailureTexts, Mail, PolicyCode, Reporter, ResultCode,
    Tally, UtcDay, Writer,
};

fn main() -> Result<(), Box<dyn Error>> {
    let datagrams = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let day: UtcDay = "2026-11-20".parse()?;
    println!("encode {:.3} us a datagram", encode(datagrams)?);
    let mut counted = Vec::new();
    for (domains, node) in [(1_000, "a"), (1_000_000, "a"), (1_000_000, "b")] {
        let mut tally = Tally::new(Writer::new(node, 1), 0x5eed);
        if domains > 1_000 {
            // What is measured is counting, not the first sight of a domain.
            run(&mut tally, day, domains, domains)?;
        }
        let seconds = run(&mut tally, day, domains, datagrams)?;
        let counters = tally.day(day).ok_or("nothing was counted")?.clone();
        println!(
            "{domains} domains: {:.2} million datagrams a second, {} bytes a bucket",
            1e-6 / seconds,
            counters.bytes() / counters.buckets() as usize,
        );
        counted.push(counters);
    }
    let [small, a, b] = &counted[..] else { return Err("three runs".into()) };
    let merges = (0..3).map(|_| {
        let mut all = a.clone();
        let start = Instant::now();
        all.merge(b);
        start.elapsed()
    });
    let merge = merges.min().unwrap_or_default();
    println!("merge of two snapshots of {} buckets: {merge:?}", a.buckets());
    mails(small, day)
}

/// Microseconds to write a datagram, of the best portion of 1,000.
fn encode(datagrams: u32) -> Result<f64, Box<dyn Error>> {
    let mut writer = DatagramWriter::new();
    let mut best = f64::MAX;
    for _ in 0..datagrams / 1_000 {
        let start = Instant::now();
        for _ in 0..1_000 {
            writer.begin(b"d1.example.com", b"v=TLSRPTv1; rua=mailto:tlsrpt@d1.example.com");
            writer.begin_policy(PolicyCode::STS, Some(b"d1.example.com"))?;
            for line in
                ["version: STSv1", "mode: enforce", "mx: *.d1.example.com", "max_age: 604800"]
            {
                writer.add_string(line.as_bytes())?;
            }
            writer.add_mx_host(b"*.d1.example.com")?;
            writer.end_policy(0)?;
            black_box(writer.end()?);
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(best)
}

/// One in ten sessions fails.
fn write(writer: &mut DatagramWriter, number: u32, domain: &str) -> Result<(), Box<dyn Error>> {
    let record = format!("v=TLSRPTv1; rua=mailto:tlsrpt@{domain}");
    let host = format!("mx1.{domain}");
    writer.begin(domain.as_bytes(), record.as_bytes());
    writer.begin_policy(PolicyCode::STS, Some(domain.as_bytes()))?;
    for line in ["version: STSv1", "mode: enforce", &format!("mx: *.{domain}"), "max_age: 604800"] {
        writer.add_string(line.as_bytes())?;
    }
    writer.add_mx_host(format!("*.{domain}").as_bytes())?;
    let failed = number.is_multiple_of(10);
    if failed {
        let mut texts = FailureTexts::default();
        texts.sending_mta_ip = Some(b"192.0.2.1");
        texts.receiving_mx_hostname = Some(host.as_bytes());
        texts.receiving_ip = Some(b"2001:db8::25");
        writer.add_failure(ResultCode(204), &texts)?;
    }
    writer.end_policy(i32::from(failed))?;
    Ok(())
}

/// Seconds to read and count one datagram, of the best portion of 10,000: other programs run too.
fn run(tally: &mut Tally, day: UtcDay, domains: u32, count: u32) -> Result<f64, Box<dyn Error>> {
    let mut writer = DatagramWriter::new();
    let mut best = f64::MAX;
    let mut number = 0;
    while number < count {
        let mut portion = Vec::new();
        for _ in 0..10_000 {
            // A step that meets every domain, in no order that memory would like.
            let domain = u64::from(number) * 7_919 % u64::from(domains);
            write(&mut writer, number, &format!("d{domain}.example.com"))?;
            portion.push(writer.end()?.to_vec());
            number += 1;
        }
        let start = Instant::now();
        for datagram in &portion {
            tally.record_datagram(datagram, day.start())?;
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(10_000));
    }
    Ok(best)
}

/// Reports of all domains, as JSON, gzip and mail.
fn mails(counters: &Counters, day: UtcDay) -> Result<(), Box<dyn Error>> {
    let reporter = Reporter::new("Sender Example Ltd", "tls-reports@sender.example", "load")?;
    let mut compressor = Compressor::new();
    let start = Instant::now();
    let mut count = 0_u32;
    for report in counters.reports(&reporter, day) {
        let mail = Mail::gzip(&report, &mut compressor);
        black_box(mail.message("tlsrpt@example.com", day.end())?.message().len());
        count += 1;
    }
    let each = start.elapsed() / count.max(1);
    println!("{each:?} a report, as JSON, gzip and mail");
    Ok(())
}
