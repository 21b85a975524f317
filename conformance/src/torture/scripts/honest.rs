//! Servers that are unusual and honest: a client that refuses them is too strict.

use super::super::draft::{GREETING, NO_OFFER, OFFER, OK, READY, script};
use super::super::script::{Script, Tls};
use super::{RFC3207_4_2, RFC5321_4_2, RFC5321_4_2_1};
use crate::lab::TlsVersions;

pub(super) fn scripts() -> Vec<Script> {
    let mut all = vec![
        script("honest/plain", "STARTTLS, as it should be", "RFC 3207 section 4")
            .until_mail()
            .send(OK),
        script("honest/tls12", "TLS 1.2 alone", RFC3207_4_2)
            .until_starttls()
            .send(READY)
            .tls(Tls { versions: TlsVersions::Only12, ..Tls::HONEST }),
        script("honest/tls13", "TLS 1.3 alone", RFC3207_4_2)
            .until_starttls()
            .send(READY)
            .tls(Tls { versions: TlsVersions::Only13, ..Tls::HONEST }),
        script(
            "honest/octet-by-octet",
            "every octet in a segment of its own",
            "RFC 5321 section 4.2",
        )
        .drip(GREETING)
        .expect("EHLO")
        .drip(b"250-mx\r\n250 STARTTLS\r\n")
        .expect("STARTTLS")
        .drip(b"220 go\r\n")
        .tls(Tls::HONEST)
        .expect("EHLO")
        .drip(b"250 mx\r\n"),
        script("honest/cut-in-crlf", "each reply cut between CR and LF", RFC5321_4_2)
            .cut(&[b"220 mx.torture.test\r", b"\n"])
            .expect("EHLO")
            .cut(&[b"250-mx\r", b"\n250 STARTTLS\r", b"\n"])
            .expect("STARTTLS")
            .cut(&[b"220 go\r", b"\n"])
            .tls(Tls::HONEST),
        script(
            "honest/not-offered",
            "STARTTLS is not offered, and refused",
            "RFC 3207 section 4.1",
        )
        .until_unlisted_starttls()
        .send(b"502 5.5.1 not implemented\r\n")
        .plaintext(),
        script("honest/long-greeting", "a greeting of 60 lines", RFC5321_4_2_1)
            .send(&[b"220-welcome\r\n".repeat(59), b"220 mx\r\n".to_vec()].concat())
            .expect("EHLO")
            .send(OFFER)
            .expect("STARTTLS")
            .send(READY)
            .tls(Tls::HONEST),
        script("honest/long-220", "the 220 to STARTTLS in three lines", "RFC 3207 section 4")
            .until_starttls()
            .send(b"220-one\r\n220-two\r\n220 three\r\n")
            .tls(Tls::HONEST),
        script("honest/other-offer-inside", "another list inside TLS", RFC3207_4_2)
            .until_ehlo_in_tls()
            .send(b"250-other.name.test\r\n250-X-ONLY-HERE 1 2\r\n250 DSN\r\n"),
    ];
    for (name, greeting) in [
        ("code-alone", b"220\r\n".as_slice()),
        ("empty-text", b"220-\r\n220 \r\n"),
        ("latin-1", b"220 mx \xe9t\xe9\r\n"),
        ("masked-banner", b"220 ****************\r\n"),
        ("longest-line", &[b"220 ".as_slice(), &[b'x'; 2042], b"\r\n"].concat()),
    ] {
        all.push(
            script(format!("honest/greeting-{name}"), format!("greeting: {name}"), RFC5321_4_2_1)
                .send(greeting)
                .expect("EHLO")
                .send(OFFER)
                .expect("STARTTLS")
                .send(READY)
                .tls(Tls::HONEST)
                .expect("EHLO")
                .send(NO_OFFER),
        );
    }
    all
}
