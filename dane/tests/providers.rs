//! Real handshakes in memory with both providers of rustls: every kind of key and signature scheme, servers
//! that show the right certificate or raw key without holding the key, and leaves that only DANE-EE takes.
#![cfg(feature = "rustls")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod common;
#[path = "common/tls.rs"]
mod tls;

use core::fmt;
use std::sync::Arc;

use common::{Cert, Ext, Key, SERVER_AUTH, der};
use dane::adapter::rustls::{DaneVerifier, client_config, with_verifier};
use dane::discovery::Enforcement;
use dane::{FailureReason, Matching, NearestMiss, Tlsa, Usage, publish};
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, HandshakeKind, PeerMisbehaved,
    ServerConfig, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion,
};
use tls::{Always, BASE, BOTH, pass, plan, record};

/// Two keys of each kind: RSA with 2048 bits, P-256, P-384, P-521, Ed25519, and the same again.
const KEYS: &str = include_str!("data/keys.pem");

/// The place of a kind of key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Rsa = 0,
    P256 = 1,
    P384 = 2,
    P521 = 3,
    Ed25519 = 4,
}

use Kind::{Ed25519, P256, P384, P521, Rsa};

const KINDS: usize = 5;

/// Each scheme that a server can sign with, and the versions of TLS that have it.
const SCHEMES: [(Kind, SignatureScheme, &[&SupportedProtocolVersion]); 10] = [
    (Rsa, SignatureScheme::RSA_PKCS1_SHA256, &[&rustls::version::TLS12]),
    (Rsa, SignatureScheme::RSA_PKCS1_SHA384, &[&rustls::version::TLS12]),
    (Rsa, SignatureScheme::RSA_PKCS1_SHA512, &[&rustls::version::TLS12]),
    (Rsa, SignatureScheme::RSA_PSS_SHA256, &BOTH),
    (Rsa, SignatureScheme::RSA_PSS_SHA384, &BOTH),
    (Rsa, SignatureScheme::RSA_PSS_SHA512, &BOTH),
    (P256, SignatureScheme::ECDSA_NISTP256_SHA256, &BOTH),
    (P384, SignatureScheme::ECDSA_NISTP384_SHA384, &BOTH),
    (P521, SignatureScheme::ECDSA_NISTP521_SHA512, &BOTH),
    (Ed25519, SignatureScheme::ED25519, &BOTH),
];

fn providers() -> [(&'static str, Arc<CryptoProvider>); 2] {
    [
        ("ring", Arc::new(ring::default_provider())),
        ("aws-lc-rs", Arc::new(aws_lc_rs::default_provider())),
    ]
}

/// Every scheme with every provider and version that has it.
fn every_scheme(
    mut judge: impl FnMut(
        &Arc<CryptoProvider>,
        &'static SupportedProtocolVersion,
        Kind,
        SignatureScheme,
    ),
) -> usize {
    let mut count = 0;
    for (name, provider) in providers() {
        for (kind, scheme, versions) in SCHEMES {
            let known = provider.signature_verification_algorithms.supported_schemes();
            // The one difference between the two.
            assert_eq!(
                known.contains(&scheme),
                name != "ring" || kind != P521,
                "{name} {scheme:?}"
            );
            if !known.contains(&scheme) {
                continue;
            }
            for version in versions {
                judge(&provider, version, kind, scheme);
                count += 1;
            }
        }
    }
    count
}

fn key(kind: Kind, which: usize) -> Arc<dyn SigningKey> {
    let keys: Vec<PrivateKeyDer<'static>> =
        PrivateKeyDer::pem_slice_iter(KEYS.as_bytes()).map(Result::unwrap).collect();
    let der = keys[kind as usize + which * KINDS].clone_key();
    aws_lc_rs::sign::any_supported_type(&der).unwrap()
}

fn spki(key: &dyn SigningKey) -> Vec<u8> {
    key.public_key().unwrap().to_vec()
}

const CA: Key = Key(2);

fn dated(cert: Cert) -> Cert {
    // Handshakes are judged by the clock: dates that outlast these tests.
    cert.dates("000101000000Z", "491231235959Z")
}

/// The server's certificate and its issuer's.
fn chain_of(kind: Kind) -> [Vec<u8>; 2] {
    let leaf = Cert::leaf("CA", &[BASE], Key(1)).spki(spki(&*key(kind, 0)));
    [dated(leaf).sign(CA), dated(Cert::ca("CA", "CA", CA)).sign(CA)]
}

/// What a server does when it is to sign.
#[derive(Clone, Debug)]
struct Hand {
    key: Arc<dyn SigningKey>,
    /// What it calls the signature.
    claims: SignatureScheme,
    /// What it signs with.
    uses: SignatureScheme,
    change: Change,
}

/// What becomes of a signature.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    FlipBit,
    Cut,
    Empty,
    OtherMessage,
}

