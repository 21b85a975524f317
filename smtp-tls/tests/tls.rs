//! The TLS adapter against servers on loopback.
#![cfg(feature = "https")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream as StdStream};
use std::sync::Arc;

use conformance::lab::pki::{Credential, Dates, Matching, Pki, Selector, Signed};
use dane::discovery::{
    Answer, DanePlan, Destination, Enforcement, HostPlan, Input, Outcome, Policy, Security,
};
use dane::{Failure, FailureReason, Tlsa, TlsaSet, Usage};
use mta_sts::CertificateFault;
use pki_types::{PrivateKeyDer, ServerName, UnixTime};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, SignatureAlgorithm, SignatureScheme,
    SupportedProtocolVersion,
};
use smtp_starttls::TlsVersion;
use smtp_tls::adapter::rustls::{Check, Connector, DaneError, Secured, TlsError, Verified};
use tokio::net::TcpStream;

const NAME: &str = "mx.example.org";

const BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

fn pki() -> Pki {
    Pki::new(UnixTime::now()).unwrap()
}

fn connector(pki: &Pki) -> Connector {
    let mut roots = RootCertStore::empty();
    roots.add(pki.root().clone()).unwrap();
    Connector::new(Arc::new(ring::default_provider()), roots).unwrap()
}

#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Serves each connection by this function, on a thread that ends with the process.
fn serve(one: impl Fn(StdStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(PATIENCE));
            one(stream);
        }
    });
    address
}

/// A test that would wait for ever fails instead.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that echoes one byte inside TLS.
fn tls_server(
    key: Arc<CertifiedKey>,
    versions: &'static [&'static SupportedProtocolVersion],
) -> SocketAddr {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(One(key)));
    let config = Arc::new(config);
    serve(move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut sealed = rustls::Stream::new(&mut connection, &mut stream);
        let mut byte = [0];
        if sealed.read_exact(&mut byte).is_ok() {
            let _ = sealed.write_all(&byte);
        }
    })
}

async fn connect(
    connector: &Connector,
    server: SocketAddr,
    check: Check,
) -> Result<Secured<TcpStream>, TlsError> {
    let stream = TcpStream::connect(server).await.unwrap();
    connector.connect(ServerName::try_from(NAME).unwrap(), check, stream).await
}

