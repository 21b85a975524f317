//! The body of a response: by length, in chunks, or up to the end of the stream.

use alloc::vec::Vec;

use super::StreamEnd;
use super::head::Framing;
use super::limits::{CHUNK_LINE, FIELDS, TRAILERS};
use crate::failure::FetchError;
use crate::policy::limits::BODY;

/// Whether a body is all there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Progress {
    More,
    Whole,
}

#[derive(Clone, Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// So many bytes are to come.
    Length(usize),
    /// All that comes, up to the end of the stream.
    UntilEnd,
    /// A chunk-size line, of which this is there.
    ChunkLine(Vec<u8>),
    /// So many bytes of a chunk are to come.
    Chunk(usize),
    /// The CR after a chunk.
    ChunkCr,
    /// The LF after a chunk.
    ChunkLf,
    /// The trailers, of which these are there; where the current line begins.
    Trailers(Vec<u8>, usize),
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Chunked => State::ChunkLine(Vec::new()),
            Framing::Length(length) => State::Length(length),
            Framing::UntilEnd => State::UntilEnd,
        };
        Self { bytes: Vec::new(), state }
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.bytes)
    }

    /// Takes bytes from the front of `input`, up to the end of the body if it is there.
    pub(super) fn receive(&mut self, input: &mut &[u8]) -> Result<Progress, FetchError> {
        while !input.is_empty() {
            if self.step(input)? == Progress::Whole {
                return Ok(Progress::Whole);
            }
        }
        Ok(Progress::More)
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<Progress, FetchError> {
        match &mut self.state {
            State::Length(left) => {
                let piece = take(input, *left);
                *left -= piece.len();
                let whole = *left == 0;
                self.bytes.extend_from_slice(piece);
                return Ok(if whole { Progress::Whole } else { Progress::More });
            }
            State::UntilEnd => {
                let piece = take(input, usize::MAX);
                if piece.len() > BODY - self.bytes.len() {
                    return Err(FetchError::BodyTooLarge);
                }
                self.bytes.extend_from_slice(piece);
            }
            State::ChunkLine(line) => {
                if let Some(size) = chunk_line(line, input)? {
                    self.state = self.chunk(size)?;
                }
            }
            State::Chunk(left) => {
                let piece = take(input, *left);
                *left -= piece.len();
                self.bytes.extend_from_slice(piece);
                if *left == 0 {
                    self.state = State::ChunkCr;
                }
            }
            State::ChunkCr => {
                expect(input, b'\r')?;
                self.state = State::ChunkLf;
            }
            State::ChunkLf => {
                expect(input, b'\n')?;
                self.state = State::ChunkLine(Vec::new());
            }
            State::Trailers(trailers, line_at) => return read_trailers(trailers, line_at, input),
        }
        Ok(Progress::More)
    }

    fn chunk(&self, size: usize) -> Result<State, FetchError> {
        match size {
            0 => Ok(State::Trailers(Vec::new(), 0)),
            size if size > BODY - self.bytes.len() => Err(FetchError::BodyTooLarge),
            size => Ok(State::Chunk(size)),
        }
    }

    /// The stream ended here. A cut could have dropped `mx` lines or digits of `max_age`, so a body
    /// without a length of its own needs a clean end.
    pub(super) fn end(&mut self, end: StreamEnd) -> Result<Vec<u8>, FetchError> {
        match (&self.state, end) {
            (State::UntilEnd, StreamEnd::Clean) => Ok(self.take()),
            _ => Err(FetchError::Truncated),
        }
    }
}

/// At most `count` bytes from the front of `input`.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (piece, rest) = input.split_at(count.min(input.len()));
    *input = rest;
    piece
}

fn expect(input: &mut &[u8], byte: u8) -> Result<(), FetchError> {
    if take(input, 1) == [byte] { Ok(()) } else { Err(FetchError::MalformedResponse) }
}

/// Gathers a chunk-size line, and gives the size when it is whole.
///
/// `chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF`: RFC 9112 section 7.1.
fn chunk_line(line: &mut Vec<u8>, input: &mut &[u8]) -> Result<Option<usize>, FetchError> {
    let end = input.iter().position(|&byte| byte == b'\n');
    let piece = take(input, end.map_or(usize::MAX, |end| end + 1));
    // The line, its CR and its LF.
    if piece.len() > CHUNK_LINE + 2 - line.len() {
        return Err(FetchError::MalformedResponse);
    }
    line.extend_from_slice(piece);
    if end.is_none() && line.len() <= CHUNK_LINE + 1 {
        return Ok(None);
    }
    let line = line.strip_suffix(b"\r\n").ok_or(FetchError::MalformedResponse)?;
    chunk_size(line).map(Some)
}

/// `chunk-size = 1*HEXDIG`, then nothing, or white space and an extension that is not looked at.
fn chunk_size(line: &[u8]) -> Result<usize, FetchError> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let (count, size) = digits.fold((0, 0usize), |(count, size), &digit| {
        let value = char::from(digit).to_digit(16).unwrap_or_default() as usize;
        (count + 1, size.saturating_mul(16).saturating_add(value))
    });
    let extension = line.get(count..).unwrap_or_default();
    let is_text = |&byte: &u8| byte == b'\t' || !byte.is_ascii_control();
    match extension.trim_ascii_start() {
        _ if count == 0 || !extension.iter().all(is_text) => Err(FetchError::MalformedResponse),
        [] | [b';', ..] => Ok(size),
        _ => Err(FetchError::MalformedResponse),
    }
}

/// Gathers the trailers up to the empty line after them. They are checked for form and ignored.
fn read_trailers(
    trailers: &mut Vec<u8>,
    line_at: &mut usize,
    input: &mut &[u8],
) -> Result<Progress, FetchError> {
    let end = input.iter().position(|&byte| byte == b'\n');
    let piece = take(input, end.map_or(usize::MAX, |end| end + 1));
    if piece.len() > TRAILERS - trailers.len() {
        return Err(FetchError::HeadTooLarge);
    }
    trailers.extend_from_slice(piece);
    if end.is_none() {
        return Ok(Progress::More);
    }
    let blank = matches!(trailers.get(*line_at..), Some([b'\n'] | [b'\r', b'\n']));
    *line_at = trailers.len();
    if !blank {
        return Ok(Progress::More);
    }
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    match httparse::parse_headers(trailers, &mut fields) {
        Ok(httparse::Status::Complete(_)) => Ok(Progress::Whole),
        Err(httparse::Error::TooManyHeaders) => Err(FetchError::HeadTooLarge),
        Ok(httparse::Status::Partial) | Err(_) => Err(FetchError::MalformedResponse),
    }
}
