//! The shape of a mail: header fields, parameters, parts. Bounded, and forgiving about line ends.

use alloc::string::String;
use alloc::vec::Vec;

use super::read::MailError;
use crate::limits;

/// A mail or a part of one: its header and its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entity<'a> {
    header: &'a [u8],
    pub(super) body: &'a [u8],
}

impl<'a> Entity<'a> {
    /// Splits at the first empty line.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, MailError> {
        let mut at = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if matches!(line, b"\n" | b"\r\n") {
                let (header, body) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
                return Ok(Self { header, body: body.get(line.len()..).unwrap_or_default() });
            }
            at += line.len();
            if at > limits::MIME_HEADER {
                return Err(MailError::HeaderTooLong);
            }
        }
        Ok(Self { header: bytes, body: &[] })
    }

    /// The first field of this name, unfolded and trimmed. What is not ASCII is replaced.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let mut lines = self.header.split(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
            let (found, value) = line.split_at_checked(at)?;
            if !found.trim_ascii_end().eq_ignore_ascii_case(name.as_bytes()) {
                continue;
            }
            let mut text = String::from_utf8_lossy(value.get(1..)?.trim_ascii()).into_owned();
            while let Some(more) =
                lines.next_if(|line| line.starts_with(b" ") || line.starts_with(b"\t"))
            {
                text.push(' ');
                text.push_str(&String::from_utf8_lossy(more.trim_ascii()));
            }
            return Some(text);
        }
        None
    }

    pub(super) fn content_type(&self) -> MediaType {
        // RFC 2045 section 5.2: what says nothing is plain text.
        self.field("Content-Type")
            .map_or_else(|| MediaType::new("text/plain"), |text| MediaType::new(&text))
    }

    /// The name that the part has as a file.
    pub(super) fn file_name(&self, media_type: &MediaType) -> Option<String> {
        let disposition = self.field("Content-Disposition").map(|text| MediaType::new(&text));
        let name =
            disposition.and_then(|disposition| disposition.parameter("filename").map(Into::into));
        name.or_else(|| media_type.parameter("name").map(Into::into))
    }
}

/// A media type, or another value with parameters.
#[derive(Clone, Debug)]
pub(super) struct MediaType {
    /// In lower case.
    pub(super) essence: String,
    parameters: Vec<(&'static str, String)>,
}

impl MediaType {
    /// Reads `type/subtype; name=value; name="value"`, leaving out what is no parameter that anybody
    /// asks for, and what comes twice.
    pub(super) fn new(text: &str) -> Self {
        let mut parts = split_quoted(text).into_iter();
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut parameters: Vec<(&str, String)> = Vec::new();
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let known = PARAMETERS.iter().find(|known| known.eq_ignore_ascii_case(name.trim()));
            if let Some(name) = known
                && !parameters.iter().any(|(other, _)| other == name)
            {
                parameters.push((name, unquote(value.trim())));
            }
        }
        Self { essence, parameters }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.essence.starts_with("multipart/")
    }
}

/// The parameters that are kept.
const PARAMETERS: [&str; 4] = ["boundary", "report-type", "filename", "name"];

/// Splits at semicolons outside of quotes.
fn split_quoted(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.into() };
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => text.extend(characters.next()),
            _ => text.push(character),
        }
    }
    text
}

/// The parts of a multipart body. Text before the first and after the last boundary is no part;
/// a last boundary that is missing ends the last part with the body.
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut start = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let delimiter = line
            .strip_prefix(b"--")
            .and_then(|line| line.strip_prefix(boundary.as_bytes()))
            .map(<[u8]>::trim_ascii_end);
        if let Some(rest @ (b"" | b"--")) = delimiter {
            if let Some(start) = start {
                parts.push(without_line_end(body.get(start..at).unwrap_or_default()));
            }
            start = Some(at + line.len());
            // One part too many is enough to refuse the mail.
            if rest == b"--" || parts.len() > limits::MIME_PARTS {
                return parts;
            }
        }
        at += line.len();
    }
    parts.extend(start.and_then(|start| body.get(start..)));
    parts
}

/// RFC 2046 section 5.1.1: the line end before a boundary belongs to the boundary.
fn without_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}
