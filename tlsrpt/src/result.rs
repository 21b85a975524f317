//! Result types and policy types: registered names, and any other text.

use alloc::borrow::Cow;
use core::fmt;

/// Why TLS failed, as a registered name or any other text.
///
/// The names are those of the IANA registry "STARTTLS Validation Result Types"
/// ([RFC 8460 section 6.6]); [section 4.3] expects it to grow, so a reader takes any text.
///
/// ```
/// use tlsrpt::ResultType;
/// assert!(ResultType::CERTIFICATE_EXPIRED.is_registered());
/// assert_eq!(ResultType::from("certificate-expired"), ResultType::CERTIFICATE_EXPIRED);
/// assert!(!ResultType::from("certificate-revoked").is_registered());
/// ```
///
/// [RFC 8460 section 6.6]: https://www.rfc-editor.org/rfc/rfc8460#section-6.6
/// [section 4.3]: https://www.rfc-editor.org/rfc/rfc8460#section-4.3
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ResultType<'a>(pub Cow<'a, str>);

impl ResultType<'static> {
    /// The MX host did not offer STARTTLS.
    pub const STARTTLS_NOT_SUPPORTED: Self = Self(Cow::Borrowed("starttls-not-supported"));
    /// The certificate's names do not fit what the policy demands.
    pub const CERTIFICATE_HOST_MISMATCH: Self = Self(Cow::Borrowed("certificate-host-mismatch"));
    /// The certificate has expired.
    pub const CERTIFICATE_EXPIRED: Self = Self(Cow::Borrowed("certificate-expired"));
    /// Unknown authority, broken chain, name constraints and the like.
    pub const CERTIFICATE_NOT_TRUSTED: Self = Self(Cow::Borrowed("certificate-not-trusted"));
    /// Any other failure; a failure reason code should say which.
    pub const VALIDATION_FAILURE: Self = Self(Cow::Borrowed("validation-failure"));
    /// No record of the TLSA set is valid.
    pub const TLSA_INVALID: Self = Self(Cow::Borrowed("tlsa-invalid"));
    /// The resolver gave no valid records.
    pub const DNSSEC_INVALID: Self = Self(Cow::Borrowed("dnssec-invalid"));
    /// A local rule demands DANE of all MX hosts and this one has no valid TLSA record.
    pub const DANE_REQUIRED: Self = Self(Cow::Borrowed("dane-required"));
    /// The MTA-STS policy could not be fetched.
    pub const STS_POLICY_FETCH_ERROR: Self = Self(Cow::Borrowed("sts-policy-fetch-error"));
    /// The MTA-STS policy was fetched and is not valid.
    pub const STS_POLICY_INVALID: Self = Self(Cow::Borrowed("sts-policy-invalid"));
    /// The policy host could not be authenticated by PKIX.
    pub const STS_WEBPKI_INVALID: Self = Self(Cow::Borrowed("sts-webpki-invalid"));

    /// All registered names.
    pub const REGISTERED: [Self; 11] = [
        Self::STARTTLS_NOT_SUPPORTED,
        Self::CERTIFICATE_HOST_MISMATCH,
        Self::CERTIFICATE_EXPIRED,
        Self::CERTIFICATE_NOT_TRUSTED,
        Self::VALIDATION_FAILURE,
        Self::TLSA_INVALID,
        Self::DNSSEC_INVALID,
        Self::DANE_REQUIRED,
        Self::STS_POLICY_FETCH_ERROR,
        Self::STS_POLICY_INVALID,
        Self::STS_WEBPKI_INVALID,
    ];
}

impl ResultType<'_> {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is in the registry.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        ResultType::REGISTERED.iter().any(|name| name.as_str() == self.as_str())
    }

    /// The same name, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> ResultType<'static> {
        ResultType(own(self.0))
    }
}

/// Which kind of policy applied to a session, as a registered name or any other text.
///
/// [RFC 8460 section 4.4](https://www.rfc-editor.org/rfc/rfc8460#section-4.4) names three.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PolicyType<'a>(pub Cow<'a, str>);

impl PolicyType<'static> {
    /// DANE: the TLSA records of an MX host.
    pub const TLSA: Self = Self(Cow::Borrowed("tlsa"));
    /// MTA-STS: the policy of a domain.
    pub const STS: Self = Self(Cow::Borrowed("sts"));
    /// Neither of them.
    pub const NO_POLICY_FOUND: Self = Self(Cow::Borrowed("no-policy-found"));
}

impl PolicyType<'_> {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether RFC 8460 defines this type.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.rank() < 3
    }

    /// The place of this type in a report that we write.
    pub(crate) fn rank(&self) -> u8 {
        match self.as_str() {
            "tlsa" => 0,
            "sts" => 1,
            "no-policy-found" => 2,
            _ => 3,
        }
    }

    /// The same name, borrowed from nobody.
    #[must_use]
    pub fn into_owned(self) -> PolicyType<'static> {
        PolicyType(own(self.0))
    }
}

/// The same text, borrowed from nobody.
pub(crate) fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

macro_rules! open_name {
    ($name:ident) => {
        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(name: &'a str) -> Self {
                Self(Cow::Borrowed(name))
            }
        }

        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

open_name!(ResultType);
open_name!(PolicyType);

#[cfg(test)]
mod tests {
    use super::*;

    // checks: tlsrpt/S6
    #[test]
    fn rfc8460_4_3_registers_eleven_names_once() {
        let names = ResultType::REGISTERED;
        for (at, name) in names.iter().enumerate() {
            assert_eq!(names.iter().position(|other| other == name), Some(at), "{name}");
            assert!(name.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        }
    }

    // checks: tlsrpt/S6
    #[test]
    fn rfc8460_6_6_any_other_text_is_kept() {
        let name = ResultType::from("Certificate-Expired");
        assert!(!name.is_registered());
        assert_eq!(name.clone().into_owned(), name);
        assert!(!PolicyType::from("TLSA").is_registered());
        assert_eq!(PolicyType::from("").rank(), 3);
    }

    // checks: tlsrpt/J9
    #[test]
    fn rfc8460_4_4_policy_types() {
        for name in ["tlsa", "sts", "no-policy-found"] {
            assert!(PolicyType::from(name).is_registered(), "{name}");
        }
    }
}
