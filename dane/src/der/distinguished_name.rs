//! Whether two distinguished names are one.
//!
//! Names are compared as [RFC 5280 section 7.1](https://www.rfc-editor.org/rfc/rfc5280#section-7.1)
//! wants it, to the extent that clients do: the kind of string, ASCII case, and spaces do not matter.

use super::general_name::Attribute;
use super::{DerError, Reader, Tlv, single, tag};

/// Attributes of one relative name that are compared in any order; with more, the order counts. Real
/// names have one, seldom two.
const MAX_UNORDERED: usize = 4;

/// Octets of a name that is compared beyond its octets; real names have a hundred or two. This
/// bounds the work for names that were made to be compared slowly.
const MAX_OCTETS: usize = 1_024;

/// Whether two whole Name elements stand for one name. Names that cannot be read, or have more than
/// 1,024 octets, are equal only if their octets are.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    let is_short = || one.len() <= MAX_OCTETS && other.len() <= MAX_OCTETS;
    one == other || (is_short() && equal_by_value(one, other).unwrap_or(false))
}

fn equal_by_value(one: &[u8], other: &[u8]) -> Result<bool, DerError> {
    let mut one = single(one, tag::SEQUENCE)?.inner();
    let mut other = single(other, tag::SEQUENCE)?.inner();
    while !one.is_at_end() && !other.is_at_end() {
        if !equal_sets(&one.expect(tag::SET)?, &other.expect(tag::SET)?)? {
            return Ok(false);
        }
    }
    Ok(one.is_at_end() && other.is_at_end())
}

