//! SMTP.

mod mailer;
mod message;
mod server;
mod session;

use serde_json::{Map, Value};
use smtp_starttls::{LineEnds, Read, ReplyError, ReplyReader, limits};

pub use mailer::mailer;
pub(super) use mailer::seed_mailer;
pub use message::message;
pub(super) use message::seed_message;
pub(super) use server::seed_server;
pub use server::server;
pub(super) use session::{seed_session, seed_upgrade};
pub use session::{session, upgrade};

use super::input::{Input, Output, pieces};
use super::request;
use crate::request::smtp as asked;

/// How a stream is cut, then the stream.
///
/// Any split gives the same lines and the same error; an error stays; limits hold; the lines
/// written out again are read as the same lines.
pub fn reply(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = input.bytes();
    let stream = input.rest();
    for line_ends in [LineEnds::Crlf, LineEnds::BareLf] {
        let whole = read(&[stream], line_ends);
        let split = read(&pieces(stream, &mut Input::new(cuts)), line_ends);
        assert_eq!(whole, split, "where the stream is split has no meaning");
        // With the line end that was read: another one may put a line past its limit.
        let end: &[u8] = if line_ends == LineEnds::Crlf { b"\r\n" } else { b"\n" };
        let written: Vec<u8> = whole.lines.iter().flat_map(|line| write(line, end)).collect();
        assert_eq!(read(&[&written], line_ends).lines, whole.lines);
        if line_ends == LineEnds::Crlf && whole.error.is_none() && whole.is_complete {
            let count = read(&[stream], LineEnds::BareLf).lines.len();
            assert_eq!(count, whole.lines.len(), "leniency adds no line");
        }
    }
}

#[derive(Debug, PartialEq)]
struct Stream {
    lines: Vec<Line>,
    error: Option<ReplyError>,
    is_complete: bool,
}

#[derive(Debug, PartialEq)]
struct Line {
    code: u16,
    is_last: bool,
    text: Vec<u8>,
    enhanced: Option<String>,
}

fn read(pieces: &[&[u8]], line_ends: LineEnds) -> Stream {
    let mut reader = ReplyReader::new(line_ends);
    let mut stream = Stream { lines: Vec::new(), error: None, is_complete: false };
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() && stream.error.is_none() {
            match reader.read(rest) {
                Ok(Read::Partial) => break,
                Ok(Read::Line { line, taken }) => {
                    assert!(taken > 0 && taken <= rest.len());
                    let text = line.text().to_vec();
                    assert!(text.len() < limits::REPLY_LINE);
                    assert!(!text.iter().any(|byte| [0, b'\r', b'\n'].contains(byte)));
                    stream.lines.push(Line {
                        code: line.code().value(),
                        is_last: line.is_last(),
                        text,
                        enhanced: line.enhanced().map(|code| code.to_string()),
                    });
                    rest = rest.get(taken..).unwrap_or_default();
                }
                Err(error) => stream.error = Some(error),
            }
        }
    }
    if let Some(error) = stream.error {
        assert_eq!(reader.read(b"250 ok\r\n"), Err(error), "an error stays");
    }
    stream.is_complete = reader.is_at_start();
    stream
}

fn write(line: &Line, end: &[u8]) -> Vec<u8> {
    let separator = if line.is_last { ' ' } else { '-' };
    let head = format!("{}{separator}", line.code);
    [head.as_bytes(), &line.text, end].concat()
}

pub(super) fn seed_reply(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let stream = match operation {
        "smtp.reply" => request::<asked::Replies>("smtp.reply", operation, fields)?.stream_b64.0,
        _ => {
            let request: asked::Session = request("smtp.session", operation, fields)?;
            let sent = request.script.into_iter().filter_map(|step| match step {
                asked::Step::Send { send_b64 } => Some(send_b64.0),
                _ => None,
            });
            sent.collect::<Vec<_>>().concat()
        }
    };
    let mut output = Output::default();
    output.bytes(&[3, 1, 40]).rest(&stream);
    Some(output.into_bytes())
}
