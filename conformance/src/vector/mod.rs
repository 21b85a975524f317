//! Vectors: questions with the answers that the RFCs ask for.

mod check;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use check::{Problem, check};

/// A file of vectors.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where the file was found; empty until it is read from disk.
    #[serde(skip)]
    pub path: PathBuf,
    /// The crate that the vectors are about.
    #[serde(rename = "crate")]
    pub subject: Subject,
    /// The document that the vectors are from: `rfc8461`.
    pub spec: String,
    /// The vectors.
    pub vectors: Vec<Vector>,
}

/// The crate that a file of vectors is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// RFC 8461.
    MtaSts,
    /// RFC 6698, 7671 and 7672.
    Dane,
    /// RFC 3207, 5321 and 8689.
    SmtpStarttls,
    /// RFC 8460.
    Tlsrpt,
}

impl Subject {
    /// The name of the crate.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MtaSts => "mta-sts",
            Self::Dane => "dane",
            Self::SmtpStarttls => "smtp-starttls",
            Self::Tlsrpt => "tlsrpt",
        }
    }

    /// What the names of this crate's operations begin with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::MtaSts => "mta_sts.",
            Self::Dane => "dane.",
            Self::SmtpStarttls => "smtp.",
            Self::Tlsrpt => "tlsrpt.",
        }
    }
}

/// A question with the answer that is expected.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// `spec/section/name`, unique.
    pub id: String,
    /// What the input is, in a few words.
    pub title: String,
    /// The section of the document.
    pub section: String,
    /// How binding it is.
    pub level: Level,
    /// Why this answer is expected.
    pub why: String,
    /// The rules that it checks: `mta-sts/D03`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The request, without an id.
    pub request: Map<String, Value>,
    /// The fields that the answer must have.
    pub expect: Map<String, Value>,
}

impl Vector {
    /// The name of the operation asked for; empty if there is none.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.request.get("op").and_then(Value::as_str).unwrap_or_default()
    }
}

/// How binding the expected answer is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// MUST, MUST NOT, SHALL, REQUIRED.
    Must,
    /// SHOULD, SHOULD NOT, RECOMMENDED.
    Should,
    /// MAY, and what the RFC leaves to the implementation.
    May,
    /// The RFC is silent or contradicts itself; this is one reading.
    Unclear,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
            Self::Unclear => "unclear",
        })
    }
}

/// The vectors that belong to this crate.
#[must_use]
pub fn own_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Reads all `*.json` below `directory` but `schema.json`, in the order of their paths.
///
/// # Errors
///
/// [`LoadError`] names the file that cannot be read or is not a file of vectors.
pub fn load(directory: &Path) -> Result<Vec<File>, LoadError> {
    let mut paths = Vec::new();
    find(directory, &mut paths)?;
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn find(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let unreadable = |source| LoadError::Unreadable(directory.to_owned(), source);
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        if path.is_dir() {
            find(&path, paths)?;
        } else if is_json && path.file_name().is_some_and(|name| name != "schema.json") {
            paths.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<File, LoadError> {
    let bytes = fs::read(path).map_err(|source| LoadError::Unreadable(path.to_owned(), source))?;
    let file = serde_json::from_slice::<File>(&bytes)
        .map_err(|source| LoadError::Malformed(path.to_owned(), source))?;
    Ok(File { path: path.to_owned(), ..file })
}

/// Why vectors cannot be loaded.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file or directory cannot be read.
    #[error("{}: cannot be read: {_1}", _0.display())]
    Unreadable(PathBuf, io::Error),
    /// The file is not of the form that `schema.json` describes.
    #[error("{}: not a file of vectors: {_1}", _0.display())]
    Malformed(PathBuf, serde_json::Error),
}
