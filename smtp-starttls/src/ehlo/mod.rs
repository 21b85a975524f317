//! What a server says it can do: the reply to EHLO.
//!
//! ```text
//! ehlo-line    = ehlo-keyword *( SP ehlo-param )
//! ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
//! ```

mod auth;
mod collect;
mod keyword;
mod limits;
mod raw;
mod scan;

pub use auth::{AuthMechanism, AuthMechanisms};
pub use collect::CapabilityReader;
pub use keyword::{Keyword, KeywordSet};
pub use limits::{Limits, SizeLimit};
pub use raw::{EhloLine, RawLines};

/// The capabilities of the last EHLO reply, and of no other.
///
/// [RFC 5321 section 4.1.1.1](https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.1)
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Capabilities {
    pub(crate) known: KeywordSet,
    pub(crate) size: SizeLimit,
    pub(crate) auth: AuthMechanisms,
    pub(crate) limits: Limits,
    pub(crate) warnings: WarningSet,
}

impl Capabilities {
    /// No capability at all, as after HELO.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            known: KeywordSet::EMPTY,
            size: SizeLimit::Unknown,
            auth: AuthMechanisms::EMPTY,
            limits: Limits::UNKNOWN,
            warnings: WarningSet::EMPTY,
        }
    }

    /// Whether this keyword is in force.
    #[must_use]
    pub const fn has(&self, keyword: Keyword) -> bool {
        self.known.contains(keyword)
    }

    /// The known keywords in force.
    #[must_use]
    pub const fn keywords(&self) -> KeywordSet {
        self.known
    }

    /// The largest message the server takes, by what it says in SIZE.
    #[must_use]
    pub const fn size(&self) -> SizeLimit {
        self.size
    }

    /// The SASL mechanisms listed.
    #[must_use]
    pub const fn auth(&self) -> AuthMechanisms {
        self.auth
    }

    /// What the server says in LIMITS, [RFC 9422](https://www.rfc-editor.org/rfc/rfc9422).
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// What was odd about the reply.
    #[must_use]
    pub const fn warnings(&self) -> WarningSet {
        self.warnings
    }
}

/// Something odd in an EHLO reply that changes no decision.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Warning {
    /// SIZE, AUTH or LIMITS stands there twice; the first counts.
    Repeated,
    /// SIZE has something else than a decimal number of 1 to 20 digits; the limit is unknown.
    SizeUnreadable,
    /// BINARYMIME without CHUNKING; ignored, [RFC 3030 section 3].
    ///
    /// [RFC 3030 section 3]: https://www.rfc-editor.org/rfc/rfc3030#section-3
    BinaryWithoutChunking,
    /// SMTPUTF8 without 8BITMIME; taken for both.
    Utf8WithoutEightBit,
    /// REQUIRETLS before TLS; ignored, [RFC 8689 section 2].
    ///
    /// [RFC 8689 section 2]: https://www.rfc-editor.org/rfc/rfc8689#section-2
    RequireTlsInClear,
    /// STARTTLS inside TLS; ignored, [RFC 3207 section 4.2].
    ///
    /// [RFC 3207 section 4.2]: https://www.rfc-editor.org/rfc/rfc3207#section-4.2
    StartTlsInTls,
    /// A line that begins with neither a letter nor a digit; ignored.
    NoKeyword,
    /// A parameter of LIMITS that is not read; that limit is unknown.
    LimitUnreadable,
}

impl Warning {
    const ALL: [Self; 8] = [
        Self::Repeated,
        Self::SizeUnreadable,
        Self::BinaryWithoutChunking,
        Self::Utf8WithoutEightBit,
        Self::RequireTlsInClear,
        Self::StartTlsInTls,
        Self::NoKeyword,
        Self::LimitUnreadable,
    ];
}

/// The warnings of one EHLO reply.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WarningSet(u8);

impl WarningSet {
    const EMPTY: Self = Self(0);

    pub(crate) const fn add(&mut self, warning: Warning) {
        self.0 |= 1 << warning as u8;
    }

    /// Whether this warning is among them.
    #[must_use]
    pub const fn contains(self, warning: Warning) -> bool {
        self.0 & (1 << warning as u8) != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Warning> {
        Warning::ALL.into_iter().filter(move |&warning| self.contains(warning))
    }
}
