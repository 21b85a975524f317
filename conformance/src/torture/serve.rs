//! The ordinary server that goes on where a script ends.

use std::io;
use std::time::Instant;

use super::draft::NO_OFFER;
use super::visit::{End, Line as SeenLine, Visit};
use super::wire::Wire;

/// What is written down of a connection.
pub(super) struct Transcript {
    pub(super) visit: Visit,
    pub(super) last_sent: Instant,
}

/// A line of the client.
pub(super) struct Line {
    pub(super) verb: String,
}

/// The client is gone, or has to go.
pub(super) struct Over(io::ErrorKind);

impl From<io::Error> for Over {
    fn from(error: io::Error) -> Self {
        Self(error.kind())
    }
}

impl Over {
    pub(super) fn end(&self) -> End {
        match self.0 {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => End::ClientSilent,
            io::ErrorKind::FileTooLarge => End::OverLimits,
            _ => End::ClosedByClient,
        }
    }
}

const MAX_LINE: usize = 4096;
const MAX_LINE_KEPT: usize = 512;
const MAX_LINES: usize = 200;
const MAX_MESSAGE: usize = 1_048_576;

impl Transcript {
    /// The next line, which is written down.
    pub(super) fn line(&mut self, wire: &mut Wire) -> Result<Line, Over> {
        let octets = wire.until(b"\r\n", MAX_LINE).map_err(limits)?;
        let text = String::from_utf8_lossy(octets.get(..MAX_LINE_KEPT).unwrap_or(&octets));
        let verb = text.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        if self.visit.lines.len() >= MAX_LINES {
            return Err(Over(io::ErrorKind::FileTooLarge));
        }
        self.visit.lines.push(SeenLine { channel: wire.channel(), text: text.into_owned() });
        Ok(Line { verb })
    }

    /// The message, of which only is written down that it came.
    pub(super) fn message(&mut self, wire: &mut Wire) -> Result<(), Over> {
        let mut length = 0;
        while length <= MAX_MESSAGE {
            let line = wire.until(b"\r\n", MAX_MESSAGE).map_err(limits)?;
            if line == b"." {
                self.visit.messages.push(wire.channel());
                return Ok(());
            }
            length += line.len() + 2;
        }
        Err(Over(io::ErrorKind::FileTooLarge))
    }

    fn reply(&mut self, wire: &mut Wire, octets: &[u8]) -> Result<(), Over> {
        wire.send(octets)?;
        self.last_sent = Instant::now();
        Ok(())
    }
}

/// What is not a TLS record is no over-long line.
fn limits(error: io::Error) -> Over {
    match error.kind() {
        io::ErrorKind::InvalidData if error.get_ref().is_none() => {
            Over(io::ErrorKind::FileTooLarge)
        }
        kind => Over(kind),
    }
}

/// Answers as an ordinary server without STARTTLS, from `line` on if there is one, until QUIT.
pub(super) fn serve(
    wire: &mut Wire,
    transcript: &mut Transcript,
    first: Option<Line>,
) -> Result<(), Over> {
    let mut next = first;
    loop {
        let line = match next.take() {
            Some(line) => line,
            None => transcript.line(wire)?,
        };
        let reply: &[u8] = match line.verb.as_str() {
            "EHLO" | "LHLO" => NO_OFFER,
            "HELO" => b"250 mx.torture.test\r\n",
            "MAIL" | "RCPT" | "RSET" | "NOOP" => b"250 2.0.0 ok\r\n",
            "DATA" => {
                transcript.reply(wire, b"354 go on\r\n")?;
                transcript.message(wire)?;
                b"250 2.0.0 taken\r\n"
            }
            "QUIT" => return transcript.reply(wire, b"221 2.0.0 bye\r\n"),
            "STARTTLS" => b"502 5.5.1 not here\r\n",
            _ => b"500 5.5.2 command not recognized\r\n",
        };
        transcript.reply(wire, reply)?;
    }
}
