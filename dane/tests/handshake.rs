//! Real handshakes in memory: only a matching chain *and* a good handshake signature give a token.
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

use std::sync::Arc;

use common::{Cert, Key};
use dane::adapter::rustls::{DaneVerifier, client_config};
use dane::discovery::{
    Answer, Assurance, Destination, Enforcement, Exchangers, Outcome, Policy, Security, Step1,
};
use dane::{FailureReason, NearestMiss, Profile, Tlsa, Usage};
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, HandshakeKind, ServerConfig,
    SupportedProtocolVersion,
};
use tls::{Always, BASE, BOTH, pass, plan, plan_at, plan_by, record};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A server that sends this chain and signs with this key, whether or not they belong together.
fn server(chain: &[Vec<u8>], key: Key) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(key.pkcs8().into());
    let key = provider().key_provider.load_private_key(key).unwrap();
    let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    Arc::new(
        ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Always(Arc::new(CertifiedKey::new(chain, key))))),
    )
}

fn client(
    verifier: &Arc<DaneVerifier>,
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let builder =
        ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[version]).unwrap();
    client_config(builder, verifier.clone())
}

fn shake(config: ClientConfig, server: &Arc<ServerConfig>) -> Result<ClientConnection, Error> {
    let name = BASE.try_into().unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    pass(&mut client, server)?;
    assert!(!client.is_handshaking());
    Ok(client)
}

fn fail(config: ClientConfig, server: &Arc<ServerConfig>) -> (ClientConnection, Error) {
    let mut client = ClientConnection::new(Arc::new(config), BASE.try_into().unwrap()).unwrap();
    assert_eq!(client.handshake_kind(), None);
    let error = pass(&mut client, server).unwrap_err();
    (client, error)
}

fn verifier(records: &[Tlsa]) -> Arc<DaneVerifier> {
    Arc::new(DaneVerifier::new(&plan(records, Enforcement::Enforced), &provider()))
}

const SERVER: Key = Key(1);
const CA: Key = Key(2);
const OTHER: Key = Key(9);

fn leaf() -> Cert {
    Cert::leaf("CA", &[BASE], SERVER)
}

fn chain() -> [Vec<u8>; 2] {
    // Handshakes are judged by the clock: dates that outlast these tests.
    let dates = |cert: Cert| cert.dates("000101000000Z", "491231235959Z");
    [dates(leaf()).sign(CA), dates(Cert::ca("CA", "CA", CA)).sign(CA)]
}

#[test]
fn h5_a_match_and_a_good_signature_make_a_token() {
    let chain = chain();
    for version in BOTH {
        for (usage, text, at) in [
            (Usage::DaneEe, "3 1 1", 0),
            (Usage::DaneEe, "3 0 2", 0),
            (Usage::DaneTa, "2 0 1", 1),
            (Usage::DaneTa, "2 1 0", 1),
        ] {
            let verifier = verifier(&[record(text, &chain[at])]);
            let client = shake(client(&verifier, version), &server(&chain, SERVER)).unwrap();
            assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
            let token = verifier.authenticated(&client).unwrap();
            assert_eq!((token.record(), token.usage(), token.depth()), (0, usage, at));
            assert_eq!(verifier.failure(), None);
        }
    }
}

#[test]
fn m2_a_token_says_whether_it_is_secure_delivery() {
    let chain = chain();
    for (security, assurance) in
        [(Security::Secure, Assurance::Full), (Security::Insecure, Assurance::Half)]
    {
        let mx = Answer::hop_by_hop(Outcome::Records(Exchangers::Hosts), security, vec![]);
        let next_hop = "example.org".parse().unwrap();
        let step = Destination::from_mx(&next_hop, &mx, Policy::default());
        let Step1::Hosts(destination) = step else { panic!("{step:?}") };
        let plan = plan_at(&destination, &[record("3 1 1", &chain[0])]);
        let verifier = Arc::new(DaneVerifier::new(&plan, &provider()));
        let client = shake(client(&verifier, BOTH[1]), &server(&chain, SERVER)).unwrap();
        assert_eq!(verifier.authenticated(&client).unwrap().assurance(), assurance);
    }
}

#[test]
fn h2_a_matching_chain_signed_with_another_key_is_refused() {
    let chain = chain();
    for version in BOTH {
        for (text, at) in [("3 1 1", 0), ("3 0 0", 0), ("2 0 1", 1), ("2 1 1", 1), ("2 0 0", 1)] {
            let verifier = verifier(&[record(text, &chain[at])]);
            let (client, error) = fail(client(&verifier, version), &server(&chain, OTHER));
            assert_eq!(error, Error::InvalidCertificate(CertificateError::BadSignature));
            assert_eq!(verifier.authenticated(&client), None);
            let failure = verifier.failure().unwrap();
            assert_eq!(failure.kind(), FailureReason::HandshakeSignature);
            let near = NearestMiss::NotHeld { record: 0, scheme: 0x0807 };
            assert_eq!(failure.nearest_miss(), near);
        }
    }
}

