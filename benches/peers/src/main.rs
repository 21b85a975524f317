//! `peers`: ours beside the published peer in one run; `peers OPERATION COUNT`: one, so many times.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use benches::starttls::{EHLO, ehlo, long_ehlo};
use benches::tlsrpt::{read_report, write_report};
use benches::{RECORD, best, read_record, reference_report, repeat};
use lettre::transport::smtp::extension::ServerInfo;
use lettre::transport::smtp::response::Response;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::mta_sts::MtaSts;
use mail_auth::report::tlsrpt::TlsReport;
use smtp_proto::EhloResponse;

/// An operation, ours and the peer's. Both are given the same bytes.
struct Pair {
    ours: (&'static str, fn(usize) -> Duration),
    peer: (&'static str, fn(usize) -> Duration),
}

const PAIRS: &[Pair] = &[
    Pair {
        ours: ("record", |count| repeat(count, || read_record(black_box(RECORD)))),
        peer: ("mail-auth-record", |count| {
            repeat(count, || {
                black_box(MtaSts::parse(black_box(RECORD)).expect("a valid record"));
            })
        }),
    },
    Pair {
        ours: ("report-read", |count| {
            let json = reference_report();
            repeat(count, || read_report(black_box(json.as_bytes())))
        }),
        peer: ("mail-auth-report-read", |count| {
            let json = reference_report();
            repeat(count, || {
                black_box(TlsReport::parse_json(black_box(json.as_bytes())).expect("a report"));
            })
        }),
    },
    Pair {
        ours: ("report-write", |count| write_report(reference_report().as_bytes(), count)),
        peer: ("mail-auth-report-write", |count| {
            let report = TlsReport::parse_json(reference_report().as_bytes()).expect("a report");
            repeat(count, || {
                black_box(black_box(&report).to_json());
            })
        }),
    },
    Pair {
        ours: ("ehlo", |count| ehlo(EHLO, count)),
        peer: ("smtp-proto-ehlo", |count| by_smtp_proto(EHLO, count)),
    },
    Pair {
        ours: ("ehlo", |count| ehlo(EHLO, count)),
        peer: ("lettre-ehlo", |count| by_lettre(EHLO, count)),
    },
    Pair {
        ours: ("ehlo-long", |count| ehlo(&long_ehlo(), count)),
        peer: ("smtp-proto-ehlo-long", |count| by_smtp_proto(&long_ehlo(), count)),
    },
    Pair {
        ours: ("ehlo-long", |count| ehlo(&long_ehlo(), count)),
        peer: ("lettre-ehlo-long", |count| by_lettre(&long_ehlo(), count)),
    },
];

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

fn by_smtp_proto(reply: &str, count: usize) -> Duration {
    repeat(count, || {
        let mut octets = black_box(reply.as_bytes()).iter();
        black_box(EhloResponse::parse(&mut octets).expect("a reply"));
    })
}

fn by_lettre(reply: &str, count: usize) -> Duration {
    repeat(count, || {
        let response: Response = black_box(reply).parse().expect("a reply");
        black_box(ServerInfo::from_response(&response).expect("an offer"));
    })
}

fn compare(pair: &Pair) {
    let (mut ours, mut peer) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        ours = ours.min(best(pair.ours.1));
        peer = peer.min(best(pair.peer.1));
    }
    println!("{:<22} {ours:>8.1} ns", pair.ours.0);
    println!("{:<22} {peer:>8.1} ns   {:.2} times ours", pair.peer.0, peer / ours);
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
