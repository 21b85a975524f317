//! The extensions of a certificate that a path is judged by, read strictly.

use super::general_name::{GeneralNames, Subtrees};
use super::{Certificate, DerError, Reader, Tlv, single, tag};
use super::{form, unread};

/// The extensions in use, each at most once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extensions<'a> {
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) purposes: Option<Purposes<'a>>,
    pub(crate) subject_alt_name: Option<GeneralNames<'a>>,
    pub(crate) name_constraints: Option<NameConstraints<'a>>,
    pub(crate) subject_key_id: Option<&'a [u8]>,
    pub(crate) authority_key_id: Option<AuthorityKeyId<'a>>,
    pub(crate) netscape_type: Option<NetscapeType>,
    /// Whether unique ids stand in front of the extensions.
    pub(crate) unique_ids: bool,
    /// Distribution points are read for their form alone.
    distribution_points: Option<()>,
    /// The type of a critical one that is not understood here, or of one of a proxy certificate or of
    /// one that is delegated networks.
    pub(crate) unacceptable: Option<&'a [u8]>,
}

impl<'a> Extensions<'a> {
    /// Reads the extensions of a certificate.
    pub(crate) fn parse(certificate: &Certificate<'a>) -> Result<Self, DerError> {
        let mut found = Self::default();
        let mut seen = false;
        let mut fields = certificate.rest;
        while !fields.is_at_end() {
            let field = fields.next()?;
            match field.tag {
                UNIQUE_ISSUER | UNIQUE_SUBJECT => found.unique_ids = true,
                EXTENSIONS if !seen => {
                    seen = true;
                    found.read_list(field)?;
                }
                _ => return Err(DerError::Tag(field.at)),
            }
        }
        Ok(found)
    }

    fn read_list(&mut self, explicit: Tlv<'a>) -> Result<(), DerError> {
        let mut wrapper = explicit.inner();
        let mut list = wrapper.expect(tag::SEQUENCE)?.inner();
        wrapper.end()?;
        while !list.is_at_end() {
            let mut extension = list.expect(tag::SEQUENCE)?.inner();
            let oid = extension.expect(tag::OID)?;
            let critical = boolean(&mut extension)?;
            let value = extension.expect(tag::OCTET_STRING)?;
            extension.end()?;
            self.read_one(oid.value, critical, value)?;
        }
        Ok(())
    }

    fn read_one(&mut self, oid: &'a [u8], critical: bool, value: Tlv<'a>) -> Result<(), DerError> {
        let at = value.at;
        match oid {
            [0x55, 0x1d, 14] => {
                self.refuse_if(critical, oid);
                let id = || single(value.value, tag::OCTET_STRING).map(|id| id.value);
                once(&mut self.subject_key_id, id, at)
            }
            [0x55, 0x1d, 15] => once(&mut self.key_usage, || KeyUsage::parse(value.value), at),
            [0x55, 0x1d, 17] => {
                once(&mut self.subject_alt_name, || GeneralNames::parse(value.value), at)
            }
            [0x55, 0x1d, 19] => {
                once(&mut self.basic_constraints, || BasicConstraints::parse(value.value), at)
            }
            [0x55, 0x1d, 30] => {
                once(&mut self.name_constraints, || NameConstraints::parse(value.value), at)
            }
            [0x55, 0x1d, 35] => {
                self.refuse_if(critical, oid);
                once(&mut self.authority_key_id, || AuthorityKeyId::parse(value.value), at)
            }
            [0x55, 0x1d, 37] => once(&mut self.purposes, || Purposes::parse(value.value), at),
            [0x55, 0x1d, 31] => {
                let points = || unread::distribution_points(value.value);
                once(&mut self.distribution_points, points, at)
            }
            // The four of certificate policies: not evaluated.
            [0x55, 0x1d, 32 | 33 | 36 | 54] => Ok(()),
            NETSCAPE_TYPE => {
                self.refuse_if(critical, oid);
                once(&mut self.netscape_type, || NetscapeType::parse(value.value), at)
            }
            PROXY_CERTIFICATE | NETWORKS | NETWORK_NUMBERS => {
                self.refuse_if(true, oid);
                Ok(())
            }
            _ => {
                self.refuse_if(critical, oid);
                Ok(())
            }
        }
    }

