//! `tlsrpt-load`: what a collector and a report job take with a million domains; some ten seconds.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use benches::tlsrpt::{MANY, count_datagrams, counted, day, mails};
use tlsrpt::Tally;

fn main() {
    let (mut a, b) = (counted("a"), counted("b"));
    let best = (0..100)
        .map(|portion| count_datagrams(&mut a, MANY, portion * 10_000, 10_000))
        .min()
        .unwrap_or_default();
    println!("count: {:.2} million datagrams a second", 0.01 / best.as_secs_f64());
    let (Some(mine), Some(other)) = (Tally::day(&a, day()), b.day(day())) else { return };
    println!("held: {} bytes a bucket", mine.bytes() / mine.buckets() as usize);
    let merge = (0..3)
        .map(|_| {
            let mut all = mine.clone();
            let start = Instant::now();
            all.merge(other);
            start.elapsed()
        })
        .min();
    println!("merge of two snapshots: {:.3} s", merge.unwrap_or_default().as_secs_f64());
    println!("a million reports as mail: {:.1} s", mails(mine, MANY).as_secs_f64());
}
