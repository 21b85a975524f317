//! One pass that mends bytes which are not quite JSON text.

use alloc::borrow::Cow;
use alloc::string::String;

use super::error::ReadError;
use super::quirk::{Found, Quirk};
use crate::limits;

/// The text with U+FFFD for what is not UTF-8 and for lone surrogates, and with control characters
/// of strings escaped; `None` if nothing of that kind is wrong.
///
/// # Errors
///
/// [`ReadError::TooLarge`]: mended bytes take up to six times their room, and a text that is mended
/// may have no more than any other.
pub(super) fn repair(json: &[u8], quirks: &mut Found<Quirk>) -> Result<Option<String>, ReadError> {
    let text = match core::str::from_utf8(json) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(lossy(json)?),
    };
    let mut mended = String::with_capacity(text.len());
    let mut done = 0;
    let mut found = matches!(text, Cow::Owned(_));
    if found {
        quirks.add(Quirk::NotUtf8);
    }
    let mut in_string = false;
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        let (length, instead, quirk) = match byte {
            b'"' => {
                in_string = !in_string;
                (1, None, None)
            }
            b'\\' if in_string => escape(text.get(at..).unwrap_or_default()),
            ..0x20 if in_string => (1, control(byte), Some(Quirk::RawControlCharacter)),
            _ => (1, None, None),
        };
        if let Some(quirk) = quirk {
            found = true;
            quirks.add(quirk);
            mended.push_str(text.get(done..at).unwrap_or_default());
            mended.push_str(instead.unwrap_or_default());
            bounded(&mended)?;
            done = at + length;
        }
        at += length;
    }
    mended.push_str(text.get(done..).unwrap_or_default());
    bounded(&mended)?;
    Ok(found.then_some(mended))
}

fn lossy(json: &[u8]) -> Result<String, ReadError> {
    let mut text = String::with_capacity(json.len());
    for chunk in json.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push('\u{fffd}');
        }
        bounded(&text)?;
    }
    Ok(text)
}

fn bounded(text: &str) -> Result<(), ReadError> {
    if text.len() > limits::INFLATED { Err(ReadError::TooLarge) } else { Ok(()) }
}

/// The length of an escape, and what to write instead of it.
fn escape(text: &str) -> (usize, Option<&'static str>, Option<Quirk>) {
    match unit(text) {
        Some(0xD800..=0xDBFF) => match text.get(6..).and_then(unit) {
            Some(0xDC00..=0xDFFF) => (12, None, None),
            _ => (6, Some("\\ufffd"), Some(Quirk::LoneSurrogate)),
        },
        Some(0xDC00..=0xDFFF) => (6, Some("\\ufffd"), Some(Quirk::LoneSurrogate)),
        Some(_) => (6, None, None),
        None => (2, None, None),
    }
}

/// The UTF-16 unit of an escape that begins here.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if all { u16::from_str_radix(digits, 16).ok() } else { None }
}

fn control(byte: u8) -> Option<&'static str> {
    let at = usize::from(byte) * 6;
    CONTROLS.get(at..at + 6)
}

/// The escapes of the 32 control characters, one after the other.
const CONTROLS: &str = concat!(
    r"\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f",
    r"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f",
);
