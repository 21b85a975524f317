//! The rules of the documents, a file for each crate.

use std::fs;
use std::path::Path;

use core::fmt;

use serde::Deserialize;

use super::CoverageError;
use crate::vector::Subject;

/// The rules that a crate keeps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// The crate.
    #[serde(rename = "crate")]
    pub subject: Subject,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id within the crate.
    pub id: String,
    /// Where it stands, `RFC 8461 3.1`.
    pub section: String,
    /// How binding it is.
    pub level: Level,
    /// The rule in one sentence.
    pub rule: String,
}

/// How binding a rule is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// MUST, MUST NOT, SHALL.
    Must,
    /// SHOULD, SHOULD NOT.
    Should,
    /// MAY.
    May,
    /// The document is silent or contradicts itself.
    Unclear,
    /// The project's own decision where the document leaves room.
    House,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
            Self::Unclear => "unclear",
            Self::House => "house",
        })
    }
}

impl RuleSet {
    /// The full names of all rules: `mta-sts/D03`.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.rules.iter().map(|rule| self.name(rule))
    }

    /// The full name of a rule of this set.
    #[must_use]
    pub fn name(&self, rule: &Rule) -> String {
        format!("{}/{}", self.subject.name(), rule.id)
    }
}

/// The rules of the four crates.
///
/// # Errors
///
/// [`CoverageError::Unreadable`] and [`CoverageError::Malformed`] name the file.
pub fn own_rules() -> Result<Vec<RuleSet>, CoverageError> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let subjects = [Subject::MtaSts, Subject::Dane, Subject::SmtpStarttls, Subject::Tlsrpt];
    let read = |subject: Subject| {
        let name = format!("rules/{}.json", subject.name());
        let path = directory.join(format!("{}.json", subject.name()));
        let bytes =
            fs::read(path).map_err(|source| CoverageError::Unreadable(name.clone(), source))?;
        serde_json::from_slice(&bytes).map_err(|source| CoverageError::Malformed(name, source))
    };
    subjects.into_iter().map(read).collect()
}
