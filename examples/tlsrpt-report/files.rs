//! A day's reports as files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use pki_types::UnixTime;
use sha2::{Digest, Sha256};
use tlsrpt::{Compression, Compressor, DomainReport, Mail, Target};

use crate::args::{Files, Format};
use crate::day::latest_sealed;
use crate::make::{Maker, store_failed};
use crate::say::{say, warn};
use crate::sign::Signer;
use crate::stopped::Stopped;

/// Writes them; a file is there wholly or not at all. One that cannot be written does not keep the others
/// from being.
pub(crate) async fn run(maker: &Maker, args: &Files) -> Result<(), Stopped> {
    let signer = Signer::open(&args.dkim, &maker.reporter)?;
    let latest = latest_sealed(UnixTime::now());
    let day = args.day.unwrap_or(latest);
    if day > latest {
        warn(format_args!(
            "tlsrpt-report: warning: {day} is not closed yet; {latest} is the last day that is"
        ));
    }
    let failed = |error| Stopped::new(73, format!("{}: {error}", args.to.display()));
    fs::create_dir_all(&args.to).map_err(failed)?;
    let (mut compressor, mut last) = (Compressor::new(), String::new());
    let (mut count, mut unwritten) = (0_u64, None);
    loop {
        let domains = maker.domains(day, &last).await.map_err(store_failed)?;
        let Some(end) = domains.last() else { break };
        last.clone_from(end);
        for domain in &domains {
            let counters = maker.counters(day, domain).await.map_err(store_failed)?;
            for report in counters.reports(&maker.reporter, day) {
                for (name, bytes) in files(&report, args.format, &mut compressor, signer.as_ref())?
                {
                    match write(&args.to, &name, &bytes) {
                        Ok(()) => count += 1,
                        Err(error) => {
                            unwritten.get_or_insert((domain.clone(), error));
                        }
                    }
                }
            }
        }
    }
    say(format_args!("{count} files for {day} in {}", args.to.display()));
    match unwritten {
        None => Ok(()),
        Some((domain, error)) => Err(Stopped::new(73, format!("not all files: {domain}: {error}"))),
    }
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
    let path = folder.join(fitting(name));
    let part = folder.join(format!(".{}.part", std::process::id()));
    let mut file = fs::File::create(&part)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let written = written.and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(part);
    }
    written
}

/// The name, or one made of its digest and its end where it has more octets than a file's name may have:
/// RFC 8460 section 5.1 puts two domain names into it.
fn fitting(name: &str) -> String {
    if name.len() <= NAME {
        return name.to_owned();
    }
    let digest: String =
        Sha256::digest(name).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let end = name.rsplit_once('!').and_then(|(_, unique)| unique.split_once('.'));
    format!("sha256-{digest}.{}", end.map_or("json", |(_, end)| end))
}

/// Octets of a file's name: what Linux and its common file systems take.
const NAME: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    // checks: tlsrpt/F1, tlsrpt/F2
    #[test]
    fn rfc8460_5_1_a_name_that_is_too_long_is_made_shorter() {
        let of = |length: usize| {
            let (before, after) = ("s.example!", "!1795132800!1795219199!5f3a9c01.json.gz.1.eml");
            format!("{before}{}{after}", "d".repeat(length - before.len() - after.len()))
        };
        assert_eq!(fitting(&of(NAME)), of(NAME));
        let shorter = fitting(&of(NAME + 1));
        assert!(shorter.starts_with("sha256-") && shorter.ends_with(".json.gz.1.eml"), "{shorter}");
        assert_ne!(shorter, fitting(&of(NAME + 2)));
        assert_eq!(shorter, fitting(&of(NAME + 1)));
    }
}