/// What is found of a certificate: by a check that demands it, and by one that only notes it.
async fn judge(pki: &Pki, credential: &Credential) -> Result<(), CertificateFault> {
    let connector = connector(pki);
    let mut found = Vec::new();
    for versions in [&BOTH[..1], &BOTH[1..]] {
        let server = tls_server(credential.certified_key().unwrap(), versions);
        found.push(match connect(&connector, server, Check::Pkix).await {
            Ok(secured) => {
                assert_eq!(secured.session.verified, Verified::Pkix);
                Ok(())
            }
            Err(TlsError::Certificate(fault)) => Err(fault),
            Err(other) => panic!("unexpected failure: {other}"),
        });
        let noted = connect(&connector, server, Check::Nothing).await.unwrap();
        let Verified::NotRequired(verdict) = noted.session.verified else {
            panic!("a check that was not asked for");
        };
        found.push(verdict);
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{found:?}");
    found[0]
}

// checks: mta-sts/V05
#[tokio::test]
async fn rfc8461_4_1_a_good_certificate_is_accepted() {
    let pki = pki();
    let good = pki.issue(&["other.example", NAME], Signed::ByRoot, Dates::Current).unwrap();
    assert_eq!(judge(&pki, &good).await, Ok(()));
}

// checks: mta-sts/V05
#[tokio::test]
async fn rfc8461_4_1_each_fault_is_told_apart() {
    let pki = pki();
    for (names, signed, dates, expected) in [
        (NAME, Signed::ByRoot, Dates::Past, CertificateFault::Expired),
        (NAME, Signed::ByRoot, Dates::Future, CertificateFault::Expired),
        (NAME, Signed::BySelf, Dates::Current, CertificateFault::NotTrusted),
        (NAME, Signed::ByAnchor, Dates::Current, CertificateFault::NotTrusted),
        ("mx2.example.org", Signed::ByRoot, Dates::Current, CertificateFault::HostMismatch),
        ("example.org", Signed::ByRoot, Dates::Current, CertificateFault::HostMismatch),
        ("*.org", Signed::ByRoot, Dates::Current, CertificateFault::HostMismatch),
    ] {
        let credential = pki.issue(&[names], signed, dates).unwrap();
        assert_eq!(judge(&pki, &credential).await, Err(expected), "{names} {signed:?} {dates:?}");
    }
}

// checks: mta-sts/V05
#[tokio::test]
async fn rfc8461_4_1_a_wildcard_is_the_whole_first_label() {
    let pki = pki();
    let wildcard = pki.issue(&["*.example.org"], Signed::ByRoot, Dates::Current).unwrap();
    assert_eq!(judge(&pki, &wildcard).await, Ok(()));
    let deeper = pki.issue(&["*.mx.example.org"], Signed::ByRoot, Dates::Current).unwrap();
    assert_eq!(judge(&pki, &deeper).await, Err(CertificateFault::HostMismatch));
}

#[tokio::test]
async fn the_peer_must_hold_the_key_whatever_is_checked() {
    let pki = pki();
    let shown = pki.issue(&[NAME], Signed::ByRoot, Dates::Current).unwrap();
    let other = pki.issue(&[NAME], Signed::ByRoot, Dates::Current).unwrap();
    for versions in [&BOTH[..1], &BOTH[1..]] {
        let server = tls_server(shown.with_key_of(&other).unwrap(), versions);
        for check in [Check::Pkix, Check::Nothing] {
            let error = connect(&connector(&pki), server, check).await.unwrap_err();
            assert_eq!(error, TlsError::Signature);
        }
    }
}

#[tokio::test]
async fn what_is_known_of_the_session_is_told() {
    let pki = pki();
    let good = pki.issue(&[NAME], Signed::ByRoot, Dates::Current).unwrap();
    for (versions, version, start) in [
        (&BOTH[..1], TlsVersion::TLS12, "TLS_ECDHE_ECDSA_WITH_"),
        (&BOTH[1..], TlsVersion::TLS13, "TLS13_"),
        (BOTH, TlsVersion::TLS13, "TLS13_"),
    ] {
        let server = tls_server(good.certified_key().unwrap(), versions);
        let session = connect(&connector(&pki), server, Check::Pkix).await.unwrap().session;
        assert_eq!(session.version, version);
        assert!(session.cipher_suite.starts_with(start), "{}", session.cipher_suite);
    }
}

// checks: dane/DANE-S3
#[tokio::test]
async fn no_session_is_resumed() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let pki = pki();
    let good = pki.issue(&[NAME], Signed::ByRoot, Dates::Current).unwrap();
    let server = tls_server(good.certified_key().unwrap(), BOTH);
    let connector = connector(&pki);
    for _ in 0..2 {
        let mut secured = connect(&connector, server, Check::Pkix).await.unwrap();
        // Tickets of TLS 1.3 come with the first data.
        secured.stream.write_all(b"x").await.unwrap();
        assert_eq!(secured.stream.read_u8().await.unwrap(), b'x');
        let kind = secured.stream.get_ref().1.handshake_kind().unwrap();
        assert_ne!(kind, rustls::HandshakeKind::Resumed);
    }
}

#[tokio::test]
async fn without_roots_nothing_is_trusted() {
    let pki = pki();
    let good = pki.issue(&[NAME], Signed::ByRoot, Dates::Current).unwrap();
    let server = tls_server(good.certified_key().unwrap(), BOTH);
    let provider = Arc::new(ring::default_provider());
    let connector = Connector::new(provider, RootCertStore::empty()).unwrap();
    let error = connect(&connector, server, Check::Pkix).await.unwrap_err();
    assert_eq!(error, TlsError::Certificate(CertificateFault::NotTrusted));
}

#[tokio::test]
async fn a_provider_without_algorithms_is_refused() {
    let mut provider = ring::default_provider();
    provider.cipher_suites.clear();
    let error = Connector::new(Arc::new(provider), RootCertStore::empty()).unwrap_err();
    assert_eq!(error, TlsError::Local);
}

