//! Certificates made by hand, octet by octet: any shape, well-formed or not, always the same octets
//! for the same parts. Keys are Ed25519 from a one-octet seed.
#![allow(dead_code, unreachable_pub)]

use ring::signature::{Ed25519KeyPair, KeyPair};

pub mod der {
    pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match value.len() {
            len @ 0..=0x7f => out.push(u8::try_from(len).unwrap()),
            len @ 0x80..=0xff => out.extend([0x81, u8::try_from(len).unwrap()]),
            len => {
                out.push(0x82);
                out.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
        }
        out.extend_from_slice(value);
        out
    }

    pub fn seq(parts: &[&[u8]]) -> Vec<u8> {
        tlv(0x30, &parts.concat())
    }

    pub fn oid(arcs: &[u8]) -> Vec<u8> {
        tlv(6, arcs)
    }

    /// An INTEGER of one octet's value.
    pub fn int(value: u8) -> Vec<u8> {
        if value < 0x80 { tlv(2, &[value]) } else { tlv(2, &[0, value]) }
    }

    pub fn bits(value: &[u8]) -> Vec<u8> {
        tlv(3, &[&[0], value].concat())
    }

    /// A name with these attributes: arcs of the type, tag of the string, text.
    pub fn name(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let sets: Vec<Vec<u8>> = attributes
            .iter()
            .map(|(arcs, tag, text)| tlv(0x31, &seq(&[&oid(arcs), &tlv(*tag, text)])))
            .collect();
        tlv(0x30, &sets.concat())
    }

    /// A name that is one common name in UTF-8.
    pub fn common_name(text: &str) -> Vec<u8> {
        name(&[(&[0x55, 4, 3], 0x0c, text.as_bytes())])
    }
}

use der::{bits, int, oid, seq, tlv};

const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// An Ed25519 key.
#[derive(Clone, Copy, Debug)]
pub struct Key(pub u8);

impl Key {
    fn pair(self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[self.0; 32]).unwrap()
    }

    pub fn spki(self) -> Vec<u8> {
        seq(&[&seq(&[&oid(ED25519)]), &bits(self.pair().public_key().as_ref())])
    }

    /// PKCS #8, as a TLS server wants it.
    pub fn pkcs8(self) -> Vec<u8> {
        seq(&[&int(0), &seq(&[&oid(ED25519)]), &tlv(4, &tlv(4, &[self.0; 32]))])
    }

    /// The key id that the certificates here use.
    pub fn id(self) -> Vec<u8> {
        vec![self.0; 20]
    }
}

/// An extension.
#[derive(Clone, Debug)]
pub struct Ext {
    pub oid: Vec<u8>,
    pub critical: bool,
    pub value: Vec<u8>,
}

impl Ext {
    pub fn new(arcs: &[u8], critical: bool, value: Vec<u8>) -> Self {
        Self { oid: arcs.to_vec(), critical, value }
    }

    fn ce(number: u8, critical: bool, value: Vec<u8>) -> Self {
        Self::new(&[0x55, 0x1d, number], critical, value)
    }

    pub fn ca(path_len: Option<u8>) -> Self {
        let path_len = path_len.map(int).unwrap_or_default();
        Self::ce(19, true, seq(&[&[1, 1, 0xff], &path_len]))
    }

    pub fn not_ca() -> Self {
        Self::ce(19, true, seq(&[]))
    }

    /// A keyUsage of this first octet: 0x80 digitalSignature, 0x20 keyEncipherment, 0x08
    /// keyAgreement, 0x04 keyCertSign, 0x02 cRLSign.
    pub fn key_usage(octet: u8) -> Self {
        let unused = u8::try_from(octet.trailing_zeros()).unwrap();
        Self::ce(15, true, tlv(3, &[unused, octet]))
    }

    pub fn purposes(purposes: &[&[u8]]) -> Self {
        let list: Vec<Vec<u8>> = purposes.iter().map(|arcs| oid(arcs)).collect();
        Self::ce(37, false, tlv(0x30, &list.concat()))
    }

    pub fn alt_names(names: &[Vec<u8>]) -> Self {
        Self::ce(17, false, tlv(0x30, &names.concat()))
    }

    pub fn dns_names(names: &[&str]) -> Self {
        let names: Vec<Vec<u8>> = names.iter().map(|name| tlv(0x82, name.as_bytes())).collect();
        Self::alt_names(&names)
    }

    pub fn subject_key_id(id: &[u8]) -> Self {
        Self::ce(14, false, tlv(4, id))
    }

    pub fn authority_key_id(id: &[u8]) -> Self {
        Self::ce(35, false, tlv(0x30, &tlv(0x80, id)))
    }

    pub fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Self {
        let list = |tag, bases: &[Vec<u8>]| match bases {
            [] => Vec::new(),
            bases => {
                let trees: Vec<Vec<u8>> = bases.iter().map(|base| seq(&[base])).collect();
                tlv(tag, &trees.concat())
            }
        };
        Self::ce(30, true, seq(&[&list(0xa0, permitted), &list(0xa1, excluded)]))
    }

