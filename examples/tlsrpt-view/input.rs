//! Files: told apart by their first bytes, and read within limits.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tlsrpt::{MailError, ReadError, Reader, limits};

use crate::collect::{Collection, Origin};

/// Mails of one Maildir that are read.
const MAILS: usize = 100_000;

/// Why a file, or a report in it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    /// The operating system does not give it.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A folder without `cur` and `new`.
    #[error("folder is not a Maildir: it has neither cur nor new")]
    NotAMaildir,
    /// A Maildir with too many mails.
    #[error("Maildir has more than {MAILS} mails, the others were not read")]
    TooManyMails,
    /// A mail without a report that could be taken out.
    #[error("{0}")]
    Mail(#[from] MailError),
    /// Bytes that are no report.
    #[error("{0}")]
    Report(#[from] ReadError),
}

impl Unread {
    /// The stable word for this reason.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Io(error) => match error.kind() {
                io::ErrorKind::NotFound => "not-found",
                io::ErrorKind::PermissionDenied => "permission-denied",
                _ => "input-output",
            },
            Self::NotAMaildir => "not-a-maildir",
            Self::TooManyMails => "too-many-mails",
            Self::Report(error) => error.word(),
            Self::Mail(error) => match error {
                MailError::TooLarge => "mail-too-large",
                MailError::TooDeep => "mail-too-deep",
                MailError::TooManyParts => "mail-too-many-parts",
                MailError::HeaderTooLong => "mail-header-too-long",
                MailError::NoReport => "mail-without-report",
                MailError::Quirk(quirk) => quirk.word(),
                _ => "mail-unreadable",
            },
        }
    }
}

/// Reads a file or Maildir into the collection.
pub(crate) fn read(path: &Path, collection: &mut Collection) {
    let outcome = match fs::metadata(path) {
        Err(error) => Err(error.into()),
        Ok(metadata) if metadata.is_dir() => maildir(path, collection),
        Ok(_) => file(path, Format::Unknown, collection),
    };
    if let Err(unread) = outcome {
        collection.unread(path, &unread);
    }
}

/// What is known of a file's format before it is read.
#[derive(Clone, Copy)]
enum Format {
    Mail,
    Unknown,
}

fn maildir(folder: &Path, collection: &mut Collection) -> Result<(), Unread> {
    let folders = ["cur", "new"].map(|name| folder.join(name));
    if !folders.iter().any(|folder| folder.is_dir()) {
        return Err(Unread::NotAMaildir);
    }
    let mut mails = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        list(folder, &mut mails)?;
    }
    let too_many = mails.len() > MAILS;
    mails.truncate(MAILS);
    mails.sort();
    for mail in mails {
        if let Err(unread) = file(&mail, Format::Mail, collection) {
            collection.unread(&mail, &unread);
        }
    }
    if too_many { Err(Unread::TooManyMails) } else { Ok(()) }
}

/// Adds the mails of a folder, at most one more than are read. What is no plain file, or begins
/// with a dot, is no mail.
fn list(folder: &Path, mails: &mut Vec<PathBuf>) -> Result<(), Unread> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.file_type()?.is_file() {
            mails.push(entry.path());
        }
        if mails.len() > MAILS {
            break;
        }
    }
    Ok(())
}

fn file(path: &Path, format: Format, collection: &mut Collection) -> Result<(), Unread> {
    let mut bytes = Vec::new();
    // One byte more than the largest mail has: then the reader says that it is too large.
    let most = u64::try_from(limits::MAIL).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    collection.file();
    match format {
        Format::Mail => mail(path, &bytes, collection),
        Format::Unknown if looks_like_mail(path, &bytes) => mail(path, &bytes, collection),
        Format::Unknown => {
            let reading = Reader::lenient().read_owned(&bytes)?;
            collection.report(&Origin::file(path), &reading);
            Ok(())
        }
    }
}

fn mail(path: &Path, bytes: &[u8], collection: &mut Collection) -> Result<(), Unread> {
    let mail = Reader::lenient().read_mail(bytes)?;
    let origin = Origin::mail(path, &mail);
    for report in &mail.reports {
        match report {
            Ok(reading) => collection.report(&origin, reading),
            Err(error) => collection.unread(path, &Unread::Report(*error)),
        }
    }
    Ok(())
}

/// Whether this is mail: so named, or beginning with a header field. A report begins with a brace
/// or with the magic bytes of gzip, and neither can be in a field's name.
fn looks_like_mail(path: &Path, bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return false;
    }
    let field_name = bytes.iter().position(|&byte| byte == b':').and_then(|at| bytes.get(..at));
    let has_field = field_name.is_some_and(|name| {
        !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-')
    });
    has_field || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart_by_their_first_bytes() {
        for (name, bytes, is_mail) in [
            ("a", &b"{\"a\": 1}"[..], false),
            ("a", b"\xef\xbb\xbf{\"a\":1}", false),
            ("a.eml", b"\x1f\x8b\x08:", false),
            ("a", b"", false),
            ("a", b":", false),
            ("a", b"no field", false),
            ("a", b"Return-Path: <>\r\n", true),
            ("a.json", b"X:", true),
            ("a.EML", b"", true),
        ] {
            assert_eq!(looks_like_mail(Path::new(name), bytes), is_mail, "{name} {bytes:?}");
        }
    }
}