impl Hand {
    fn honest(kind: Kind, scheme: SignatureScheme) -> Self {
        Self { key: key(kind, 0), claims: scheme, uses: scheme, change: Change::Nothing }
    }

    fn server(&self, chain: &[Vec<u8>]) -> Arc<ServerConfig> {
        let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let certified = Arc::new(CertifiedKey::new(chain, Arc::new(self.clone())));
        serve(Arc::new(Always(certified)))
    }
}

/// A server with the provider that knows all kinds of keys.
fn serve(resolver: Arc<dyn ResolvesServerCert>) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    Arc::new(config)
}

impl SigningKey for Hand {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let inner = self.key.choose_scheme(&[self.uses])?;
        Some(Box::new(Pen { inner, claims: self.claims, change: self.change }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

struct Pen {
    inner: Box<dyn Signer>,
    claims: SignatureScheme,
    change: Change,
}

impl fmt::Debug for Pen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pen").field("claims", &self.claims).finish_non_exhaustive()
    }
}

impl Signer for Pen {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        if let Change::OtherMessage = self.change {
            return self.inner.sign(&[message, b"x"].concat());
        }
        let mut signature = self.inner.sign(message)?;
        match self.change {
            Change::Nothing | Change::OtherMessage => {}
            Change::FlipBit => *signature.last_mut().unwrap() ^= 1,
            Change::Cut => drop(signature.pop()),
            Change::Empty => signature.clear(),
        }
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        self.claims
    }
}

fn verifier(records: &[Tlsa], provider: &CryptoProvider) -> Arc<DaneVerifier> {
    Arc::new(DaneVerifier::new(&plan(records, Enforcement::Enforced), provider))
}

/// A handshake by this verifier: the connection, and how it ended.
fn shake(
    verifier: &Arc<DaneVerifier>,
    provider: &Arc<CryptoProvider>,
    version: &'static SupportedProtocolVersion,
    server: &Arc<ServerConfig>,
) -> (ClientConnection, Result<(), Error>) {
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_protocol_versions(&[version]).unwrap();
    run(client_config(builder, verifier.clone()), server)
}

fn run(config: ClientConfig, server: &Arc<ServerConfig>) -> (ClientConnection, Result<(), Error>) {
    let mut client = ClientConnection::new(Arc::new(config), BASE.try_into().unwrap()).unwrap();
    let ended = pass(&mut client, server);
    (client, ended)
}

#[test]
fn h3_h4_every_scheme_gives_a_token_by_key_and_by_anchor() {
    let count = every_scheme(|provider, version, kind, scheme| {
        let chain = chain_of(kind);
        let server = Hand::honest(kind, scheme).server(&chain);
        for (text, at, usage) in [("3 1 1", 0, Usage::DaneEe), ("2 0 1", 1, Usage::DaneTa)] {
            let verifier = verifier(&[record(text, &chain[at])], provider);
            let (client, ended) = shake(&verifier, provider, version, &server);
            assert_eq!(ended, Ok(()), "{kind:?} {scheme:?} {version:?}");
            assert!(!client.is_handshaking());
            let token = verifier.authenticated(&client).unwrap();
            assert_eq!((token.usage(), token.depth()), (usage, at));
            assert_eq!(verifier.failure(), None);
        }
    });
    // ring: 3 schemes of TLS 1.2 alone, 6 of both; aws-lc-rs has P-521 too.
    assert_eq!(count, 15 + 17);
}

