//! Finds tests in Rust source, and the rules that they name.

use std::fs;
use std::path::Path;

use super::{CoverageError, RuleSet};
use crate::vector::Subject;

/// A test function.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Test {
    /// Its file and name: `mta-sts/src/record.rs: a_record_has_an_id`.
    pub(super) place: String,
    /// The folder below the root that it is in.
    folder: String,
    name: String,
    /// The names in its `// checks:` comments.
    comment: Vec<String>,
}

const COMMENT: &str = "// checks:";
const TEST: [&str; 3] = ["#[test]", "#[tokio::test", "both!("];

/// All tests below `root`, in the order of their files.
pub(super) fn tests_in(root: &Path) -> Result<Vec<Test>, CoverageError> {
    let mut paths = Vec::new();
    find(root, "", &mut paths)?;
    paths.sort();
    let mut tests = Vec::new();
    for path in paths {
        let source = fs::read_to_string(root.join(&path))
            .map_err(|source| CoverageError::Unreadable(path.clone(), source))?;
        tests.extend(scan(&path, &source));
    }
    Ok(tests)
}

fn find(root: &Path, below: &str, paths: &mut Vec<String>) -> Result<(), CoverageError> {
    let unreadable = |source| CoverageError::Unreadable(below.to_owned(), source);
    for entry in fs::read_dir(root.join(below)).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let is_folder = entry.file_type().map_err(unreadable)?.is_dir();
        if is_folder && name != "target" && name != "corpus" && !name.starts_with('.') {
            find(root, &path, paths)?;
        } else if !is_folder && name.ends_with(".rs") {
            paths.push(path);
        }
    }
    Ok(())
}

/// The tests of a source file: functions with a `test` attribute, or named by the macro `both` in front of
/// them, which makes two tests of one.
fn scan(path: &str, source: &str) -> Vec<Test> {
    let folder = path.split('/').next().unwrap_or_default();
    let mut tests = Vec::new();
    let mut comment = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if let Some(names) = line.strip_prefix(COMMENT) {
            comment
                .extend(names.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned));
        } else if TEST.iter().any(|begin| line.starts_with(begin)) {
            is_test = true;
        }
        let Some(name) = function(line) else { continue };
        let names = core::mem::take(&mut comment);
        if core::mem::take(&mut is_test) {
            let (place, folder) = (format!("{path}: {name}"), folder.to_owned());
            tests.push(Test { place, folder, name: name.to_owned(), comment: names });
        }
    }
    tests
}

fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_start = before.split_whitespace().all(|word| {
        word.starts_with("pub") || ["async", "const", "unsafe", "#[test]"].contains(&word)
    });
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    if is_start { after.get(..end).filter(|name| !name.is_empty()) } else { None }
}

/// The rules that a test names: in a comment in front of it, or in a crate's own folder by beginning
/// with their ids, `d03_d04_two_records`.
pub(super) fn rules_of(test: &Test, rules: &[RuleSet]) -> Vec<String> {
    let mut names = test.comment.clone();
    if let Some(set) = rules.iter().find(|set| set.subject.name() == test.folder) {
        let mut rest = test.name.as_str();
        while let Some((rule, after)) = set.rules.iter().find_map(|rule| {
            let after = spellings(set.subject, &rule.id)
                .find_map(|spelling| rest.strip_prefix(spelling.as_str()))?;
            Some((rule, after))
        }) {
            names.push(set.name(rule));
            rest = after;
        }
    }
    names.sort();
    names.dedup();
    names
}

/// How a test's name begins that names this rule. The crate's prefix of an id may be left out.
fn spellings(subject: Subject, id: &str) -> impl Iterator<Item = String> {
    let prefixes: &[&str] = match subject {
        Subject::MtaSts | Subject::Tlsrpt => &[],
        Subject::Dane => &["DANE-", "A-"],
        Subject::SmtpStarttls => &["SMTP-"],
    };
    let short = prefixes.iter().find_map(|prefix| id.strip_prefix(prefix));
    [Some(id), short]
        .into_iter()
        .flatten()
        .map(|id| format!("{}_", id.to_lowercase().replace('-', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::own_rules;

    fn named(path: &str, source: &str) -> Vec<Vec<String>> {
        let rules = own_rules().unwrap();
        scan(path, source).iter().map(|test| rules_of(test, &rules)).collect()
    }

    #[test]
    fn a_comment_belongs_to_the_next_test() {
        let source =
            "// checks: mta-sts/D03, dane/M1\n#[test]\nfn one() {\n}\n#[test]\nfn two() {}";
        assert_eq!(named("smtp-tls/src/x.rs", source), [vec!["dane/M1", "mta-sts/D03"], vec![]]);
        let source = "// checks: mta-sts/D03\nboth!(one);\nasync fn one(driver: Driver) {}";
        assert_eq!(named("x/tests/y.rs", source), [["mta-sts/D03"]]);
    }

    #[test]
    fn a_comment_before_what_is_no_test_counts_nothing() {
        let source = "// checks: mta-sts/D03\nfn helper() {}\n#[test]\nfn one() {}";
        assert_eq!(named("mta-sts/src/x.rs", source), [Vec::<String>::new()]);
    }

    #[test]
    fn a_name_begins_with_rules_of_its_own_crate() {
        let source = "#[test]\nfn d03_d04_two_records() {}\n#[test]\nfn d3_x() {}";
        assert_eq!(
            named("mta-sts/tests/x.rs", source),
            [vec!["mta-sts/D03".to_owned(), "mta-sts/D04".to_owned()], vec![]],
        );
        assert_eq!(named("smtp-tls/src/x.rs", source), [Vec::<String>::new(), vec![]]);
    }

    #[test]
    fn a_prefix_of_the_crate_may_be_left_out() {
        let source = "#[test]\nfn smtp_s4_x() {}\n#[test]\nfn s4_x() {}";
        let s4 = vec!["smtp-starttls/SMTP-S4".to_owned()];
        assert_eq!(named("smtp-starttls/src/x.rs", source), [s4.clone(), s4]);
        let source = "#[test]\nfn ta1_u2_x() {}";
        let both = vec!["dane/A-TA1".to_owned(), "dane/DANE-U2".to_owned()];
        assert_eq!(named("dane/src/x.rs", source), [both]);
    }
}
