//! Operations of the crate `smtp-starttls`.
#![expect(clippy::unwrap_used, reason = "an input of ours that is refused is a fault of the bench")]

use core::fmt::Write;
use core::hint::black_box;
use core::time::Duration;

use smtp_starttls::{
    Capabilities, CapabilityReader, LineEnds, Read, ReplyError, ReplyReader, limits,
};

use crate::clock::repeat;

/// The reply of a mail server as most are: ten lines, 155 octets.
pub const EHLO: &str = "250-mx.lab.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-ETRN\r\n\
    250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n\
    250 CHUNKING\r\n";

/// A reply of 83 lines, 2,196 octets, most of them extensions that nobody knows.
#[must_use]
pub fn long_ehlo() -> String {
    let mut reply = format!("250-{}\r\n", "mail.example.".repeat(8));
    for number in 0..80 {
        write!(reply, "250-XEXT{number} param=value{number}\r\n").unwrap();
    }
    reply + "250-STARTTLS\r\n250 SIZE 1\r\n"
}

/// Lines without end, 99 kB of them.
fn hostile() -> Vec<u8> {
    b"250-x\r\n".iter().copied().cycle().take(99_000).collect()
}

/// From the octets of a reply to the capabilities in force. The reader is that of the connection.
pub fn read_ehlo(reader: &mut ReplyReader, reply: &[u8]) -> Capabilities {
    let mut capabilities = CapabilityReader::new();
    let mut rest = reply;
    while let Read::Line { line, taken } = reader.read(rest).unwrap() {
        capabilities.line(&line);
        rest = rest.get(taken..).unwrap_or_default();
        if line.is_last() {
            return capabilities.finish_in_clear();
        }
    }
    CapabilityReader::new().finish_in_clear()
}

/// Reads a reply so many times.
pub fn ehlo(reply: &str, count: usize) -> Duration {
    let mut reader = ReplyReader::new(LineEnds::Crlf);
    repeat(count, || {
        black_box(read_ehlo(&mut reader, black_box(reply.as_bytes())));
    })
}

/// Reads until the reply is refused: what was read, and why.
fn refused(reader: &mut ReplyReader, pieces: impl Iterator<Item = impl AsRef<[u8]>>) -> Refused {
    let mut capabilities = CapabilityReader::new();
    let mut read = 0;
    for piece in pieces {
        let mut rest = piece.as_ref();
        loop {
            match reader.read(rest) {
                Ok(Read::Line { line, taken }) => {
                    capabilities.line(&line);
                    read += taken;
                    rest = rest.get(taken..).unwrap_or_default();
                }
                Ok(Read::Partial) => break,
                Err(error) => return Refused { read, error: Some(error) },
            }
        }
        read += rest.len();
    }
    Refused { read, error: None }
}

#[derive(Debug, Eq, PartialEq)]
struct Refused {
    read: usize,
    error: Option<ReplyError>,
}

/// A reply of 99 kB, up to where it is refused.
pub(crate) fn hostile_reply(count: usize) -> Duration {
    let octets = hostile();
    repeat(count, || {
        let mut reader = ReplyReader::new(LineEnds::Crlf);
        let refused = refused(&mut reader, core::iter::once(black_box(&octets)));
        assert!(refused.error.is_some());
    })
}

/// A line without end, as it comes from the network, up to where it is refused.
pub(crate) fn endless_line(count: usize) -> Duration {
    let octets = [b'2'; 512];
    repeat(count, || {
        let mut reader = ReplyReader::new(LineEnds::Crlf);
        let mut first = b"220 ".to_vec();
        first.extend(black_box(octets));
        let refused = refused(
            &mut reader,
            core::iter::once(first.as_slice()).chain(core::iter::repeat(&octets[..])),
        );
        assert!(refused.error.is_some() && refused.read <= limits::REPLY_LINE);
    })
}

#[cfg(test)]
mod tests {
    use allocation_counter::measure;
    use smtp_starttls::Keyword;

    use super::*;

    #[test]
    fn the_inputs_have_the_sizes_that_are_named() {
        assert_eq!((EHLO.len(), EHLO.lines().count()), (155, 10));
        let long = long_ehlo();
        assert_eq!((long.len(), long.lines().count()), (2_196, 83));
        assert_eq!(hostile().len(), 99_000);
    }

    #[test]
    fn a_reply_is_read_without_allocation() {
        let (long, mut reader) = (long_ehlo(), ReplyReader::new(LineEnds::Crlf));
        for reply in [EHLO, long.as_str()] {
            let used = measure(|| {
                assert!(read_ehlo(&mut reader, reply.as_bytes()).has(Keyword::StartTls));
            });
            assert_eq!(used.count_total, 0);
        }
    }

    #[test]
    fn a_hostile_reply_is_refused_at_the_limit_and_nothing_is_allocated() {
        let octets = hostile();
        let used = measure(|| {
            let mut reader = ReplyReader::new(LineEnds::Crlf);
            let refused = refused(&mut reader, core::iter::once(&octets));
            // 512 lines are read, and no octet of the next.
            let lines = usize::from(limits::REPLY_LINES);
            assert_eq!(refused.read, lines * b"250-x\r\n".len());
            assert_eq!(refused.error, Some(ReplyError::ReplyTooLong(3_584)));
        });
        assert_eq!(used.count_total, 0);
    }

    #[test]
    fn a_line_without_end_makes_memory_no_larger_however_it_comes() {
        for size in [1, 7, 512, 4096] {
            let octets = vec![b'x'; size];
            let used = measure(|| {
                let mut reader = ReplyReader::new(LineEnds::Crlf);
                let pieces = core::iter::once(&b"220 "[..]).chain(core::iter::repeat(&octets[..]));
                let refused = refused(&mut reader, pieces);
                assert_eq!(refused.error, Some(ReplyError::LineTooLong(2_048)));
                assert!(refused.read <= limits::REPLY_LINE, "{refused:?}");
            });
            assert_eq!(used.count_total, 0);
        }
    }
}
