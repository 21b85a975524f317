//! What a message asks of the transport: REQUIRETLS, and the header field against it.

use crate::client::{MessageNeed, Requirement};
use crate::mail::Return;

/// What the header of a message says of TLS.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TlsRequired {
    /// Nothing.
    Unsaid,
    /// `TLS-Required: No`: the sender wants delivery more than the recipient's policy.
    No,
    /// The field is there with another value or more than once; it has no effect.
    Invalid,
}

impl TlsRequired {
    /// Reads the header of a message, up to the empty line.
    ///
    /// `requiretls-field = "TLS-Required:" [FWS] "No" CRLF`,
    /// [RFC 8689 section 3](https://www.rfc-editor.org/rfc/rfc8689#section-3), at most one.
    ///
    /// ```
    /// use smtp_starttls::TlsRequired;
    ///
    /// let header = b"From: a@example.org\r\nTLS-Required: No\r\n\r\n";
    /// assert_eq!(TlsRequired::of_header(header), TlsRequired::No);
    /// ```
    #[must_use]
    pub fn of_header(header: &[u8]) -> Self {
        let mut rest = header;
        let mut found = Self::Unsaid;
        while let Some((field, after)) = split_field(rest) {
            rest = after;
            let Some(value) = field_value(field) else { continue };
            found = match found {
                Self::Unsaid if is_no(value) => Self::No,
                _ => Self::Invalid,
            };
        }
        found
    }

    /// What the connection must reach for a message with this header, where `requirement` is what
    /// the recipient's domain asks for ([RFC 8689 section 4.1]).
    ///
    /// `No` sets MTA-STS and DANE aside, unless the message came with REQUIRETLS.
    ///
    /// [RFC 8689 section 4.1]: https://www.rfc-editor.org/rfc/rfc8689#section-4.1
    #[must_use]
    pub const fn requirement(self, requirement: Requirement, need: MessageNeed) -> Requirement {
        match (self, need) {
            (Self::No, MessageNeed::Nothing) => Requirement::Opportunistic,
            _ => requirement,
        }
    }
}

/// How much of a message its bounce returns: of one with REQUIRETLS only the header, whatever the
/// sender asked for ([RFC 8689 section 5]).
///
/// [RFC 8689 section 5]: https://www.rfc-editor.org/rfc/rfc8689#section-5
#[must_use]
pub const fn bounce_returns(need: MessageNeed, asked: Option<Return>) -> Return {
    match (need, asked) {
        (MessageNeed::Nothing, Some(Return::Full)) => Return::Full,
        _ => Return::Headers,
    }
}

/// The first field with its folded lines, and what follows; nothing at the end of the header.
fn split_field(header: &[u8]) -> Option<(&[u8], &[u8])> {
    if header.is_empty() || header.starts_with(b"\r\n") {
        return None;
    }
    let mut end = 0;
    loop {
        let rest = header.get(end..)?;
        match rest.windows(2).position(|octets| octets == b"\r\n") {
            Some(line_end) => end += line_end + 2,
            None => return Some((header, &[])),
        }
        if !matches!(header.get(end), Some(b' ' | b'\t')) {
            return header.split_at_checked(end);
        }
    }
}

/// The value of a `TLS-Required` field, its line end included.
fn field_value(field: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"TLS-Required:";
    let (name, value) = field.split_at_checked(NAME.len())?;
    name.eq_ignore_ascii_case(NAME).then_some(value)
}

/// `[FWS] "No" CRLF`, where `FWS = ([*WSP CRLF] 1*WSP)`; RFC 5322 section 3.2.2.
fn is_no(value: &[u8]) -> bool {
    let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    let Some(word) = value.strip_suffix(b"\r\n") else { return false };
    let (space, word) = word.split_at_checked(word.len().saturating_sub(2)).unwrap_or_default();
    let mut lines = space.split(|&octet| octet == b'\n');
    let (first, second) = (lines.next().unwrap_or_default(), lines.next());
    let is_space = match second {
        None => first.iter().all(is_blank),
        Some(line) => {
            let before = first.strip_suffix(b"\r");
            before.is_some_and(|blanks| blanks.iter().all(is_blank))
                && !line.is_empty()
                && line.iter().all(is_blank)
        }
    };
    is_space && lines.next().is_none() && word.eq_ignore_ascii_case(b"No")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::MxTrust;

    #[test]
    fn r3_rfc8689_3_the_field_is_read_by_its_grammar() {
        for (header, expected) in [
            ("", TlsRequired::Unsaid),
            ("From: a@b\r\n\r\n", TlsRequired::Unsaid),
            ("TLS-Required: No\r\n", TlsRequired::No),
            ("TLS-Required:No\r\n", TlsRequired::No),
            ("tls-required:\t no\r\n", TlsRequired::No),
            ("A: b\r\n c\r\nTLS-Required: \r\n NO\r\nB: c\r\n\r\nbody", TlsRequired::No),
            ("TLS-Required: Yes\r\n", TlsRequired::Invalid),
            ("TLS-Required:\r\n", TlsRequired::Invalid),
            ("TLS-Required: No \r\n", TlsRequired::Invalid),
            ("TLS-Required: No way\r\n", TlsRequired::Invalid),
            ("TLS-Required: (c) No\r\n", TlsRequired::Invalid),
            ("TLS-Required: No\r\nTLS-Required: No\r\n", TlsRequired::Invalid),
            ("TLS-Required: No\r\nTLS-Required: x\r\n", TlsRequired::Invalid),
            ("TLS-Required: x\r\nTLS-Required: No\r\n", TlsRequired::Invalid),
            ("TLS-Required: No", TlsRequired::Invalid),
            ("TLS-Required:\r\n\r\n No\r\n", TlsRequired::Invalid),
            ("TLS-Required:\r\nNo: x\r\n", TlsRequired::Invalid),
            ("TLS-Required:\r\n \r\n No\r\n", TlsRequired::Invalid),
            ("X-TLS-Required: No\r\n", TlsRequired::Unsaid),
            ("TLS-Required : No\r\n", TlsRequired::Unsaid),
            ("Subject: x\r\n TLS-Required: No\r\n", TlsRequired::Unsaid),
            ("\r\nTLS-Required: No\r\n", TlsRequired::Unsaid),
            ("From: a\r\n\r\nTLS-Required: No\r\n", TlsRequired::Unsaid),
        ] {
            assert_eq!(TlsRequired::of_header(header.as_bytes()), expected, "{header:?}");
        }
    }

    #[test]
    fn r3_rfc8689_4_1_the_field_sets_policies_aside_but_not_requiretls() {
        let ordered = MessageNeed::RequireTls(MxTrust::Authenticated);
        for requirement in [Requirement::Encrypt, Requirement::Authenticate] {
            let no = TlsRequired::No;
            assert_eq!(
                no.requirement(requirement, MessageNeed::Nothing),
                Requirement::Opportunistic
            );
            assert_eq!(no.requirement(requirement, ordered), requirement);
            for other in [TlsRequired::Unsaid, TlsRequired::Invalid] {
                assert_eq!(other.requirement(requirement, MessageNeed::Nothing), requirement);
            }
        }
    }

    #[test]
    fn r2_rfc8689_5_the_bounce_of_a_requiretls_message_returns_its_header_alone() {
        let ordered = MessageNeed::RequireTls(MxTrust::NotAuthenticated);
        for asked in [None, Some(Return::Full), Some(Return::Headers)] {
            assert_eq!(bounce_returns(ordered, asked), Return::Headers);
        }
        assert_eq!(bounce_returns(MessageNeed::Nothing, Some(Return::Full)), Return::Full);
    }
}
