//! Hostile from the first octet.

use super::super::draft::{GREETING, OFFER, script};
use super::super::script::Script;
use super::{MALFORMED, RFC5321_4_2_1};

const SECTION: &str = "RFC 5321 section 3.1";

pub(super) fn scripts() -> Vec<Script> {
    let mut all: Vec<Script> = MALFORMED
        .iter()
        .map(|(name, octets, reason, section)| {
            script(format!("greeting/{name}"), format!("greeting: {name}"), section)
                .send(octets)
                .expect("EHLO")
                .send(OFFER)
                .refused(&[*reason])
        })
        .collect();
    for code in ["200", "211", "250", "354"] {
        all.push(
            script(format!("greeting/{code}"), format!("{code} in place of 220"), SECTION)
                .send(format!("{code} mx.torture.test\r\n").as_bytes())
                .refused(&["greeting-not-220"]),
        );
    }
    for code in ["450", "454", "500", "521", "554"] {
        all.push(
            script(format!("greeting/{code}"), format!("{code} in place of 220"), SECTION)
                .send(format!("{code} no\r\n").as_bytes())
                .refused(&["greeting-refused"]),
        );
    }
    all.extend([
        script("greeting/421", "421 in place of 220", "RFC 5321 section 3.8")
            .send(b"421 4.3.2 later\r\n")
            .close()
            .refused(&["service-closing"]),
        script("greeting/mixed-220-554", "220- and then 554", RFC5321_4_2_1)
            .send(b"220-mx\r\n554 no\r\n")
            .refused(&["mixed-codes"]),
        script("greeting/mixed-554-220", "554- and then 220", RFC5321_4_2_1)
            .send(b"554-no\r\n220 mx\r\n")
            .refused(&["mixed-codes"]),
        script("greeting/staged-ehlo-reply", "an EHLO reply behind the greeting", SECTION)
            .send(&[GREETING, b"250-mx\r\n250 SIZE 1\r\n"].concat())
            .refused(&["unsolicited-bytes"]),
        script("greeting/staged-everything", "a whole dialogue behind the greeting", SECTION)
            .send(&[GREETING, b"250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"].concat())
            .refused(&["unsolicited-bytes"]),
        script("greeting/staged-octet", "one octet behind the greeting", SECTION)
            .send(&[GREETING, b"2"].concat())
            .refused(&["unsolicited-bytes"]),
        script(
            "greeting/line-without-end",
            "3,000 octets without a line end",
            "RFC 5321 section 4.5.3.1.5",
        )
        .send(&[b"220 ".as_slice(), &[b'x'; 3000]].concat())
        .refused(&["line-too-long"]),
        script(
            "greeting/lines-without-end",
            "2,000 lines, and no last one",
            "RFC 5321 section 4.5.3.1.5",
        )
        .send(&b"220-x\r\n".repeat(2000))
        .refused(&["reply-too-long"]),
        script("greeting/closed", "closed without a word", SECTION).close().refused(&["closed"]),
        script("greeting/half", "closed within the greeting", SECTION)
            .send(b"220 mx.tor")
            .close()
            .refused(&["closed"]),
        script("greeting/more-to-come", "closed after a line that promises another", SECTION)
            .send(b"220-mx\r\n")
            .close()
            .refused(&["closed"]),
        script("greeting/stall", "no greeting", "RFC 5321 section 4.5.3.2.1")
            .stall()
            .refused(&["timed-out"]),
        script("greeting/stall-half", "half a greeting", "RFC 5321 section 4.5.3.2.1")
            .send(b"220-mx\r\n220")
            .stall()
            .refused(&["timed-out"]),
    ]);
    all
}
