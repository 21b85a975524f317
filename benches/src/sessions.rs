//! `sessions`: whole sessions beside the same octets over bare rustls, by the clock; `sessions KIND
//! COUNT`: one kind, so many times; `sessions serve TICKETS`: their server.

use std::process::ExitCode;

use benches::session::{KINDS, Kind, Server, serve};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => {
            KINDS.iter().for_each(|kinds| compare(*kinds));
            ExitCode::SUCCESS
        }
        ["serve", tickets] => match tickets.parse().map(serve) {
            Ok(Ok(())) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        },
        [name, count] => match (find(name), count.parse::<usize>()) {
            (Some(kind), Ok(count)) => {
                println!("{:?}", Server::start(kind.tickets).sessions(kind, count));
                ExitCode::SUCCESS
            }
            _ => usage(),
        },
        _ => usage(),
    }
}

/// Sessions of each kind: enough for a stable tenth.
const ROUNDS: usize = 2_000;

fn compare(kinds: [Kind; 2]) {
    let [ours, bare] = Server::start(kinds[0].tickets).compare(kinds, ROUNDS);
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    println!("{:<22} {:>8.1} us", kinds[0].name, ours.as_secs_f64() * 1e6);
    println!(
        "{:<22} {:>8.1} us   ours is {ratio:.3} times this",
        kinds[1].name,
        bare.as_secs_f64() * 1e6
    );
}

fn find(name: &str) -> Option<Kind> {
    KINDS.as_flattened().iter().find(|kind| kind.name == name).copied()
}

fn usage() -> ExitCode {
    eprintln!("usage: sessions [KIND COUNT | serve TICKETS]");
    for kind in KINDS.as_flattened() {
        eprintln!("  {}", kind.name);
    }
    ExitCode::FAILURE
}
