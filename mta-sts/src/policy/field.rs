//! A line of a policy: name, colon, value.

use core::ops::Range;

use super::PolicyError;
use crate::bytes::{is_field_name, trim_wsp_end, trim_wsp_start};

/// A line split at its colon; offsets are in the body.
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    /// Without white space around it.
    pub(super) value: &'a [u8],
    at: usize,
    pub(super) value_at: usize,
}

impl Field<'_> {
    pub(super) const fn span(&self) -> Range<usize> {
        self.at..self.value_span().end
    }

    pub(super) const fn value_span(&self) -> Range<usize> {
        self.value_at..self.value_at + self.value.len()
    }

    /// The offset of the first byte that no value may hold.
    fn control_byte(&self) -> Option<usize> {
        self.value.iter().position(u8::is_ascii_control).map(|at| self.value_at + at)
    }

    /// The fault of a first `version`, `mode`, `max_age` or `mx`: of the line, else of its value.
    pub(super) fn fault(&self, fault: PolicyError) -> PolicyError {
        self.control_byte().map_or(fault, |at| PolicyError::MalformedLine { at })
    }
}

/// `sts-policy-field-delim = ":" *WSP`
pub(super) fn split(at: usize, line: &[u8]) -> Result<Field<'_>, PolicyError> {
    let colon = line.iter().position(|&byte| byte == b':');
    let name = colon.and_then(|colon| line.get(..colon)).unwrap_or(line);
    if colon.is_none() || !is_field_name(name) {
        return Err(PolicyError::MalformedLine { at: at + name_fault(name) });
    }
    let value = trim_wsp_start(line.get(name.len() + 1..).unwrap_or_default());
    let value_at = at + line.len() - value.len();
    Ok(Field { name, value: trim_wsp_end(value), at, value_at })
}

/// The first byte of a line that cannot be part of a field name.
fn name_fault(name: &[u8]) -> usize {
    (0..=name.len()).find(|&len| !is_field_name(name.get(..=len).unwrap_or_default())).unwrap_or(0)
}

/// `sts-policy-ext-value = sts-policy-vchar [*(%x20 / sts-policy-vchar) sts-policy-vchar]`
///
/// The text is UTF-8 already, and `value` has no white space around it.
pub(super) fn check_value(field: &Field<'_>) -> Result<(), PolicyError> {
    if field.value.is_empty() {
        return Err(PolicyError::MalformedLine { at: field.value_at });
    }
    field.control_byte().map_or(Ok(()), |at| Err(PolicyError::MalformedLine { at }))
}