#[test]
fn h2_the_right_leaf_and_another_key_under_every_scheme() {
    every_scheme(|provider, version, kind, scheme| {
        let chain = chain_of(kind);
        let thief = Hand { key: key(kind, 1), ..Hand::honest(kind, scheme) };
        let server = thief.server(&chain);
        for (text, at) in [("3 1 1", 0), ("3 0 1", 0), ("2 1 1", 1)] {
            refuses(provider, version, &[record(text, &chain[at])], &server);
        }
    });
}

#[test]
fn h2_the_right_key_and_a_spoilt_signature_under_every_scheme() {
    every_scheme(|provider, version, kind, scheme| {
        let chain = chain_of(kind);
        for change in [Change::FlipBit, Change::Cut, Change::Empty, Change::OtherMessage] {
            let server = Hand { change, ..Hand::honest(kind, scheme) }.server(&chain);
            refuses(provider, version, &[record("3 1 1", &chain[0])], &server);
        }
    });
}

/// The chain matches, the signature is wrong: no token, and the reason can be read.
#[track_caller]
fn refuses(
    provider: &Arc<CryptoProvider>,
    version: &'static SupportedProtocolVersion,
    records: &[Tlsa],
    server: &Arc<ServerConfig>,
) {
    let verifier = verifier(records, provider);
    let (client, ended) = shake(&verifier, provider, version, server);
    assert_eq!(ended, Err(Error::InvalidCertificate(CertificateError::BadSignature)));
    assert_eq!(verifier.authenticated(&client), None);
    let failure = verifier.failure().unwrap();
    assert_eq!(failure.kind(), FailureReason::HandshakeSignature);
    assert_eq!(failure.reason_code(), "handshake-signature");
    match failure.nearest_miss() {
        NearestMiss::NotHeld { record: 0, .. } | NearestMiss::OtherScheme { record: 0, .. } => {}
        other => panic!("{other}"),
    }
}

#[test]
fn dane_r2_a_wrong_handshake_signature_is_told_by_its_scheme() {
    for (_, provider) in providers() {
        for (kind, claims, uses, sentence) in [
            (
                Rsa,
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::RSA_PSS_SHA512,
                "record 0 matches, but the signature of scheme 0x0804 is not by the key of \
                 certificate 0",
            ),
            (
                P256,
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::ECDSA_NISTP256_SHA256,
                "record 0 matches, but the scheme 0x0804 is not for its kind of key",
            ),
            (
                Rsa,
                SignatureScheme::RSA_PKCS1_SHA256,
                SignatureScheme::RSA_PKCS1_SHA256,
                "record 0 matches, but the scheme 0x0401 was not offered",
            ),
        ] {
            let chain = chain_of(kind);
            let server = Hand { claims, uses, ..Hand::honest(kind, uses) }.server(&chain);
            let verifier = verifier(&[record("3 1 1", &chain[0])], &provider);
            let (_, ended) = shake(&verifier, &provider, &rustls::version::TLS13, &server);
            assert!(ended.is_err());
            let text = verifier.failure().unwrap().to_string();
            assert_eq!(text, format!("handshake signature is wrong at depth 0; {sentence}"));
        }
    }
}

