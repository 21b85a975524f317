//! What the visitors share: what was found, and the lists that they fill.

use alloc::borrow::Cow;
use alloc::string::ToString;
use alloc::vec::Vec;

use serde::de::Error;

use super::budget::Budget;
use super::error::ReadError;
use super::quirk::{Found, Quirk};
use crate::limits;
use crate::members::{Judge, Seen};
use crate::report::{Detail, Row};

pub(super) struct Context<'de> {
    pub(super) quirks: Found<Quirk>,
    /// Why a visitor gave up; the error of serde_json says nothing that could be matched.
    error: Option<ReadError>,
    /// Whether a count is being read.
    pub(super) in_count: bool,
    pub(super) rows: Vec<Row<'de>>,
    pub(super) strings: Vec<Cow<'de, str>>,
    pub(super) details: Vec<Detail<'de>>,
    budget: Budget,
}

impl<'de> Context<'de> {
    pub(super) fn new(quirks: Found<Quirk>, budget: Budget) -> Self {
        Self {
            quirks,
            error: None,
            in_count: false,
            rows: Vec::new(),
            strings: Vec::new(),
            details: Vec::new(),
            budget,
        }
    }

    /// Whether there may be another policy.
    pub(super) fn another_policy<E: Error>(&mut self) -> Result<(), E> {
        self.another(self.rows.len() < self.budget.policies, ReadError::TooManyPolicies)
    }

    /// Whether there may be another failure.
    pub(super) fn another_detail<E: Error>(&mut self) -> Result<(), E> {
        self.another(self.details.len() < self.budget.details, ReadError::TooManyDetails)
    }

    fn another<E: Error>(&mut self, room: bool, error: ReadError) -> Result<(), E> {
        if room { Ok(()) } else { Err(self.fail(self.budget.beyond(error))) }
    }

    /// Adds a policy string or an MX pattern.
    pub(super) fn string<E: Error>(&mut self, text: Cow<'de, str>) -> Result<(), E> {
        self.another(self.strings.len() < self.budget.strings, ReadError::TooManyStrings)?;
        self.strings.push(text);
        Ok(())
    }

    /// Tells a quirk.
    #[cold]
    pub(super) fn quirk(&mut self, quirk: Quirk) {
        self.quirks.add(quirk);
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

impl Judge for Context<'_> {
    const DEPTH: usize = limits::DEPTH;

    fn too_deep<E: Error>(&mut self) -> E {
        self.fail(ReadError::TooDeep)
    }

    fn too_long<E: Error>(&mut self) -> E {
        self.fail(ReadError::StringTooLong)
    }

    /// What is ignored may have names twice.
    fn member<E: Error>(&mut self, _: &mut Seen, _: &str) -> Result<(), E> {
        Ok(())
    }
}
