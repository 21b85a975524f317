//! `starttls-torture`: a hostile SMTP server for judging any SMTP client.

mod args;
mod exit;
mod play;
mod print;

use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use conformance::torture::{Keys, Script, scripts};
use pki_types::UnixTime;

use args::Args;
use exit::Exit;
use print::Printer;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Played };
            let _ = error.print();
            return code.into();
        }
    };
    match run(&args) {
        Ok(()) => Exit::Played.into(),
        Err((exit, message)) => {
            eprintln!("starttls-torture: {message}");
            exit.into()
        }
    }
}

/// Why the program ends before its time.
type Failed = (Exit, String);

fn run(args: &Args) -> Result<(), Failed> {
    let chosen = chosen(&args.scripts)?;
    let printer = Printer { json: args.json };
    if args.list {
        return printer.list(&chosen);
    }
    let listener = TcpListener::bind(args.listen).map_err(|error| {
        (Exit::Unavailable, format!("cannot listen at {}: {error}", args.listen))
    })?;
    let keys = Keys::for_host(&args.name, UnixTime::now())
        .map_err(|error| (Exit::Software, format!("the certificates cannot be made: {error}")))?;
    if let Some(path) = &args.root {
        write_root(path, &keys)?;
    }
    play::all(args, listener, keys, chosen, &printer)
}

fn chosen(ids: &[String]) -> Result<Vec<Script>, Failed> {
    let all = scripts();
    if ids.is_empty() {
        return Ok(all);
    }
    let find = |id: &String| {
        all.iter().find(|script| script.id == *id).cloned().ok_or_else(|| {
            (Exit::Usage, format!("there is no script {id:?}; --list names all of them"))
        })
    };
    ids.iter().map(find).collect()
}

fn write_root(path: &Path, keys: &Keys) -> Result<(), Failed> {
    let text = STANDARD.encode(keys.root());
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    std::fs::write(path, pem)
        .map_err(|error| (Exit::CannotWrite, format!("cannot write {}: {error}", path.display())))
}
