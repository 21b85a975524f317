//! Text of a report on its way to a reader's eyes: cut, and without what is not seen.

use core::fmt::Write;
use core::ops::Deref;
use std::rc::Rc;

use serde::{Serialize, Serializer};

/// Octets kept of any text of a report; rows are told apart by these. A domain name has no more than 253.
const KEPT: usize = 512;

/// Text of a report as it is kept, shared by the rows that have it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Kept(Rc<str>);

impl Kept {
    /// The text, cut between characters to what is kept, with a mark where it was cut.
    pub(crate) fn of(text: &str) -> Self {
        if text.len() <= KEPT {
            return Self(text.into());
        }
        let at = (0..=KEPT).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
        Self(format!("{}…", text.get(..at).unwrap_or_default()).into())
    }
}

impl Deref for Kept {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

/// The text, cut after that many characters, with a mark where it was cut.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The text with visible escapes, `\u{202e}`, for what would move the cursor, turn the direction of
/// writing or not be seen; cut to that many characters before that. A backslash is doubled, so no
/// text can look like an escape.
pub(crate) fn printable(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for c in cut(text, max).chars() {
        if c == '\\' {
            out.push_str("\\\\");
        } else if is_hidden(c) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Controls, line separators, marks of direction, what has no width, and what is no character.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e000}'..='\u{f8ff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// Names in one cell.
pub(crate) fn listed(names: &[Kept]) -> String {
    names.iter().map(|name| &**name).collect::<Vec<_>>().join(", ")
}

/// A number with a comma between each three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share in per cent, with two places. What is not none is never shown as none.
pub(crate) fn share(part: u64, other: u64) -> String {
    let whole = u128::from(part) + u128::from(other);
    let hundredths = (u128::from(part) * 10_000).checked_div(whole).unwrap_or(0);
    match (part, hundredths) {
        (0, _) => "0 %".to_owned(),
        (_, 0) => "< 0.01 %".to_owned(),
        _ => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
    }
}

/// Appends text to markup, so that it stays text in an element and in a quoted attribute.
pub(crate) fn push_html(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shares() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        for (part, other, text) in [
            (0, 0, "0 %"),
            (0, 7, "0 %"),
            (1, 1, "50.00 %"),
            (1, 99_999, "< 0.01 %"),
            (1, 9_999, "0.01 %"),
            (7, 0, "100.00 %"),
            (u64::MAX, u64::MAX, "50.00 %"),
        ] {
            assert_eq!(share(part, other), text);
        }
    }

    #[test]
    fn what_is_not_seen_is_spelled_out() {
        for (text, shown) in [
            ("mx.example", "mx.example"),
            ("Zürich 北京 שלום", "Zürich 北京 שלום"),
            ("\x1b[31m", "\\u{1b}[31m"),
            ("\u{9b}2J\r\n\t\0\x7f", "\\u{9b}2J\\u{d}\\u{a}\\u{9}\\u{0}\\u{7f}"),
            ("a\u{202e}b\u{2066}c\u{200f}", "a\\u{202e}b\\u{2066}c\\u{200f}"),
            ("\u{feff}\u{e0041}\u{2028}\u{a0}", "\\u{feff}\\u{e0041}\\u{2028}\\u{a0}"),
            ("\\u{202e}", "\\\\u{202e}"),
        ] {
            assert_eq!(printable(text, 100), shown);
        }
    }

    #[test]
    fn text_is_cut_between_characters_and_says_so() {
        assert_eq!(printable("äöü", 3), "äöü");
        assert_eq!(printable("äöüß", 3), "äöü…");
        assert_eq!(&*Kept::of(&"x".repeat(KEPT)), "x".repeat(KEPT));
        assert_eq!(&*Kept::of(&"x".repeat(KEPT + 1)), "x".repeat(KEPT) + "…");
        assert_eq!(&*Kept::of(&"é".repeat(KEPT / 2 + 1)), "é".repeat(KEPT / 2) + "…");
        assert_eq!(&*Kept::of(&"€".repeat(KEPT)), "€".repeat(KEPT / 3) + "…");
    }

    #[test]
    fn markup_becomes_text() {
        let mut out = String::new();
        push_html(&mut out, "<b a=\"'\">&amp;");
        assert_eq!(out, "&lt;b a=&quot;&#39;&quot;&gt;&amp;amp;");
    }
}
