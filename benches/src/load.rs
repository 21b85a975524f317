//! `tlsrpt-load`: what a collector and a report job take with a million domains; some ten seconds.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use benches::tlsrpt::{MANY, STEP, count_datagrams, counted, day, mails};
use tlsrpt::{Counters, Tally};

fn main() {
    // The second has met the domains in another order.
    let (mut a, b, c) = (counted("a", STEP), counted("b", 104_729), counted("c", STEP));
    let best = (0..100)
        .map(|portion| {
            count_datagrams(&mut a, MANY, STEP, portion * 10_000..(portion + 1) * 10_000)
        })
        .min()
        .unwrap_or_default();
    println!("count: {:.2} million datagrams a second", 0.01 / best.as_secs_f64());
    let [Some(a), Some(b), Some(c)] = [&a, &b, &c].map(|tally| Tally::day(tally, day())) else {
        return;
    };
    println!("held: {} bytes a bucket", a.bytes() / a.buckets() as usize);
    println!("merge of two snapshots: {:.3} s", merge(a, b));
    println!("merge of two in the same order: {:.3} s", merge(a, c));
    println!("a million reports as mail: {:.1} s", mails(a, MANY).as_secs_f64());
}

/// Seconds, the best of three times.
fn merge(ours: &Counters, theirs: &Counters) -> f64 {
    let times = (0..3).map(|_| {
        let mut all = ours.clone();
        let start = Instant::now();
        all.merge(theirs);
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}
