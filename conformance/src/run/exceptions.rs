//! Known divergences of a testee, each with its reason.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The form of a file of exceptions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The program and version that the file is about; for the reader.
    #[serde(rename = "testee")]
    _testee: String,
    exceptions: Vec<Exception>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    vectors: Vec<String>,
    reason: String,
}

/// The reasons by vector id.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Exceptions(BTreeMap<String, String>);

impl Exceptions {
    /// Reads a file of exceptions.
    ///
    /// # Errors
    ///
    /// [`ExceptionsError`] says what is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, ExceptionsError> {
        let bytes = fs::read(path)
            .map_err(|source| ExceptionsError::Unreadable(path.to_owned(), source))?;
        Self::parse(&bytes, path)
    }

    /// Reads the file where there is one; no file means no exceptions.
    ///
    /// # Errors
    ///
    /// As [`Exceptions::load`].
    pub fn load_if_present(path: &Path) -> Result<Self, ExceptionsError> {
        if path.exists() { Self::load(path) } else { Ok(Self::default()) }
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self, ExceptionsError> {
        let file = serde_json::from_slice::<File>(bytes)
            .map_err(|source| ExceptionsError::Malformed(path.to_owned(), source))?;
        let mut reasons = BTreeMap::new();
        for exception in file.exceptions {
            if exception.reason.trim().is_empty() {
                return Err(ExceptionsError::NoReason(path.to_owned()));
            }
            for id in exception.vectors {
                if reasons.insert(id.clone(), exception.reason.clone()).is_some() {
                    return Err(ExceptionsError::Repeated(path.to_owned(), id));
                }
            }
        }
        Ok(Self(reasons))
    }

    /// Why this vector may fail.
    #[must_use]
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// The ids of all vectors that may fail.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Why exceptions cannot be read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ExceptionsError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {_1}", _0.display())]
    Unreadable(PathBuf, io::Error),
    /// It is not a file of exceptions.
    #[error("{}: not a file of exceptions: {_1}", _0.display())]
    Malformed(PathBuf, serde_json::Error),
    /// An exception has no reason.
    #[error("{}: an exception has no reason", _0.display())]
    NoReason(PathBuf),
    /// A vector is excepted twice.
    #[error("{}: {_1} is excepted twice", _0.display())]
    Repeated(PathBuf, String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Exceptions, ExceptionsError> {
        Exceptions::parse(text.as_bytes(), Path::new("x.json"))
    }

    #[test]
    fn an_exception_needs_a_reason() {
        let text = r#"{"testee": "x 1", "exceptions": [{"vectors": ["a"], "reason": " "}]}"#;
        assert!(matches!(parse(text), Err(ExceptionsError::NoReason(_))));
        let text = r#"{"testee": "x 1", "exceptions": [{"vectors": ["a"]}]}"#;
        assert!(matches!(parse(text), Err(ExceptionsError::Malformed(..))));
    }

    #[test]
    fn a_vector_is_excepted_once() {
        let text = r#"{"testee": "x 1", "exceptions": [{"vectors": ["a", "a"], "reason": "r"}]}"#;
        assert!(matches!(parse(text), Err(ExceptionsError::Repeated(_, id)) if id == "a"));
    }

    #[test]
    fn a_reason_is_found_by_id() {
        let text = r#"{"testee": "x 1", "exceptions": [{"vectors": ["a", "b"], "reason": "r"}]}"#;
        let exceptions = parse(text).unwrap();
        assert_eq!(exceptions.reason("b"), Some("r"));
        assert_eq!(exceptions.reason("c"), None);
    }

    #[test]
    fn no_file_means_no_exceptions() {
        let path = Path::new("no/such/file.json");
        assert_eq!(Exceptions::load_if_present(path).unwrap(), Exceptions::default());
        assert!(matches!(Exceptions::load(path), Err(ExceptionsError::Unreadable(..))));
    }
}