    fn refuse_if(&mut self, refused: bool, oid: &'a [u8]) {
        if refused && self.unacceptable.is_none() {
            self.unacceptable = Some(oid);
        }
    }
}

const UNIQUE_ISSUER: u8 = tag::context(1);
const UNIQUE_SUBJECT: u8 = tag::context(2);
const EXTENSIONS: u8 = tag::constructed(3);
/// proxyCertInfo, 1.3.6.1.5.5.7.1.14 (RFC 3820).
const PROXY_CERTIFICATE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x0e];
/// Addresses and numbers of networks, 1.3.6.1.5.5.7.1.7 and 8 (RFC 3779).
const NETWORKS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x07];
const NETWORK_NUMBERS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x08];
/// netscape-cert-type, 2.16.840.1.113730.1.1: older than extended key usage, and still obeyed.
const NETSCAPE_TYPE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01];
/// id-kp-serverAuth, 1.3.6.1.5.5.7.3.1.
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

fn once<T>(
    place: &mut Option<T>,
    read: impl FnOnce() -> Result<T, DerError>,
    at: usize,
) -> Result<(), DerError> {
    if place.is_some() {
        return Err(DerError::Value(at));
    }
    *place = Some(read()?);
    Ok(())
}

/// `BOOLEAN DEFAULT FALSE`.
fn boolean(reader: &mut Reader<'_>) -> Result<bool, DerError> {
    match reader.take_if(tag::BOOLEAN)? {
        None => Ok(false),
        Some(Tlv { value: [0xff], .. }) => Ok(true),
        Some(Tlv { value: [0], .. }) => Ok(false),
        Some(tlv) => Err(DerError::Value(tlv.at)),
    }
}

/// `SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct BasicConstraints {
    pub(crate) ca: bool,
    pub(crate) path_len: Option<usize>,
}

impl BasicConstraints {
    fn parse(value: &[u8]) -> Result<Self, DerError> {
        let mut fields = single(value, tag::SEQUENCE)?.inner();
        let ca = boolean(&mut fields)?;
        let path_len = fields.take_if(tag::INTEGER)?.map(unsigned).transpose()?;
        fields.end()?;
        Ok(Self { ca, path_len })
    }
}

/// A number that is not negative; one beyond any path's length is as good as the greatest.
fn unsigned(integer: Tlv<'_>) -> Result<usize, DerError> {
    match *integer.value {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => Err(DerError::Value(integer.at)),
        [one] | [0, one] => Ok(usize::from(one)),
        _ => Ok(usize::MAX),
    }
}

/// The bits of a keyUsage, the first one uppermost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct KeyUsage(u8);

impl KeyUsage {
    fn parse(value: &[u8]) -> Result<Self, DerError> {
        let bits = single(value, tag::BIT_STRING)?;
        let (unused, octets) = bits.value.split_first().ok_or(DerError::Value(bits.at))?;
        let last = octets.last().copied().unwrap_or_default();
        let padding = 0xff_u8.checked_shl(u32::from(*unused)).map(|mask| last & !mask);
        match octets {
            [first, ..] if *unused < 8 && padding == Some(0) && octets.iter().any(|o| *o != 0) => {
                Ok(Self(*first))
            }
            _ => Err(DerError::Value(bits.at)),
        }
    }

    pub(crate) fn has_cert_sign(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// Whether it has digitalSignature, keyEncipherment or keyAgreement.
    pub(crate) fn fits_a_server(self) -> bool {
        self.0 & (0x80 | 0x20 | 0x08) != 0
    }
}

/// What an extendedKeyUsage that is present is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purposes<'a> {
    /// Servers, among others.
    Server,
    /// This and so many others, servers not among them.
    Other { first: &'a [u8], others: u16 },
}

impl<'a> Purposes<'a> {
    fn parse(value: &'a [u8]) -> Result<Self, DerError> {
        let mut purposes = single(value, tag::SEQUENCE)?.inner();
        let first = object_id(&mut purposes)?;
        let (mut is_server, mut others) = (first == SERVER_AUTH, 0_u16);
        while !purposes.is_at_end() {
            is_server |= object_id(&mut purposes)? == SERVER_AUTH;
            others = others.saturating_add(1);
        }
        Ok(if is_server { Self::Server } else { Self::Other { first, others } })
    }
}

fn object_id<'a>(list: &mut Reader<'a>) -> Result<&'a [u8], DerError> {
    let id = list.expect(tag::OID)?;
    form::oid(id.value, id.at).map(|()| id.value)
}