#[test]
fn h3_a_signature_under_another_name_than_its_own() {
    for (_, provider) in providers() {
        for (kind, claims, uses) in [
            (Rsa, SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PSS_SHA512),
            (Rsa, SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256),
            (Rsa, SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256),
            (Rsa, SignatureScheme::ED25519, SignatureScheme::RSA_PSS_SHA256),
            (P256, SignatureScheme::RSA_PSS_SHA256, SignatureScheme::ECDSA_NISTP256_SHA256),
            (P256, SignatureScheme::ECDSA_NISTP384_SHA384, SignatureScheme::ECDSA_NISTP256_SHA256),
            (Ed25519, SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519),
        ] {
            let chain = chain_of(kind);
            let server = Hand { claims, uses, ..Hand::honest(kind, uses) }.server(&chain);
            let records = [record("3 1 1", &chain[0])];
            refuses(&provider, &rustls::version::TLS13, &records, &server);
            // In TLS 1.2 the cipher suite may give it away before.
            let verifier = verifier(&records, &provider);
            let (client, ended) = shake(&verifier, &provider, &rustls::version::TLS12, &server);
            assert!(ended.is_err(), "{claims:?} {uses:?}");
            assert_eq!(verifier.authenticated(&client), None);
        }
    }
}

#[test]
fn h4_schemes_that_tls_1_3_has_not_are_refused_even_if_the_signature_is_good() {
    for (_, provider) in providers() {
        for uses in [
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ] {
            let chain = chain_of(Rsa);
            not_advertised(&provider, &Hand::honest(Rsa, uses).server(&chain), &chain);
        }
        for claims in [
            SignatureScheme::ED448,
            SignatureScheme::RSA_PKCS1_SHA1,
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::Unknown(0),
        ] {
            let chain = chain_of(Ed25519);
            let honest = Hand::honest(Ed25519, SignatureScheme::ED25519);
            not_advertised(&provider, &Hand { claims, ..honest }.server(&chain), &chain);
        }
    }
}

#[track_caller]
fn not_advertised(provider: &Arc<CryptoProvider>, server: &Arc<ServerConfig>, chain: &[Vec<u8>]) {
    let verifier = verifier(&[record("3 1 1", &chain[0])], provider);
    let (client, ended) = shake(&verifier, provider, &rustls::version::TLS13, server);
    let expected = PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme;
    assert_eq!(ended, Err(expected.into()));
    assert_eq!(verifier.authenticated(&client), None);
    let failure = verifier.failure().unwrap();
    assert_eq!(failure.kind(), FailureReason::HandshakeSignature);
    assert!(matches!(failure.nearest_miss(), NearestMiss::NotOffered { record: 0, .. }));
}

/// Leaves that DANE-EE takes and stricter readers do not (RFC 7672 section 3.1.1).
fn odd_leaves() -> Vec<(&'static str, Cert)> {
    let leaf = || Cert::leaf("CA", &[BASE], Key(1));
    let private_use = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x63];
    vec![
        ("version 1", leaf().v1()),
        ("unknown critical extension", leaf().with(Ext::new(&private_use, true, vec![5, 0]))),
        ("a CA", leaf().with(Ext::ca(None))),
        ("self-issued", leaf().subject(der::common_name("CA"))),
        ("long expired", leaf().dates("990101000000Z", "990102000000Z")),
        ("dates that are none", leaf().dates("x", "y")),
        ("an extension twice", {
            let mut twice = leaf();
            twice.extensions.push(Ext::purposes(&[SERVER_AUTH]));
            twice.extensions.push(Ext::purposes(&[SERVER_AUTH]));
            twice
        }),
        ("a signature of an unknown kind", {
            let sha1_with_rsa = der::oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5]);
            Cert { algorithms: (sha1_with_rsa.clone(), sha1_with_rsa), ..leaf() }
        }),
    ]
}

#[test]
fn h2_leaves_that_only_dane_ee_takes() {
    let mut refused_by_others = 0;
    for (_, provider) in providers() {
        for (what, leaf) in odd_leaves() {
            for kind in [Rsa, P256, Ed25519] {
                let leaf = leaf.clone().spki(spki(&*key(kind, 0)));
                let chain = [leaf.sign(CA)];
                let scheme = SCHEMES.iter().rfind(|(of, ..)| *of == kind).unwrap().1;
                for version in BOTH {
                    let records = [record("3 1 1", &chain[0])];
                    let verifier = verifier(&records, &provider);
                    let honest = Hand::honest(kind, scheme);
                    let (client, ended) =
                        shake(&verifier, &provider, version, &honest.server(&chain));
                    assert_eq!(ended, Ok(()), "{what} {kind:?}");
                    assert!(verifier.authenticated(&client).is_some(), "{what} {kind:?}");
                    let thief = Hand { key: key(kind, 1), ..honest };
                    refuses(&provider, version, &records, &thief.server(&chain));
                }
                // What the libraries for the public PKI make of the same octets.
                let der = CertificateDer::from(chain[0].clone());
                refused_by_others += usize::from(webpki::EndEntityCert::try_from(&der).is_err());
            }
        }
    }
    assert!(refused_by_others > 0, "none of these leaves is odd");
}