    fn to_der(&self) -> Vec<u8> {
        let critical: &[u8] = if self.critical { &[1, 1, 0xff] } else { &[] };
        seq(&[&oid(&self.oid), critical, &tlv(4, &self.value)])
    }
}

pub const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
pub const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
pub const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// The time at which chains are judged: 28 July 2026, 12:00 UTC.
pub const NOW: u64 = 1_785_240_000;

/// The parts of a certificate.
#[derive(Clone, Debug)]
pub struct Cert {
    /// The version number less one; none leaves the field out, and the extensions too.
    pub version: Option<u8>,
    pub serial: u8,
    pub issuer: Vec<u8>,
    pub subject: Vec<u8>,
    /// UTCTime.
    pub not_before: &'static str,
    pub not_after: &'static str,
    pub spki: Vec<u8>,
    pub extensions: Vec<Ext>,
    /// Contents of the algorithm identifiers: inner, outer.
    pub algorithms: (Vec<u8>, Vec<u8>),
}

impl Cert {
    fn new(subject: Vec<u8>, issuer: Vec<u8>, key: Key) -> Self {
        let ed25519 = oid(ED25519);
        Self {
            version: Some(2),
            serial: key.0,
            issuer,
            subject,
            not_before: "250101000000Z",
            not_after: "350101000000Z",
            spki: key.spki(),
            extensions: Vec::new(),
            algorithms: (ed25519.clone(), ed25519),
        }
    }

    /// A server's certificate for these names.
    pub fn leaf(issuer: &str, names: &[&str], key: Key) -> Self {
        let mut cert = Self::new(der::name(&[]), der::common_name(issuer), key);
        cert.extensions = vec![Ext::not_ca(), Ext::key_usage(0x80), Ext::dns_names(names)];
        cert
    }

    /// A CA's certificate; self-issued if both names are one.
    pub fn ca(subject: &str, issuer: &str, key: Key) -> Self {
        let mut cert = Self::new(der::common_name(subject), der::common_name(issuer), key);
        cert.extensions = vec![Ext::ca(None), Ext::key_usage(0x06)];
        cert
    }

    /// The same with this extension in place of the one of its kind, or added.
    pub fn with(mut self, extension: Ext) -> Self {
        self.extensions.retain(|it| it.oid != extension.oid);
        self.extensions.push(extension);
        self
    }

    /// The same without the extension of 2.5.29.`number`.
    pub fn without(mut self, number: u8) -> Self {
        self.extensions.retain(|it| it.oid != [0x55, 0x1d, number]);
        self
    }

    pub fn dates(mut self, not_before: &'static str, not_after: &'static str) -> Self {
        (self.not_before, self.not_after) = (not_before, not_after);
        self
    }

    pub fn subject(mut self, subject: Vec<u8>) -> Self {
        self.subject = subject;
        self
    }

    pub fn serial(mut self, serial: u8) -> Self {
        self.serial = serial;
        self
    }

    pub fn spki(mut self, spki: Vec<u8>) -> Self {
        self.spki = spki;
        self
    }

    /// Version 1: no version field, no extensions.
    pub fn v1(mut self) -> Self {
        self.version = None;
        self.extensions.clear();
        self
    }

    /// What is signed.
    pub fn tbs(&self) -> Vec<u8> {
        let time = |text: &str| tlv(0x17, text.as_bytes());
        let extensions: Vec<Vec<u8>> = self.extensions.iter().map(Ext::to_der).collect();
        seq(&[
            &self.version.map(|it| tlv(0xa0, &int(it))).unwrap_or_default(),
            &int(self.serial),
            &tlv(0x30, &self.algorithms.0),
            &self.issuer,
            &seq(&[&time(self.not_before), &time(self.not_after)]),
            &self.subject,
            &self.spki,
            &match extensions.is_empty() {
                true => Vec::new(),
                false => tlv(0xa3, &tlv(0x30, &extensions.concat())),
            },
        ])
    }

    /// The certificate's octets, signed with this key.
    pub fn sign(&self, key: Key) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = key.pair().sign(&tbs);
        seq(&[&tbs, &tlv(0x30, &self.algorithms.1), &bits(signature.as_ref())])
    }
}

/// An RSA key's SubjectPublicKeyInfo with a modulus of so many bits; nobody has its private key.
pub fn rsa_spki(modulus_bits: usize) -> Vec<u8> {
    let mut modulus = vec![0];
    modulus.resize(1 + modulus_bits / 8, 0xab);
    let key = seq(&[&tlv(2, &modulus), &tlv(2, &[1, 0, 1])]);
    let rsa = oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
    seq(&[&seq(&[&rsa, &[5, 0]]), &bits(&key)])
}
