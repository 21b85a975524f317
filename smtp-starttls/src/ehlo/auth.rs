//! The mechanisms of AUTH.

/// A SASL mechanism whose name this crate knows.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AuthMechanism {
    /// PLAIN, [RFC 4616](https://www.rfc-editor.org/rfc/rfc4616).
    Plain,
    /// LOGIN, never standardised.
    Login,
    /// EXTERNAL, [RFC 4422 appendix A](https://www.rfc-editor.org/rfc/rfc4422#appendix-A).
    External,
    /// CRAM-MD5, [RFC 2195](https://www.rfc-editor.org/rfc/rfc2195).
    CramMd5,
    /// DIGEST-MD5, moved to historic by [RFC 6331](https://www.rfc-editor.org/rfc/rfc6331).
    DigestMd5,
    /// SCRAM-SHA-1, [RFC 5802](https://www.rfc-editor.org/rfc/rfc5802).
    ScramSha1,
    /// SCRAM-SHA-1-PLUS, [RFC 5802](https://www.rfc-editor.org/rfc/rfc5802).
    ScramSha1Plus,
    /// SCRAM-SHA-256, [RFC 7677](https://www.rfc-editor.org/rfc/rfc7677).
    ScramSha256,
    /// SCRAM-SHA-256-PLUS, [RFC 7677](https://www.rfc-editor.org/rfc/rfc7677).
    ScramSha256Plus,
    /// OAUTHBEARER, [RFC 7628](https://www.rfc-editor.org/rfc/rfc7628).
    OAuthBearer,
    /// XOAUTH2, never standardised.
    XOAuth2,
    /// GSSAPI, [RFC 4752](https://www.rfc-editor.org/rfc/rfc4752).
    Gssapi,
    /// NTLM, never standardised.
    Ntlm,
}

impl AuthMechanism {
    /// Every mechanism known here.
    pub const ALL: [Self; 13] = [
        Self::Plain,
        Self::Login,
        Self::External,
        Self::CramMd5,
        Self::DigestMd5,
        Self::ScramSha1,
        Self::ScramSha1Plus,
        Self::ScramSha256,
        Self::ScramSha256Plus,
        Self::OAuthBearer,
        Self::XOAuth2,
        Self::Gssapi,
        Self::Ntlm,
    ];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::External => "EXTERNAL",
            Self::CramMd5 => "CRAM-MD5",
            Self::DigestMd5 => "DIGEST-MD5",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
            Self::Gssapi => "GSSAPI",
            Self::Ntlm => "NTLM",
        }
    }
}

/// The mechanisms that a server lists; those unknown here are only noticed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AuthMechanisms(u16);

impl AuthMechanisms {
    pub(crate) const EMPTY: Self = Self(0);
    const UNKNOWN: u16 = 1 << 15;

    pub(super) fn parse(parameters: &[u8]) -> Self {
        let words = parameters.split(|&octet| octet == b' ').filter(|word| !word.is_empty());
        Self(words.fold(0, |set, word| set | Self::bit(word)))
    }

    fn bit(word: &[u8]) -> u16 {
        let mut known = AuthMechanism::ALL.into_iter();
        known
            .find(|mechanism| word.eq_ignore_ascii_case(mechanism.name().as_bytes()))
            .map_or(Self::UNKNOWN, |mechanism| 1 << mechanism as u16)
    }

    /// Whether the server lists this mechanism.
    #[must_use]
    pub const fn contains(self, mechanism: AuthMechanism) -> bool {
        self.0 & (1 << mechanism as u16) != 0
    }

    /// Whether the server lists mechanisms that are unknown here.
    #[must_use]
    pub const fn has_unknown(self) -> bool {
        self.0 & Self::UNKNOWN != 0
    }

    /// Each known mechanism listed.
    pub fn iter(self) -> impl Iterator<Item = AuthMechanism> {
        AuthMechanism::ALL.into_iter().filter(move |&mechanism| self.contains(mechanism))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4954_3_mechanisms_are_words_without_case() {
        let listed = AuthMechanisms::parse(b"plain SCRAM-SHA-256 X-OWN");
        assert!(listed.contains(AuthMechanism::Plain));
        assert!(listed.contains(AuthMechanism::ScramSha256));
        assert!(!listed.contains(AuthMechanism::ScramSha256Plus));
        assert!(listed.has_unknown());
        assert_eq!(listed.iter().count(), 2);
        assert_eq!(AuthMechanisms::parse(b""), AuthMechanisms::EMPTY);
    }
}
