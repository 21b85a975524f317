//! Chains and records that are made to cost much: each is refused, and none may take ten milliseconds.
#![expect(clippy::unwrap_used, reason = "an input of ours that is refused is a fault of the bench")]

use core::hint::black_box;
use core::time::Duration;

use ::dane::publish::{record, record_of_key};
use ::dane::{CertUsage, Digests, Matching, Name, Profile, Selector, Tlsa, UsableSet, Verifier};
use pki_types::{CertificateDer, SignatureVerificationAlgorithm};

use crate::certificates::der::{bits, oid, seq, tlv};
use crate::certificates::{Cert, Ext, Key};
use crate::clock::repeat;
use crate::dane::now;

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

const MX: &str = "mx.example.org";
const KEYS: &str = include_str!("../data/keys.txt");

/// The keys of a kind, as SubjectPublicKeyInfo.
fn keys(kind: &str) -> Vec<Vec<u8>> {
    let lines = KEYS.lines().filter_map(|line| line.split_once(' '));
    let octet = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    lines
        .filter(|(name, _)| *name == kind)
        .map(|(_, hex)| hex.as_bytes().chunks(2).map(octet).collect())
        .collect()
}

/// RSA keys of so many octets with this exponent. Nobody has their private halves.
fn rsa_keys(octets: usize, exponent: &[u8]) -> Vec<Vec<u8>> {
    let rsa = seq(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]), &[5, 0]]);
    let key = |last: u8| {
        let mut modulus = vec![0xff; octets];
        modulus.extend([0x55, last * 2 + 1]);
        modulus.drain(..2);
        modulus.insert(0, 0);
        seq(&[&rsa, &bits(&seq(&[&tlv(2, &modulus), &tlv(2, exponent)]))])
    };
    (0..64).map(key).collect()
}

/// A signature that is none, in the form of one by this key.
fn signature(key: &[u8]) -> Vec<u8> {
    match key.len() {
        // Ed25519, then the curves: two numbers as long as those of the curve, then RSA.
        44 => vec![0x0f; 64],
        size @ 45..250 => {
            let number = tlv(2, &vec![0x55; (size - 20) / 2 - 4]);
            seq(&[&number, &number])
        }
        size => vec![0x55; size & !0xff],
    }
}

/// One leaf, and as many `2 1 0` keys as there are: none has signed it, and each has to be tried.
fn wrong_keys(algorithm: Algorithm, keys: &[Vec<u8>], count: usize) -> Duration {
    let id = algorithm.signature_alg_id().as_ref().to_vec();
    let cert = Cert { algorithms: (id.clone(), id.clone()), ..Cert::leaf("CA", &[MX], Key(1)) };
    let signature = signature(keys.first().unwrap());
    let leaf = CertificateDer::from(seq(&[&cert.tbs(), &tlv(0x30, &id), &bits(&signature)]));
    let records =
        keys.iter().map(|key| record_of_key(CertUsage::DANE_TA, Matching::FULL, key).unwrap());
    refuse(&leaf, &[], &records.collect::<Vec<_>>(), &[algorithm], count)
}

fn refuse(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    records: &[Tlsa],
    algorithms: &[Algorithm],
    count: usize,
) -> Duration {
    let set = UsableSet::select(records, Profile::Smtp, &Digests::default()).unwrap();
    let names = [MX.parse::<Name>().unwrap()];
    let verifier = Verifier::new(&set, &names, algorithms);
    repeat(count, || assert!(verifier.verify(black_box(leaf), others, now()).is_err()))
}

pub(crate) fn keys_p256(count: usize) -> Duration {
    wrong_keys(webpki::ring::ECDSA_P256_SHA256, &keys("P-256"), count)
}

pub(crate) fn keys_p384(count: usize) -> Duration {
    wrong_keys(webpki::ring::ECDSA_P384_SHA384, &keys("P-384"), count)
}

pub(crate) fn keys_ed25519(count: usize) -> Duration {
    wrong_keys(webpki::ring::ED25519, &keys("Ed25519"), count)
}

/// The most that counts as a common key.
pub(crate) fn keys_rsa_4096(count: usize) -> Duration {
    wrong_keys(webpki::ring::RSA_PKCS1_2048_8192_SHA256, &rsa_keys(512, &[1, 0xff, 0xff]), count)
}

