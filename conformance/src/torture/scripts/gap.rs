//! Hostile between the 220 and TLS.

use super::super::draft::{READY, script};
use super::super::script::{Script, Tls};
use super::RFC3207_6;

pub(super) fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    for (name, octets) in [
        ("one-reply-behind-220", b"250 ok\r\n".as_slice()),
        ("ehlo-reply-behind-220", b"250-mx\r\n250 AUTH PLAIN\r\n"),
        ("dialogue-behind-220", b"250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"),
        ("fragment-behind-220", b"250-forged"),
        ("one-octet-behind-220", b"2"),
        ("crlf-behind-220", b"\r\n"),
        ("lf-behind-220", b"\n"),
        ("space-behind-220", b" "),
        ("nul-behind-220", b"\0"),
        ("454-behind-220", b"454 no\r\n"),
        ("tls-handshake-octet-behind-220", b"\x16"),
        ("tls-alert-behind-220", b"\x15\x03\x03\x00\x02\x02\x28"),
        ("tls-record-behind-220", b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00"),
    ] {
        all.push(
            script(format!("gap/{name}"), format!("in the segment of the 220: {name}"), RFC3207_6)
                .until_starttls()
                .send(&[READY, octets].concat())
                .tls(Tls::HONEST)
                .refused(&["starttls-residue"]),
        );
    }
    // The 220 and another reply in two segments, cut at every place.
    let both = [READY, b"250 ok\r\n"].concat();
    for cut in 1..both.len() {
        let (first, second) = both.split_at(cut);
        let reasons: &[_] = if cut == READY.len() {
            &["plaintext-after-220", "starttls-residue"]
        } else {
            &["starttls-residue"]
        };
        all.push(
            script(format!("gap/cut-{cut}"), format!("220 and 250, cut at {cut}"), RFC3207_6)
                .until_starttls()
                .cut(&[first, second])
                .tls(Tls::HONEST)
                .refused(reasons),
        );
    }
    for (name, octets) in [
        ("reply", b"250 ok\r\n".as_slice()),
        ("octet", b"2"),
        ("crlf", b"\r\n"),
        ("refusal", b"454 no\r\n"),
        ("http", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("nul", b"\0"),
    ] {
        all.push(
            script(
                format!("gap/next-segment-{name}"),
                format!("in the next segment: {name}"),
                RFC3207_6,
            )
            .until_starttls()
            .cut(&[READY, octets])
            .tls(Tls::HONEST)
            .refused(&["plaintext-after-220", "starttls-residue"]),
        );
    }
    for (name, octets) in [
        ("reply", b"250 ok\r\n".as_slice()),
        ("octet", b"2"),
        ("refusal", b"454 TLS not available\r\n"),
        ("421", b"421 closing\r\n"),
        ("change-cipher-spec", b"\x14\x03\x03\x00\x01\x01"),
        ("application-data", b"\x17\x03\x03\x00\x01\x00"),
        ("ssl2", b"\x80\x2e\x01\x00\x02"),
        ("long", &[b'x'; 5000]),
    ] {
        all.push(
            script(
                format!("gap/for-server-hello-{name}"),
                format!("in place of the ServerHello: {name}"),
                "RFC 8446 section 5.1",
            )
            .until_starttls()
            .send(READY)
            .client_hello()
            .send(octets)
            .refused(&["plaintext-after-220"]),
        );
    }
    all
}
