//! `conformance seeds`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use conformance::properties::ALL;
use conformance::vector;

use super::Outcome;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where to write: a folder for each fuzz target is made there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Where the vectors are
    #[arg(long, value_name = "DIR", default_value_os_t = vector::own_directory())]
    vectors: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let files = vector::load(&arguments.vectors)?;
    for property in ALL {
        let folder = arguments.directory.join(property.name);
        fs::create_dir_all(&folder)?;
        let mut count = 0;
        for seed in property.seeds(&files) {
            fs::write(folder.join(format!("seed-{count:05}")), seed)?;
            count += 1;
        }
        println!("{}: {count} seeds", property.name);
    }
    Ok(ExitCode::SUCCESS)
}
