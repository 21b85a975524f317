//! `conformance run`.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use conformance::run::exceptions::Exceptions;
use conformance::run::{External, InProcess, Limits, Report, run as put};
use conformance::vector;

use super::Outcome;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The shell command of another testee; without it ours is asked in process
    #[arg(long, value_name = "CMD")]
    testee: Option<String>,
    /// The testee's name, by which its exceptions are found [default: the program's file name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only the vectors of this document
    #[arg(long, value_name = "rfcNNNN")]
    spec: Option<String>,
    /// Known divergences of the testee [default: exceptions/NAME.json, if there is such a file]
    #[arg(long, value_name = "FILE")]
    exceptions: Option<PathBuf>,
    /// Where the vectors are
    #[arg(long, value_name = "DIR", default_value_os_t = vector::own_directory())]
    vectors: PathBuf,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    /// How long to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,
    /// How often to start the testee again after it has crashed or hung
    #[arg(long, value_name = "N", default_value_t = 1)]
    restarts: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let files = vector::load(&arguments.vectors)?;
    let spec = arguments.spec.as_deref();
    if !files.iter().any(|file| spec.is_none_or(|spec| spec == file.spec)) {
        return Err("there is no such vector".into());
    }
    let exceptions = exceptions(arguments)?;
    let judged = match &arguments.testee {
        Some(command) => {
            let limits = Limits {
                answer: Duration::from_secs(arguments.timeout),
                restarts: arguments.restarts,
            };
            put(&mut External::new(command, limits), &files, spec)
        }
        None => put(&mut InProcess, &files, spec),
    };
    let report = Report::new(&judged, &exceptions, spec);
    if arguments.json {
        println!("{:#}", report.to_json());
    } else {
        print!("{report}");
    }
    Ok(if report.is_as_expected() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn exceptions(arguments: &Arguments) -> Result<Exceptions, Box<dyn core::error::Error>> {
    if let Some(path) = &arguments.exceptions {
        return Ok(Exceptions::load(path)?);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("exceptions")
        .join(format!("{}.json", name(arguments)));
    Ok(Exceptions::load_if_present(&path)?)
}

/// The name given, else the file name of the testee's program without its extension.
fn name(arguments: &Arguments) -> String {
    let command = arguments.testee.as_deref().unwrap_or("conformance");
    let program = Path::new(command.split_whitespace().next().unwrap_or_default());
    let stem = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    arguments.name.clone().unwrap_or(stem)
}
