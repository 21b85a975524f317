//! The small DER walker: no allocation, no recursion, borrowed slices out.
//!
//! `certificate` finds the parts of a certificate that DANE-EE needs and looks at nothing else;
//! `extensions` and `time` read, strictly, what a path needs besides, and `distinguished_name` compares
//! names.

pub(crate) mod certificate;
pub(crate) mod distinguished_name;
pub(crate) mod extensions;
pub(crate) mod form;
pub(crate) mod general_name;
pub(crate) mod time;
mod unread;

pub use certificate::{Certificate, PublicKeyInfo, Version};

/// Why octets are not what they should be, in DER. Offsets are in octets from their start.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DerError {
    /// An element ends before its contents do, here.
    #[error("der ends early at offset {0}")]
    Ends(usize),
    /// The length here is indefinite, not minimal, or over 65,535.
    #[error("der length at offset {0} is not definite and minimal")]
    Length(usize),
    /// More than 65,536 octets were given.
    #[error("der has {0} octets, expected at most 65536")]
    Size(usize),
    /// The element here has another tag than expected.
    #[error("der tag at offset {0} is not the expected one")]
    Tag(usize),
    /// Octets are left here, where the enclosing element should end.
    #[error("octets after the expected end at offset {0}")]
    Trailing(usize),
    /// The contents of the element here are not those of its type.
    #[error("der value at offset {0} is not valid")]
    Value(usize),
}

impl DerError {
    /// A stable word for this error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        "malformed-certificate"
    }
}

/// Octets of a certificate at most; RFC 8446 section 4.4.2 allows 2^24, no server needs more.
pub(crate) const MAX_SIZE: usize = 65_536;

pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE_STRING: u8 = 0x1a;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// A primitive context-specific tag.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }
    /// A constructed context-specific tag.
    pub(crate) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// One element: tag, length, value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    /// The contents.
    pub(crate) value: &'a [u8],
    /// Tag, length and contents.
    pub(crate) whole: &'a [u8],
    /// Offset of the tag.
    pub(crate) at: usize,
}

impl<'a> Tlv<'a> {
    /// Reads the elements within this one.
    pub(crate) fn inner(&self) -> Reader<'a> {
        let header = self.whole.len().saturating_sub(self.value.len());
        Reader { rest: self.value, at: self.at.saturating_add(header) }
    }
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `octets`.
    pub(crate) fn new(octets: &'a [u8]) -> Result<Self, DerError> {
        if octets.len() > MAX_SIZE {
            return Err(DerError::Size(octets.len()));
        }
        Ok(Self { rest: octets, at: 0 })
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Refuses if anything is left.
    pub(crate) fn end(&self) -> Result<(), DerError> {
        if self.is_at_end() { Ok(()) } else { Err(DerError::Trailing(self.at)) }
    }

    /// The next element, with any tag of the low form, a definite and minimal length.
    pub(crate) fn next(&mut self) -> Result<Tlv<'a>, DerError> {
        let at = self.at;
        let (tag, length, header) = match *self.rest {
            [] => return Err(DerError::Ends(at)),
            [tag, ..] if tag & 0x1f == 0x1f => return Err(DerError::Tag(at)),
            [tag, length @ 0..=0x7f, ..] => (tag, usize::from(length), 2),
            [tag, 0x81, length @ 0x80..=0xff, ..] => (tag, usize::from(length), 3),
            [tag, 0x82, high @ 1..=0xff, low, ..] => {
                (tag, usize::from(u16::from_be_bytes([high, low])), 4)
            }
            [_] | [_, 0x81] | [_, 0x82] | [_, 0x82, 1..=0xff] => return Err(DerError::Ends(at)),
            [_, _, ..] => return Err(DerError::Length(at)),
        };
        let size = header + length;
        let (Some(whole), Some(value), Some(rest)) =
            (self.rest.get(..size), self.rest.get(header..size), self.rest.get(size..))
        else {
            return Err(DerError::Ends(at));
        };
        self.rest = rest;
        self.at = at.saturating_add(size);
        Ok(Tlv { tag, value, whole, at })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Tlv<'a>, DerError> {
        let tlv = self.next()?;
        if tlv.tag == tag { Ok(tlv) } else { Err(DerError::Tag(tlv.at)) }
    }

    /// The next element, which must have this tag of a constructed one and may lack the mark of that:
    /// common parsers let it pass in lists.
    pub(crate) fn expect_loose(&mut self, tag: u8) -> Result<Tlv<'a>, DerError> {
        let tlv = self.next()?;
        if tlv.tag | 0x20 == tag { Ok(tlv) } else { Err(DerError::Tag(tlv.at)) }
    }

    /// The next element if it has this tag; otherwise nothing is read.
    pub(crate) fn take_if(&mut self, tag: u8) -> Result<Option<Tlv<'a>>, DerError> {
        match self.rest.first() {
            Some(first) if *first == tag => self.next().map(Some),
            _ => Ok(None),
        }
    }

    /// The next element, a BIT STRING; returns its octets. Unused bits are zero.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], DerError> {
        let bits = self.expect(tag::BIT_STRING)?;
        match bits.value {
            [0, octets @ ..] => Ok(octets),
            [unused @ 1..=7, octets @ .., last] if last.trailing_zeros() >= u32::from(*unused) => {
                let whole = bits.value.get(1..).unwrap_or(octets);
                Ok(whole)
            }
            _ => Err(DerError::Value(bits.at)),
        }
    }
}

