//! A day's reports as files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use pki_types::UnixTime;
use tlsrpt::{Compression, Compressor, DomainReport, Mail, Target};

use crate::args::{Files, Format};
use crate::make::{Maker, latest_sealed, store_failed};
use crate::sign::Signer;
use crate::stopped::Stopped;

/// Writes them; a file is there wholly or not at all.
pub(crate) async fn run(maker: &Maker, args: &Files) -> Result<(), Stopped> {
    let signer = Signer::open(&args.dkim, &maker.reporter)?;
    let latest = latest_sealed(UnixTime::now());
    let day = args.day.unwrap_or(latest);
    if day > latest {
        eprintln!(
            "tlsrpt-report: warning: {day} is not closed yet; {latest} is the last day that is"
        );
    }
    let failed = |error| Stopped::new(73, format!("{}: {error}", args.to.display()));
    fs::create_dir_all(&args.to).map_err(failed)?;
    let (mut compressor, mut last, mut count) = (Compressor::new(), String::new(), 0_u64);
    loop {
        let domains = maker.domains(day, &last).await.map_err(store_failed)?;
        let Some(end) = domains.last() else { break };
        last.clone_from(end);
        for domain in &domains {
            let counters = maker.counters(day, domain).await.map_err(store_failed)?;
            for report in counters.reports(&maker.reporter, day) {
                for (name, bytes) in files(&report, args.format, &mut compressor, signer.as_ref())?
                {
                    write(&args.to, &name, &bytes).map_err(failed)?;
                    count += 1;
                }
            }
        }
    }
    println!("{count} files for {day} in {}", args.to.display());
    Ok(())
}

/// The files of one report.
fn files(
    report: &DomainReport<'_>,
    format: Format,
    compressor: &mut Compressor,
    signer: Option<&Signer>,
) -> Result<Vec<(String, Vec<u8>)>, Stopped> {
    let gzipped = |compressor: &mut Compressor| Mail::gzip(report, compressor);
    match format {
        Format::Json => {
            let mut name = report.file_name();
            name.compression = Compression::Plain;
            Ok(vec![(name.to_string(), report.report().to_json().into_bytes())])
        }
        Format::Gzip => {
            let mail = gzipped(compressor);
            Ok(vec![(mail.file_name().to_string(), mail.post().body.to_vec())])
        }
        Format::Mail => {
            let (mail, mut files) = (gzipped(compressor), Vec::new());
            // Dated by the end of the day, so that a second run writes the same but for a signature's time.
            let date = report.report().window().end();
            for uri in report.record().uris() {
                let Target::Mail { address } = uri.target() else { continue };
                let unsigned =
                    mail.message(address, date).map_err(|error| Stopped::new(70, error))?;
                let message = match signer {
                    Some(signer) => signer.sign(unsigned)?.into_message(),
                    None => unsigned.message().to_vec(),
                };
                let name = format!("{}.{}.eml", mail.file_name(), files.len() + 1);
                files.push((name, message));
            }
            Ok(files)
        }
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    let part = folder.join(format!(".{name}.part"));
    let mut file = fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(part, path)
}
