//! One SMTP session, from the greeting to its end.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::ServerConfig;

use super::Behaviour;
use super::behaviour::{Greeting, Message, Recipient, StartTls};
use super::ledger::{Entry, Handshake, Ledger, Received};
use super::wire::{Channel, Wire};
use crate::lab::TlsFacts;
use crate::lab::tls::handshake;

/// What a session needs to know of its server.
pub(super) struct Host {
    pub(super) name: String,
    pub(super) behaviour: Behaviour,
    pub(super) config: Arc<ServerConfig>,
    pub(super) ledger: Ledger,
}

/// Serves one connection. An error ends it; there is nobody to tell.
pub(super) fn serve(stream: TcpStream, host: &Host) {
    let entry = host.ledger.open(&host.name);
    let mut wire = Wire::new(Channel::Clear(stream));
    let greeting = match host.behaviour.greeting {
        Greeting::Ready => format!("220 {} ESMTP\r\n", host.name),
        Greeting::Refused => format!("554 {} no SMTP service here\r\n", host.name),
    };
    if wire.send(greeting.as_bytes()).is_err() {
        return;
    }
    let mut session = Session { host, entry, tls: None, helo: None, envelope: None };
    let mut next = Some(wire);
    while let Some(mut wire) = next {
        next = match session.run(&mut wire) {
            Ok(Next::Upgrade) => session.upgrade(wire),
            Ok(Next::Quit) => {
                wire.hang_up();
                None
            }
            Ok(Next::Close) | Err(_) => None,
        };
    }
}

struct Session<'a> {
    host: &'a Host,
    entry: Entry,
    tls: Option<TlsFacts>,
    helo: Option<String>,
    envelope: Option<Envelope>,
}

struct Envelope {
    sender: String,
    recipients: Vec<String>,
}

/// Why the reading of commands ends.
enum Next {
    Upgrade,
    Quit,
    Close,
}

impl Session<'_> {
    fn run(&mut self, wire: &mut Wire) -> io::Result<Next> {
        loop {
            let line = wire.line()?;
            self.entry.line(&line);
            let text = String::from_utf8_lossy(&line).into_owned();
            let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
            let verb = verb.to_ascii_uppercase();
            if self.host.behaviour.greeting == Greeting::Refused && verb != "QUIT" {
                wire.send(b"503 5.5.1 only QUIT is possible\r\n")?;
                continue;
            }
            match verb.as_str() {
                "QUIT" => {
                    wire.send(b"221 2.0.0 bye\r\n")?;
                    return Ok(Next::Quit);
                }
                "STARTTLS" => match self.starttls(rest) {
                    Ok(reply) => {
                        wire.send(reply.as_bytes())?;
                        return Ok(Next::Upgrade);
                    }
                    Err(refusal) => wire.send(refusal)?,
                },
                "DATA" => {
                    if let Some(next) = self.data(wire)? {
                        return Ok(next);
                    }
                }
                _ => {
                    let reply = self.reply(&verb, rest);
                    wire.send(reply.as_bytes())?;
                }
            }
        }
    }

    /// The answers to commands that neither change the channel nor carry a message.
    fn reply(&mut self, verb: &str, rest: &str) -> String {
        match verb {
            "EHLO" | "HELO" if rest.is_empty() => "501 5.5.4 a name is needed\r\n".to_owned(),
            "EHLO" => {
                self.greet(rest);
                self.capabilities()
            }
            "HELO" => {
                self.greet(rest);
                format!("250 {}\r\n", self.host.name)
            }
            "MAIL" => self.mail(rest).to_owned(),
            "RCPT" => self.rcpt(rest).to_owned(),
            "RSET" => {
                self.envelope = None;
                "250 2.0.0 ok\r\n".to_owned()
            }
            "NOOP" => "250 2.0.0 ok\r\n".to_owned(),
            "VRFY" => "252 2.5.2 send some mail\r\n".to_owned(),
            _ => "500 5.5.2 command not recognized\r\n".to_owned(),
        }
    }

    fn greet(&mut self, name: &str) {
        self.helo = Some(name.to_owned());
        self.envelope = None;
    }

    fn capabilities(&self) -> String {
        let behaviour = &self.host.behaviour;
        let mut lines = vec![self.host.name.as_str()];
        if self.tls.is_some() {
            lines.extend(behaviour.sealed_extensions);
        } else {
            lines.extend(behaviour.clear_extensions);
            match behaviour.starttls {
                StartTls::Absent => {}
                StartTls::Masked => lines.push("XXXXXXXA"),
                StartTls::Offered
                | StartTls::Unavailable
                | StartTls::Injected(_)
                | StartTls::Broken => lines.push("STARTTLS"),
            }
        }
        let (last, before) = lines.split_last().unwrap_or((&"", &[]));
        let before: String = before.iter().map(|line| format!("250-{line}\r\n")).collect();
        format!("{before}250 {last}\r\n")
    }

    /// The reply after which TLS begins, or a refusal (RFC 3207 section 4).
    fn starttls(&self, rest: &str) -> Result<String, &'static [u8]> {
        if self.tls.is_some() || self.envelope.is_some() {
            return Err(b"503 5.5.1 not now\r\n");
        }
        match self.host.behaviour.starttls {
            StartTls::Absent => Err(b"502 5.5.1 command not implemented\r\n"),
            StartTls::Masked => Err(b"500 5.5.2 command not recognized\r\n"),
            StartTls::Unavailable => Err(b"454 4.7.0 TLS not available now\r\n"),
            _ if !rest.is_empty() => Err(b"501 5.5.4 no parameters\r\n"),
            StartTls::Injected(text) => Ok(format!("220 2.0.0 go ahead\r\n{text}")),
            StartTls::Offered | StartTls::Broken => Ok("220 2.0.0 go ahead\r\n".to_owned()),
        }
    }

    /// The same session inside TLS, knowing nothing of before (RFC 3207 section 4.2).
    fn upgrade(&mut self, mut wire: Wire) -> Option<Wire> {
        if self.host.behaviour.starttls == StartTls::Broken {
            wire.wait().and_then(|()| wire.send(HANDSHAKE_FAILURE)).ok()?;
            self.entry.handshake(Handshake::Failed("refused by the server".to_owned()));
            wire.hang_up();
            return None;
        }
        match handshake(wire.into_clear()?, Arc::clone(&self.host.config)) {
            Ok((sealed, facts)) => {
                self.entry.handshake(Handshake::Done(facts.clone()));
                (self.tls, self.helo, self.envelope) = (Some(facts), None, None);
                Some(Wire::new(Channel::Sealed(Box::new(sealed))))
            }
            Err(error) => {
                self.entry.handshake(Handshake::Failed(error.to_string()));
                None
            }
        }
    }

    fn mail(&mut self, rest: &str) -> &'static str {
        if self.helo.is_none() || self.envelope.is_some() {
            return BAD_SEQUENCE;
        }
        let Some(sender) = path(rest, "FROM:") else { return BAD_ARGUMENT };
        self.envelope = Some(Envelope { sender, recipients: Vec::new() });
        "250 2.1.0 ok\r\n"
    }

    fn rcpt(&mut self, rest: &str) -> &'static str {
        let Some(envelope) = &mut self.envelope else { return BAD_SEQUENCE };
        let Some(recipient) = path(rest, "TO:") else { return BAD_ARGUMENT };
        match self.host.behaviour.recipient {
            Recipient::Rejected => "550 5.1.1 no such mailbox\r\n",
            Recipient::Deferred => "451 4.3.0 try again later\r\n",
            Recipient::Accepted if envelope.recipients.len() >= MAX_RECIPIENTS => {
                "452 4.5.3 too many recipients\r\n"
            }
            Recipient::Accepted => {
                envelope.recipients.push(recipient);
                "250 2.1.5 ok\r\n"
            }
        }
    }

    fn data(&mut self, wire: &mut Wire) -> io::Result<Option<Next>> {
        let has_recipient = |envelope: &Envelope| !envelope.recipients.is_empty();
        if !self.envelope.as_ref().is_some_and(has_recipient) {
            wire.send(BAD_SEQUENCE.as_bytes())?;
            return Ok(None);
        }
        wire.send(b"354 go ahead\r\n")?;
        if self.host.behaviour.message == Message::ClosedMidway {
            wire.wait()?;
            return Ok(Some(Next::Close));
        }
        let data = unstuff(&wire.message()?);
        if let Some(envelope) = self.envelope.take() {
            self.entry.ledger.receive(Received {
                host: self.host.name.clone(),
                helo: self.helo.clone().unwrap_or_default(),
                sender: envelope.sender,
                recipients: envelope.recipients,
                data,
                tls: self.tls.clone(),
            });
        }
        wire.send(b"250 2.0.0 taken\r\n")?;
        Ok(None)
    }
}

