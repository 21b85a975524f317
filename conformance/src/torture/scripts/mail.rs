//! Hostile once the session is secured: what becomes of the message.

use super::super::draft::{OK, script};
use super::super::script::{MailFate, Script};

const SECTION: &str = "RFC 5321 section 3.3";
const STAGED: &str = "RFC 5321 section 4.3.1";

pub(super) fn scripts() -> Vec<Script> {
    let new = |name: &str, title: &str, section| script(format!("mail/{name}"), title, section);
    let mut all = Vec::new();
    for (name, reply, fate) in [
        ("451", b"451 4.3.0 later\r\n".as_slice(), MailFate::Deferred),
        ("550", b"550 5.7.1 no\r\n", MailFate::Bounced),
        ("mixed", b"250-ok\r\n550 no\r\n", MailFate::Deferred),
        ("bare-lf", b"250 ok\n", MailFate::Deferred),
        ("code-099", b"099 no\r\n", MailFate::Deferred),
        ("code-600", b"600 no\r\n", MailFate::Deferred),
    ] {
        all.extend([
            new(&format!("from-{name}"), "answer to MAIL", SECTION)
                .until_mail()
                .send(reply)
                .mail(fate),
            new(&format!("rcpt-{name}"), "answer to RCPT", SECTION)
                .until_rcpt()
                .send(reply)
                .mail(fate),
            new(&format!("data-{name}"), "answer to DATA", SECTION)
                .until_data()
                .send(reply)
                .mail(fate),
            new(&format!("end-{name}"), "answer to the message", SECTION)
                .until_data()
                .send(b"354 go\r\n")
                .message()
                .send(reply)
                .mail(fate),
        ]);
    }
    all.extend([
        new("from-421", "MAIL: 421", "RFC 5321 section 3.8")
            .until_mail()
            .send(b"421 closing\r\n")
            .close()
            .mail(MailFate::Deferred),
        new("from-closed", "closed in place of an answer to MAIL", SECTION)
            .until_mail()
            .close()
            .mail(MailFate::Deferred),
        new("rcpt-cut-off", "closed without close_notify at RCPT", SECTION)
            .until_rcpt()
            .close_bare()
            .mail(MailFate::Deferred),
        new("from-staged", "answers to RCPT and DATA behind that to MAIL", STAGED)
            .until_lone_mail()
            .send(&[OK, OK, b"354 go\r\n"].concat())
            .mail(MailFate::Deferred),
        new("data-staged", "the last answer behind the 354", STAGED)
            .until_data()
            .send(b"354 go\r\n250 taken\r\n")
            .mail(MailFate::Deferred),
        new("data-250", "250 in place of 354", SECTION)
            .until_data()
            .send(b"250 ok\r\n")
            .mail(MailFate::Deferred),
        new("end-354", "354 in place of the last answer", SECTION)
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .send(b"354 go\r\n")
            .mail(MailFate::Deferred),
        new("end-closed", "closed in place of the last answer", "RFC 5321 section 3.8")
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .close()
            .mail(MailFate::Deferred),
        new(
            "end-cut-off",
            "closed without close_notify in the last answer",
            "RFC 8446 section 6.1",
        )
        .until_data()
        .send(b"354 go\r\n")
        .message()
        .send(b"250 tak")
        .close_bare()
        .mail(MailFate::Deferred),
        new("end-plaintext", "the last answer past TLS", "RFC 8446 section 6")
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .send_bare(b"250 taken\r\n")
            .mail(MailFate::Deferred),
        new("quit-closed", "closed in place of an answer to QUIT", "RFC 5321 section 4.1.1.10")
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .send(OK)
            .expect("QUIT")
            .close_bare(),
        new("quit-garbage", "QUIT answered by what is no reply", "RFC 5321 section 4.1.1.10")
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .send(OK)
            .expect("QUIT")
            .send(b"\0\0\0\r\n")
            .close(),
        new("quit-554", "QUIT answered by 554", "RFC 5321 section 4.1.1.10")
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .send(OK)
            .expect("QUIT")
            .send(b"554 no\r\n")
            .close(),
        new("end-stall", "no last answer", "RFC 5321 section 4.5.3.2.6")
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .stall()
            .mail(MailFate::Deferred),
    ]);
    all
}
