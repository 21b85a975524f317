//! What is an offer of STARTTLS, and what only looks like one.

use super::super::draft::{READY, script};
use super::super::script::{Script, Tls};

const SECTION: &str = "RFC 5321 section 4.1.1.1";

pub(super) fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    for (name, line) in [
        ("lower-case", "starttls"),
        ("mixed-case", "StartTLS"),
        ("parameter", "STARTTLS foo"),
        ("trailing-space", "STARTTLS "),
    ] {
        all.push(
            script(format!("offer/{name}"), format!("offered as {line:?}"), SECTION)
                .until_ehlo()
                .send(format!("250-mx\r\n250-SIZE\r\n250 {line}\r\n").as_bytes())
                .expect("STARTTLS")
                .send(READY)
                .tls(Tls::HONEST),
        );
    }
    all.push(
        script("offer/twice", "offered twice", SECTION)
            .until_ehlo()
            .send(b"250-mx\r\n250-STARTTLS\r\n250 STARTTLS\r\n")
            .expect("STARTTLS")
            .send(READY)
            .tls(Tls::HONEST),
    );
    for (name, lines) in [
        ("equals", "250-mx\r\n250 STARTTLS=1\r\n"),
        ("leading-space", "250-mx\r\n250  STARTTLS\r\n"),
        ("longer-word", "250-mx\r\n250 STARTTLSX\r\n"),
        ("first-line-only", "250 STARTTLS\r\n"),
        ("first-line-of-two", "250-STARTTLS\r\n250 SIZE\r\n"),
        ("masked", "250-mx\r\n250-XXXXXXXX\r\n250 SIZE\r\n"),
        ("masked-with-letter", "250-mx\r\n250 XXXXXXXA\r\n"),
        ("as-parameter", "250-mx\r\n250 X-TLS STARTTLS\r\n"),
        ("tab", "250-mx\r\n250 STARTTLS\tfoo\r\n"),
        ("stripped", "250-mx\r\n250 SIZE\r\n"),
    ] {
        let base = |id: &str, title: &str| {
            script(format!("offer/{name}{id}"), format!("no offer: {name}; {title}"), SECTION)
                .until_ehlo()
                .send(lines.as_bytes())
                .expect("STARTTLS")
        };
        all.push(base("", "the command gets 500").send(b"500 5.5.1 no\r\n").plaintext());
        all.push(
            base("-works", "the command works").send(READY).tls(Tls::HONEST).plaintext_or_secured(),
        );
    }
    for (name, octets, reason) in [
        ("250", b"250 ok\r\n".as_slice(), "starttls-bad-reply"),
        ("454", b"454 no\r\n", "starttls-not-offered"),
        ("421", b"421 no\r\n", "starttls-not-offered"),
        ("residue", b"220 go\r\n250 mx\r\n", "starttls-residue"),
        ("staged-behind-500", b"500 no\r\n250 ok\r\n", "unsolicited-bytes"),
    ] {
        all.push(
            script(
                format!("offer/unlisted-{name}"),
                format!("not offered; then {name}"),
                "RFC 3207 section 4",
            )
            .until_unlisted_starttls()
            .send(octets)
            .plaintext_or_refused(&[reason]),
        );
    }
    all
}