/// The most that the provider takes: an exponent of 33 bits.
pub(crate) fn keys_rsa_8192(count: usize) -> Duration {
    let keys = rsa_keys(1024, &[1, 0xff, 0xff, 0xff, 0xff]);
    wrong_keys(webpki::ring::RSA_PKCS1_2048_8192_SHA512, &keys, count)
}

#[cfg(feature = "aws-lc-rs")]
pub(crate) fn aws_keys_p384(count: usize) -> Duration {
    wrong_keys(webpki::aws_lc_rs::ECDSA_P384_SHA384, &keys("P-384"), count)
}

#[cfg(feature = "aws-lc-rs")]
pub(crate) fn aws_keys_p521(count: usize) -> Duration {
    wrong_keys(webpki::aws_lc_rs::ECDSA_P521_SHA512, &keys("P-521"), count)
}

#[cfg(feature = "aws-lc-rs")]
pub(crate) fn aws_keys_rsa_8192(count: usize) -> Duration {
    let keys = rsa_keys(1024, &[1, 0xff, 0xff, 0xff, 0xff]);
    wrong_keys(webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA512, &keys, count)
}

/// A line of CAs with as many names and constraints as 128 KiB hold, of which none is met early.
pub(crate) fn constraints(count: usize) -> Duration {
    let text = |at: usize| format!("{at:04}.example.org");
    let names: Vec<Vec<u8>> = (0..3_000).map(|at| tlv(0x82, text(at).as_bytes())).collect();
    let bases: Vec<Vec<u8>> = (3_000..5_700).map(|at| tlv(0x82, text(at).as_bytes())).collect();
    let host = [tlv(0x82, MX.as_bytes())];
    let leaf = Cert::leaf("CA", &[], Key(1)).with(Ext::alt_names(&[&host[..], &names].concat()));
    let ca = Cert::ca("CA", "CA", Key(2)).with(Ext::constraints(&[], &bases)).sign(Key(2));
    let record = record(CertUsage::DANE_TA, Selector::SPKI, Matching::SHA2_256, &ca).unwrap();
    let leaf = CertificateDer::from(leaf.sign(Key(2)));
    refuse(&leaf, &[ca.into()], &[record], &[webpki::ring::ED25519], count)
}

/// Few long names that differ in their first octet, to be compared from the end.
pub(crate) fn long_names(count: usize) -> Duration {
    let name = |first: u8| [&[first][..], &[b'a'; 249]].concat();
    let list = |first: u8| -> Vec<Vec<u8>> {
        (0..240).map(|at: u8| tlv(0x82, &name(first.wrapping_add(at % 8)))).collect()
    };
    let leaf = Cert::leaf("CA", &[], Key(1)).with(Ext::alt_names(&list(b'a')));
    let ca = Cert::ca("CA", "CA", Key(2)).with(Ext::constraints(&[], &list(b'm'))).sign(Key(2));
    let record = record(CertUsage::DANE_TA, Selector::SPKI, Matching::SHA2_256, &ca).unwrap();
    let leaf = CertificateDer::from(leaf.sign(Key(2)));
    refuse(&leaf, &[ca.into()], &[record], &[webpki::ring::ED25519], count)
}

/// Addresses at few long hosts that differ in their last octet, to be compared from the start.
pub(crate) fn long_mails(count: usize) -> Duration {
    let host = |at: usize| [&[b'a'; 240][..], format!("{at:03}").as_bytes()].concat();
    let at = |at: usize| tlv(0x81, &[&b"@"[..], &host(at)].concat());
    let names: Vec<Vec<u8>> = (0..240).map(at).collect();
    let bases: Vec<Vec<u8>> = (240..480).map(|at| tlv(0x81, &host(at))).collect();
    let leaf = Cert::leaf("CA", &[], Key(1)).with(Ext::alt_names(&names));
    let ca = Cert::ca("CA", "CA", Key(2)).with(Ext::constraints(&[], &bases)).sign(Key(2));
    let record = record(CertUsage::DANE_TA, Selector::SPKI, Matching::SHA2_256, &ca).unwrap();
    let leaf = CertificateDer::from(leaf.sign(Key(2)));
    refuse(&leaf, &[ca.into()], &[record], &[webpki::ring::ED25519], count)
}

