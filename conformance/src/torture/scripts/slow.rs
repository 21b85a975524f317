//! Slow without end: an octet now and then, so that no read waits long, and never a whole reply.

use super::super::draft::{OK, READY, script};
use super::super::script::{MailFate, Script};

const SECTION: &str = "RFC 5321 section 4.5.3.2";
/// A reply that never has a last line.
const LINES: &[u8] = b"220-more\r\n";
const HELLO_LINES: &[u8] = b"250-MORE\r\n";
/// A line that never ends.
const LINE: &[u8] = b"220 mx.torture.test is slow today";
/// A record of the handshake that never has all its octets.
const RECORD: &[u8] = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03";

pub(super) fn scripts() -> Vec<Script> {
    let new = |name: &str, title: &str| script(format!("slow/{name}"), title, SECTION);
    vec![
        new("greeting", "a greeting of lines without end").drip_for_ever(LINES).refused(TIMED_OUT),
        new("greeting-line", "a greeting that is a line without end")
            .drip_for_ever(LINE)
            .refused(TIMED_OUT),
        new("ehlo", "an answer to EHLO without end")
            .until_ehlo()
            .drip_for_ever(HELLO_LINES)
            .refused(TIMED_OUT),
        new("starttls", "an answer to STARTTLS without end")
            .until_starttls()
            .drip_for_ever(LINES)
            .retried(&["tls-failed"]),
        new("handshake", "a ServerHello without end")
            .until_starttls()
            .send(READY)
            .client_hello()
            .drip_for_ever(RECORD)
            .retried(&["tls-failed"]),
        new("ehlo-in-tls", "an answer to EHLO inside TLS without end")
            .until_ehlo_in_tls()
            .drip_for_ever(HELLO_LINES)
            .refused(TIMED_OUT),
        new("mail", "an answer to MAIL without end")
            .until_mail()
            .drip_for_ever(HELLO_LINES)
            .mail(MailFate::Deferred),
        new("rcpt", "an answer to RCPT without end")
            .until_rcpt()
            .drip_for_ever(HELLO_LINES)
            .mail(MailFate::Deferred),
        new("end", "a last answer without end")
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .drip_for_ever(HELLO_LINES)
            .mail(MailFate::Deferred),
        new("quit", "an answer to QUIT without end")
            .until_data()
            .send(b"354 go\r\n")
            .message()
            .send(OK)
            .expect("QUIT")
            .drip_for_ever(HELLO_LINES),
    ]
}

const TIMED_OUT: &[&str] = &["timed-out"];