#[test]
fn h1_a_chain_without_match_is_refused_with_its_reason() {
    let chain = chain();
    for version in BOTH {
        for (text, certificate, reason) in [
            ("3 1 1", &chain[1], FailureReason::NoMatch),
            ("2 1 1", &chain[0], FailureReason::NoMatch),
        ] {
            let verifier = verifier(&[record(text, certificate)]);
            let (client, error) = fail(client(&verifier, version), &server(&chain, SERVER));
            assert_eq!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer));
            assert_eq!(verifier.failure().unwrap().kind(), reason);
            let near = verifier.failure().unwrap().nearest_miss();
            assert!(matches!(near, NearestMiss::Position { record: 0, .. }), "{near}");
            assert_eq!(verifier.authenticated(&client), None);
        }
    }
}

#[test]
fn h6_resumption_is_off_by_default() {
    let chain = chain();
    let server = server(&chain, SERVER);
    for version in BOTH {
        for _ in 0..2 {
            let verifier = verifier(&[record("3 1 1", &chain[0])]);
            let client = shake(client(&verifier, version), &server).unwrap();
            assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
            assert!(verifier.authenticated(&client).is_some());
        }
    }
}

#[test]
fn dane_s4_a_verifier_judges_one_connection() {
    let chain = chain();
    let server = server(&chain, SERVER);
    let verifier = verifier(&[record("3 1 1", &chain[0])]);
    let config = client(&verifier, &rustls::version::TLS13);
    assert!(shake(config.clone(), &server).is_ok());
    assert!(matches!(shake(config, &server), Err(Error::General(_))));
}

#[test]
fn dane_s1_another_server_name_than_the_base_is_refused() {
    let chain = chain();
    let verifier = verifier(&[record("3 1 1", &chain[0])]);
    let leaf = CertificateDer::from(chain[0].clone());
    for other in ["example.org", "192.0.2.1"] {
        let name = other.try_into().unwrap();
        let now = pki_types::UnixTime::now();
        let verdict = verifier.verify_server_cert(&leaf, &[], &name, &[], now);
        assert!(matches!(verdict, Err(Error::General(_))), "{other}");
    }
    assert_eq!(verifier.server_name(), BASE.try_into().unwrap());
}

#[test]
fn dane_t9_an_audit_reports_and_goes_on_without_a_token() {
    let chain = chain();
    for version in BOTH {
        for (certificate, failure) in [(&chain[0], None), (&chain[1], Some(FailureReason::NoMatch))]
        {
            let plan = plan(&[record("3 1 1", certificate)], Enforcement::DangerAuditOnly);
            let verifier = Arc::new(DaneVerifier::new(&plan, &provider()));
            let client = shake(client(&verifier, version), &server(&chain, SERVER)).unwrap();
            assert_eq!(verifier.authenticated(&client), None);
            assert_eq!(verifier.failure().map(|it| it.kind()), failure);
        }
    }
}

#[test]
fn rfc7671_4_the_generic_profile_has_roots() {
    let chain = chain();
    let mut policy = Policy::default();
    policy.profile = Profile::Generic;
    let plan = plan_by(&[record("1 1 1", &chain[0])], policy);
    let server = server(&chain[..1], SERVER);
    let root = CertificateDer::from(chain[1].clone());
    for version in BOTH {
        let verifier = DaneVerifier::new(&plan, &provider()).with_roots(vec![root.clone()]);
        let verifier = Arc::new(verifier);
        let client = shake(self::client(&verifier, version), &server).unwrap();
        assert_eq!(verifier.authenticated(&client).unwrap().usage(), Usage::PkixEe);
        let rootless = Arc::new(DaneVerifier::new(&plan, &provider()));
        fail(self::client(&rootless, version), &server);
        assert_eq!(rootless.failure().unwrap().kind(), FailureReason::NotInPath);
    }
}

#[test]
fn h7_the_schemes_are_the_providers() {
    let verifier = verifier(&[record("3 1 1", &chain()[0])]);
    let algorithms = provider().signature_verification_algorithms;
    assert_eq!(verifier.supported_verify_schemes(), algorithms.supported_schemes());
    assert!(!verifier.requires_raw_public_keys());
}
