//! The one reader of policy bodies: field by field, telling a sink what it meets.
//!
//! ```text
//! sts-policy-record = sts-policy-field *WSP *(sts-policy-term sts-policy-field *WSP) [sts-policy-term]
//! sts-policy-term   = LF / CRLF
//! ```

use core::ops::Range;

use super::field::{Field, check_value, split};
use super::span::{Span, end_of_line, plain_pattern};
use super::{Mode, PolicyError, limits};
use crate::bytes::{is_wsp, trim_wsp_start};
use crate::mx::{PatternError, PatternKind, scan_domain};
use crate::name::{LastLabel, is_address_literal, last_label};
use crate::profile::{Deviation, Note, Profile};

/// What a reader does with what it meets.
pub(super) trait Sink {
    fn pattern(&mut self, _span: Span) {}
    fn deviation(&mut self, _what: Deviation, _span: Range<usize>) {}
    fn note(&mut self, _what: Note, _span: Range<usize>) {}
}

/// What a body says beside its patterns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) mode: Mode,
    /// Seconds, at most a year.
    pub(super) max_age: u32,
}

/// Reads a body of at most [`limits::BODY`] bytes that is known to be UTF-8.
pub(super) fn walk(
    text: &str,
    profile: Profile,
    sink: &mut impl Sink,
) -> Result<Facts, PolicyError> {
    let mut walker = Walker {
        text: text.as_bytes(),
        profile,
        version: Seen::No,
        mode: None,
        max_age: None,
        patterns: Patterns::None,
        literal: None,
        fields_end: None,
    };
    let mut at = 0;
    while let Some(rest) = walker.text.get(at..)
        && !rest.is_empty()
    {
        at += match walker.plain_field(at, rest, sink) {
            Some(taken) => taken,
            None => walker.line(at, rest, sink)?,
        };
    }
    walker.finish()
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Seen {
    No,
    Yes,
}

/// Which patterns there are so far.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Patterns {
    None,
    /// Some, none of which a host can match.
    Addresses,
    /// At least one that a host can match.
    Usable,
}

struct Walker<'a> {
    text: &'a [u8],
    profile: Profile,
    version: Seen,
    mode: Option<Mode>,
    max_age: Option<u32>,
    patterns: Patterns,
    /// The first `mx` that was dropped as an address literal, should no usable one remain.
    literal: Option<PolicyError>,
    /// Where the last line that is not blank ends, once that was wanted.
    fields_end: Option<usize>,
}

impl<'a> Walker<'a> {
    /// Reads the line at the start of `rest` if it is a known field without any fault, and says how
    /// many bytes it has. Nearly all lines are such: they are read in one pass.
    fn plain_field(&mut self, at: usize, rest: &[u8], sink: &mut impl Sink) -> Option<usize> {
        let after = match rest {
            [b'm', b'x', ..] => {
                let (domain, kind, taken) = plain_pattern(rest)?;
                self.pattern(at + domain.start..at + domain.end, kind, sink);
                return Some(taken);
            }
            [b'v', ..] if self.version == Seen::No => {
                let value = trim_wsp_start(rest.strip_prefix(b"version:")?);
                let after = end_of_line(value.strip_prefix(b"STSv1")?)?;
                self.version = Seen::Yes;
                after
            }
            [b'm', b'o', ..] if self.mode.is_none() => {
                let value = trim_wsp_start(rest.strip_prefix(b"mode:")?);
                let (mode, after) = match value {
                    [b'e', b'n', b'f', b'o', b'r', b'c', b'e', after @ ..] => {
                        (Mode::Enforce, after)
                    }
                    [b't', b'e', b's', b't', b'i', b'n', b'g', after @ ..] => {
                        (Mode::Testing, after)
                    }
                    [b'n', b'o', b'n', b'e', after @ ..] => (Mode::None, after),
                    _ => return None,
                };
                let after = end_of_line(after)?;
                self.mode = Some(mode);
                after
            }
            [b'm', b'a', ..] if self.max_age.is_none() => {
                let mut after = trim_wsp_start(rest.strip_prefix(b"max_age:")?);
                let (digits, mut seconds) = (after.len(), 0);
                while let [digit @ b'0'..=b'9', more @ ..] = after {
                    seconds =
                        u32::checked_mul(seconds, 10)?.checked_add(u32::from(digit & 0x0F))?;
                    after = more;
                }
                let plain = matches!(digits - after.len(), 1..=10) && seconds <= limits::MAX_AGE;
                let after = end_of_line(after).filter(|_| plain)?;
                self.max_age = Some(seconds);
                after
            }
            _ => return None,
        };
        Some(rest.len() - after.len())
    }

    /// Reads the line at the start of `rest`, and says how many bytes it has with its end.
    fn line(
        &mut self,
        at: usize,
        rest: &'a [u8],
        sink: &mut impl Sink,
    ) -> Result<usize, PolicyError> {
        let (line, taken) = match rest.iter().position(|&byte| byte == b'\n') {
            Some(end) => {
                let line = rest.get(..end).unwrap_or_default();
                (line.strip_suffix(b"\r").unwrap_or(line), end + 1)
            }
            None => (rest, rest.len()),
        };
        if line.iter().all(|&byte| is_wsp(byte)) {
            self.blank_line(at..at + line.len(), sink)?;
        } else {
            let field = split(at, line)?;
            self.field(&field, sink)?;
        }
        Ok(taken)
    }