#[test]
fn dane_s3_h6_a_resumed_session_is_judged_by_nobody_and_gives_no_token() {
    for (_, provider) in providers() {
        for version in BOTH {
            let chain = chain_of(P256);
            let server = Hand::honest(P256, SignatureScheme::ECDSA_NISTP256_SHA256).server(&chain);
            let first = verifier(&[record("3 1 1", &chain[0])], &provider);
            let resumption = Resumption::in_memory_sessions(8);
            let with = |verifier: &Arc<DaneVerifier>| {
                let builder = ClientConfig::builder_with_provider(provider.clone());
                let builder = builder.with_protocol_versions(&[version]).unwrap();
                let mut config = with_verifier(builder, verifier.clone()).with_no_client_auth();
                config.resumption = resumption.clone();
                config
            };
            let config = with(&first);
            assert_eq!(run(config.clone(), &server).1, Ok(()));
            let (resumed, ended) = run(config, &server);
            assert_eq!(ended, Ok(()));
            assert_eq!(resumed.handshake_kind(), Some(HandshakeKind::Resumed));
            assert_eq!(first.authenticated(&resumed), None);
            // The RRset has changed since: another verifier, the same store of tickets.
            let changed = verifier(&[record("3 1 1", &chain[1])], &provider);
            let (client, ended) = run(with(&changed), &server);
            assert_ne!(client.handshake_kind(), Some(HandshakeKind::Resumed));
            assert!(ended.is_err());
            assert_eq!(changed.failure().unwrap().kind(), FailureReason::NoMatch);
        }
    }
}

#[test]
fn h1_reasons_can_be_read_after_the_handshake() {
    let leaf = || Cert::leaf("CA", &[BASE], Key(1)).spki(spki(&*key(P256, 0)));
    let ca = dated(Cert::ca("CA", "CA", CA)).sign(CA);
    let other = dated(Cert::ca("other", "other", Key(9))).sign(Key(9));
    let of = |cert: Cert| [cert.sign(CA), ca.clone()];
    for (_, provider) in providers() {
        for (chain, records, reason, depth) in [
            (of(dated(leaf())), record("3 1 1", &other), FailureReason::NoMatch, None),
            (of(dated(leaf())), record("3 1 1", &ca), FailureReason::NoMatch, None),
            (
                of(leaf().dates("990101000000Z", "990102000000Z")),
                record("2 1 1", &ca),
                FailureReason::Expired,
                Some(0),
            ),
            (
                of(leaf().dates("480101000000Z", "490102000000Z")),
                record("2 1 1", &ca),
                FailureReason::NotYetValid,
                Some(0),
            ),
            (
                of(dated(Cert::leaf("CA", &["mx.example.net"], Key(1)).spki(spki(&*key(P256, 0))))),
                record("2 1 1", &ca),
                FailureReason::NameMismatch,
                Some(0),
            ),
        ] {
            let server = Hand::honest(P256, SignatureScheme::ECDSA_NISTP256_SHA256).server(&chain);
            for version in BOTH {
                let verifier = verifier(core::slice::from_ref(&records), &provider);
                let (client, ended) = shake(&verifier, &provider, version, &server);
                assert!(matches!(ended, Err(Error::InvalidCertificate(_))), "{ended:?}");
                assert_eq!(verifier.authenticated(&client), None);
                let failure = verifier.failure().unwrap();
                assert_eq!(failure.kind(), reason);
                if depth.is_some() {
                    assert_eq!(failure.depth(), depth, "{failure}");
                }
            }
        }
    }
}