/// Eleven CAs of one name, in which four attributes differ in their last letter alone: for each
/// certificate they stand in another order and case. Key ids make a path of eight of them.
fn namesakes() -> (Cert, Vec<Cert>) {
    let name = |at: usize| {
        let set: Vec<Vec<u8>> = (0..4)
            .map(|place| {
                let letter = b'a' + u8::try_from((place + at) % 4).unwrap();
                let upper = vec![b'A'; 1 + at / 4];
                let text = [&upper[..], &vec![b'a'; 238 - upper.len()], &[letter]].concat();
                seq(&[&oid(&[0x55, 4, 3]), &tlv(0x0c, &text)])
            })
            .collect();
        tlv(0x30, &tlv(0x31, &set.concat()))
    };
    let id = |at: usize| vec![u8::try_from(at).unwrap(); 20];
    let ca = |at: usize| {
        let mut ca = Cert::ca("", "", Key(u8::try_from(at).unwrap()));
        (ca.subject, ca.issuer) = (name(2 * at), name(2 * at + 1));
        // The path ends at the seventh.
        let issuer = if at == 7 { id(99) } else { id(at + 1) };
        ca.with(Ext::subject_key_id(&id(at))).with(Ext::authority_key_id(&issuer))
    };
    let leaf = Cert::leaf("", &[MX], Key(100)).with(Ext::authority_key_id(&id(1)));
    (Cert { issuer: name(1), ..leaf }, (1..12).map(ca).collect())
}

pub(crate) fn names(count: usize) -> Duration {
    let (leaf, cas) = namesakes();
    let leaf = CertificateDer::from(leaf.sign(Key(1)));
    let others: Vec<CertificateDer<'static>> =
        cas.iter().map(|ca| ca.sign(Key(1)).into()).collect();
    let stranger = Cert::ca("X", "X", Key(99)).sign(Key(99));
    let records = [record(CertUsage::DANE_TA, Selector::SPKI, Matching::FULL, &stranger).unwrap()];
    refuse(&leaf, &others, &records, &[webpki::ring::ED25519], count)
}

/// Records that want each certificate and each key hashed in every way, in turn.
fn every_digest(count: usize) -> Vec<Tlsa> {
    let stranger = Cert::ca("X", "X", Key(99)).sign(Key(99));
    let numbers = [(2, 0, 2), (2, 1, 2), (3, 0, 2), (3, 1, 2)];
    let record = |&(usage, selector, matching): &(u8, u8, u8)| {
        record(CertUsage(usage), Selector(selector), Matching(matching), &stranger).unwrap()
    };
    numbers.iter().cycle().take(count).map(record).collect()
}

/// A path of eight certificates of 16 KiB, nearly all of it key, and 64 records that want them hashed.
pub(crate) fn digests(count: usize) -> Duration {
    let large = |cert: Cert| {
        let unknown = seq(&[&oid(&[0x2a, 3, 4])]);
        cert.spki(seq(&[&unknown, &bits(&[7; 15_900])]))
    };
    let leaf = large(Cert::leaf("CA 1", &[MX], Key(9))).sign(Key(1));
    let ca = |at: u8| Cert::ca(&format!("CA {at}"), &format!("CA {}", at + 1), Key(at));
    let others: Vec<CertificateDer<'static>> =
        (1..8).map(|at| large(ca(at)).sign(Key(at + 1)).into()).collect();
    refuse(&leaf.into(), &others, &every_digest(64), &[webpki::ring::ED25519], count)
}

/// All at once: names that are compared slowly, keys that are hashed and compared, and for what the
/// path comes to, the dearest signatures there are.
pub(crate) fn all(count: usize) -> Duration {
    let algorithm: Algorithm = webpki::ring::ECDSA_P384_SHA384;
    let keys = keys("P-384");
    let id = algorithm.signature_alg_id().as_ref().to_vec();
    let signed = |cert: &Cert| {
        let cert = Cert { algorithms: (id.clone(), id.clone()), ..cert.clone() };
        // As long as the limit of all together leaves room for.
        let filled = cert.with(Ext::new(&[0x2a, 3, 4], false, vec![7; 8_200]));
        CertificateDer::from(seq(&[
            &filled.tbs(),
            &tlv(0x30, &id),
            &bits(&signature(keys.first().unwrap())),
        ]))
    };
    let (leaf, cas) = namesakes();
    let others: Vec<CertificateDer<'static>> = cas.iter().map(signed).collect();
    let keys =
        keys.iter().map(|key| record_of_key(CertUsage::DANE_TA, Matching::FULL, key).unwrap());
    let records: Vec<Tlsa> = keys.take(32).chain(every_digest(32)).collect();
    refuse(&signed(&leaf), &others, &records, &[algorithm], count)
}