#[tokio::test]
async fn what_is_no_tls_is_told_apart() {
    let connector = connector(&pki());
    let plain = serve(|mut stream| {
        let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
    });
    let error = connect(&connector, plain, Check::Nothing).await.unwrap_err();
    assert_eq!(error, TlsError::NotTls);

    let cut = serve(drop);
    let error = connect(&connector, cut, Check::Nothing).await.unwrap_err();
    assert!(matches!(error, TlsError::Broken(_)), "{error:?}");

    let alert = serve(|mut stream| {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello);
        // Fatal handshake_failure.
        let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]);
        let _ = stream.read(&mut hello);
    });
    let error = connect(&connector, alert, Check::Nothing).await.unwrap_err();
    assert_eq!(error, TlsError::Alert(40));
}

// checks: dane/DANE-S2
#[tokio::test]
async fn an_older_version_than_1_2_is_refused() {
    let connector = connector(&pki());
    let server = serve(|mut stream| {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello);
        // The ServerHello of a server of TLS 1.1.
        let record = [22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
        let _ = stream.write_all(&[&record[..], &[7; 32], &[0, 0xC0, 0x13, 0]].concat());
        let _ = stream.read(&mut hello);
    });
    let error = connect(&connector, server, Check::Nothing).await.unwrap_err();
    assert_eq!(error, TlsError::Incompatible);
}

/// The plan for a relay with these records.
fn plan(records: &[Vec<u8>], enforcement: Enforcement) -> DanePlan {
    let base = NAME.parse().unwrap();
    let mut policy = Policy::default();
    policy.enforcement = enforcement;
    let mut host = Destination::relay(&base, 25, policy).host(&base);
    let found = Answer::hop_by_hop(Outcome::Records(()), Security::Secure, vec![]);
    host.handle(&Input::A(found.clone())).unwrap();
    host.handle(&Input::Aaaa(found)).unwrap();
    let records: Vec<Tlsa> =
        records.iter().map(|rdata| Tlsa::try_from(rdata.as_slice()).unwrap()).collect();
    let records = Outcome::Records(TlsaSet::from(records));
    host.handle(&Input::Tlsa(Answer::hop_by_hop(records, Security::Secure, vec![]))).unwrap();
    match host.plan() {
        Some(HostPlan::Dane(plan)) => plan.clone(),
        other => panic!("{other:?}"),
    }
}

/// What a handshake by these records comes to, in TLS 1.2 and in TLS 1.3.
async fn connect_by_records(
    records: &[Vec<u8>],
    enforcement: Enforcement,
    key: Arc<CertifiedKey>,
) -> Vec<Result<(Option<Usage>, Option<Failure>), DaneError>> {
    let connector =
        Connector::new(Arc::new(ring::default_provider()), RootCertStore::empty()).unwrap();
    let mut results = Vec::new();
    for versions in [&BOTH[..1], &BOTH[1..]] {
        let server = tls_server(Arc::clone(&key), versions);
        let stream = TcpStream::connect(server).await.unwrap();
        let secured = connector.connect_dane(&plan(records, enforcement), stream).await;
        results.push(secured.map(|secured| (secured.usage, secured.audit)));
    }
    results
}

// checks: dane/DANE-E1
#[tokio::test]
async fn rfc7672_3_1_1_dane_ee_needs_no_name_date_or_issuer() {
    let pki = pki();
    let odd = pki.issue(&["other.example"], Signed::BySelf, Dates::Past).unwrap();
    let record = odd.tlsa(3, Selector::PublicKey, Matching::Sha256, 0).unwrap();
    let key = odd.certified_key().unwrap();
    for result in connect_by_records(&[record], Enforcement::Enforced, key).await {
        assert_eq!(result, Ok((Some(Usage::DaneEe), None)));
    }
}

