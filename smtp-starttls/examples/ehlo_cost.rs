//! Reads an EHLO reply many times, to be counted by an instruction counter.
//!
//! `valgrind --tool=callgrind ehlo_cost short 1000`, then with 2000: the difference by 1000 is the
//! cost of one reply, from its octets to the capabilities in force. The reader is that of the
//! connection and is made once. `short` has ten lines in 155
//! octets, `long` 83 lines in 2,196.

use core::hint::black_box;
use std::process::ExitCode;

use smtp_starttls::{Capabilities, CapabilityReader, LineEnds, Read, ReplyReader};

const SHORT: &str = "250-mx.lab.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-ETRN\r\n\
    250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n\
    250 CHUNKING\r\n";

fn long() -> String {
    let lines = (0..80).map(|number| format!("250-XEXT{number} param=value{number}\r\n"));
    let start = format!("250-{}\r\n", "mail.example.".repeat(8));
    lines.fold(start, |reply, line| reply + &line) + "250-STARTTLS\r\n250 SIZE 1\r\n"
}

fn read(reader: &mut ReplyReader, reply: &[u8]) -> Option<Capabilities> {
    let mut capabilities = CapabilityReader::new();
    let mut rest = reply;
    loop {
        let Ok(Read::Line { line, taken }) = reader.read(rest) else { return None };
        capabilities.line(&line);
        rest = rest.get(taken..)?;
        if line.is_last() {
            return rest.is_empty().then(|| capabilities.finish_in_clear());
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let reply = match arguments.next().as_deref() {
        Some("short") => SHORT.to_string(),
        Some("long") => long(),
        _ => return ExitCode::FAILURE,
    };
    let Some(Ok(times)) = arguments.next().map(|times| times.parse::<u32>()) else {
        return ExitCode::FAILURE;
    };
    let mut reader = ReplyReader::new(LineEnds::Crlf);
    let mut offers = 0_u32;
    for _ in 0..times {
        let capabilities = read(&mut reader, black_box(reply.as_bytes()));
        offers += u32::from(black_box(capabilities).is_some());
    }
    println!("{} octets, read {offers} times", reply.len());
    ExitCode::SUCCESS
}
