//! `conformance coverage`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use conformance::coverage;

use super::Outcome;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Write nothing; fail if COVERAGE.md is stale
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("COVERAGE.md");
    let page = coverage::own_page()?;
    if !arguments.check {
        fs::write(&path, page)?;
        return Ok(ExitCode::SUCCESS);
    }
    if fs::read_to_string(&path).unwrap_or_default() == page {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("COVERAGE.md is stale: run `cargo run -p conformance -- coverage`");
    Ok(ExitCode::FAILURE)
}
