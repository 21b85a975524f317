//! `policy-host`: serves the MTA-STS policies of many domains
//! ([RFC 8461](https://www.rfc-editor.org/rfc/rfc8461)).
//!
//! Policies and certificates are files, one for each domain, and are read again when they change
//! ([`folder`]). The server name of the TLS connection chooses the certificate ([`site`]); it answers
//! one request for one path ([`http`]) within limits ([`serve`]). At the start and after each change it
//! prints what is unwise or wrong in what it serves ([`finding`]).

mod args;
mod date;
mod finding;
mod folder;
mod http;
mod serve;
mod site;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use args::Args;
use finding::Inspector;
use folder::Folder;
use site::Sites;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    match run(args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("policy-host: {error}");
            ExitCode::from(66)
        }
    }
}

fn run(args: Args) -> Result<ExitCode, Box<dyn core::error::Error + Send + Sync>> {
    let inspector = Inspector::new(args.roots.as_deref())?;
    let mut folder = Folder::new(args.policies.clone(), args.certificates.clone());
    let reading = folder.read(&inspector)?;
    reading.print();
    if args.check {
        return Ok(if reading.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let sites = Arc::new(Sites::new(reading.sites));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let reload = folder::reload(folder, inspector, Arc::clone(&sites));
        tokio::select! {
            result = serve::serve(&args, sites) => result,
            result = reload => Ok(result?),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