/// The bits of a netscape-cert-type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NetscapeType(u8);

impl NetscapeType {
    fn parse(value: &[u8]) -> Result<Self, DerError> {
        let bits = single(value, tag::BIT_STRING)?;
        form::bits(bits.value, bits.at)?;
        Ok(Self(bits.value.get(1).copied().unwrap_or_default()))
    }

    pub(crate) fn is_a_server(self) -> bool {
        self.0 & 0x40 != 0
    }
}

/// What a certificate says of its issuer's key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthorityKeyId<'a> {
    pub(crate) key_id: Option<&'a [u8]>,
    /// The name of the issuer's issuer.
    pub(crate) issuer: Option<GeneralNames<'a>>,
    pub(crate) serial: Option<&'a [u8]>,
}

impl<'a> AuthorityKeyId<'a> {
    fn parse(value: &'a [u8]) -> Result<Self, DerError> {
        let mut fields = single(value, tag::SEQUENCE)?.inner();
        let key_id = fields.take_if(tag::context(0))?.map(|id| id.value);
        let issuer = fields
            .take_if(tag::constructed(1))?
            .map(|names| GeneralNames::read(&names))
            .transpose()?;
        let serial = fields.take_if(tag::context(2))?;
        fields.end()?;
        if let Some(serial) = serial {
            form::integer(serial.value, serial.at)?;
        }
        Ok(Self { key_id, issuer, serial: serial.map(|serial| serial.value) })
    }
}

/// Which names the certificates below may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameConstraints<'a> {
    pub(crate) permitted: Option<Subtrees<'a>>,
    pub(crate) excluded: Option<Subtrees<'a>>,
}

