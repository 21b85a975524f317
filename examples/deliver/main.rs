//! `deliver`: one delivery as an outbound mail server makes it, or the whole lab.
//!
//! Without arguments it delivers a message to every domain of the lab on loopback and compares each
//! verdict with the expected one ([`lab`]); with `--to` it delivers to a real destination ([`real`]).

mod args;
mod exit;
#[path = "../common/host_name.rs"]
mod host_name;
mod lab;
#[path = "../common/network.rs"]
mod network;
#[path = "../common/provider.rs"]
mod provider;
mod real;
#[path = "../common/roots.rs"]
mod roots;
mod row;
#[path = "../common/stopped.rs"]
mod stopped;
mod table;

use std::process::ExitCode;

use clap::Parser;

use args::Args;
use exit::Exit;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Delivered };
            let _ = error.print();
            return code.into();
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("deliver: the runtime could not be started: {error}");
            return Exit::LabFailed.into();
        }
    };
    runtime.block_on(async {
        if args.to.is_empty() { lab::run(&args).await.into() } else { real::run(&args).await }
    })
}
