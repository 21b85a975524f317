//! GeneralName, its lists, and the attributes of a distinguished name.

use super::{DerError, Reader, Tlv, form, single, tag};

/// One name of a subjectAltName or the base of a subtree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GeneralName<'a> {
    Email(&'a [u8]),
    Dns(&'a [u8]),
    /// The whole Name element.
    Directory(&'a [u8]),
    Ip(&'a [u8]),
    /// A type that is not compared: otherName, X.400, EDI, URI or registered id, by its number.
    Other(u8),
}

impl<'a> GeneralName<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let name = reader.next()?;
        match name.tag {
            0x81 => Ok(Self::Email(name.value)),
            0x82 => Ok(Self::Dns(name.value)),
            0xa4 => {
                let name = single(name.value, tag::SEQUENCE)?.whole;
                form::name(name).map(|()| Self::Directory(name))
            }
            0x87 => Ok(Self::Ip(name.value)),
            0xa0 => other_name(&name).map(|()| Self::Other(0)),
            0xa3 => Ok(Self::Other(3)),
            0xa5 => party_name(&name).map(|()| Self::Other(5)),
            0x86 => Ok(Self::Other(6)),
            0x88 => form::oid(name.value, name.at).map(|()| Self::Other(8)),
            _ => Err(DerError::Tag(name.at)),
        }
    }

    /// Octets of the name.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Email(name) | Self::Dns(name) | Self::Directory(name) | Self::Ip(name) => {
                name.len()
            }
            Self::Other(_) => 0,
        }
    }

    /// The number of the type.
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Self::Email(_) => 1,
            Self::Dns(_) => 2,
            Self::Directory(_) => 4,
            Self::Ip(_) => 7,
            Self::Other(number) => *number,
        }
    }
}

/// `SEQUENCE { OID, [0] EXPLICIT ANY }`.
fn other_name(name: &Tlv<'_>) -> Result<(), DerError> {
    let mut fields = name.inner();
    let id = fields.expect(tag::OID)?;
    form::oid(id.value, id.at)?;
    explicit(&mut fields, 0, form::any)?;
    fields.end()
}

/// `SEQUENCE { [0] DirectoryString OPTIONAL, [1] DirectoryString }`: the name of a partner in EDI.
fn party_name(name: &Tlv<'_>) -> Result<(), DerError> {
    let mut fields = name.inner();
    let directory_string = |text: &Tlv<'_>| match text.tag {
        tag::UTF8_STRING
        | tag::PRINTABLE_STRING
        | tag::TELETEX_STRING
        | tag::BMP_STRING
        | tag::UNIVERSAL_STRING => form::any(text),
        _ => Err(DerError::Tag(text.at)),
    };
    let mut rest = fields;
    if rest.take_if(tag::constructed(0))?.is_some() {
        explicit(&mut fields, 0, directory_string)?;
    }
    explicit(&mut fields, 1, directory_string)?;
    fields.end()
}

/// Reads an explicit element of this number, with one element in it.
fn explicit(
    fields: &mut Reader<'_>,
    number: u8,
    check: impl Fn(&Tlv<'_>) -> Result<(), DerError>,
) -> Result<(), DerError> {
    let mut inner = fields.expect(tag::constructed(number))?.inner();
    check(&inner.next()?)?;
    inner.end()
}

/// A list of names that has been read through once without error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GeneralNames<'a>(Reader<'a>);

impl<'a> GeneralNames<'a> {
    /// Reads `SEQUENCE OF GeneralName`.
    pub(crate) fn parse(value: &'a [u8]) -> Result<Self, DerError> {
        Self::read(&single(value, tag::SEQUENCE)?)
    }

    /// Reads the names within an element.
    pub(crate) fn read(list: &Tlv<'a>) -> Result<Self, DerError> {
        let mut names = list.inner();
        while !names.is_at_end() {
            GeneralName::read(&mut names)?;
        }
        Ok(Self(list.inner()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        let mut names = self.0;
        core::iter::from_fn(move || GeneralName::read(&mut names).ok())
    }
}

/// The base of a subtree, and whether minimum and maximum are left out as they must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subtree<'a> {
    pub(crate) base: GeneralName<'a>,
    pub(crate) plain: bool,
}

impl<'a> Subtree<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut fields = reader.expect(tag::SEQUENCE)?.inner();
        let base = GeneralName::read(&mut fields)?;
        let plain = fields.is_at_end();
        for number in [0, 1] {
            if let Some(distance) = fields.take_if(tag::context(number))? {
                form::integer(distance.value, distance.at)?;
            }
        }
        fields.end()?;
        Ok(Self { base, plain })
    }
}

