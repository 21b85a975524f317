//! The handshake breaks, or shows the wrong server.

use super::super::draft::{READY, script};
use super::super::script::{Certificate, ClientAuth, Script, Tls};
use super::RFC3207_4;
use crate::lab::TlsVersions;

const SECTION: &str = "RFC 8446 section 6";
const IDENTITY: &str = "RFC 8461 section 4.2";

pub(super) fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    let begun = |name: &str, title: String, section| {
        script(format!("handshake/{name}"), title, section).until_starttls().send(READY)
    };
    for (number, alert) in [
        (10, "unexpected-message"),
        (40, "handshake-failure"),
        (70, "protocol-version"),
        (71, "insufficient-security"),
        (80, "internal-error"),
        (112, "unrecognized-name"),
        (0, "close-notify"),
    ] {
        let octets = [0x15, 0x03, 0x03, 0, 2, 2, number];
        let script = begun(alert, format!("the alert {alert}"), SECTION).client_hello();
        all.push(script.send(&octets).close().retried(&["tls-failed"]));
    }
    for (name, octets) in [
        ("one-octet", b"\x16".as_slice()),
        ("record-header", b"\x16\x03\x03\x00\x40"),
        ("record-too-long", b"\x16\x03\x03\xff\xff"),
        ("no-server-hello", b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00"),
        ("empty-record", b"\x16\x03\x03\x00\x00"),
        ("noise", b"\x16\x03\x03\x00\x08abcdefgh"),
        ("bad-version", b"\x16\x09\x09\x00\x04\x02\x00\x00\x00"),
        ("half-alert", b"\x15\x03\x03\x00\x02\x02"),
        ("record-then-text", b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00454 no\r\n"),
    ] {
        let script = begun(name, format!("{name}, then closed"), SECTION).client_hello();
        all.push(script.send(octets).close().retried(&["tls-failed"]));
    }
    all.extend([
        begun("closed", "closed behind the 220".to_owned(), RFC3207_4)
            .close()
            .retried(&["tls-failed"]),
        begun("closed-after-hello", "closed behind the ClientHello".to_owned(), RFC3207_4)
            .client_hello()
            .close()
            .retried(&["tls-failed"]),
        begun("stall", "no ServerHello".to_owned(), "house rule")
            .client_hello()
            .stall()
            .retried(&["tls-failed"]),
        begun("stall-in-record", "half a record header".to_owned(), "house rule")
            .client_hello()
            .send(b"\x16\x03\x03")
            .stall()
            .retried(&["tls-failed"]),
        // RFC 8446 section 4.4.2.4: in TLS 1.2 the refusal is part of the handshake, in 1.3 it comes
        // later, when the client waits for the answer to EHLO.
        begun("client-certificate-tls12", "wants a client certificate".to_owned(), SECTION)
            .tls(Tls { versions: TlsVersions::Only12, client: ClientAuth::Required, ..Tls::HONEST })
            .retried(&["tls-failed"]),
        begun("client-certificate-tls13", "the alert comes late".to_owned(), SECTION)
            .tls(Tls { versions: TlsVersions::Only13, client: ClientAuth::Required, ..Tls::HONEST })
            .retried(&["tls-failed"]),
    ]);
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let word = if versions == TlsVersions::Only12 { "tls12" } else { "tls13" };
        let shown = |name: &str, title: &str, certificate| {
            begun(&format!("{name}-{word}"), format!("{title}, {word}"), IDENTITY).tls(Tls {
                versions,
                certificate,
                ..Tls::HONEST
            })
        };
        all.extend([
            shown("other-name", "a certificate for another name", Certificate::OtherName)
                .not_authenticated(),
            shown("expired", "a certificate of the past", Certificate::Expired).not_authenticated(),
            shown("not-yet-valid", "a certificate of the future", Certificate::NotYetValid)
                .not_authenticated(),
            shown("self-signed", "a certificate signed by itself", Certificate::SelfSigned)
                .not_authenticated(),
            shown("unknown-authority", "an unknown authority", Certificate::UnknownAuthority)
                .not_authenticated(),
            shown("stolen", "the certificate of another key", Certificate::StolenWithoutKey)
                .retried(&["tls-failed"]),
        ]);
    }
    all
}