#[test]
fn h5_h6_a_token_is_for_the_connection_that_was_judged() {
    let scheme = SignatureScheme::ECDSA_NISTP256_SHA256;
    for (_, provider) in providers() {
        let (chain, other) = (chain_of(P256), chain_of(Ed25519));
        let judged = verifier(&[record("3 1 1", &chain[0])], &provider);
        let server = Hand::honest(P256, scheme).server(&chain);
        let (client, ended) = shake(&judged, &provider, &rustls::version::TLS13, &server);
        assert_eq!(ended, Ok(()));
        // Another connection, to another server, that went well by itself.
        let elsewhere = verifier(&[record("3 1 1", &other[0])], &provider);
        let server = Hand::honest(Ed25519, SignatureScheme::ED25519).server(&other);
        let (another, ended) = shake(&elsewhere, &provider, &rustls::version::TLS13, &server);
        assert_eq!(ended, Ok(()));
        assert!(judged.authenticated(&client).is_some());
        assert!(elsewhere.authenticated(&another).is_some());
        assert_eq!(judged.authenticated(&another), None);
        assert_eq!(elsewhere.authenticated(&client), None);
    }
}

/// A server that shows this raw key alone (RFC 7250).
fn raw_key_server(shown: Vec<u8>, hand: Hand) -> Arc<ServerConfig> {
    let certified = CertifiedKey::new(vec![CertificateDer::from(shown)], Arc::new(hand));
    serve(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(certified))))
}

fn key_record(matching: Matching, spki: &[u8]) -> Tlsa {
    publish::record_of_key(dane::CertUsage::DANE_EE, matching, spki).unwrap()
}

fn raw_key_verifier(records: &[Tlsa], provider: &CryptoProvider) -> Arc<DaneVerifier> {
    let verifier = DaneVerifier::new(&plan(records, Enforcement::Enforced), provider);
    Arc::new(verifier.with_raw_public_keys().unwrap())
}

#[test]
fn dane_e2_a_raw_key_is_authenticated_by_3_1_x() {
    for (_, provider) in providers() {
        for (kind, scheme, _) in SCHEMES {
            let known = provider.signature_verification_algorithms.supported_schemes();
            let is_of_tls_1_3 = !format!("{scheme:?}").contains("PKCS1");
            if !known.contains(&scheme) || !is_of_tls_1_3 {
                continue;
            }
            let shown = spki(&*key(kind, 0));
            let server = raw_key_server(shown.clone(), Hand::honest(kind, scheme));
            for matching in [Matching::FULL, Matching::SHA2_256, Matching::SHA2_512] {
                let stranger = key_record(matching, &Key(7).spki());
                let records = [stranger, key_record(matching, &shown)];
                let verifier = raw_key_verifier(&records, &provider);
                let (client, ended) = shake(&verifier, &provider, &rustls::version::TLS13, &server);
                assert_eq!(ended, Ok(()), "{scheme:?}");
                let token = verifier.authenticated(&client).unwrap();
                assert_eq!((token.record(), token.usage(), token.depth()), (1, Usage::DaneEe, 0));
            }
        }
    }
}

#[test]
fn dane_e2_a_raw_key_that_does_not_match_or_is_not_held() {
    let scheme = SignatureScheme::ECDSA_NISTP256_SHA256;
    let (own, other) = (spki(&*key(P256, 0)), spki(&*key(P256, 1)));
    for (_, provider) in providers() {
        let records = [key_record(Matching::SHA2_256, &own)];
        for (shown, hand, reason) in [
            (
                own.clone(),
                Hand { key: key(P256, 1), ..Hand::honest(P256, scheme) },
                FailureReason::HandshakeSignature,
            ),
            (
                other.clone(),
                Hand { key: key(P256, 1), ..Hand::honest(P256, scheme) },
                FailureReason::NoMatch,
            ),
            (
                chain_of(P256)[0].clone(),
                Hand::honest(P256, scheme),
                FailureReason::MalformedCertificate,
            ),
        ] {
            let verifier = raw_key_verifier(&records, &provider);
            let server = raw_key_server(shown, hand);
            let (client, ended) = shake(&verifier, &provider, &rustls::version::TLS13, &server);
            assert!(ended.is_err());
            assert_eq!(verifier.authenticated(&client), None);
            assert_eq!(verifier.failure().unwrap().kind(), reason);
        }
    }
}

