//! Writes the vectors of the crate `dane`: `cargo run -p conformance --example generate_dane [DIRECTORY]`,
//! which is `conformance/vectors` where none is named.
//!
//! Requests are built from parts, certificates from fixed keys and dates, so the files come out the
//! same each time. What is expected is written beside each request from the RFCs; nothing here asks
//! the crate for a verdict.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "../../../dane/tests/common/mod.rs"]
mod certificates;
mod plan;
mod tlsa;
mod verify;

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The vectors so far, by document and section.
#[derive(Default)]
pub struct Book(BTreeMap<(String, String), Vec<Value>>);

/// Where a vector stands and what it is about.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    pub spec: &'a str,
    pub section: &'a str,
    pub level: &'a str,
    pub why: &'a str,
    pub rules: &'a [&'a str],
}

impl<'a> Page<'a> {
    /// The same for a vector about these rules.
    pub fn of(self, rules: &'a [&'a str]) -> Self {
        Self { rules, ..self }
    }

    /// The same for a vector that binds so much.
    pub fn at(self, level: &'a str) -> Self {
        Self { level, ..self }
    }
}

impl Book {
    pub fn add(&mut self, page: Page<'_>, name: &str, title: &str, request: Value, expect: Value) {
        let Page { spec, section, level, why, rules } = page;
        let rules: Vec<String> = rules.iter().map(|rule| format!("dane/{rule}")).collect();
        let vector = json!({
            "id": format!("{spec}/{section}/{name}"),
            "title": title,
            "section": section,
            "level": level,
            "why": why,
            "rules": rules,
            "request": request,
            "expect": expect,
        });
        self.0.entry((spec.into(), section.into())).or_default().push(vector);
    }

    fn write(&self, directory: &Path) {
        let mut count = 0;
        for ((spec, section), vectors) in &self.0 {
            let folder = directory.join(spec);
            fs::create_dir_all(&folder).unwrap();
            let mut text = String::new();
            writeln!(text, "{{\"crate\": \"dane\", \"spec\": \"{spec}\", \"vectors\": [").unwrap();
            for (at, vector) in vectors.iter().enumerate() {
                let comma = if at + 1 == vectors.len() { "" } else { "," };
                writeln!(text, "  {vector}{comma}").unwrap();
            }
            text.push_str("]}\n");
            fs::write(folder.join(format!("{section}.json")), text).unwrap();
            count += vectors.len();
        }
        println!("{count} vectors in {} files", self.0.len());
    }
}

fn main() {
    let mut book = Book::default();
    tlsa::add(&mut book);
    plan::add(&mut book);
    verify::add(&mut book);
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    book.write(&std::env::args_os().nth(1).map_or_else(own, Into::into));
}
