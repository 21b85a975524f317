//! Replies that are none, or end the service, in the phases that have no file of their own for it.

use super::super::draft::{OK, script};
use super::super::script::{MailFate, Script};
use super::MALFORMED;

/// A way to a phase, and what a malformed reply there comes to.
type Phase = (&'static str, fn(Script) -> Script, fn(Script, &'static [&'static str]) -> Script);

const ALERT: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";
const GO: &[u8] = b"354 go\r\n";

const PHASES: &[Phase] = &[
    ("ehlo", Script::until_ehlo, Script::refused),
    (
        "helo",
        |script| script.until_ehlo().send(b"502 no\r\n").expect("HELO"),
        |script, reasons| script.refused(reasons).who_needs_tls_refuses("starttls-not-offered"),
    ),
    ("sealed", Script::until_ehlo_in_tls, Script::refused),
    ("mail-from", Script::until_mail, deferred),
    ("mail-rcpt", Script::until_rcpt, deferred),
    ("mail-data", Script::until_data, deferred),
    ("mail-end", |script| script.until_data().send(GO).message(), deferred),
];

fn deferred(script: Script, _: &'static [&'static str]) -> Script {
    script.mail(MailFate::Deferred)
}

pub(super) fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    for (phase, begin, end) in PHASES {
        for (name, octets, reason, section) in MALFORMED {
            let id = format!("{phase}/no-reply-{name}");
            let begun = begin(script(id, format!("{phase}: {name}"), section));
            all.push(end(begun.send(octets), core::slice::from_ref(reason)));
        }
        let begun = |name: &str, title: &str, section| {
            begin(script(format!("{phase}/no-reply-{name}"), format!("{phase}: {title}"), section))
        };
        const CLOSING: &str = "RFC 5321 section 3.8";
        let closing = begun("421", "421, not closed", CLOSING).send(b"421 4.3.2 closing\r\n");
        all.push(end(closing, &["service-closing"]));
        let closing = begun("421-and-more", "421 and another reply", CLOSING)
            .send(b"421 4.3.2 closing\r\n250 ok\r\n");
        // Whether the other reply is looked at makes no difference to the message.
        all.push(end(closing, &["service-closing", "unsolicited-bytes"]));
        let closed = begun("closed", "closed in place of a reply", CLOSING).close();
        all.push(end(closed, &["closed"]));
        let half = begun("half", "closed within a reply", CLOSING).send(b"250-mx\r\n25").close();
        all.push(end(half, &["closed"]));
        let alert = begun("alert", "a TLS alert as text", "RFC 5321 section 4.2").send(ALERT);
        all.push(end(alert, &["malformed-reply"]));
    }
    // Past TLS, once mail is under way.
    for (name, begin) in [
        ("mail-from", Script::until_mail as fn(Script) -> Script),
        ("mail-rcpt", Script::until_rcpt),
        ("mail-data", Script::until_data),
        ("mail-end", |script| script.until_data().send(GO).message()),
    ] {
        let begun = |what: &str, title: &str| {
            let id = format!("{name}/{what}");
            begin(script(id, format!("{name}: {title}"), "RFC 8446 section 6"))
        };
        all.extend([
            begun("bare-alert", "an alert past TLS").send_bare(ALERT).mail(MailFate::Deferred),
            begun("bare-reply", "a reply past TLS").send_bare(OK).mail(MailFate::Deferred),
            begun("cut-off", "closed without close_notify").close_bare().mail(MailFate::Deferred),
        ]);
    }
    all
}
