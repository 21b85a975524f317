//! Handshakes that fail where nothing is checked, and how they are counted.

use std::io::{Read, Write};
use std::sync::Arc;

use conformance::lab::pki::{Dates, Pki, Signed};
use pki_types::UnixTime;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection};
use smtp_tls::attempt::Assurance;
use smtp_tls::report::Fate;
use tlsrpt::{Outcome, PolicyType};

use crate::mailer::Driver;
use crate::wire::{BYE, CLEAR, MESSAGE, TAKEN, TO_A, deliver, run};

/// The server's side of a connection up to a handshake with this certificate, which the client ends.
fn handshake(stream: &mut std::net::TcpStream, key: CertifiedKey) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    stream.write_all(b"220 mx\r\n").unwrap();
    for answer in ["250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"] {
        let mut line = [0; 512];
        assert!(stream.read(&mut line).unwrap() > 0);
        stream.write_all(answer.as_bytes()).unwrap();
    }
    let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
    while tls.is_handshaking() {
        if tls.complete_io(stream).is_err() {
            return;
        }
    }
    panic!("the client has accepted the server");
}

// checks: tlsrpt/S6
both!(rfc8460_4_3_a_failed_handshake_is_a_failure_where_nothing_is_checked);
async fn rfc8460_4_3_a_failed_handshake_is_a_failure_where_nothing_is_checked(driver: Driver) {
    let pki = Pki::new(UnixTime::now()).unwrap();
    let key = || {
        let issued = pki.issue(&["mx.d.test"], Signed::ByRoot, Dates::Current).unwrap();
        issued.certified_key().unwrap()
    };
    let (one, other) = (key(), key());
    let of_another = CertifiedKey::new(one.cert.clone(), Arc::clone(&other.key));
    let unreadable = CertifiedKey::new(vec![b"certificate".to_vec().into()], Arc::clone(&one.key));
    for (key, reason) in [(of_another, "handshake-signature"), (unreadable, "certificate-invalid")]
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let first = move || {
                handshake(&mut listener.accept().unwrap().0, key);
                listener.accept().unwrap().0
            };
            let second = tokio::task::spawn_blocking(first).await.unwrap();
            second.set_nonblocking(true).unwrap();
            let mut second = tokio::net::TcpStream::from_std(second).unwrap();
            let clear = [CLEAR, TO_A, TAKEN, BYE].concat();
            run(&mut second, &clear, &mut Vec::new()).await;
        });
        let report = deliver(driver, port, &["a"], MESSAGE).await;
        server.await.unwrap();
        let fate = &report.fates[0];
        assert!(matches!(fate, Fate::Delivered { assurance: Assurance::Clear, .. }), "{fate:?}");
        let [session] = &report.sessions[..] else { panic!("{:?}", report.sessions) };
        let [policy] = &session.policies[..] else { panic!("{session:?}") };
        assert_eq!(policy.policy.policy_type, PolicyType::NO_POLICY_FOUND);
        assert_eq!(policy.outcome, Outcome::Failure, "{reason}");
        let [failure] = &policy.failures[..] else { panic!("{policy:?}") };
        assert_eq!(failure.failure_reason_code.as_deref(), Some(reason));
        assert_eq!(failure.result_type.as_str(), "validation-failure");
    }
}
