//! `tlsrpt-load`: what a collector and a report job take with a million domains; some ten seconds.
#![allow(clippy::print_stdout)]

use benches::tlsrpt::{MANY, STEP, count_datagrams, counted, day, mails};
use tlsrpt::{Counters, Tally};

fn main() {
    // The second has met the domains in another order.
    let (mut a, b, c) = (counted("a", STEP), counted("b", 104_729), counted("c", STEP));
    // Portions short enough to fall between two interruptions now and then.
    let portions = (0..500).map(|portion| portion * 2_000..(portion + 1) * 2_000);
    let times = portions.map(|numbers| count_datagrams(&mut a, MANY, STEP, numbers));
    let best = times.min().unwrap_or_default();
    println!("count: {:.2} million datagrams a second", 0.002 / best.as_secs_f64());
    let [Some(a), Some(b), Some(c)] = [&a, &b, &c].map(|tally| Tally::day(tally, day())) else {
        return;
    };
    println!("held: {} bytes a bucket", a.bytes() / a.buckets() as usize);
    println!("merge of two snapshots: {:.3} s", merge(a, b));
    println!("merge of two in the same order: {:.3} s", merge(a, c));
    let start = busy();
    mails(a, MANY);
    println!("a million reports as mail: {:.1} s", busy() - start);
}

/// Seconds, the best of three times.
fn merge(ours: &Counters, theirs: &Counters) -> f64 {
    let times = (0..3).map(|_| {
        let mut all = ours.clone();
        let start = busy();
        all.merge(theirs);
        busy() - start
    });
    times.fold(f64::INFINITY, f64::min)
}

/// Seconds for which this thread has had a processor: others may have it in between.
fn busy() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}