/// The one element that `octets` is, with this tag and nothing after it.
pub(crate) fn single(octets: &[u8], tag: u8) -> Result<Tlv<'_>, DerError> {
    let mut reader = Reader::new(octets)?;
    let tlv = reader.expect(tag)?;
    reader.end()?;
    Ok(tlv)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::{vec, vec::Vec};

    use super::*;

    fn read(octets: &[u8]) -> Result<usize, DerError> {
        Reader::new(octets)?.next().map(|tlv| tlv.value.len())
    }

    #[test]
    fn w2_high_tags_are_refused() {
        for tag in [0x1f, 0x3f, 0x9f, 0xbf, 0xff] {
            assert_eq!(read(&[tag, 0]), Err(DerError::Tag(0)));
        }
    }

    #[test]
    fn w2_lengths_are_definite_and_minimal() {
        for length in [&[0x80][..], &[0x81, 0x7f], &[0x82, 0, 0x80], &[0x83, 1, 0, 0], &[0xff]] {
            let mut octets = vec![0x30];
            octets.extend_from_slice(length);
            octets.resize(70_000, 0);
            octets.truncate(MAX_SIZE);
            assert_eq!(read(&octets), Err(DerError::Length(0)), "{length:x?}");
        }
    }

    #[test]
    fn w2_every_length_form_at_its_limits() {
        for (length, header) in [
            (0_usize, vec![0x30, 0]),
            (127, vec![0x30, 127]),
            (128, vec![0x30, 0x81, 128]),
            (255, vec![0x30, 0x81, 255]),
            (256, vec![0x30, 0x82, 1, 0]),
            (65_532, vec![0x30, 0x82, 0xff, 0xfc]),
        ] {
            let mut octets: Vec<u8> = header;
            octets.resize(octets.len() + length, 7);
            assert_eq!(read(&octets), Ok(length));
            octets.pop();
            assert_eq!(read(&octets), Err(DerError::Ends(0)));
        }
    }

    #[test]
    fn w2_cut_anywhere_in_the_header_it_ends_early() {
        for octets in [&[][..], &[0x30], &[0x30, 0x81], &[0x30, 0x82], &[0x30, 0x82, 1]] {
            assert_eq!(read(octets), Err(DerError::Ends(0)), "{octets:x?}");
        }
    }

    #[test]
    fn w1_more_than_64_kib_is_refused() {
        assert!(Reader::new(&vec![0; MAX_SIZE]).is_ok());
        let error = Reader::new(&vec![0; MAX_SIZE + 1]).unwrap_err();
        assert_eq!(error, DerError::Size(65_537));
        assert_eq!(error.to_string(), "der has 65537 octets, expected at most 65536");
    }

    #[test]
    fn offsets_count_from_the_start_of_everything() {
        let octets = [0x30, 5, 0x30, 3, 0x02, 1, 9];
        let outer = single(&octets, tag::SEQUENCE).unwrap();
        let inner = outer.inner().expect(tag::SEQUENCE).unwrap();
        assert_eq!(inner.inner().expect(tag::BOOLEAN).unwrap_err(), DerError::Tag(4));
        assert_eq!(single(&[0x30, 0, 0], tag::SEQUENCE).unwrap_err(), DerError::Trailing(2));
    }

    #[test]
    fn w4_bit_strings_have_a_count_and_no_bits_that_are_not_used() {
        for octets in [&[3, 0][..], &[3, 2, 1, 0x81], &[3, 1, 1], &[3, 2, 8, 0]] {
            let error = Reader::new(octets).unwrap().bit_string().unwrap_err();
            assert_eq!(error, DerError::Value(0));
            assert_eq!(error.reason(), "malformed-certificate");
        }
        assert_eq!(Reader::new(&[3, 2, 0, 9]).unwrap().bit_string(), Ok(&[9][..]));
        assert_eq!(Reader::new(&[3, 3, 1, 9, 8]).unwrap().bit_string(), Ok(&[9, 8][..]));
        assert_eq!(Reader::new(&[3, 1, 0]).unwrap().bit_string(), Ok(&[][..]));
    }
}