/// A list of subtrees that has been read through once without error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subtrees<'a>(Reader<'a>);

impl<'a> Subtrees<'a> {
    /// Reads the subtrees within an element.
    pub(crate) fn read(list: &Tlv<'a>) -> Result<Self, DerError> {
        let mut subtrees = list.inner();
        while !subtrees.is_at_end() {
            Subtree::read(&mut subtrees)?;
        }
        Ok(Self(list.inner()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Subtree<'a>> + use<'a> {
        let mut subtrees = self.0;
        core::iter::from_fn(move || Subtree::read(&mut subtrees).ok())
    }
}

/// One attribute of a distinguished name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) value: Tlv<'a>,
}

impl Attribute<'_> {
    /// commonName, 2.5.4.3.
    pub(crate) const COMMON_NAME: &'static [u8] = &[0x55, 0x04, 0x03];
    /// emailAddress, 1.2.840.113549.1.9.1.
    pub(crate) const EMAIL: &'static [u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
}

/// Reads `Name ::= SEQUENCE OF SET OF SEQUENCE { OID, value }` through, attribute by attribute.
pub(crate) fn each_attribute<'a>(
    name: &'a [u8],
    mut visit: impl FnMut(Attribute<'a>),
) -> Result<(), DerError> {
    let mut sets = single(name, tag::SEQUENCE)?.inner();
    while !sets.is_at_end() {
        let mut set = sets.expect(tag::SET)?.inner();
        while !set.is_at_end() {
            let mut attribute = set.expect(tag::SEQUENCE)?.inner();
            let oid = attribute.expect(tag::OID)?.value;
            let value = attribute.next()?;
            attribute.end()?;
            visit(Attribute { oid, value });
        }
    }
    Ok(())
}

/// The octets of a string that is read as ASCII or UTF-8.
pub(crate) fn string_octets<'a>(value: &Tlv<'a>) -> Option<&'a [u8]> {
    match value.tag {
        tag::PRINTABLE_STRING | tag::UTF8_STRING | tag::IA5_STRING => Some(value.value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn w7_general_names_are_read_strictly() {
        assert_eq!(GeneralNames::parse(&[0x30, 3, 0x82, 2, b'a']).err(), Some(DerError::Ends(2)));
        for value in [&[0x30, 2, 0x89, 0][..], &[0x30, 2, 0xa2, 0], &[0x30, 2, 0xa4, 0], &[0x31, 0]]
        {
            assert!(GeneralNames::parse(value).is_err(), "{value:x?}");
        }
    }

    #[test]
    fn names_come_in_their_order() {
        let value = [0x30, 14, 0x82, 1, b'a', 0x87, 4, 1, 2, 3, 4, 0x86, 0, 0x81, 1, b'e'];
        let names = GeneralNames::parse(&value).unwrap();
        let kinds: Vec<_> = names.iter().map(|name| name.kind()).collect();
        assert_eq!(kinds, [2, 7, 6, 1]);
    }

    #[test]
    fn a_subtree_says_whether_it_has_limits() {
        let list = |subtree: &'static [u8]| Subtrees::read(&single(subtree, 0xa0).unwrap());
        let plain = list(&[0xa0, 5, 0x30, 3, 0x82, 1, b'a']).unwrap();
        assert!(plain.iter().all(|subtree| subtree.plain));
        let limited = list(&[0xa0, 8, 0x30, 6, 0x82, 1, b'a', 0x80, 1, 1]).unwrap();
        assert!(limited.iter().all(|subtree| !subtree.plain));
        assert!(list(&[0xa0, 8, 0x30, 6, 0x82, 1, b'a', 0x83, 1, 1]).is_err());
    }

    #[test]
    fn attributes_are_visited_one_by_one() {
        let name = [0x30, 12, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, b'x'];
        let mut seen = Vec::new();
        each_attribute(&name, |attribute| {
            seen.push((attribute.oid == Attribute::COMMON_NAME, string_octets(&attribute.value)));
        })
        .unwrap();
        assert_eq!(seen, [(true, Some(&b"x"[..]))]);
        assert!(each_attribute(&[0x30, 2, 0x30, 0], |_| {}).is_err());
        assert!(each_attribute(&[0x30, 4, 0x31, 2, 0x30, 0], |_| {}).is_err());
    }
}
