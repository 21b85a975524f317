//! Hostile in the answer to the first EHLO.

use super::super::draft::{OFFER, script};
use super::super::script::Script;
use super::RFC5321_4_2_1;

const SECTION: &str = "RFC 5321 section 4.1.1.1";
const LIMITS: &str = "RFC 5321 section 4.5.3.1.5";

pub(super) fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    for code in ["500", "501", "502", "503", "504"] {
        all.push(
            script(
                format!("ehlo/{code}"),
                format!("EHLO: {code}; HELO is accepted"),
                "RFC 5321 section 3.2",
            )
            .until_ehlo()
            .send(format!("{code} no\r\n").as_bytes())
            .plaintext(),
        );
    }
    for code in ["220", "251", "354", "450", "454", "530", "550", "554"] {
        all.push(
            script(format!("ehlo/{code}"), format!("EHLO: {code}"), "RFC 5321 section 3.2")
                .until_ehlo()
                .send(format!("{code} no\r\n").as_bytes())
                .refused(&["ehlo-refused"]),
        );
    }
    for (name, octets, reason, section) in [
        (
            "mixed-250-550",
            b"250-mx\r\n250-STARTTLS\r\n550 no\r\n".as_slice(),
            "mixed-codes",
            RFC5321_4_2_1,
        ),
        ("mixed-550-250", b"550-mx\r\n250 STARTTLS\r\n", "mixed-codes", RFC5321_4_2_1),
        ("nul-behind-starttls", b"250-mx\r\n250 STARTTLS\0\r\n", "malformed-reply", SECTION),
        ("bare-cr", b"250-mx\r\n250-X\r250 STARTTLS\r\n250 SIZE\r\n", "malformed-reply", SECTION),
        ("bare-lf", b"250-mx\n250 STARTTLS\n", "malformed-reply", "RFC 5321 section 2.3.8"),
        ("bare-lf-last", b"250-mx\r\n250 STARTTLS\n", "malformed-reply", "RFC 5321 section 2.3.8"),
        ("empty-line", b"250-mx\r\n\r\n250 STARTTLS\r\n", "malformed-reply", SECTION),
        ("no-code", b"250-mx\r\nSTARTTLS\r\n250 SIZE\r\n", "malformed-reply", SECTION),
        ("staged-mail", b"250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n", "unsolicited-bytes", SECTION),
        ("staged-starttls", b"250-mx\r\n250 STARTTLS\r\n220 go\r\n", "unsolicited-bytes", SECTION),
        ("staged-refusal", b"250-mx\r\n250 STARTTLS\r\n454 no\r\n", "unsolicited-bytes", SECTION),
        ("two-replies", b"250-mx\r\n250 STARTTLS\r\n250 mx\r\n", "unsolicited-bytes", SECTION),
    ] {
        all.push(
            script(format!("ehlo/{name}"), format!("EHLO reply: {name}"), section)
                .until_ehlo()
                .send(octets)
                .refused(&[reason]),
        );
    }
    let starttls = b"250 STARTTLS\r\n".as_slice();
    all.extend([
        script("ehlo/421", "EHLO: 421", "RFC 5321 section 3.8")
            .until_ehlo()
            .send(b"421 4.3.2 closing\r\n")
            .close()
            .refused(&["service-closing"]),
        script("ehlo/500-then-helo-421", "EHLO: 500; HELO: 421", "RFC 5321 section 3.8")
            .until_ehlo()
            .send(b"500 no\r\n")
            .expect("HELO")
            .send(b"421 closing\r\n")
            .close()
            .refused(&["service-closing"])
            .who_needs_tls_refuses("starttls-not-offered"),
        script("ehlo/500-then-helo-550", "EHLO: 500; HELO: 550", "RFC 5321 section 3.2")
            .until_ehlo()
            .send(b"500 no\r\n")
            .expect("HELO")
            .send(b"550 no\r\n")
            .refused(&["ehlo-refused"])
            .who_needs_tls_refuses("starttls-not-offered"),
        script("ehlo/line-too-long", "STARTTLS behind a line of 2,049 octets", LIMITS)
            .until_ehlo()
            .send(&[b"250-mx\r\n250-".as_slice(), &[b'x'; 2043], b"\r\n", starttls].concat())
            .refused(&["line-too-long"]),
        script("ehlo/too-many-lines", "STARTTLS on line 513", LIMITS)
            .until_ehlo()
            .send(&[b"250-x\r\n".repeat(512).as_slice(), starttls].concat())
            .refused(&["reply-too-long"]),
        script("ehlo/too-many-octets", "STARTTLS behind 64 KiB", LIMITS)
            .until_ehlo()
            .send(
                &[
                    [b"250-".as_slice(), &[b'x'; 1900], b"\r\n"].concat().repeat(40).as_slice(),
                    starttls,
                ]
                .concat(),
            )
            .refused(&["reply-too-long"]),
        script("ehlo/closed", "closed in place of an answer", SECTION)
            .until_ehlo()
            .close()
            .refused(&["closed"]),
        script("ehlo/half", "closed within the answer, STARTTLS seen", SECTION)
            .until_ehlo()
            .send(b"250-mx\r\n250-STARTTLS\r\n250")
            .close()
            .refused(&["closed"]),
        script("ehlo/half-without", "closed within the answer, STARTTLS not seen yet", SECTION)
            .until_ehlo()
            .send(b"250-mx\r\n250-SIZE\r\n")
            .close()
            .refused(&["closed"]),
        script("ehlo/stall", "no answer", "house rule after RFC 5321 section 4.5.3.2.2")
            .until_ehlo()
            .stall()
            .refused(&["timed-out"]),
        script(
            "ehlo/stall-before-last",
            "no last line",
            "house rule after RFC 5321 section 4.5.3.2.2",
        )
        .until_ehlo()
        .send(OFFER.strip_suffix(b"250 STARTTLS\r\n").unwrap_or(OFFER))
        .stall()
        .refused(&["timed-out"]),
    ]);
    all
}
