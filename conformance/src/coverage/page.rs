//! The page that lists the rules with their checks.

use core::fmt::Write;

use super::{Checks, Rule, RuleSet};

/// How many vectors or tests are named for one rule; the rest is counted.
const NAMED: usize = 4;

/// The page as Markdown.
#[must_use]
pub fn page(rules: &[RuleSet], checks: &Checks) -> String {
    let mut page = String::from(
        "# What checks which rule\n\n\
         Written by `cargo run -p conformance -- coverage`; CI fails when it is stale. How a vector or a\n\
         test names its rule is told in the README.\n\n\
         | crate | rules | with vectors | with tests | without a check |\n|---|---|---|---|---|\n",
    );
    for set in rules {
        summarise(&mut page, set, checks);
    }
    for set in rules {
        list(&mut page, set, checks);
    }
    page
}

fn summarise(page: &mut String, set: &RuleSet, checks: &Checks) {
    let count = |holds: &dyn Fn(&str) -> bool| set.names().filter(|name| holds(name)).count();
    let with_vectors = count(&|name| !checks.vectors_of(name).is_empty());
    let with_tests = count(&|name| !checks.tests_of(name).is_empty());
    let without =
        count(&|name| checks.vectors_of(name).is_empty() && checks.tests_of(name).is_empty());
    let (name, rules) = (set.subject.name(), set.rules.len());
    // Writing to a string cannot fail.
    let _ = writeln!(page, "| {name} | {rules} | {with_vectors} | {with_tests} | {without} |");
}

fn list(page: &mut String, set: &RuleSet, checks: &Checks) {
    let _ = writeln!(page, "\n## {}\n", set.subject.name());
    let unchecked: Vec<&str> = set
        .rules
        .iter()
        .filter(|rule| {
            let name = set.name(rule);
            checks.vectors_of(&name).is_empty() && checks.tests_of(&name).is_empty()
        })
        .map(|rule| rule.id.as_str())
        .collect();
    if !unchecked.is_empty() {
        let _ = writeln!(page, "Without a check: {}.\n", unchecked.join(", "));
    }
    page.push_str("| rule | from | level | what | vectors | tests |\n|---|---|---|---|---|---|\n");
    for rule in &set.rules {
        row(page, rule, &set.name(rule), checks);
    }
}

fn row(page: &mut String, rule: &Rule, name: &str, checks: &Checks) {
    let vectors = cell(checks.vectors_of(name));
    let tests = cell(checks.tests_of(name));
    let Rule { id, section, level, rule } = rule;
    let what = rule.replace('|', "\\|");
    let _ = writeln!(page, "| {id} | {section} | {level} | {what} | {vectors} | {tests} |");
}

fn cell(checks: &[String]) -> String {
    let mut named: Vec<String> =
        checks.iter().take(NAMED).map(|check| format!("`{check}`")).collect();
    if checks.len() > NAMED {
        named.push(format!("and {} more", checks.len() - NAMED));
    }
    if named.is_empty() { "-".into() } else { named.join("<br>") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_checks_are_counted() {
        let checks: Vec<String> = (0..6).map(|n| n.to_string()).collect();
        assert_eq!(cell(&checks), "`0`<br>`1`<br>`2`<br>`3`<br>and 2 more");
        assert_eq!(cell(&[]), "-");
    }

    #[test]
    fn a_rule_without_a_check_is_listed_as_such() {
        let set = serde_json::from_str(
            r#"{"crate": "dane", "rules": [{"id": "M1", "section": "RFC 7672 2", "level": "must", "rule": "r"}]}"#,
        )
        .unwrap();
        let page = page(&[set], &Checks::default());
        assert!(page.contains("Without a check: M1."));
        assert!(page.contains("| dane | 1 | 0 | 0 | 1 |"));
        assert!(page.contains("| M1 | RFC 7672 2 | must | r | - | - |"));
    }
}