    fn blank_line(&mut self, span: Range<usize>, sink: &mut impl Sink) -> Result<(), PolicyError> {
        if self.profile == Profile::Rfc {
            return Err(PolicyError::MalformedLine { at: span.start });
        }
        let text = self.text;
        let what = if span.start >= *self.fields_end.get_or_insert_with(|| fields_end(text)) {
            Deviation::TrailingBlankLine
        } else {
            Deviation::BlankLine
        };
        sink.deviation(what, span);
        Ok(())
    }

    /// Of a repeated field other than `mx` the first counts (section 3.2).
    fn field(&mut self, field: &Field<'_>, sink: &mut impl Sink) -> Result<(), PolicyError> {
        match field.name {
            b"version" if self.version == Seen::No => self.version(field),
            b"mode" if self.mode.is_none() => self.mode(field),
            b"max_age" if self.max_age.is_none() => self.max_age(field, sink),
            b"mx" => self.mx(field, sink),
            b"version" | b"mode" | b"max_age" => {
                check_value(field)?;
                sink.note(Note::DuplicateField, field.span());
                Ok(())
            }
            _ => {
                check_value(field)?;
                sink.note(Note::UnknownField, field.span());
                Ok(())
            }
        }
    }

    /// `sts-policy-version = %s"version" sts-policy-field-delim %s"STSv1"`
    fn version(&mut self, field: &Field<'_>) -> Result<(), PolicyError> {
        if field.value != b"STSv1" {
            return Err(field.fault(PolicyError::UnsupportedVersion { at: field.value_at }));
        }
        self.version = Seen::Yes;
        Ok(())
    }

    /// `sts-policy-mode = %s"mode" sts-policy-field-delim (%s"testing" / %s"enforce" / %s"none")`
    fn mode(&mut self, field: &Field<'_>) -> Result<(), PolicyError> {
        self.mode = Some(match field.value {
            b"enforce" => Mode::Enforce,
            b"testing" => Mode::Testing,
            b"none" => Mode::None,
            _ => return Err(field.fault(PolicyError::UnknownMode { at: field.value_at })),
        });
        Ok(())
    }

    /// `sts-policy-max-age = %s"max_age" sts-policy-field-delim 1*10(DIGIT)`
    fn max_age(&mut self, field: &Field<'_>, sink: &mut impl Sink) -> Result<(), PolicyError> {
        let digits =
            matches!(field.value.len(), 1..=10) && field.value.iter().all(u8::is_ascii_digit);
        if !digits {
            return Err(field.fault(PolicyError::InvalidMaxAge { at: field.value_at }));
        }
        let seconds = field.value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit & 0x0F));
        // spec: a larger number fits the grammar, and the text calls a year the maximum. We use a year.
        let clamped = seconds.min(u64::from(limits::MAX_AGE)) as u32;
        if u64::from(clamped) < seconds {
            sink.deviation(Deviation::MaxAgeClamped, field.value_span());
        }
        self.max_age = Some(clamped);
        Ok(())
    }

    /// An `mx` line that is not plain: a departure that `Interop` takes, or a fault.
    fn mx(&mut self, field: &Field<'_>, sink: &mut impl Sink) -> Result<(), PolicyError> {
        let (domain, kind, at) = match field.value.strip_prefix(b"*.") {
            Some(domain) => (domain, PatternKind::Wildcard, 2),
            None => (field.value, PatternKind::Host, 0),
        };
        let domain_at = field.value_at + at;
        let cause = match scan_domain(domain) {
            Ok(len) if len == domain.len() => {
                self.pattern(domain_at..domain_at + len, kind, sink);
                return Ok(());
            }
            Ok(len) => PatternError::InvalidByte(at + len),
            Err(error) => error.after(at),
        };
        let fault = field.fault(PolicyError::InvalidMx { at: field.value_at, cause });
        if self.profile == Profile::Rfc {
            return Err(fault);
        }
        if let Some(without_dot) = domain.strip_suffix(b".")
            && scan_domain(without_dot) == Ok(without_dot.len())
        {
            sink.deviation(Deviation::MxTrailingDot, field.value_span());
            self.pattern(domain_at..domain_at + without_dot.len(), kind, sink);
        } else if core::str::from_utf8(field.value).is_ok_and(is_address_literal) {
            sink.deviation(Deviation::MxAddressLiteral, field.value_span());
            self.literal.get_or_insert(fault);
        } else {
            return Err(fault);
        }
        Ok(())
    }

    fn pattern(&mut self, domain: Range<usize>, kind: PatternKind, sink: &mut impl Sink) {
        let name = self.text.get(domain.clone()).unwrap_or_default();
        sink.pattern(Span::new(domain.start, name, kind));
        let ends_with_digit = name.last().is_some_and(u8::is_ascii_digit);
        if !ends_with_digit || last_label(name) == LastLabel::Name {
            self.patterns = Patterns::Usable;
            return;
        }
        if self.patterns == Patterns::None {
            self.patterns = Patterns::Addresses;
        }
        sink.note(Note::MxIsAddress, domain);
    }

    fn finish(self) -> Result<Facts, PolicyError> {
        if let Some(fault) = self.literal
            && self.patterns != Patterns::Usable
        {
            return Err(fault);
        }
        if self.version == Seen::No {
            return Err(PolicyError::MissingVersion);
        }
        let mode = self.mode.ok_or(PolicyError::MissingMode)?;
        let max_age = self.max_age.ok_or(PolicyError::MissingMaxAge)?;
        if mode != Mode::None && self.patterns == Patterns::None {
            return Err(PolicyError::MissingMx);
        }
        Ok(Facts { mode, max_age })
    }
}

fn fields_end(text: &[u8]) -> usize {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    text.iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1)
}