/// The mailbox in `FROM:<mailbox> PARAMETERS`, empty for the null reverse path.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let (found, path) = rest.split_at_checked(keyword.len())?;
    let (mailbox, _) = path.trim_start().strip_prefix('<')?.split_once('>')?;
    found.eq_ignore_ascii_case(keyword).then(|| mailbox.to_owned())
}

/// Takes away the dots that the client put in front of dots (RFC 5321 section 4.5.2).
fn unstuff(data: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(data.len());
    let mut line_begins = true;
    for line in data.split_inclusive(|octet| *octet == b'\n') {
        plain.extend(line.strip_prefix(b".").filter(|_| line_begins).unwrap_or(line));
        line_begins = line.ends_with(b"\r\n");
    }
    plain
}

const BAD_SEQUENCE: &str = "503 5.5.1 bad sequence of commands\r\n";
const BAD_ARGUMENT: &str = "501 5.5.4 a path is needed\r\n";
const MAX_RECIPIENTS: usize = 100;
/// A fatal TLS alert, handshake_failure (RFC 8446 section 6.2).
const HANDSHAKE_FAILURE: &[u8] = &[21, 3, 3, 0, 2, 2, 40];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5321_4_1_2_paths() {
        for (rest, keyword, mailbox) in [
            ("FROM:<>", "FROM:", Some("")),
            ("from:<a@b.test> SIZE=1", "FROM:", Some("a@b.test")),
            ("TO: <a@b.test>", "TO:", Some("a@b.test")),
            ("TO:a@b.test", "TO:", None),
            ("TO:<a@b.test", "TO:", None),
            ("FROM:<a@b.test>", "TO:", None),
            ("T", "TO:", None),
        ] {
            assert_eq!(path(rest, keyword).as_deref(), mailbox, "{rest}");
        }
    }

    #[test]
    fn rfc5321_4_5_2_dots_are_unstuffed_at_the_beginning_of_lines_alone() {
        assert_eq!(unstuff(b"..\r\n...\r\na..\r\n"), b".\r\n..\r\na..\r\n");
        assert_eq!(unstuff(b"a\n.b\r\n"), b"a\n.b\r\n", "a bare LF ends no line");
        assert_eq!(unstuff(b""), b"");
    }
}
