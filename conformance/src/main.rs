//! Judges implementations of SMTP transport security, and is one of them.

mod command;

use std::process::ExitCode;

use clap::Parser;

/// Judges implementations of SMTP transport security by vectors.
#[derive(Debug, Parser)]
#[command(version)]
enum Arguments {
    /// Answers requests, one JSON object a line, on standard input and output
    Testee,
    /// Puts the vectors to our testee, or to another program
    Run(command::run::Arguments),
    /// Writes COVERAGE.md: which rule is checked by which vectors and tests
    Coverage(command::coverage::Arguments),
    /// Writes inputs for the fuzzer, made out of the vectors
    Seeds(command::seeds::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse() {
        Arguments::Testee => command::testee::run(),
        Arguments::Run(arguments) => command::run::run(&arguments),
        Arguments::Coverage(arguments) => command::coverage::run(&arguments),
        Arguments::Seeds(arguments) => command::seeds::run(&arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("conformance: {error}");
        ExitCode::from(2)
    })
}
