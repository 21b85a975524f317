//! Writing a command into the caller's buffer.

use super::error::CommandError;

/// A command that grows in a buffer; once it does not fit it stays too long.
pub(super) struct CommandLine<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> CommandLine<'b> {
    pub(super) const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    pub(super) fn put(&mut self, text: &[u8]) -> &mut Self {
        let end = self.len.saturating_add(text.len());
        if let Some(place) = self.buffer.get_mut(self.len..end) {
            place.copy_from_slice(text);
        }
        self.len = end;
        self
    }

    pub(super) fn put_number(&mut self, mut number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut len = 0;
        for place in digits.iter_mut().rev() {
            *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            len += 1;
            if number == 0 {
                break;
            }
        }
        self.put(digits.get(20 - len..).unwrap_or_default())
    }

    /// `xtext = *( xchar / hexchar )`, RFC 3461 section 4.
    pub(super) fn put_xtext(&mut self, text: &[u8]) -> &mut Self {
        for &octet in text {
            if is_xchar(octet) {
                self.put(&[octet]);
            } else {
                self.put(&[b'+', hex(octet >> 4), hex(octet & 15)]);
            }
        }
        self
    }

    /// RFC 4648 section 4.
    pub(super) fn put_base64(&mut self, octets: &[u8]) -> &mut Self {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for group in octets.chunks(3) {
            let octet = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
            let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
            for place in 0..4 {
                let digit = (bits >> (18 - 6 * place) & 63) as usize;
                let is_padding = place > group.len();
                let digit = if is_padding { None } else { ALPHABET.get(digit) };
                self.put(&[digit.copied().unwrap_or(b'=')]);
            }
        }
        self
    }

    /// Ends the line.
    pub(super) fn finish(&mut self) -> Result<usize, CommandError> {
        self.put(b"\r\n");
        if self.len > self.buffer.len() {
            return Err(CommandError::BufferTooSmall(self.len));
        }
        Ok(self.len)
    }
}

const fn is_xchar(octet: u8) -> bool {
    matches!(octet, b'!'..=b'~') && octet != b'+' && octet != b'='
}

/// The octets of a text once written as xtext.
pub(super) fn xtext_len(text: &[u8]) -> usize {
    text.iter().map(|&octet| if is_xchar(octet) { 1 } else { 3 }).sum()
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'A' + digit - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        for (number, text) in [
            (0, "0\r\n"),
            (7, "7\r\n"),
            (1_000_000, "1000000\r\n"),
            (u64::MAX, "18446744073709551615\r\n"),
        ] {
            let mut buffer = [0; 32];
            let len = CommandLine::new(&mut buffer).put_number(number).finish().unwrap();
            assert_eq!(&buffer[..len], text.as_bytes());
        }
    }

    #[test]
    fn a_command_that_does_not_fit_says_how_much_it_needs() {
        let mut buffer = [0; 5];
        assert_eq!(CommandLine::new(&mut buffer).put(b"abc").finish(), Ok(5));
        let longer = CommandLine::new(&mut buffer).put(b"abcd").finish();
        assert_eq!(longer, Err(CommandError::BufferTooSmall(6)));
    }

    #[test]
    fn rfc4648_10_base64_is_padded() {
        for (octets, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("\u{7ff}\u{3ff}", "37/Pvw=="),
        ] {
            let mut buffer = [0; 64];
            let len = CommandLine::new(&mut buffer).put_base64(octets.as_bytes()).finish().unwrap();
            assert_eq!(&buffer[..len - 2], text.as_bytes());
        }
    }

    #[test]
    fn rfc3461_4_xtext_escapes_plus_equals_and_what_is_not_printable() {
        let mut buffer = [0; 64];
        let len = CommandLine::new(&mut buffer).put_xtext(b"a+b=c d\x7f").finish().unwrap();
        assert_eq!(&buffer[..len], b"a+2Bb+3Dc+20d+7F\r\n");
        assert_eq!(xtext_len(b"a+b=c d\x7f"), len - 2);
    }
}
