//! A message that is hard to carry, and what becomes of it.

use std::fs;
use std::path::Path;

use pki_types::CertificateDer;
use smtp_starttls::Message;
use smtp_tls::Address;
use smtp_tls::attempt::{Assurance, Connection, Patience};
use smtp_tls::driver::Envelope;
use smtp_tls::report::{Cause, Fate, Report};
use smtp_tls::resolve::Security;

use super::keys::HOST;
use super::machine::wait_for;
use super::one_host::{Driver, Need, OneHost, mailer};

/// The domain of every server here.
pub(crate) const DOMAIN: &str = "peer.test";

const HEADER: &[u8] = b"From: sender@sender.example\r\nTo: list@peer.test\r\n\
    Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\nSubject: x\r\n\r\n";

/// A message of a few octets.
pub(crate) fn short() -> Vec<u8> {
    [HEADER, b".\r\n"].concat()
}

/// Lines that are only dots or begin with one, the longest lines, blanks at the end, empty lines.
pub(crate) fn seven_bit() -> Vec<u8> {
    let mut message = HEADER.to_vec();
    for line in [".", "..", "...", ".text", "..text", " . ", "text.", "", ".", "blanks \t ", "\t"] {
        message.extend(line.as_bytes());
        message.extend(b"\r\n");
    }
    for filler in [b'.', b'x'] {
        message.extend([filler; 998]);
        message.extend(b"\r\n");
    }
    // More than a driver writes at once, and dots where one piece ends and the next begins.
    for number in 0..6000 {
        message.extend(format!(".{number}\r\n..\r\n").as_bytes());
    }
    message.extend(b".\r\n");
    message
}

/// The same with octets that no MTA may touch, in UTF-8 and in Latin-1.
pub(crate) fn eight_bit() -> Vec<u8> {
    let mut message = seven_bit();
    message.extend("gr\u{fc}\u{df}e\r\n".as_bytes());
    message.extend(b".\xe9t\xe9\r\n\xff\x80\r\n");
    message
}

/// Where a message goes.
#[derive(Clone, Copy)]
pub(crate) struct To<'a> {
    pub(crate) port: u16,
    pub(crate) root: &'a CertificateDer<'static>,
    pub(crate) need: Need,
    pub(crate) recipients: &'a [String],
}

/// Delivers it.
pub(crate) async fn send(to: To<'_>, message: &[u8]) -> Report {
    let host = OneHost {
        domain: DOMAIN,
        host: HOST,
        port: to.port,
        need: to.need,
        mx: Security::Insecure,
    };
    let mailer = mailer(Driver::Tokio, host, to.root, Patience::Rfc5321).await;
    let from: Address = "sender@sender.example".parse().unwrap();
    let addresses: Vec<Address> =
        to.recipients.iter().map(|local| format!("{local}@{DOMAIN}").parse().unwrap()).collect();
    let paths: Vec<_> = addresses.iter().map(Address::forward_path).collect();
    let message = Message::try_from(message).unwrap();
    let envelope = Envelope { from: from.reverse_path(), to: &paths, message };
    mailer.deliver(DOMAIN.parse().unwrap(), &envelope).await
}

/// The message as it lies in the mailbox, line ends as they were sent.
pub(crate) fn arrived(mailboxes: &Path, recipient: &str) -> Vec<u8> {
    let new = mailboxes.join(recipient).join("new");
    let file = wait_for(recipient, || fs::read_dir(&new).ok()?.next()?.ok());
    let octets = fs::read(file.path()).unwrap();
    let mut message = Vec::with_capacity(octets.len() + octets.len() / 8);
    for octet in octets {
        if octet == b'\n' {
            message.push(b'\r');
        }
        message.push(octet);
    }
    message
}

/// Asserts that a mailbox holds the message unchanged, and gives the header fields added before it.
pub(crate) fn assert_arrived(mailboxes: &Path, recipient: &str, message: &[u8]) -> String {
    let arrived = arrived(mailboxes, recipient);
    let added = arrived.strip_suffix(message).unwrap_or_else(|| {
        let start = arrived.get(..2000).unwrap_or(&arrived);
        panic!("{recipient}: changed:\n{}", String::from_utf8_lossy(start))
    });
    String::from_utf8(added.to_vec()).unwrap()
}

/// The one connection, or the last of several.
pub(crate) fn connection(report: &Report) -> &Connection {
    let visit = report.tries[0].connections.last().unwrap();
    visit.connection.as_ref().unwrap_or_else(|| panic!("not reached: {visit:?}"))
}

/// How the message travelled to a recipient that has got it.
pub(crate) fn delivered(report: &Report, recipient: usize) -> Assurance {
    match &report.fates[recipient] {
        Fate::Delivered { assurance, .. } => *assurance,
        other => panic!("not delivered: {other:?} in {report:?}"),
    }
}

/// What a host said to a recipient that is refused for good, or only now.
pub(crate) fn refusal(report: &Report, recipient: usize) -> (&'static str, String) {
    let (word, cause) = match &report.fates[recipient] {
        Fate::Refused(cause) => ("refused", cause),
        Fate::Deferred(cause) => ("deferred", cause),
        Fate::Delivered { .. } => panic!("delivered: {report:?}"),
    };
    let said = match cause {
        Cause::Answered { reply, .. } => reply.to_string(),
        other => other.to_string(),
    };
    (word, said)
}

/// The reason for which a session failed, by its stable word.
pub(crate) fn failure(report: &Report) -> &'static str {
    match &report.fates[0] {
        Fate::Deferred(Cause::Session { failure, .. }) => failure.reason.word(),
        other => panic!("not a session that failed: {other:?}"),
    }
}
