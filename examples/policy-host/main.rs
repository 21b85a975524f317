//! `policy-host`: serves the MTA-STS policies of many domains
//! ([RFC 8461](https://www.rfc-editor.org/rfc/rfc8461)).
//!
//! Policies and certificates are files, one for each domain, and are read again when they change
//! ([`folder`]). The server name of the TLS connection chooses the certificate ([`site`]); it answers
//! one request for one path ([`http`]) within limits ([`serve`]). At the start and after each change it
//! prints what is unwise or wrong in what it serves ([`finding`]), with `--dns` also against what DNS
//! says of the domains ([`live`]).

mod args;
mod date;
mod finding;
mod folder;
mod http;
mod live;
mod serve;
mod site;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use args::Args;
use finding::Inspector;
use folder::Folder;
use live::Dns;
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
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let dns = args.dns.map(|address| Dns::new(address, runtime.handle().clone()));
    let inspector = Inspector::new(args.roots.as_deref(), dns)?;
    let mut folder = Folder::new(args.policies.clone(), args.certificates.clone());
    let mut reading = folder.read(&inspector)?;
    if args.check {
        folder.lint(&inspector, &mut reading);
        reading.print();
        return Ok(if reading.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let sites = Arc::new(Sites::new(reading.take_sites()));
    runtime.block_on(async {
        let watch = folder::watch(folder, reading, inspector, Arc::clone(&sites));
        tokio::select! {
            result = serve::serve(&args, sites) => result,
            result = watch => Ok(result?),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
