//! The one reader of policy bodies: field by field, telling a sink what it meets.
//!
//! ```text
//! sts-policy-record = sts-policy-field *WSP *(sts-policy-term sts-policy-field *WSP) [sts-policy-term]
//! sts-policy-term   = LF / CRLF
//! ```

use core::ops::Range;

use super::{Mode, PolicyError, limits};
use crate::bytes::{is_field_name, is_wsp, trim_wsp_end, trim_wsp_start};
use crate::mx::{PatternError, PatternKind, scan_domain};
use crate::name::{LastLabel, is_address_literal, last_label};
use crate::profile::{Deviation, Note, Profile};

/// Where a pattern stands in a body: 16 bits of offset of its domain, 8 of length, one for `*.`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Span(pub(super) u32);

impl Span {
    /// A body has at most 65 536 bytes and a domain 253, so neither number is cut.
    pub(super) const fn new(at: usize, len: usize, kind: PatternKind) -> Self {
        let wildcard = match kind {
            PatternKind::Host => 0,
            PatternKind::Wildcard => WILDCARD,
        };
        Self((at as u32) << 16 | (len as u32) << 8 | wildcard)
    }

    pub(super) const fn range(self) -> Range<usize> {
        let at = (self.0 >> 16) as usize;
        at..at + self.len()
    }

    pub(super) const fn len(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    /// Length and kind alone.
    pub(super) const fn shape(self) -> u32 {
        self.0 & 0xFFFF
    }

    pub(super) const fn kind(self) -> PatternKind {
        if self.0 & WILDCARD == 0 { PatternKind::Host } else { PatternKind::Wildcard }
    }
}

const WILDCARD: u32 = 1;

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
        fields_end: fields_end(text.as_bytes()),
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

/// The domain of an `mx` line without any fault, its kind, and the bytes of the line.
#[inline]
fn plain_pattern(line: &[u8]) -> Option<(Range<usize>, PatternKind, usize)> {
    let value = trim_wsp_start(line.strip_prefix(b"mx:")?);
    let (domain, kind) = match value.strip_prefix(b"*.") {
        Some(domain) => (domain, PatternKind::Wildcard),
        None => (value, PatternKind::Host),
    };
    let len = scan_domain(domain).ok()?;
    let after = end_of_line(domain.get(len..)?)?;
    let at = line.len() - domain.len();
    Some((at..at + len, kind, line.len() - after.len()))
}

/// What comes after white space and the end of the line.
#[inline]
fn end_of_line(text: &[u8]) -> Option<&[u8]> {
    match trim_wsp_start(text) {
        [] => Some(&[]),
        [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] => Some(after),
        _ => None,
    }
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
    /// Where the last line that is not blank ends.
    fields_end: usize,
}

/// A line split at its colon; offsets are in the body.
struct Field<'a> {
    name: &'a [u8],
    /// Without white space around it.
    value: &'a [u8],
    at: usize,
    value_at: usize,
}

impl Field<'_> {
    const fn span(&self) -> Range<usize> {
        self.at..self.value_span().end
    }

    const fn value_span(&self) -> Range<usize> {
        self.value_at..self.value_at + self.value.len()
    }

    /// The offset of the first byte that no value may hold.
    fn control_byte(&self) -> Option<usize> {
        self.value.iter().position(u8::is_ascii_control).map(|at| self.value_at + at)
    }

    /// The fault of a first `version`, `mode`, `max_age` or `mx`: of the line, else of its value.
    fn fault(&self, fault: PolicyError) -> PolicyError {
        self.control_byte().map_or(fault, |at| PolicyError::MalformedLine { at })
    }
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

    fn blank_line(&self, span: Range<usize>, sink: &mut impl Sink) -> Result<(), PolicyError> {
        if self.profile == Profile::Rfc {
            return Err(PolicyError::MalformedLine { at: span.start });
        }
        let what = if span.start >= self.fields_end {
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
        sink.pattern(Span::new(domain.start, domain.len(), kind));
        let name = self.text.get(domain.clone()).unwrap_or_default();
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

/// `sts-policy-field-delim = ":" *WSP`
fn split(at: usize, line: &[u8]) -> Result<Field<'_>, PolicyError> {
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
fn check_value(field: &Field<'_>) -> Result<(), PolicyError> {
    if field.value.is_empty() {
        return Err(PolicyError::MalformedLine { at: field.value_at });
    }
    field.control_byte().map_or(Ok(()), |at| Err(PolicyError::MalformedLine { at }))
}

/// The patterns of a body that [`walk`] has accepted, in its order.
pub(super) fn spans(text: &[u8]) -> impl Iterator<Item = Span> {
    let mut at = 0;
    core::iter::from_fn(move || {
        while let Some(rest) = text.get(at..)
            && !rest.is_empty()
        {
            let line_at = at;
            let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
            at += end;
            if let Some((domain, kind)) = accepted_pattern(rest.get(..end).unwrap_or_default()) {
                return Some(Span::new(line_at + domain.start, domain.len(), kind));
            }
        }
        None
    })
}

/// The domain of an accepted line, if the line is an `mx` that was kept.
fn accepted_pattern(line: &[u8]) -> Option<(Range<usize>, PatternKind)> {
    if let Some((domain, kind, _)) = plain_pattern(line) {
        return Some((domain, kind));
    }
    // What is left are names with a dot at their end, and address literals.
    let value = trim_wsp_start(line.strip_prefix(b"mx:")?);
    let at = line.len() - value.len();
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    let value = trim_wsp_end(value).strip_suffix(b".")?;
    let (domain, kind) = match value.strip_prefix(b"*.") {
        Some(domain) => (domain, PatternKind::Wildcard),
        None => (value, PatternKind::Host),
    };
    let at = at + value.len() - domain.len();
    Some((at..at + domain.len(), kind))
}
