//! Transfer encodings, decoded in portions.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::gzip::{self, GzipError, Inflater};
use crate::read::{Budget, Document, ReadError};

/// How a part's bytes travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    Plain,
    Base64,
    QuotedPrintable,
}

impl Encoding {
    pub(super) fn of(field: Option<&str>) -> Self {
        match field.map(str::trim) {
            Some(name) if name.eq_ignore_ascii_case("base64") => Self::Base64,
            Some(name) if name.eq_ignore_ascii_case("quoted-printable") => Self::QuotedPrintable,
            _ => Self::Plain,
        }
    }

    /// Whether the decoded bytes begin as gzip, and their first byte that is no white space.
    pub(super) fn sniff(self, body: &[u8]) -> (bool, Option<u8>) {
        let mut start = Vec::new();
        let _ = self.decode(body.get(..body.len().min(SNIFF)).unwrap_or_default(), &mut |bytes| {
            start.extend_from_slice(bytes);
            Ok(())
        });
        let first = start.iter().copied().find(|byte| !byte.is_ascii_whitespace());
        (gzip::is_gzip(&start), first)
    }

    /// The report in the body, whose bytes are taken from the budget. Gzip is inflated as it is
    /// decoded, so that a bomb costs no more than its bound.
    pub(super) fn open(
        self,
        body: &[u8],
        budget: &mut Budget,
    ) -> Result<Document<'static>, ReadError> {
        let before = *budget;
        let most = before.octets;
        let beyond = |error: ReadError, length: usize| match error {
            ReadError::TooLarge if length > most => before.beyond(error),
            error => error,
        };
        if self.sniff(body).0 {
            let mut inflater = Inflater::new(body.len(), most);
            let decoded = self.decode(body, &mut |bytes| inflater.push(bytes));
            let length = inflater.len();
            budget.take_octets(length);
            let document = decoded.map_err(Into::into).and_then(|()| Document::inflated(inflater));
            return document.map_err(|error| beyond(error, length));
        }
        let (mut json, mut length) = (Vec::with_capacity(body.len().min(most)), 0);
        let decoded = self.decode(body, &mut |bytes| {
            length += bytes.len();
            if length > most {
                return Err(GzipError::TooLarge);
            }
            json.extend_from_slice(bytes);
            Ok(())
        });
        budget.take_octets(length);
        decoded.map_err(|error| beyond(error.into(), length))?;
        Document::plain(Cow::Owned(json))
    }

    fn decode(self, body: &[u8], sink: &mut Sink<'_>) -> Result<(), GzipError> {
        match self {
            Self::Plain => sink(body),
            Self::Base64 => base64(body, sink),
            Self::QuotedPrintable => quoted_printable(body, sink),
        }
    }
}

type Sink<'s> = dyn FnMut(&[u8]) -> Result<(), GzipError> + 's;

/// RFC 2045 section 6.8: other characters are left out; padding ends the text.
fn base64(body: &[u8], sink: &mut Sink<'_>) -> Result<(), GzipError> {
    let mut portion = Vec::with_capacity(PORTION);
    let (mut bits, mut count) = (0_u32, 0);
    for value in body.iter().take_while(|byte| **byte != b'=').filter_map(|byte| sextet(*byte)) {
        bits = bits << 6 | value;
        count += 6;
        if count >= 8 {
            count -= 8;
            portion.push((bits >> count) as u8);
            if portion.len() == PORTION {
                sink(&portion)?;
                portion.clear();
            }
        }
    }
    sink(&portion)
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

/// RFC 2045 section 6.7: `=xx`, and `=` at the end of a line joins it with the next.
fn quoted_printable(body: &[u8], sink: &mut Sink<'_>) -> Result<(), GzipError> {
    let mut portion = Vec::with_capacity(PORTION);
    let mut rest = body;
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let (decoded, tail) = match (byte, tail) {
            (b'=', [b'\r', b'\n', tail @ ..] | [b'\n', tail @ ..]) => (None, tail),
            (b'=', [high, low, tail @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                (hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low), tail)
            }
            _ => (Some(byte), tail),
        };
        portion.extend(decoded);
        rest = tail;
        if portion.len() >= PORTION {
            sink(&portion)?;
            portion.clear();
        }
    }
    sink(&portion)
}

/// Bytes decoded at a time.
const PORTION: usize = 4_096;
/// Encoded bytes that are decoded to see how the text begins.
const SNIFF: usize = 256;
