//! The summary as one JSON object.

use crate::summary::Summary;

/// The object in ASCII, so that no terminal and no reader takes text of a report for commands.
pub(crate) fn json(summary: &Summary) -> serde_json::Result<String> {
    let mut out = String::new();
    serde_json::to_string_pretty(summary)?.chars().for_each(|c| push(&mut out, c));
    out.push('\n');
    Ok(out)
}

/// Appends a character of JSON text; what is not in ASCII can stand in strings only.
fn push(out: &mut String, c: char) {
    if c.is_ascii() && c != '\x7f' {
        return out.push(c);
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_after_reading() {
        let text = "a\u{7f}é\u{202e}\u{1f600}\"\\\n";
        let mut out = String::new();
        serde_json::to_string(text).unwrap().chars().for_each(|c| push(&mut out, c));
        assert!(out.bytes().all(|b| b.is_ascii_graphic()), "{out}");
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }
}
