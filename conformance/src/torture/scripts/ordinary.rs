//! What must not disturb: enhanced codes that do not fit, octets beyond ASCII, offers of AUTH.

use super::super::draft::{GREETING, OFFER, READY, script};
use super::super::script::{MailFate, Script, Tls};

const CODES: &str = "RFC 2034 section 4";
const TEXT: &str = "house rule after RFC 5321 section 4.2.1";

pub(super) fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    // An enhanced code counts only where its class is that of the reply code.
    for (name, reply, fate) in [
        ("250-says-5", b"250 5.1.1 ok\r\n".as_slice(), MailFate::Delivered),
        ("550-says-2", b"550 2.1.5 no\r\n", MailFate::Bounced),
        ("550-says-4", b"550 4.7.1 no\r\n", MailFate::Bounced),
        ("450-says-5", b"450 5.1.1 no\r\n", MailFate::Deferred),
        ("550-of-four-parts", b"550 5.1.1.1 no\r\n", MailFate::Bounced),
        ("550-too-many-digits", b"550 5.1111.1 no\r\n", MailFate::Bounced),
        ("550-lines-differ", b"550-5.1.1 no\r\n550 4.2.2 no\r\n", MailFate::Bounced),
        ("550-latin-1", b"550 5.1.1 \xe9\r\n", MailFate::Bounced),
        ("550-control", b"550 \x1b[2J\x07\x08\r\n", MailFate::Bounced),
    ] {
        let new =
            |phase: &str| script(format!("{phase}/{name}"), format!("{phase}: {name}"), CODES);
        all.extend([
            new("mail-from").until_mail().send(reply).mail(fate),
            new("mail-rcpt").until_rcpt().send(reply).mail(fate),
            new("mail-end").until_data().send(b"354 go\r\n").message().send(reply).mail(fate),
        ]);
    }
    for (name, reply) in [
        ("220-says-5", b"220 5.7.0 go\r\n".as_slice()),
        ("220-says-4", b"220 4.7.0 TLS not available\r\n"),
        ("220-latin-1", b"220 \xe9t\xe9\r\n"),
        ("220-code-alone", b"220\r\n"),
        ("220-names-454", b"220 454 no\r\n"),
    ] {
        all.push(
            script(format!("starttls/{name}"), format!("answer to STARTTLS: {name}"), CODES)
                .until_starttls()
                .send(reply)
                .tls(Tls::HONEST),
        );
    }
    for (name, offer) in [
        ("latin-1", b"250-mx \xe9\r\n250-X-\xff \x80\r\n250 STARTTLS\r\n".as_slice()),
        ("auth-in-clear", b"250-mx\r\n250-AUTH PLAIN LOGIN\r\n250-AUTH=LOGIN\r\n250 STARTTLS\r\n"),
        ("twice-with-parameters", b"250-mx\r\n250-STARTTLS one\r\n250 STARTTLS two\r\n"),
        ("requiretls-in-clear", b"250-mx\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n"),
        ("sizes", b"250-mx\r\n250-SIZE 1\r\n250-SIZE x\r\n250-SIZE 0\r\n250 STARTTLS\r\n"),
        ("last-line-empty", b"250-mx\r\n250-STARTTLS\r\n250 \r\n"),
        ("last-line-code", b"250-mx\r\n250-STARTTLS\r\n250\r\n"),
    ] {
        all.push(
            script(format!("offer/{name}"), format!("offered: {name}"), TEXT)
                .until_ehlo()
                .send(offer)
                .expect("STARTTLS")
                .send(READY)
                .tls(Tls::HONEST),
        );
    }
    for (name, line) in [
        ("x-before", "XSTARTTLS"),
        ("x-in-place-of-letters", "XXXXRTLS"),
        ("x-of-nine", "XXXXXXXXX"),
        ("lower-case-x", "xxxxxxxx"),
        ("hyphen", "START-TLS"),
        ("colon", "STARTTLS:"),
        ("quoted", "\"STARTTLS\""),
        ("nbsp", "STARTTLS\u{a0}"),
    ] {
        all.push(
            script(format!("offer/not-{name}"), format!("no offer: {line:?}"), TEXT)
                .until_ehlo()
                .send(format!("250-mx\r\n250 {line}\r\n").as_bytes())
                .expect("STARTTLS")
                .send(b"500 5.5.1 no\r\n")
                .plaintext(),
        );
    }
    all.push(
        script("honest/asks-for-auth-inside", "AUTH offered inside TLS alone", TEXT)
            .send(GREETING)
            .expect("EHLO")
            .send(OFFER)
            .expect("STARTTLS")
            .send(READY)
            .tls(Tls::HONEST)
            .expect("EHLO")
            .send(b"250-mx\r\n250 AUTH PLAIN\r\n"),
    );
    all
}
