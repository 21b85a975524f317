//! How much one report, or all reports of one mail together, may take.

use super::error::ReadError;
use crate::limits;
use crate::report::Report;

/// What is left to be taken, each at first as much as one report may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Bytes of JSON.
    pub(crate) octets: usize,
    pub(crate) policies: usize,
    pub(crate) strings: usize,
    pub(crate) details: usize,
    /// Whether another report of the same mail has taken of it.
    begun: bool,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Self {
            octets: limits::INFLATED,
            policies: limits::POLICIES,
            strings: limits::STRINGS,
            details: limits::DETAILS,
            begun: false,
        }
    }

    /// Why a report beyond this budget is refused: for its own sake, or for what came before it.
    pub(crate) const fn beyond(&self, own: ReadError) -> ReadError {
        if self.begun { ReadError::MailBudget } else { own }
    }

    /// Takes the bytes of a document, were it only to find that they are no report.
    pub(crate) fn take_octets(&mut self, octets: usize) {
        self.octets = self.octets.saturating_sub(octets);
    }

    /// Another report comes, which may fail for what this one took.
    pub(crate) fn next_report(&mut self) {
        self.begun = true;
    }

    /// Takes what a report holds.
    pub(crate) fn take(&mut self, report: &Report<'_>) {
        self.policies = self.policies.saturating_sub(report.rows.len());
        self.strings = self.strings.saturating_sub(report.strings.len());
        self.details = self.details.saturating_sub(report.details.len());
    }
}
