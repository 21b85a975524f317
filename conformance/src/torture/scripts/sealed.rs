//! Hostile inside TLS, until the second EHLO is answered.

use super::super::draft::{NO_OFFER, script};
use super::super::script::Script;
use super::{RFC3207_4_2, RFC5321_4_2_1};

pub(super) fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    for code in
        ["211", "251", "354", "450", "454", "500", "501", "502", "503", "504", "530", "550", "554"]
    {
        all.push(
            script(format!("sealed/{code}"), format!("EHLO inside TLS: {code}"), RFC3207_4_2)
                .until_ehlo_in_tls()
                .send(format!("{code} no\r\n").as_bytes())
                .refused(&["ehlo-in-tls-refused"]),
        );
    }
    for (name, octets, reason, section) in [
        ("mixed", b"250-mx\r\n550 no\r\n".as_slice(), "mixed-codes", RFC5321_4_2_1),
        ("bare-lf", b"250 mx\n", "malformed-reply", "RFC 5321 section 2.3.8"),
        ("nul", b"250 m\0x\r\n", "malformed-reply", "RFC 5321 section 4.2"),
        ("no-reply", b"EHLO\r\n", "malformed-reply", "RFC 5321 section 4.2"),
        ("two-replies", b"250 mx\r\n250 mx\r\n", "unsolicited-bytes", RFC3207_4_2),
        (
            "staged-mail",
            b"250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n",
            "unsolicited-bytes",
            RFC3207_4_2,
        ),
        ("greeting-and-reply", b"220 mx\r\n250 mx\r\n", "unsolicited-bytes", RFC3207_4_2),
    ] {
        all.push(
            script(format!("sealed/{name}"), format!("EHLO reply inside TLS: {name}"), section)
                .until_ehlo_in_tls()
                .send(octets)
                .refused(&[reason]),
        );
    }
    all.extend([
        script("sealed/greeting", "a second greeting once TLS is up", RFC3207_4_2)
            .until_tls()
            .send(b"220 mx.torture.test ESMTP\r\n")
            .expect("EHLO")
            .send(NO_OFFER)
            .refused(&["greeting-in-tls", "unsolicited-bytes"]),
        script("sealed/greeting-for-reply", "220 as the answer to EHLO", RFC3207_4_2)
            .until_ehlo_in_tls()
            .send(b"220 mx\r\n")
            .refused(&["greeting-in-tls"]),
        script("sealed/421", "EHLO inside TLS: 421", "RFC 5321 section 3.8")
            .until_ehlo_in_tls()
            .send(b"421 closing\r\n")
            .close()
            .refused(&["service-closing"]),
        script("sealed/starttls-again", "STARTTLS offered inside TLS", RFC3207_4_2)
            .until_ehlo_in_tls()
            .send(b"250-mx\r\n250 STARTTLS\r\n"),
        script("sealed/line-too-long", "a line without end", "RFC 5321 section 4.5.3.1.5")
            .until_ehlo_in_tls()
            .send(&[b"250 ".as_slice(), &[b'x'; 3000]].concat())
            .refused(&["line-too-long"]),
        script("sealed/lines-without-end", "lines without end", "RFC 5321 section 4.5.3.1.5")
            .until_ehlo_in_tls()
            .send(&b"250-x\r\n".repeat(600))
            .refused(&["reply-too-long"]),
        script("sealed/closed", "closed with close_notify", RFC3207_4_2)
            .until_ehlo_in_tls()
            .close()
            .refused(&["closed"]),
        script("sealed/cut-off", "closed without close_notify", "RFC 8446 section 6.1")
            .until_ehlo_in_tls()
            .close_bare()
            .refused(&["closed"]),
        script("sealed/half-reply", "closed within the answer", RFC3207_4_2)
            .until_ehlo_in_tls()
            .send(b"250-mx\r\n")
            .close()
            .refused(&["closed"]),
        script("sealed/plaintext", "an answer past TLS", "RFC 8446 section 6")
            .until_ehlo_in_tls()
            .send_bare(b"250 mx.torture.test\r\n")
            .retried(&["tls-failed"]),
        script("sealed/forged-record", "a record that does not decrypt", "RFC 8446 section 5.2")
            .until_ehlo_in_tls()
            .send_bare(&[b"\x17\x03\x03\x00\x20".as_slice(), &[7; 32]].concat())
            .retried(&["tls-failed"]),
        script("sealed/stall", "no answer", "house rule after RFC 5321 section 4.5.3.2.2")
            .until_ehlo_in_tls()
            .stall()
            .refused(&["timed-out"]),
    ]);
    all
}
