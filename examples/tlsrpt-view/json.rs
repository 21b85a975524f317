//! The summary as one JSON object.

use std::io::{self, Write};

use crate::summary::Summary;

/// Writes the object in ASCII, so that no terminal and no reader takes text of a report for commands. It is
/// nowhere as a whole in memory.
pub(crate) fn write(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Ascii(out), summary)?;
    out.write_all(b"\n")
}

/// Passes JSON text on; what is not in ASCII can stand in strings only, and is escaped.
struct Ascii<'a>(&'a mut dyn Write);

impl Write for Ascii<'_> {
    /// Takes whole texts, as the serializer gives them.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = core::str::from_utf8(bytes).map_err(io::Error::other)?;
        for part in text.split_inclusive(is_escaped) {
            let plain = part.trim_end_matches(is_escaped);
            self.0.write_all(plain.as_bytes())?;
            let escaped = part.get(plain.len()..).unwrap_or_default();
            escaped.encode_utf16().try_for_each(|unit| write!(self.0, "\\u{unit:04x}"))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn is_escaped(c: char) -> bool {
    !c.is_ascii() || c == '\x7f'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_after_reading() {
        let text = "a\u{7f}é\u{202e}\u{1f600}\"\\\nb";
        let mut out = Vec::new();
        serde_json::to_writer(Ascii(&mut out), text).unwrap();
        assert!(out.iter().all(u8::is_ascii_graphic), "{out:?}");
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }
}
