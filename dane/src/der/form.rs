//! What a parser of whole certificates would refuse, beyond the outline.
//!
//! A server whose certificate no common TLS library can read is not one that clients can talk to. So
//! the forms of names, algorithms, dates and extensions are checked; what they say is not.

use super::{Certificate, DerError, Reader, Tlv, tag};

const TIME_TAGS: [u8; 2] = [tag::UTC_TIME, tag::GENERALIZED_TIME];

impl<'a> Certificate<'a> {
    /// Like [`Certificate::parse`], and checks the form of what that leaves alone. Offsets of errors
    /// in it count from the start of the part at fault.
    pub(crate) fn parse_whole(der: &'a [u8]) -> Result<Self, DerError> {
        let certificate = Self::parse(der)?;
        certificate.check_form()?;
        Ok(certificate)
    }

    fn check_form(&self) -> Result<(), DerError> {
        integer(self.serial, 0)?;
        algorithm(self.tbs_algorithm)?;
        algorithm(self.algorithm)?;
        algorithm(self.spki.algorithm)?;
        name(self.issuer)?;
        name(self.subject)?;
        validity(self.validity)?;
        bits(self.signature, 0)?;
        tail(self.rest)
    }
}

/// An integer has contents, of which no leading octet is needless.
pub(super) fn integer(value: &[u8], at: usize) -> Result<(), DerError> {
    match *value {
        [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(DerError::Value(at)),
        _ => Ok(()),
    }
}

/// Each arc begins with an octet that counts and ends.
pub(super) fn oid(value: &[u8], at: usize) -> Result<(), DerError> {
    let mut begins = true;
    for octet in value {
        if begins && *octet == 0x80 {
            return Err(DerError::Value(at));
        }
        begins = octet & 0x80 == 0;
    }
    if begins && !value.is_empty() { Ok(()) } else { Err(DerError::Value(at)) }
}

/// A count of unused bits, which are there and zero.
pub(super) fn bits(value: &[u8], at: usize) -> Result<(), DerError> {
    match *value {
        [0, ..] => Ok(()),
        [unused @ 1..=7, .., last] if last.trailing_zeros() >= u32::from(unused) => Ok(()),
        _ => Err(DerError::Value(at)),
    }
}

/// An object identifier and at most one parameter.
fn algorithm(contents: &[u8]) -> Result<(), DerError> {
    let mut fields = Reader::new(contents)?;
    let id = fields.expect(tag::OID)?;
    oid(id.value, id.at)?;
    if !fields.is_at_end() {
        any(&fields.next()?)?;
    }
    fields.end()
}

/// An element of any type, of which the simple ones have their form.
pub(super) fn any(tlv: &Tlv<'_>) -> Result<(), DerError> {
    let fits = match tlv.tag {
        tag::BOOLEAN => tlv.value.len() == 1,
        tag::INTEGER | tag::ENUMERATED => return integer(tlv.value, tlv.at),
        tag::BIT_STRING => return bits(tlv.value, tlv.at),
        tag::NULL => tlv.value.is_empty(),
        tag::OID => return oid(tlv.value, tlv.at),
        tag::BMP_STRING => tlv.value.len().is_multiple_of(2),
        tag::UNIVERSAL_STRING => tlv.value.len().is_multiple_of(4),
        // The end of contents is no element, lists are marked as such, and simple types are not.
        0 | 0x10 | 0x11 | 0x20..=0x2f | 0x32..=0x3f => false,
        _ => true,
    };
    if fits { Ok(()) } else { Err(DerError::Value(tlv.at)) }
}

pub(super) fn name(whole: &[u8]) -> Result<(), DerError> {
    let mut sets = Reader::new(whole)?.expect_loose(tag::SEQUENCE)?.inner();
    while !sets.is_at_end() {
        relative_name(sets.expect_loose(tag::SET)?.inner())?;
    }
    Ok(())
}

/// The attributes of one relative name.
pub(super) fn relative_name(mut set: Reader<'_>) -> Result<(), DerError> {
    while !set.is_at_end() {
        let mut attribute = set.expect(tag::SEQUENCE)?.inner();
        let id = attribute.expect(tag::OID)?;
        oid(id.value, id.at)?;
        let value = attribute.next()?;
        attribute.end()?;
        attribute_value(&value)?;
    }
    Ok(())
}

fn attribute_value(value: &Tlv<'_>) -> Result<(), DerError> {
    let width = match value.tag {
        tag::BMP_STRING => 2,
        tag::UNIVERSAL_STRING => 4,
        _ => 1,
    };
    let is_character = |octets: &[u8]| {
        let number = octets.iter().fold(0, |sum: u32, octet| (sum << 8) | u32::from(*octet));
        char::from_u32(number).is_some()
    };
    match value.tag {
        tag::UTF8_STRING if core::str::from_utf8(value.value).is_err() => {
            Err(DerError::Value(value.at))
        }
        tag::BMP_STRING | tag::UNIVERSAL_STRING
            if !value.value.chunks_exact(width).all(is_character) =>
        {
            Err(DerError::Value(value.at))
        }
        tag::UTF8_STRING
        | tag::BIT_STRING
        | tag::NUMERIC_STRING
        | tag::PRINTABLE_STRING
        | tag::TELETEX_STRING
        | tag::IA5_STRING
        | tag::UNIVERSAL_STRING
        | tag::BMP_STRING
        | tag::SEQUENCE
        // Types without a name, and those that no string is of.
        | 7..=9
        | 11
        | 13..=15
        | 29 => any(value),
        _ => Err(DerError::Tag(value.at)),
    }
}

fn validity(contents: &[u8]) -> Result<(), DerError> {
    let mut times = Reader::new(contents)?;
    for _ in 0..2 {
        let time = times.next()?;
        if !TIME_TAGS.contains(&time.tag) {
            return Err(DerError::Tag(time.at));
        }
    }
    times.end()
}

/// What comes after the key: two ids and the extensions, each at most once and in this order.
fn tail(mut fields: Reader<'_>) -> Result<(), DerError> {
    for number in [1, 2] {
        if let Some(id) = fields.take_if(tag::context(number))? {
            bits(id.value, id.at)?;
        }
    }
    if let Some(explicit) = fields.take_if(tag::constructed(3))? {
        let mut wrapper = explicit.inner();
        let mut list = wrapper.expect_loose(tag::SEQUENCE)?.inner();
        wrapper.end()?;
        while !list.is_at_end() {
            let mut extension = list.expect(tag::SEQUENCE)?.inner();
            let id = extension.expect(tag::OID)?;
            oid(id.value, id.at)?;
            if let Some(critical) = extension.take_if(tag::BOOLEAN)? {
                any(&critical)?;
            }
            extension.expect(tag::OCTET_STRING)?;
            extension.end()?;
        }
    }
    fields.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_object_identifiers() {
        for value in [&[][..], &[0, 0x7f], &[0xff, 0x80]] {
            assert_eq!(integer(value, 5), Err(DerError::Value(5)), "{value:x?}");
        }
        for value in [&[0][..], &[0xff], &[0, 0x80], &[0xff, 0x7f], &[0x80, 0]] {
            assert_eq!(integer(value, 5), Ok(()), "{value:x?}");
        }
        for value in [&[][..], &[0x80, 1], &[0x2a, 0x80, 1], &[0x2a, 0x86]] {
            assert_eq!(oid(value, 5), Err(DerError::Value(5)), "{value:x?}");
        }
        for value in [&[0x2a][..], &[0x2a, 0x86, 0x80, 1]] {
            assert_eq!(oid(value, 5), Ok(()), "{value:x?}");
        }
        for value in [&[][..], &[8, 0], &[7], &[7, 0x81]] {
            assert_eq!(bits(value, 5), Err(DerError::Value(5)), "{value:x?}");
        }
        for value in [&[0][..], &[0, 0xff], &[7, 0x80]] {
            assert_eq!(bits(value, 5), Ok(()), "{value:x?}");
        }
    }

    #[test]
    fn algorithms_have_one_parameter_at_most() {
        for contents in
            [&[6, 1, 42][..], &[6, 1, 42, 5, 0], &[6, 1, 42, 0x30, 0], &[6, 1, 42, 0xbe, 0]]
        {
            assert_eq!(algorithm(contents), Ok(()), "{contents:x?}");
        }
        for contents in [
            &[][..],
            &[5, 0],
            &[6, 1, 42, 5, 1, 0],
            &[6, 1, 42, 5, 0, 5, 0],
            &[6, 1, 42, 2, 0],
            &[6, 1, 42, 1, 0],
            &[6, 1, 42, 0x1e, 1, 0],
            &[6, 1, 42, 0x25, 0],
            &[6, 1, 42, 0x1c, 2, 0, 0],
        ] {
            assert!(algorithm(contents).is_err(), "{contents:x?}");
        }
    }

    #[test]
    fn names_have_attributes_with_strings() {
        for value in [&[0x0c, 2, 0xc3, 0xa4][..], &[0x14, 2, 0xc3, 0], &[3, 2, 7, 0x80]] {
            assert_eq!(attribute_value(&Reader::new(value).unwrap().next().unwrap()), Ok(()));
        }
        for value in [&[0x0c, 1, 0xc3][..], &[5, 0], &[2, 1, 1], &[0x1e, 1, 0], &[0x1a, 1, 0x61]] {
            assert!(attribute_value(&Reader::new(value).unwrap().next().unwrap()).is_err());
        }
        assert!(name(&[0x30, 0]).is_ok() && name(&[0x30, 2, 0x31, 0]).is_ok());
        for whole in [&[0x31, 0][..], &[0x30, 2, 0x30, 0], &[0x30, 4, 0x31, 2, 0x30, 0]] {
            assert!(name(whole).is_err(), "{whole:x?}");
        }
    }

    #[test]
    fn dates_are_two_and_times() {
        assert!(validity(&[0x17, 0, 0x18, 0]).is_ok());
        for contents in [&[0x17, 0][..], &[0x17, 0, 0x17, 0, 0x17, 0], &[0x17, 0, 0x16, 0]] {
            assert!(validity(contents).is_err(), "{contents:x?}");
        }
    }

    #[test]
    fn ids_and_extensions_stand_in_their_order() {
        let judge = |octets| tail(Reader::new(octets).unwrap());
        let list = [0xa3, 13, 0x30, 11, 0x30, 9, 6, 2, 0x2a, 3, 1, 1, 1, 4, 0];
        assert_eq!(judge(&list), Ok(()));
        assert_eq!(judge(&[0x81, 1, 0, 0x82, 1, 0, 0xa3, 2, 0x30, 0]), Ok(()));
        for octets in [
            &[0x82, 1, 0, 0x81, 1, 0][..],
            &[0x81, 0],
            &[0xa3, 0],
            &[0xa3, 2, 0x30, 0, 0xa3, 2, 0x30, 0],
            &[0xa4, 0],
            &[0xa3, 4, 0x30, 2, 0x30, 0],
            &[0xa3, 2, 0x31, 0],
            &[0xa3, 9, 0x30, 7, 0x30, 5, 6, 1, 0x2a, 1, 0],
        ] {
            assert!(judge(octets).is_err(), "{octets:x?}");
        }
    }
}