// checks: dane/N1, dane/B17, dane/DANE-R1
#[tokio::test]
async fn rfc7672_3_1_2_dane_ta_needs_a_path_and_a_name() {
    let pki = pki();
    let good = pki.issue(&[NAME], Signed::ByAnchor, Dates::Current).unwrap();
    let record = good.tlsa(2, Selector::Certificate, Matching::Sha256, 2).unwrap();
    let key = good.certified_key().unwrap();
    for result in connect_by_records(&[record], Enforcement::Enforced, key).await {
        assert_eq!(result, Ok((Some(Usage::DaneTa), None)));
    }
    for (name, dates, expected, result_type) in [
        ("other.example", Dates::Current, FailureReason::NameMismatch, "certificate-host-mismatch"),
        (NAME, Dates::Past, FailureReason::Expired, "certificate-expired"),
    ] {
        let bad = pki.issue(&[name], Signed::ByAnchor, dates).unwrap();
        let record = bad.tlsa(2, Selector::Certificate, Matching::Sha256, 2).unwrap();
        let key = bad.certified_key().unwrap();
        for result in connect_by_records(&[record], Enforcement::Enforced, key).await {
            let Err(DaneError::NotAuthenticated(failure)) = result else { panic!("{result:?}") };
            assert_eq!(failure.kind(), expected);
            assert_eq!(failure.result_type().as_str(), result_type);
        }
    }
}

// checks: dane/DANE-T6, dane/DANE-T9
#[tokio::test]
async fn rfc7672_2_2_what_no_record_matches_is_refused_or_noted() {
    let pki = pki();
    let [shown, other] =
        [(); 2].map(|()| pki.issue(&[NAME], Signed::ByRoot, Dates::Current).unwrap());
    let record = [other.tlsa(3, Selector::PublicKey, Matching::Sha256, 0).unwrap()];
    let key = || shown.certified_key().unwrap();
    for result in connect_by_records(&record, Enforcement::Enforced, key()).await {
        let Err(DaneError::NotAuthenticated(failure)) = result else { panic!("{result:?}") };
        assert_eq!(failure.kind(), FailureReason::NoMatch);
        assert_eq!(failure.reason_code(), "dane-no-match");
    }
    for result in connect_by_records(&record, Enforcement::DangerAuditOnly, key()).await {
        let Ok((None, Some(failure))) = result else { panic!("{result:?}") };
        assert_eq!(failure.kind(), FailureReason::NoMatch);
    }
}

// checks: dane/H2, dane/H5
#[tokio::test]
async fn the_peer_must_hold_the_key_that_the_record_names() {
    let pki = pki();
    let [shown, other] =
        [(); 2].map(|()| pki.issue(&[NAME], Signed::ByRoot, Dates::Current).unwrap());
    let record = [shown.tlsa(3, Selector::PublicKey, Matching::Sha256, 0).unwrap()];
    let key = shown.with_key_of(&other).unwrap();
    for result in connect_by_records(&record, Enforcement::Enforced, key).await {
        let Err(DaneError::NotAuthenticated(failure)) = result else { panic!("{result:?}") };
        assert_eq!(failure.kind(), FailureReason::HandshakeSignature);
    }
}

/// Splits off the first element: its tag, its contents, the rest.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (head, length) = match der[1] {
        short @ ..=0x7F => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(u16::from_be_bytes([der[2], der[3]]))),
        other => panic!("length of {other:x}"),
    };
    (der[0], &der[head..head + length], &der[head + length..])
}

fn write_element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, ..=0x7F) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag], length.as_slice(), contents].concat()
}

/// The same certificate as one of version 1: without the version and the extensions. Its signature is
/// then wrong, which nobody looks at here.
fn version_1(key: &CertifiedKey) -> Arc<CertifiedKey> {
    let (_, certificate, _) = element(&key.cert[0]);
    let (_, mut rest, signature) = element(certificate);
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (tag, contents, next) = element(rest);
        if !matches!(tag, 0xA0 | 0xA3) {
            fields.extend(write_element(tag, contents));
        }
        rest = next;
    }
    let tbs = write_element(0x30, &fields);
    let der = write_element(0x30, &[tbs.as_slice(), signature].concat());
    Arc::new(CertifiedKey::new(vec![der.into()], Arc::clone(&key.key)))
}

#[tokio::test]
async fn any_certificate_will_do_where_nothing_is_checked() {
    let pki = pki();
    let [shown, other] =
        [(); 2].map(|()| pki.issue(&[NAME], Signed::ByRoot, Dates::Current).unwrap());
    for versions in [&BOTH[..1], &BOTH[1..]] {
        let key = version_1(&shown.certified_key().unwrap());
        let server = tls_server(key, versions);
        let secured = connect(&connector(&pki), server, Check::Nothing).await.unwrap();
        let expected = Verified::NotRequired(Err(CertificateFault::Invalid));
        assert_eq!(secured.session.verified, expected);
        drop(secured);
        let error = connect(&connector(&pki), server, Check::Pkix).await.unwrap_err();
        assert_eq!(error, TlsError::Certificate(CertificateFault::Invalid));

        // The key is still asked for.
        let stolen = version_1(&shown.with_key_of(&other).unwrap());
        let server = tls_server(stolen, versions);
        let error = connect(&connector(&pki), server, Check::Nothing).await.unwrap_err();
        assert_eq!(error, TlsError::Signature);
    }
}

