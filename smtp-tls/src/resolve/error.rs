//! Why a look-up has no answer.

use std::io;

use super::limits;

/// Why a look-up has no answer. All of these are temporary: they prove nothing about the name.
///
/// Each ends in one of three ways for [RFC 7672 section 2.1.1]: the data failed validation
/// ([`Bogus`](Self::Bogus)), its state could not be determined
/// ([`Indeterminate`](Self::Indeterminate)), or the look-up failed before that question arose.
///
/// [RFC 7672 section 2.1.1]: https://www.rfc-editor.org/rfc/rfc7672#section-2.1.1
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LookUpError {
    /// Validation failed: forged, expired or broken.
    #[error("answer failed DNSSEC validation{}", suffix(.extended.as_ref()))]
    Bogus {
        /// The reason, if one was given.
        extended: Option<ExtendedError>,
    },
    /// The aliases of the answer cannot be followed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Whether the answer is secure could not be determined, or was never examined.
    #[error("security of the answer could not be determined{}", suffix(.extended.as_ref()))]
    Indeterminate {
        /// The reason, if one was given.
        extended: Option<ExtendedError>,
    },
    /// The reply, or something in it that had to be read, is malformed.
    #[error("reply is malformed")]
    Malformed,
    /// The question's name cannot be put on the wire.
    #[error("name cannot be asked for")]
    Name,
    /// The reply names other servers in place of an answer: what was asked does not resolve.
    #[error("reply is a referral, expected an answer")]
    Referral,
    /// A reply with this RCODE, which is neither NOERROR, SERVFAIL nor NXDOMAIN.
    #[error("resolver answered with response code {0}")]
    ResponseCode(u16),
    /// SERVFAIL, and no reason given that has to do with DNSSEC.
    #[error("resolver failed{}", suffix(.extended.as_ref()))]
    ServFail {
        /// The reason, if one was given.
        extended: Option<ExtendedError>,
    },
    /// No reply in time.
    #[error("no reply in time")]
    Timeout,
    /// The answer holds more records than are looked at.
    #[error("answer has more than {max} records", max = limits::RECORDS)]
    TooManyRecords,
    /// The reply does not fit, and was not to be had over TCP.
    #[error("reply was cut short")]
    Truncated,
    /// The resolver could not be reached.
    #[error("resolver could not be reached: {0}")]
    Unreachable(io::ErrorKind),
}

impl LookUpError {
    /// What a SERVFAIL with this extended error is: a reason of DNSSEC makes it [`Self::Bogus`] or
    /// [`Self::Indeterminate`].
    #[must_use]
    pub fn serv_fail(extended: Option<ExtendedError>) -> Self {
        match extended {
            Some(ExtendedError::DNSSEC_INDETERMINATE) => Self::Indeterminate { extended },
            Some(reason) if reason.is_bogus() => Self::Bogus { extended },
            Some(_) | None => Self::ServFail { extended },
        }
    }

    /// Whether DNSSEC is the reason, as TLSRPT's `dnssec-invalid` has it
    /// ([RFC 8460 section 4.3.2.1](https://www.rfc-editor.org/rfc/rfc8460#section-4.3.2.1)).
    #[must_use]
    pub fn is_dnssec(&self) -> bool {
        match self {
            Self::Bogus { .. } | Self::Indeterminate { .. } => true,
            Self::Chain(_)
            | Self::Malformed
            | Self::Name
            | Self::Referral
            | Self::ResponseCode(_)
            | Self::ServFail { .. }
            | Self::Timeout
            | Self::TooManyRecords
            | Self::Truncated
            | Self::Unreachable(_) => false,
        }
    }
}

/// Why the aliases of an answer cannot be followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChainError {
    /// A name has several aliases, or one that [`Name`](super::Name) cannot hold.
    #[error("alias is ambiguous or not a name that can be followed")]
    Alias,
    /// A name comes a second time.
    #[error("aliases go round in a circle")]
    Loop,
    /// There are more of them than are followed.
    #[error("more than {max} aliases", max = limits::HOPS)]
    TooLong,
}

/// The INFO-CODE of an extended DNS error
/// ([RFC 8914 section 5.2](https://www.rfc-editor.org/rfc/rfc8914#section-5.2)); any number.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ExtendedError(pub u16);

impl ExtendedError {
    /// The resolver could not determine whether the data is secure.
    pub const DNSSEC_INDETERMINATE: Self = Self(5);
    /// The data failed validation, for no more special reason.
    pub const DNSSEC_BOGUS: Self = Self(6);
    /// A signature has expired.
    pub const SIGNATURE_EXPIRED: Self = Self(7);
    /// A signature is not yet valid.
    pub const SIGNATURE_NOT_YET_VALID: Self = Self(8);
    /// No key matches the parent's record of it.
    pub const DNSKEY_MISSING: Self = Self(9);
    /// Signatures are missing.
    pub const RRSIGS_MISSING: Self = Self(10);
    /// No key is one for a zone.
    pub const NO_ZONE_KEY_BIT_SET: Self = Self(11);
    /// A denial lacks its proof.
    pub const NSEC_MISSING: Self = Self(12);
    /// No server of the zone could be asked.
    pub const NO_REACHABLE_AUTHORITY: Self = Self(22);

    /// Whether this says that validation failed.
    #[must_use]
    pub fn is_bogus(self) -> bool {
        (Self::DNSSEC_BOGUS.0..=Self::NSEC_MISSING.0).contains(&self.0)
    }
}

fn suffix(extended: Option<&ExtendedError>) -> String {
    extended.map(|reason| format!(", extended error {}", reason.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8914_reasons_of_dnssec_are_told_apart() {
        for code in 0..=30 {
            let extended = Some(ExtendedError(code));
            let expected = match code {
                5 => LookUpError::Indeterminate { extended },
                6..=12 => LookUpError::Bogus { extended },
                _ => LookUpError::ServFail { extended },
            };
            let error = LookUpError::serv_fail(extended);
            assert_eq!(error.is_dnssec(), (5..=12).contains(&code));
            assert_eq!(error, expected);
        }
        assert_eq!(LookUpError::serv_fail(None), LookUpError::ServFail { extended: None });
    }

    #[test]
    fn messages_name_the_reason() {
        let error = LookUpError::serv_fail(Some(ExtendedError::SIGNATURE_EXPIRED));
        assert_eq!(error.to_string(), "answer failed DNSSEC validation, extended error 7");
        assert_eq!(LookUpError::serv_fail(None).to_string(), "resolver failed");
        assert_eq!(LookUpError::from(ChainError::TooLong).to_string(), "more than 10 aliases");
    }
}
