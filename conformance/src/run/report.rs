//! The result of a run: a table, the failures, and whether all is as it should be.

use std::collections::BTreeMap;

use core::fmt;

use serde_json::{Value, json};

use super::exceptions::Exceptions;
use super::{Judged, Outcome};
use crate::vector::Level;

/// Counts for the vectors of one section and level.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Row {
    /// Answered as expected.
    pub passed: usize,
    /// Answered otherwise, without an exception.
    pub failed: usize,
    /// Answered otherwise, with an exception.
    pub excepted: usize,
    /// Not answered, for the testee lacks the operation.
    pub unsupported: usize,
}

impl Row {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.excepted += other.excepted;
        self.unsupported += other.unsupported;
    }
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    rows: BTreeMap<(String, Section, Level), Row>,
    /// Vectors that failed without an exception, with the differences.
    failures: Vec<(String, Vec<String>)>,
    excepted: Vec<(String, String)>,
    unneeded: Vec<String>,
}

impl Report {
    /// Counts what came of the vectors. An exception of a document that was run, for a vector that
    /// did not fail or does not exist, is unneeded.
    #[must_use]
    pub fn new(judged: &[Judged<'_>], exceptions: &Exceptions, spec: Option<&str>) -> Self {
        let mut report = Self {
            rows: BTreeMap::new(),
            failures: Vec::new(),
            excepted: Vec::new(),
            unneeded: Vec::new(),
        };
        for one in judged {
            report.count(one, exceptions);
        }
        let needed = |id: &str| report.excepted.iter().any(|(excepted, _)| excepted == id);
        let in_scope = |id: &str| spec.is_none_or(|spec| id.split('/').next() == Some(spec));
        let unneeded = exceptions.ids().filter(|id| in_scope(id) && !needed(id));
        report.unneeded = unneeded.map(str::to_owned).collect();
        report
    }

    fn count(&mut self, one: &Judged<'_>, exceptions: &Exceptions) {
        let mut row = Row::default();
        let id = &one.vector.id;
        match (&one.outcome, exceptions.reason(id)) {
            (Outcome::Passed, _) => row.passed = 1,
            (Outcome::Unsupported, _) => row.unsupported = 1,
            (Outcome::Failed(_), Some(reason)) => {
                row.excepted = 1;
                self.excepted.push((id.clone(), reason.to_owned()));
            }
            (Outcome::Failed(differences), None) => {
                row.failed = 1;
                self.failures.push((id.clone(), differences.clone()));
            }
        }
        let section = Section(one.vector.section.clone());
        self.rows.entry((one.spec.to_owned(), section, one.vector.level)).or_default().add(row);
    }

    /// Whether nothing failed without an exception and no exception is unneeded.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.failures.is_empty() && self.unneeded.is_empty()
    }

    /// The counts of all vectors.
    #[must_use]
    pub fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.rows.values() {
            total.add(*row);
        }
        total
    }

    /// The result as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let counts = |row: &Row| {
            json!({
                "passed": row.passed, "failed": row.failed,
                "excepted": row.excepted, "unsupported": row.unsupported,
            })
        };
        let rows = self.rows.iter().map(|((spec, section, level), row)| {
            json!({
                "spec": spec, "section": section.0, "level": level.to_string(), "counts": counts(row),
            })
        });
        let failures =
            self.failures.iter().map(|(id, reasons)| json!({"id": id, "differences": reasons}));
        let excepted = self.excepted.iter().map(|(id, reason)| json!({"id": id, "reason": reason}));
        json!({
            "total": counts(&self.total()),
            "rows": rows.collect::<Vec<_>>(),
            "failures": failures.collect::<Vec<_>>(),
            "excepted": excepted.collect::<Vec<_>>(),
            "unneeded_exceptions": self.unneeded,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ("pass", "fail", "excepted", "unsupported");
        writeln!(
            f,
            "{:<9} {:<10} {:<8} {:>6} {:>6} {:>9} {:>12}",
            "spec", "section", "level", head.0, head.1, head.2, head.3
        )?;
        for ((spec, section, level), row) in &self.rows {
            write_row(f, spec, &section.0, &level.to_string(), row)?;
        }
        write_row(f, "total", "", "", &self.total())?;
        for (id, differences) in &self.failures {
            writeln!(f, "\nFAIL {id}")?;
            for difference in differences {
                writeln!(f, "     {difference}")?;
            }
        }
        for id in &self.unneeded {
            writeln!(f, "\nUNNEEDED EXCEPTION {id}: it does not fail, or there is no such vector")?;
        }
        Ok(())
    }
}

fn write_row(
    f: &mut fmt::Formatter<'_>,
    spec: &str,
    section: &str,
    level: &str,
    row: &Row,
) -> fmt::Result {
    writeln!(
        f,
        "{spec:<9} {section:<10} {level:<8} {:>6} {:>6} {:>9} {:>12}",
        row.passed, row.failed, row.excepted, row.unsupported
    )
}

/// A section number, ordered by its parts.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Section(String);

impl Section {
    fn key(&self) -> Vec<(u32, &str)> {
        self.0.split('.').map(|part| (part.parse().unwrap_or(u32::MAX), part)).collect()
    }
}

impl Ord for Section {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Section {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::Vector;

    fn vector(id: &str, section: &str) -> Vector {
        let vector = json!({
            "id": id, "title": "t", "section": section, "level": "must", "why": "w",
            "request": {}, "expect": {},
        });
        serde_json::from_value(vector).unwrap()
    }

    fn exceptions(ids: &[&str]) -> Exceptions {
        let path = std::env::temp_dir()
            .join(format!("exceptions-{}.json", ids.join("-").replace('/', "_")));
        let file = json!({"testee": "x", "exceptions": [{"vectors": ids, "reason": "known"}]});
        std::fs::write(&path, file.to_string()).unwrap();
        Exceptions::load(&path).unwrap()
    }

    #[test]
    fn a_failure_counts_unless_it_is_excepted() {
        let vector = vector("rfc1/1/a", "1");
        let outcome = Outcome::Failed(vec!["why".into()]);
        let judged = [Judged { spec: "rfc1", vector: &vector, outcome }];
        let plain = Report::new(&judged, &Exceptions::default(), None);
        assert!(!plain.is_as_expected());
        assert!(plain.to_string().contains("FAIL rfc1/1/a\n     why"));
        let excepted = Report::new(&judged, &exceptions(&["rfc1/1/a"]), None);
        assert!(excepted.is_as_expected());
        assert_eq!(excepted.total(), Row { excepted: 1, ..Row::default() });
    }

    #[test]
    fn an_exception_no_longer_needed_fails_the_run() {
        let vector = vector("rfc1/1/b", "1");
        let judged = [Judged { spec: "rfc1", vector: &vector, outcome: Outcome::Passed }];
        let report = Report::new(&judged, &exceptions(&["rfc1/1/b"]), None);
        assert!(!report.is_as_expected());
        assert!(report.to_string().contains("UNNEEDED EXCEPTION rfc1/1/b"));
    }

    #[test]
    fn an_exception_of_a_document_not_run_is_left_alone() {
        let exceptions = exceptions(&["rfc2/1/c"]);
        assert!(Report::new(&[], &exceptions, Some("rfc1")).is_as_expected());
        assert!(!Report::new(&[], &exceptions, Some("rfc2")).is_as_expected());
    }

    #[test]
    fn sections_are_in_the_order_of_their_numbers() {
        let section = |text: &str| Section(text.into());
        assert!(section("3.2") < section("3.10"));
        assert!(section("3") < section("3.1"));
        assert!(section("8.4") < section("A"));
    }
}
