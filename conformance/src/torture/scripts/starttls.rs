//! Hostile in the answer to STARTTLS.

use super::super::draft::{READY, script};
use super::super::script::{Script, Tls};
use super::{MALFORMED, RFC3207_4, RFC5321_4_2_1};

pub(super) fn scripts() -> Vec<Script> {
    let mut all: Vec<Script> = MALFORMED
        .iter()
        .map(|(name, octets, reason, section)| {
            script(format!("starttls/{name}"), format!("answer to STARTTLS: {name}"), section)
                .until_starttls()
                .send(octets)
                .tls(Tls::HONEST)
                .refused(&[*reason])
        })
        .collect();
    for code in ["200", "211", "221", "235", "250", "251", "252", "334", "354"] {
        all.push(
            script(format!("starttls/{code}"), format!("{code} in place of 220"), RFC3207_4)
                .until_starttls()
                .send(format!("{code} ok\r\n").as_bytes())
                .refused(&["starttls-bad-reply"]),
        );
    }
    for code in ["450", "451", "454", "500", "501", "502", "503", "504", "530", "535", "550", "554"]
    {
        all.push(
            script(format!("starttls/{code}"), format!("{code} in place of 220"), RFC3207_4)
                .until_starttls()
                .send(format!("{code} no\r\n").as_bytes())
                .retried(&["starttls-refused"]),
        );
    }
    for (name, octets, reason) in [
        ("mixed-220-454", b"220-go\r\n454 no\r\n".as_slice(), "mixed-codes"),
        ("mixed-454-220", b"454-no\r\n220 go\r\n", "mixed-codes"),
        ("mixed-220-250", b"220-go\r\n250 ok\r\n", "mixed-codes"),
        ("staged-behind-454", b"454 no\r\n250 ok\r\n250 ok\r\n354 go\r\n", "unsolicited-bytes"),
        ("staged-behind-500", b"500 no\r\n2", "unsolicited-bytes"),
        ("454-then-220", b"454 no\r\n220 go\r\n", "unsolicited-bytes"),
        ("250-then-220", b"250 ok\r\n220 go\r\n", "unsolicited-bytes"),
    ] {
        all.push(
            script(
                format!("starttls/{name}"),
                format!("answer to STARTTLS: {name}"),
                RFC5321_4_2_1,
            )
            .until_starttls()
            .send(octets)
            .tls(Tls::HONEST)
            .refused(&[reason]),
        );
    }
    all.extend([
        script("starttls/421", "421, and closed", "RFC 5321 section 3.8")
            .until_starttls()
            .send(b"421 4.3.2 closing\r\n")
            .close()
            .retried(&["starttls-refused"]),
        script("starttls/line-too-long", "a 220 without end", "RFC 5321 section 4.5.3.1.5")
            .until_starttls()
            .send(&[b"220 ".as_slice(), &[b'x'; 3000]].concat())
            .refused(&["line-too-long"]),
        script(
            "starttls/lines-without-end",
            "2,000 lines and no last one",
            "RFC 5321 section 4.5.3.1.5",
        )
        .until_starttls()
        .send(&b"220-x\r\n".repeat(2000))
        .refused(&["reply-too-long"]),
        script("starttls/closed", "closed in place of an answer", RFC3207_4)
            .until_starttls()
            .close()
            .retried(&["tls-failed"]),
        script("starttls/half", "closed within the 220", RFC3207_4)
            .until_starttls()
            .send(b"220 go")
            .close()
            .retried(&["tls-failed"]),
        script("starttls/early-tls", "a TLS record in place of the 220", RFC3207_4)
            .until_starttls()
            .send(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00")
            .refused(&["malformed-reply"]),
        script("starttls/220-twice", "two 220 in one segment", "RFC 3207 section 6")
            .until_starttls()
            .send(&[READY, READY].concat())
            .tls(Tls::HONEST)
            .refused(&["starttls-residue"]),
        script("starttls/stall", "no answer", "house rule after RFC 5321 section 4.5.3.2.2")
            .until_starttls()
            .stall()
            .retried(&["tls-failed"]),
    ]);
    all
}