/// Whether two relative names have the same attributes, each as often.
fn equal_sets(one: &Tlv<'_>, other: &Tlv<'_>) -> Result<bool, DerError> {
    let count = count(one)?;
    if count != self::count(other)? {
        return Ok(false);
    }
    if count > MAX_UNORDERED || count == 1 {
        return equal_in_order(one.inner(), other.inner());
    }
    let (mut left, mut taken) = (one.inner(), [false; MAX_UNORDERED]);
    while !left.is_at_end() {
        let wanted = attribute(&mut left)?;
        let mut right = other.inner();
        let mut found = false;
        for taken in taken.iter_mut().take(count) {
            let one = attribute(&mut right)?;
            if !*taken && equal_attributes(&wanted, &one) {
                (*taken, found) = (true, true);
                break;
            }
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_in_order(mut one: Reader<'_>, mut other: Reader<'_>) -> Result<bool, DerError> {
    while !one.is_at_end() {
        if !equal_attributes(&attribute(&mut one)?, &attribute(&mut other)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn count(set: &Tlv<'_>) -> Result<usize, DerError> {
    let (mut rest, mut count) = (set.inner(), 0_usize);
    while !rest.is_at_end() {
        attribute(&mut rest)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

fn attribute<'a>(set: &mut Reader<'a>) -> Result<Attribute<'a>, DerError> {
    let mut fields = set.expect(tag::SEQUENCE)?.inner();
    let oid = fields.expect(tag::OID)?.value;
    let value = fields.next()?;
    fields.end()?;
    Ok(Attribute { oid, value })
}

fn equal_attributes(one: &Attribute<'_>, other: &Attribute<'_>) -> bool {
    if one.oid != other.oid {
        return false;
    }
    match (Text::of(&one.value), Text::of(&other.value)) {
        (Some(one), Some(other)) => one.canonical().eq(other.canonical()),
        (None, None) => one.value.whole == other.value.whole,
        _ => false,
    }
}

/// A string of one of the kinds that are compared as text.
#[derive(Clone, Copy)]
struct Text<'a> {
    octets: &'a [u8],
    /// Octets of a character; none for UTF-8.
    width: Option<usize>,
}

impl<'a> Text<'a> {
    fn of(value: &Tlv<'a>) -> Option<Self> {
        let width = match value.tag {
            tag::UTF8_STRING => None,
            tag::PRINTABLE_STRING | tag::TELETEX_STRING | tag::IA5_STRING | tag::VISIBLE_STRING => {
                Some(1)
            }
            tag::BMP_STRING => Some(2),
            tag::UNIVERSAL_STRING => Some(4),
            _ => return None,
        };
        Some(Self { octets: value.value, width })
    }

    /// Its characters by number; octets that are no UTF-8 stand beyond all of them.
    fn characters(self) -> impl Iterator<Item = u32> {
        let mut rest = self.octets;
        core::iter::from_fn(move || match self.width {
            Some(width) => {
                let (character, after) = rest.split_at_checked(width.min(rest.len()))?;
                rest = after;
                let number = |sum: u32, octet: &u8| (sum << 8) | u32::from(*octet);
                (!character.is_empty()).then(|| character.iter().fold(0, number))
            }
            None => {
                let first = rest.first()?;
                let size = match first {
                    0xc0..=0xdf => 2,
                    0xe0..=0xef => 3,
                    0xf0..=0xf7 => 4,
                    _ => 1,
                };
                let character = rest.get(..size).and_then(|it| core::str::from_utf8(it).ok());
                let (number, size) = match character.and_then(|it| it.chars().next()) {
                    Some(character) => (u32::from(character), size),
                    None => (0x8000_0000 | u32::from(*first), 1),
                };
                rest = rest.get(size..).unwrap_or_default();
                Some(number)
            }
        })
    }

    /// The same without spaces at the ends, with one for several, in lower case as far as ASCII goes.
    fn canonical(self) -> impl Iterator<Item = u32> {
        let mut characters = self.characters().peekable();
        let mut begun = false;
        core::iter::from_fn(move || {
            let mut spaces = false;
            while characters.next_if(|it| is_space(*it)).is_some() {
                spaces = true;
            }
            let next = *characters.peek()?;
            if spaces && begun {
                // The character itself comes with the next call.
                return Some(u32::from(b' '));
            }
            begun = true;
            characters.next();
            Some(u8::try_from(next).map_or(next, |it| u32::from(it.to_ascii_lowercase())))
        })
    }
}

/// Space, tab, line feed, vertical tab, form feed, carriage return.
fn is_space(character: u32) -> bool {
    matches!(character, 0x20 | 0x09..=0x0d)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(value.len()).unwrap()], value].concat()
    }

    fn attribute(oid: u8, tag: u8, text: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(6, &[0x55, 4, oid]), tlv(tag, text)].concat())
    }

    fn name(sets: &[&[Vec<u8>]]) -> Vec<u8> {
        let sets: Vec<Vec<u8>> = sets.iter().map(|set| tlv(0x31, &set.concat())).collect();
        tlv(0x30, &sets.concat())
    }

    fn text(tag: u8, text: &[u8]) -> Vec<u8> {
        name(&[&[attribute(3, tag, text)]])
    }

    #[test]
    fn rfc5280_7_1_names_that_differ() {
        let one = text(0x0c, b"Example CA");
        for other in [
            text(0x0c, b"ExampleCA"),
            text(0x0c, b"Example CB"),
            text(0x0c, b"Example CA 2"),
            text(0x04, b"Example CA"),
            name(&[]),
            name(&[&[attribute(3, 0x0c, b"Example CA")], &[attribute(10, 0x0c, b"O")]]),
            name(&[&[attribute(10, 0x0c, b"Example CA")]]),
            tlv(0x30, &tlv(0x30, &[])),
        ] {
            assert!(!equal(&one, &other) && !equal(&other, &one), "{other:x?}");
        }
        assert!(!equal(&text(0x0c, b"\xff"), &text(0x0c, b"\xfe")));
        assert!(!equal(&text(0x14, b"\xff"), &text(0x0c, b"\xff")));
    }

    #[test]
    fn rfc5280_7_1_case_spaces_and_kinds_of_string_do_not_matter() {
        let one = text(0x0c, b"Example CA");
        for other in [
            text(0x0c, b"EXAMPLE ca"),
            text(0x13, b"Example CA"),
            text(0x16, b"  Example \t CA "),
            text(0x1e, b"\0E\0x\0a\0m\0p\0l\0e\0 \0C\0A"),
        ] {
            assert!(equal(&one, &other) && equal(&other, &one), "{other:x?}");
        }
        assert!(equal(&text(0x14, b"\xe4"), &text(0x0c, "ä".as_bytes())));
        assert!(equal(&text(0x1c, &[0, 1, 0xf4, 0]), &text(0x0c, "\u{1f400}".as_bytes())));
        assert!(equal(&text(0x0c, b"   "), &text(0x0c, b"")));
        assert!(equal(&[0xff], &[0xff]));
    }

    #[test]
    fn rfc5280_7_1_attributes_of_one_relative_name_have_no_order() {
        let (a, b, c) =
            (attribute(3, 0x0c, b"a"), attribute(10, 0x0c, b"b"), attribute(10, 0x0c, b"c"));
        assert!(equal(&name(&[&[a.clone(), b.clone()]]), &name(&[&[b.clone(), a.clone()]])));
        assert!(!equal(&name(&[&[a.clone(), b.clone()]]), &name(&[&[a.clone(), c.clone()]])));
        assert!(!equal(&name(&[&[a.clone(), a.clone()]]), &name(&[&[a.clone(), b.clone()]])));
        // As often each: {a, a, b} is not {a, b, b}.
        let (twice, other) = ([a.clone(), a.clone(), b.clone()], [a.clone(), b.clone(), b.clone()]);
        assert!(!equal(&name(&[&twice]), &name(&[&other])));
        let other = [a.clone(), b.clone(), a.clone()];
        assert!(equal(&name(&[&twice]), &name(&[&other])));
        let (a, b) = ([a], [b]);
        assert!(!equal(&name(&[&a, &b]), &name(&[&b, &a])));
    }

    #[test]
    fn more_than_four_attributes_are_compared_in_order() {
        let of = |letters: &[u8]| -> Vec<Vec<u8>> {
            letters.iter().map(|letter| attribute(3, 0x0c, &[*letter])).collect()
        };
        assert!(equal(&name(&[&of(b"abcd")]), &name(&[&of(b"dcba")])));
        assert!(equal(&name(&[&of(b"abcde")]), &name(&[&of(b"ABCDE")])));
        assert!(!equal(&name(&[&of(b"abcde")]), &name(&[&of(b"edcba")])));
    }

    #[test]
    fn names_of_more_than_1_024_octets_are_equal_by_their_octets_alone() {
        let long = |count: usize, letter: u8| {
            let set = tlv(0x31, &attribute(3, 0x0c, &[letter; 83]));
            assert_eq!(set.len(), 94);
            let sets: Vec<u8> = set.repeat(10).into_iter().chain(tlv(0x31, &[])).collect();
            let filler = tlv(0x31, &attribute(3, 0x0c, &alloc::vec![letter; count]));
            let all = [sets, filler].concat();
            let [high, low] = u16::try_from(all.len()).unwrap().to_be_bytes();
            [&[0x30, 0x82, high, low][..], &all].concat()
        };
        let most = 1_024 - long(0, b'a').len();
        assert!(equal(&long(most, b'a'), &long(most, b'A')));
        assert!(!equal(&long(most + 1, b'a'), &long(most + 1, b'A')));
        assert!(equal(&long(most + 1, b'a'), &long(most + 1, b'a')));
    }
}
