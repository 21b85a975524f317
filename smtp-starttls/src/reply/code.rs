//! Reply codes and enhanced status codes.

use core::fmt;

/// A reply code: one digit 2 to 5, one digit 0 to 5, one digit.
///
/// Grammar: `Reply-code = %x32-35 %x30-35 %x30-39`,
/// [RFC 5321 section 4.2](https://www.rfc-editor.org/rfc/rfc5321#section-4.2).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ReplyCode(u16);

impl ReplyCode {
    /// 220, the greeting and the answer that lets TLS begin.
    pub const READY: Self = Self(220);
    /// 221, the answer to QUIT.
    pub const CLOSING: Self = Self(221);
    /// 250, done.
    pub const OK: Self = Self(250);
    /// 354, the message may follow.
    pub const START_INPUT: Self = Self(354);
    /// 421, the server closes the connection; legal as the answer to anything.
    pub const SERVICE_CLOSING: Self = Self(421);

    /// The code with this value, if it is one.
    #[must_use]
    pub const fn new(value: u16) -> Option<Self> {
        let (first, second) = (value / 100, value / 10 % 10);
        if first >= 2 && first <= 5 && second <= 5 { Some(Self(value)) } else { None }
    }

    #[inline]
    pub(crate) const fn from_digits(first: u8, second: u8, third: u8) -> Option<Self> {
        let (a, b, c) =
            (first.wrapping_sub(b'0'), second.wrapping_sub(b'0'), third.wrapping_sub(b'0'));
        if a < 2 || a > 5 || b > 5 || c > 9 {
            return None;
        }
        Some(Self(a as u16 * 100 + b as u16 * 10 + c as u16))
    }

    /// The number, 200 to 559.
    #[must_use]
    pub const fn value(self) -> u16 {
        self.0
    }

    /// What the first digit says.
    #[must_use]
    pub const fn class(self) -> ReplyClass {
        match self.0 / 100 {
            2 => ReplyClass::Done,
            3 => ReplyClass::GoOn,
            4 => ReplyClass::Temporary,
            _ => ReplyClass::Permanent,
        }
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The first digit of a reply code. [RFC 5321 section 4.2.1] has closed the set.
///
/// [RFC 5321 section 4.2.1]: https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ReplyClass {
    /// 2yz: the command was carried out.
    Done,
    /// 3yz: the server waits for more.
    GoOn,
    /// 4yz: not now.
    Temporary,
    /// 5yz: not ever, in this form.
    Permanent,
}

/// An enhanced status code such as 4.7.5.
///
/// Grammar: `status-code = class "." subject "." detail`,
/// [RFC 3463 section 2](https://www.rfc-editor.org/rfc/rfc3463#section-2); class is 2, 4 or 5.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EnhancedCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    pub(crate) const fn known(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// The code with these parts: class 2, 4 or 5, subject and detail up to 999.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        let is_known = matches!(class, 2 | 4 | 5) && subject <= 999 && detail <= 999;
        if is_known { Some(Self { class, subject, detail }) } else { None }
    }

    /// The code at the start of a reply's text, followed by a space or nothing.
    ///
    /// It must be of the class of the reply; a 3yz reply has none. [RFC 2034 section 4]
    ///
    /// [RFC 2034 section 4]: https://www.rfc-editor.org/rfc/rfc2034#section-4
    #[must_use]
    pub fn of_reply(code: ReplyCode, text: &[u8]) -> Option<Self> {
        let word = text.split(|&octet| octet == b' ').next()?;
        let (class, rest) = word.split_first()?;
        let class = class.wrapping_sub(b'0');
        if class == 3 || u16::from(class) != code.value() / 100 {
            return None;
        }
        let mut numbers = rest.strip_prefix(b".")?.split(|&octet| octet == b'.');
        let (subject, detail) = (number(numbers.next()?)?, number(numbers.next()?)?);
        numbers.next().is_none().then_some(Self { class, subject, detail })
    }

    /// 2, 4 or 5.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// 0 to 999.
    #[must_use]
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// 0 to 999.
    #[must_use]
    pub const fn detail(self) -> u16 {
        self.detail
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 3 {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + u16::from(digit.wrapping_sub(b'0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_rfc5321_4_2_only_the_three_digit_grammar_makes_a_code() {
        for refused in [0, 20, 99, 100, 199, 260, 299, 360, 600, 999, 2500] {
            assert_eq!(ReplyCode::new(refused), None, "{refused}");
        }
        for code in [200, 220, 259, 354, 421, 500, 559] {
            assert_eq!(ReplyCode::new(code).map(ReplyCode::value), Some(code));
        }
        for text in [b"25x", b"+22", b" 22", b"099", b"199", b"260", b"600", b"2\x005"] {
            assert_eq!(ReplyCode::from_digits(text[0], text[1], text[2]), None);
        }
    }

    #[test]
    fn p7_rfc2034_4_an_enhanced_code_agrees_with_the_reply_and_stands_alone() {
        let of = |code, text: &str| {
            EnhancedCode::of_reply(ReplyCode::new(code).unwrap(), text.as_bytes())
                .map(|code| (code.class(), code.subject(), code.detail()))
        };
        for (code, text) in [
            (250, "4.0.0 x"),
            (550, "4.7.1 x"),
            (354, "3.0.0 x"),
            (250, "2.0.0x"),
            (250, "2.0"),
            (250, "2.0.0.0 x"),
            (250, "2.1000.0 x"),
            (250, "2..0 x"),
            (250, " 2.0.0 x"),
            (250, "x 2.0.0"),
            (250, "2.0.0\tx"),
            (250, "2"),
            (250, ""),
            (250, "12.0.0"),
        ] {
            assert_eq!(of(code, text), None, "{code} {text}");
        }
        assert_eq!(of(550, "5.7.1 refused"), Some((5, 7, 1)));
        assert_eq!(of(421, "4.3.2"), Some((4, 3, 2)));
        assert_eq!(of(250, "2.999.000 ok"), Some((2, 999, 0)));
    }
}
