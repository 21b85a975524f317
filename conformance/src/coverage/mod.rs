//! Which rule is checked by which vectors and tests.

mod page;
mod rules;
mod tests_in;

use std::collections::BTreeMap;
use std::path::Path;

use crate::vector::{self, File, LoadError};

pub use page::page;
pub use rules::{Level, Rule, RuleSet, own_rules};

/// The checks of every rule, by the rule's name: `mta-sts/D03`.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    vectors: BTreeMap<String, Vec<String>>,
    tests: BTreeMap<String, Vec<String>>,
}

impl Checks {
    /// Gathers the checks of `rules` from the vectors and from the tests below `root`.
    ///
    /// # Errors
    ///
    /// [`CoverageError`] names a file that cannot be read, or a rule that does not exist.
    pub fn gather(rules: &[RuleSet], files: &[File], root: &Path) -> Result<Self, CoverageError> {
        let mut checks = Self::default();
        for vector in files.iter().flat_map(|file| &file.vectors) {
            for name in &vector.rules {
                require(rules, name, &vector.id)?;
                checks.vectors.entry(name.clone()).or_default().push(vector.id.clone());
            }
        }
        for test in tests_in::tests_in(root)? {
            for name in tests_in::rules_of(&test, rules) {
                require(rules, &name, &test.place)?;
                checks.tests.entry(name).or_default().push(test.place.clone());
            }
        }
        Ok(checks)
    }

    fn vectors_of(&self, name: &str) -> &[String] {
        self.vectors.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    fn tests_of(&self, name: &str) -> &[String] {
        self.tests.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

fn require(rules: &[RuleSet], name: &str, place: &str) -> Result<(), CoverageError> {
    let known = rules.iter().any(|set| set.names().any(|known| known == name));
    if known {
        return Ok(());
    }
    Err(CoverageError::NoSuchRule(name.to_owned(), place.to_owned()))
}

/// The page of this repository as it should be.
///
/// # Errors
///
/// [`CoverageError`], as for [`Checks::gather`].
pub fn own_page() -> Result<String, CoverageError> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = own_rules()?;
    let files = vector::load(&vector::own_directory())?;
    let checks = Checks::gather(&rules, &files, manifest.parent().unwrap_or(manifest))?;
    Ok(page(&rules, &checks))
}

/// Why the checks cannot be gathered.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum CoverageError {
    /// The vectors cannot be loaded.
    #[error(transparent)]
    Vectors(#[from] LoadError),
    /// A file cannot be read.
    #[error("{0}: cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    /// A file of rules is not of the form it should have.
    #[error("{0}: not a file of rules: {1}")]
    Malformed(String, serde_json::Error),
    /// A vector or test names a rule that does not exist.
    #[error("{1}: there is no rule {0}")]
    NoSuchRule(String, String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_does_not_exist_is_refused() {
        let rules = own_rules().unwrap();
        assert!(require(&rules, "mta-sts/D03", "x").is_ok());
        assert!(matches!(require(&rules, "mta-sts/X99", "x"), Err(CoverageError::NoSuchRule(..))));
    }

    #[test]
    fn rules_are_named_once() {
        for set in own_rules().unwrap() {
            let mut names: Vec<_> = set.names().collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "{}", set.subject.name());
        }
    }
}