#[test]
fn dane_r2_what_is_at_fault_in_a_raw_key() {
    let provider = Arc::new(ring::default_provider());
    let shown = spki(&*key(P256, 0));
    let scheme = SignatureScheme::ECDSA_NISTP256_SHA256;
    let other = key_record(Matching::SHA2_256, &spki(&*key(P256, 1)));
    let text = key_record(Matching::SHA2_256, &shown).to_string();
    let [leaf, ..] = chain_of(P256);
    for (shown, records, sentence) in [
        (&shown, vec![other.clone()], "none of 1 records is of any of 1 certificates"),
        (
            &shown,
            vec![other.clone(), text.replacen("3 1 1", "3 1 0", 1).parse().unwrap()],
            "record 1 matches certificate 0 by matching type 1",
        ),
        (
            &shown,
            vec![other.clone(), text.replacen("3 1 1", "1 1 1", 1).parse().unwrap()],
            "record 1 matches certificate 0, but is not usable: certificate usage 1 is not supported",
        ),
        (&leaf, vec![other], "der tag at offset"),
    ] {
        let verifier = raw_key_verifier(&records, &provider);
        let server = raw_key_server(shown.clone(), Hand::honest(P256, scheme));
        let (_, ended) = shake(&verifier, &provider, &rustls::version::TLS13, &server);
        assert!(ended.is_err());
        let text = verifier.failure().unwrap().to_string();
        assert!(text.contains(&format!("; {sentence}")), "{text}");
    }
}

// checks: dane/DANE-E3
#[test]
fn dane_e2_raw_keys_are_offered_only_if_no_other_record_is_usable() {
    let chain = chain_of(P256);
    let (_, provider) = &providers()[0];
    // Not even where the record holds a certificate with that very key.
    let certificate = [record("3 0 0", &chain[0])];
    let verifier = DaneVerifier::new(&plan(&certificate, Enforcement::Enforced), provider);
    assert!(verifier.with_raw_public_keys().is_err());
    for text in ["3 0 1", "2 1 1"] {
        let records = [record("3 1 1", &chain[0]), record(text, &chain[0])];
        let verifier = DaneVerifier::new(&plan(&records, Enforcement::Enforced), provider);
        let error = verifier.with_raw_public_keys().unwrap_err();
        assert!(error.to_string().contains("3 1 x"));
    }
}

#[test]
fn h8_certificates_and_raw_keys_do_not_meet() {
    let scheme = SignatureScheme::ECDSA_NISTP256_SHA256;
    let chain = chain_of(P256);
    let shown = spki(&*key(P256, 0));
    let records = [key_record(Matching::SHA2_256, &shown)];
    for (_, provider) in providers() {
        let certificates = Hand::honest(P256, scheme).server(&chain);
        let raw = raw_key_server(shown.clone(), Hand::honest(P256, scheme));
        // By default nobody is offered raw keys; a server that has nothing else ends the handshake.
        for version in BOTH {
            let usual = verifier(&records, &provider);
            let (client, ended) = shake(&usual, &provider, version, &raw);
            assert!(ended.is_err() || client.is_handshaking());
            assert_eq!((usual.authenticated(&client), usual.failure()), (None, None));
        }
        // Who offers raw keys alone gets nowhere with a server of certificates.
        for version in BOTH {
            let by_key = raw_key_verifier(&records, &provider);
            let (client, ended) = shake(&by_key, &provider, version, &certificates);
            assert!(ended.is_err() || client.is_handshaking());
            assert_eq!(by_key.authenticated(&client), None);
        }
    }
}