/// A key that calls its signature something else.
#[derive(Debug)]
struct Mislabels {
    key: Arc<dyn SigningKey>,
    claims: SignatureScheme,
    uses: SignatureScheme,
}

#[derive(Debug)]
struct Label(Box<dyn Signer>, SignatureScheme);

impl SigningKey for Mislabels {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Label(self.key.choose_scheme(&[self.uses])?, self.claims)))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

impl Signer for Label {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.0.sign(message)
    }

    fn scheme(&self) -> SignatureScheme {
        self.1
    }
}

/// A server with a certificate of version 1 over this key.
fn mislabelling(
    key: &KeyPair,
    claims: SignatureScheme,
    uses: SignatureScheme,
    versions: &'static [&'static SupportedProtocolVersion],
) -> SocketAddr {
    let own = CertificateParams::new([NAME.to_owned()]).unwrap().self_signed(key).unwrap();
    let der = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let key = ring::sign::any_supported_type(&der).unwrap();
    let honest = CertifiedKey::new(vec![own.der().clone()], Arc::clone(&key));
    let chain = version_1(&honest).cert.clone();
    let key = Arc::new(Mislabels { key, claims, uses });
    tls_server(Arc::new(CertifiedKey::new(chain, key)), versions)
}

/// Takes a signature by P-256 for the scheme of P-384 too, as schemes of TLS 1.2 leave the curve open.
fn of_any_curve() -> Connector {
    let mut provider = ring::default_provider();
    let algorithms = &mut provider.signature_verification_algorithms;
    let [p256, p384] =
        [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ECDSA_NISTP384_SHA384]
            .map(|scheme| algorithms.mapping.iter().find(|(it, _)| *it == scheme).unwrap().1[0]);
    let either: &'static [_] = Box::leak(Box::new([p384, p256]));
    let mapping = [(SignatureScheme::ECDSA_NISTP384_SHA384, either)];
    algorithms.mapping = Box::leak(Box::new(mapping));
    Connector::new(Arc::new(provider), RootCertStore::empty()).unwrap()
}

#[tokio::test]
async fn rfc8446_4_2_3_a_scheme_of_tls_1_3_is_one_algorithm_whatever_the_certificate() {
    let (claims, uses) =
        (SignatureScheme::ECDSA_NISTP384_SHA384, SignatureScheme::ECDSA_NISTP256_SHA256);
    let key = KeyPair::generate().unwrap();
    let server = mislabelling(&key, claims, uses, &BOTH[..1]);
    assert!(connect(&of_any_curve(), server, Check::Nothing).await.is_ok());
    let server = mislabelling(&key, claims, uses, &BOTH[1..]);
    let error = connect(&of_any_curve(), server, Check::Nothing).await.unwrap_err();
    assert_eq!(error, TlsError::Signature);
}

#[tokio::test]
async fn rfc8446_4_2_3_rsa_pkcs1_signs_no_handshake_of_tls_1_3() {
    let key = KeyPair::from_pem(include_str!("../../dane/tests/data/keys.pem")).unwrap();
    let roots = connector(&pki());
    let (pkcs1, pss) = (SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::RSA_PSS_SHA256);
    for (scheme, versions) in [(pkcs1, &BOTH[..1]), (pss, &BOTH[..1]), (pss, &BOTH[1..])] {
        let server = mislabelling(&key, scheme, scheme, versions);
        assert!(connect(&roots, server, Check::Nothing).await.is_ok(), "{scheme:?}");
    }
    let server = mislabelling(&key, pkcs1, pkcs1, &BOTH[1..]);
    let error = connect(&roots, server, Check::Nothing).await.unwrap_err();
    assert_eq!(error, TlsError::Misbehaved);
}
