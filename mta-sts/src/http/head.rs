//! The head of a response: interim responses, status, media type, and where the body ends.

use alloc::vec::Vec;

use httparse::Header;

use super::limits::{FIELDS, HEAD, INTERIM};
use crate::failure::FetchError;
use crate::policy::limits::BODY;

/// Where the body ends (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// After its last chunk and the trailers.
    Chunked,
    /// After this many bytes, at most [`BODY`].
    Length(usize),
    /// With the stream.
    UntilEnd,
}

/// Gathers a head until it is whole, and reads it then: once, however its bytes arrive.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The current head so far.
    bytes: Vec<u8>,
    /// Where in it the current line begins.
    line_at: usize,
    /// Bytes and fields that are left for it and the heads after it, and interim ones.
    bytes_left: usize,
    fields_left: usize,
    interim_left: usize,
}

impl Head {
    pub(super) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            line_at: 0,
            bytes_left: HEAD,
            fields_left: FIELDS,
            interim_left: INTERIM,
        }
    }

    /// Takes bytes from the front of `input`, up to the end of the final head if it is there.
    pub(super) fn receive(&mut self, input: &mut &[u8]) -> Result<Option<Framing>, FetchError> {
        while let Some(end) = input.iter().position(|&byte| byte == b'\n') {
            let (line, rest) = input.split_at(end + 1);
            self.gather(line)?;
            *input = rest;
            let blank = matches!(self.bytes.get(self.line_at..), Some([b'\n'] | [b'\r', b'\n']));
            self.line_at = self.bytes.len();
            if blank && let Some(framing) = self.whole()? {
                return Ok(Some(framing));
            }
        }
        let rest = core::mem::take(input);
        self.gather(rest)?;
        Ok(None)
    }

    fn gather(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.bytes_left =
            self.bytes_left.checked_sub(bytes.len()).ok_or(FetchError::HeadTooLarge)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Reads the head that has just become whole: the final one, or one to skip.
    fn whole(&mut self) -> Result<Option<Framing>, FetchError> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut response =
            httparse::Response::new(fields.get_mut(..self.fields_left).unwrap_or_default());
        match response.parse(&self.bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => return Err(FetchError::HeadTooLarge),
            Ok(httparse::Status::Partial) | Err(_) => return Err(FetchError::MalformedResponse),
        }
        let status = response.code.ok_or(FetchError::MalformedResponse)?;
        if !matches!(status, 100 | 102..=199) {
            return read(response.headers, response.version, status).map(Some);
        }
        self.fields_left -= response.headers.len();
        self.interim_left =
            self.interim_left.checked_sub(1).ok_or(FetchError::MalformedResponse)?;
        self.bytes.clear();
        self.line_at = 0;
        Ok(None)
    }

    /// The stream ended here: what there is was cut short, or is no HTTP at all.
    pub(super) fn end(&self) -> FetchError {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        match httparse::Response::new(&mut fields).parse(&self.bytes) {
            Ok(_) => FetchError::Truncated,
            Err(_) => FetchError::MalformedResponse,
        }
    }
}

fn read(fields: &[Header<'_>], version: Option<u8>, status: u16) -> Result<Framing, FetchError> {
    check_status(status)?;
    check_media_type(values(fields, "content-type"))?;
    check_content_codings(values(fields, "content-encoding"))?;
    let mut codings = values(fields, "transfer-encoding");
    let mut lengths = values(fields, "content-length");
    // Whatever is said twice, or in two ways, is read in two ways by two readers: refused.
    match (codings.next(), lengths.next(), codings.next(), lengths.next()) {
        (Some(coding), None, None, None) if version == Some(1) && is_chunked(coding) => {
            Ok(Framing::Chunked)
        }
        (None, Some(length), None, None) => content_length(length).map(Framing::Length),
        (None, None, None, None) => Ok(Framing::UntilEnd),
        _ => Err(FetchError::MalformedResponse),
    }
}

fn is_chunked(coding: &[u8]) -> bool {
    coding.trim_ascii().eq_ignore_ascii_case(b"chunked")
}

fn content_length(value: &[u8]) -> Result<usize, FetchError> {
    let digits = value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(FetchError::MalformedResponse);
    }
    let length = digits.iter().fold(0usize, |sum, digit| {
        sum.saturating_mul(10).saturating_add(usize::from(digit & 0x0F))
    });
    if length > BODY { Err(FetchError::BodyTooLarge) } else { Ok(length) }
}

fn values<'a>(fields: &'a [Header<'_>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
}

/// Only 200 gives a policy, and a redirect is never followed (section 3.3).
pub(super) const fn check_status(status: u16) -> Result<(), FetchError> {
    match status {
        200 => Ok(()),
        300..=399 => Err(FetchError::Redirect(status)),
        _ => Err(FetchError::Status(status)),
    }
}

/// The media type is `text/plain`, told once; its parameters are ignored (section 3.2).
pub(super) fn check_media_type<'a>(
    fields: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(), FetchError> {
    let mut fields = fields.into_iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return Err(FetchError::MediaType);
    };
    let essence = field.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"text/plain") { Ok(()) } else { Err(FetchError::MediaType) }
}

/// We ask for `identity`, so anything else is a fault.
pub(super) fn check_content_codings<'a>(
    fields: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(), FetchError> {
    let plain = |field: &[u8]| field.trim_ascii().eq_ignore_ascii_case(b"identity");
    if fields.into_iter().all(plain) { Ok(()) } else { Err(FetchError::ContentEncoding) }
}
