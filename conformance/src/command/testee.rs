//! `conformance testee`.

use std::io::{self, BufReader, BufWriter};
use std::process::ExitCode;

use super::Outcome;

pub(crate) fn run() -> Outcome {
    let input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match conformance::testee::serve(input, output) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
