//! What the visitors share: the mode, what was found, and the lists that they fill.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::Error;

use super::Mode;
use super::error::ReadError;
use super::quirk::{Found, Quirk};
use crate::report::{Detail, Row};

pub(super) struct Context<'de> {
    mode: Mode,
    pub(super) quirks: Found<Quirk>,
    /// Why a visitor gave up; the error of serde_json says nothing that could be matched.
    error: Option<ReadError>,
    /// Whether a count is being read.
    pub(super) in_count: bool,
    pub(super) rows: Vec<Row<'de>>,
    pub(super) strings: Vec<Cow<'de, str>>,
    pub(super) details: Vec<Detail<'de>>,
}

impl Context<'_> {
    pub(super) fn new(mode: Mode, quirks: Found<Quirk>) -> Self {
        Self {
            mode,
            quirks,
            error: None,
            in_count: false,
            rows: Vec::new(),
            strings: Vec::new(),
            details: Vec::new(),
        }
    }

    /// Tells a quirk, which ends the reading where it is strict.
    #[cold]
    pub(super) fn quirk<E: Error>(&mut self, quirk: Quirk) -> Result<(), E> {
        self.quirks.add(quirk);
        match (self.mode, self.quirks.first()) {
            (Mode::Strict, Some(first)) => Err(self.fail(ReadError::Quirk(first))),
            _ => Ok(()),
        }
    }

    /// Ends the reading.
    #[cold]
    pub(super) fn fail<E: Error>(&mut self, error: ReadError) -> E {
        self.error.get_or_insert(error);
        E::custom("")
    }

    /// Why the reading ended.
    pub(super) fn reason(&self, json: &str, error: &serde_json::Error) -> ReadError {
        if let Some(error) = self.error {
            return error;
        }
        let at = offset(json, error.line(), error.column());
        // A number past the range of a float is legal JSON, and no count.
        if error.is_data() {
            ReadError::WrongType { at }
        } else if self.in_count && error.to_string().starts_with("number out of range") {
            ReadError::BadCount
        } else {
            ReadError::NotJson { at }
        }
    }
}

/// The byte offset of a line and column, both counted from one.
fn offset(json: &str, line: usize, column: usize) -> usize {
    let lines = json.split_inclusive('\n').take(line.saturating_sub(1));
    (lines.map(str::len).sum::<usize>() + column.saturating_sub(1)).min(json.len())
}

/// The names of an object's members that were seen.
#[derive(Default)]
pub(super) struct Seen {
    known: u32,
    unknown: BTreeSet<String>,
}

impl Seen {
    /// Marks a known member; tells whether it was seen before.
    pub(super) fn again(&mut self, member: u32) -> bool {
        let seen = self.known & 1 << member != 0;
        self.known |= 1 << member;
        seen
    }

    /// Marks a member that is ignored; tells whether it was seen before.
    pub(super) fn again_unknown(&mut self, name: &str) -> bool {
        !self.unknown.insert(name.into())
    }
}
