//! `tlsa`: TLSA records made ([`make`]), held against live servers ([`check`]), and changed in the right
//! order ([`rollover`]).

mod args;
mod check;
mod client;
mod connect;
mod exit;
mod find;
mod finding;
#[path = "../common/host_name.rs"]
mod host_name;
mod kind;
mod make;
#[path = "../common/network.rs"]
mod network;
mod pem;
mod print;
#[path = "../common/provider.rs"]
mod provider;
mod report;
mod rollover;
#[path = "../common/stopped.rs"]
mod stopped;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use exit::Exit;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
            let _ = error.print();
            return exit.into();
        }
    };
    let done = match &args.command {
        Command::Make(args) => make::run(args),
        Command::Check(args) => check::run(args),
        Command::Rollover(args) => rollover::run(args),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(stopped) => {
            eprintln!("tlsa: {}", stopped.message);
            stopped.code.into()
        }
    }
}