impl<'a> NameConstraints<'a> {
    fn parse(value: &'a [u8]) -> Result<Self, DerError> {
        let mut fields = single(value, tag::SEQUENCE)?.inner();
        let mut subtrees = |number| {
            let list = fields.take_if(tag::constructed(number))?;
            list.map(|list| Subtrees::read(&list)).transpose()
        };
        let (permitted, excluded) = (subtrees(0)?, subtrees(1)?);
        fields.end()?;
        Ok(Self { permitted, excluded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w7_basic_constraints_are_read_strictly() {
        for (value, ca, path_len) in [
            (&[0x30, 0][..], false, None),
            (&[0x30, 3, 1, 1, 0xff], true, None),
            (&[0x30, 3, 1, 1, 0], false, None),
            (&[0x30, 6, 1, 1, 0xff, 2, 1, 3], true, Some(3)),
            (&[0x30, 7, 1, 1, 0xff, 2, 2, 0, 200], true, Some(200)),
            (&[0x30, 7, 1, 1, 0xff, 2, 2, 1, 0], true, Some(usize::MAX)),
        ] {
            assert_eq!(BasicConstraints::parse(value), Ok(BasicConstraints { ca, path_len }));
        }
        for value in [
            &[0x30, 3, 1, 1, 1][..],
            &[0x30, 2, 1, 0],
            &[0x30, 6, 1, 1, 0xff, 2, 1, 0x80],
            &[0x30, 7, 1, 1, 0xff, 2, 2, 0, 5],
            &[0x30, 5, 1, 1, 0xff, 2, 0],
            &[0x30, 5, 1, 1, 0xff, 5, 0],
            &[0x31, 0],
            &[0x30, 0, 0],
        ] {
            assert!(BasicConstraints::parse(value).is_err(), "{value:x?}");
        }
    }

    #[test]
    fn w7_key_usage_is_not_empty() {
        for value in [
            &[3, 1, 0][..],
            &[3, 2, 0, 0],
            &[3, 2, 7, 0],
            &[3, 2, 8, 0x80],
            &[3, 2, 3, 0x04],
            &[3, 0],
            &[4, 2, 0, 1],
        ] {
            assert!(KeyUsage::parse(value).is_err(), "{value:x?}");
        }
        assert!(KeyUsage::parse(&[3, 2, 2, 0x04]).unwrap().has_cert_sign());
        assert!(!KeyUsage::parse(&[3, 2, 2, 0x04]).unwrap().fits_a_server());
        assert!(KeyUsage::parse(&[3, 2, 7, 0x80]).unwrap().fits_a_server());
        assert!(KeyUsage::parse(&[3, 2, 5, 0x20]).unwrap().fits_a_server());
        assert!(KeyUsage::parse(&[3, 2, 3, 0x08]).unwrap().fits_a_server());
        assert!(!KeyUsage::parse(&[3, 3, 7, 0, 0x80]).unwrap().fits_a_server());
    }

    #[test]
    fn w7_extended_key_usage_has_a_purpose() {
        assert!(Purposes::parse(&[0x30, 0]).is_err());
        assert!(Purposes::parse(&[0x30, 2, 5, 0]).is_err());
        let server = [&[0x30, 10, 6, 8][..], SERVER_AUTH].concat();
        assert_eq!(Purposes::parse(&server), Ok(Purposes::Server));
        // anyExtendedKeyUsage
        let any = [6, 4, 0x55, 0x1d, 0x25, 0];
        let first = &any[2..];
        let one = [&[0x30, 6][..], &any].concat();
        assert_eq!(Purposes::parse(&one), Ok(Purposes::Other { first, others: 0 }));
        let two = [&[0x30, 12][..], &any, &any].concat();
        assert_eq!(Purposes::parse(&two), Ok(Purposes::Other { first, others: 1 }));
    }

    #[test]
    fn w7_an_authority_key_id_has_its_three_fields_in_order() {
        let id = AuthorityKeyId::parse(&[0x30, 6, 0x80, 1, 7, 0x82, 1, 9]).unwrap();
        assert_eq!((id.key_id, id.serial), (Some(&[7][..]), Some(&[9][..])));
        assert!(id.issuer.is_none());
        assert!(AuthorityKeyId::parse(&[0x30, 6, 0x82, 1, 7, 0x80, 1, 9]).is_err());
    }

    #[test]
    fn w7_an_extension_in_use_comes_once() {
        let mut found = Extensions::default();
        let value = Tlv { tag: tag::OCTET_STRING, value: &[0x30, 0], whole: &[], at: 3 };
        assert_eq!(found.read_one(&[0x55, 0x1d, 19], true, value), Ok(()));
        assert_eq!(found.read_one(&[0x55, 0x1d, 19], true, value), Err(DerError::Value(3)));
        assert!(found.unacceptable.is_none());
    }

    #[test]
    fn b10_critical_extensions_that_are_not_understood() {
        let unacceptable = |oid: &[u8], critical, value: &'static [u8]| {
            let mut found = Extensions::default();
            let value = Tlv { tag: tag::OCTET_STRING, value, whole: &[], at: 0 };
            found.read_one(oid, critical, value).unwrap();
            found.unacceptable.is_some()
        };
        assert!(unacceptable(&[0x55, 0x1d, 99], true, &[]));
        assert!(!unacceptable(&[0x55, 0x1d, 99], false, &[]));
        assert!(unacceptable(&[0x2a, 3, 4], true, &[]));
        for known in [31, 32, 33, 36, 54] {
            assert!(!unacceptable(&[0x55, 0x1d, known], true, &[0x30, 0]), "{known}");
        }
        assert!(unacceptable(&[0x55, 0x1d, 14], true, &[4, 0]));
        assert!(unacceptable(&[0x55, 0x1d, 35], true, &[0x30, 0]));
        assert!(unacceptable(PROXY_CERTIFICATE, false, &[]));
    }
}
