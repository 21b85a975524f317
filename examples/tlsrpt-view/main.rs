//! `tlsrpt-view`: what TLS reports say, as a table, a JSON object or a page.
//!
//! Files are read one after the other ([`input`]), counted ([`collect`]) into a bounded summary
//! ([`summary`]), and shown ([`terminal`], [`json`], [`page`]). Whatever a report says is a claim of
//! somebody unknown: it is cut, escaped ([`text`]) and never rendered.

mod args;
mod collect;
mod exit;
mod hosts;
mod input;
mod json;
mod meaning;
mod page;
mod seen;
mod summary;
mod table;
mod terminal;
mod text;
mod timeline;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::Args;
use collect::Collection;
use exit::Exit;
use summary::Summary;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::AllRead };
            let _ = error.print();
            return code.into();
        }
    };
    let mut collection = Collection::default();
    for path in &args.files {
        input::read(path, &mut collection);
    }
    let summary = collection.into_summary();
    show(&args, &summary).unwrap_or_else(|exit| exit).into()
}

/// Writes everything that was asked for.
fn show(args: &Args, summary: &Summary) -> Result<Exit, Exit> {
    if let Some(path) = &args.html {
        save(path, &page::page(summary))?;
    }
    if args.json {
        print(|out| json::write(summary, out))?;
    } else if args.html.is_none() {
        print(|out| out.write_all(terminal::text(summary).as_bytes()))?;
    }
    Ok(Exit::of(summary))
}

/// Writes the page to a new file first, so that a reader never sees half of it.
fn save(path: &Path, page: &str) -> Result<(), Exit> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let saved = File::create_new(&part)
        .and_then(|mut file| file.write_all(page.as_bytes()))
        .and_then(|()| std::fs::rename(&part, path));
    saved.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        eprintln!("tlsrpt-view: the page could not be written: {error}");
        Exit::CannotWrite
    })
}

/// Prints; a reader that has seen enough, such as `head`, is no failure.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Exit> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("tlsrpt-view: cannot write to standard output: {error}");
            Err(Exit::CannotWrite)
        }
        _ => Ok(()),
    }
}
