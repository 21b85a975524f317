//! `peers`: ours beside the published peer in one run; `peers OPERATION COUNT`: one, so many times.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use benches::{RECORD, best, read_record, repeat};
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::mta_sts::MtaSts;

/// An operation, ours and the peer's. Both are given the same bytes.
struct Pair {
    ours: (&'static str, fn(usize) -> Duration),
    peer: (&'static str, fn(usize) -> Duration),
}

const PAIRS: &[Pair] = &[Pair {
    ours: ("record", |count| repeat(count, || read_record(black_box(RECORD)))),
    peer: ("mail-auth-record", |count| {
        repeat(count, || {
            black_box(MtaSts::parse(black_box(RECORD)).expect("a valid record"));
        })
    }),
}];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            PAIRS.iter().for_each(compare);
            ExitCode::SUCCESS
        }
        [name, count] => {
            let mut operations = PAIRS.iter().flat_map(|pair| [pair.ours, pair.peer]);
            match (operations.find(|(known, _)| known == name), count.parse()) {
                (Some((_, run)), Ok(count)) => {
                    println!("{:?}", run(count));
                    ExitCode::SUCCESS
                }
                _ => usage(),
            }
        }
        _ => usage(),
    }
}

fn compare(pair: &Pair) {
    let (mut ours, mut peer) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        ours = ours.min(best(pair.ours.1));
        peer = peer.min(best(pair.peer.1));
    }
    println!("{:<18} {ours:>8.1} ns", pair.ours.0);
    println!("{:<18} {peer:>8.1} ns   {:.2} times ours", pair.peer.0, peer / ours);
}

/// Ours and the peer's take turns, so that both meet the same load.
const ROUNDS: usize = 5;

fn usage() -> ExitCode {
    eprintln!("usage: peers [OPERATION COUNT]");
    for pair in PAIRS {
        eprintln!("  {}\n  {}", pair.ours.0, pair.peer.0);
    }
    ExitCode::FAILURE
}
