//! The numbers that stand for result types and policy types.

use alloc::borrow::Cow;
use alloc::format;

use crate::result::{PolicyType, ResultType};

/// The number of a result type in a datagram.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_structs, reason = "an open number")]
pub struct ResultCode(pub i32);

impl ResultCode {
    /// The number of a registered result type; the one for other failures where it is not registered.
    #[must_use]
    pub fn of(result_type: &ResultType<'_>) -> Self {
        let known = CODES.iter().find(|(_, name)| name.as_str() == result_type.as_str());
        Self(known.map_or(VALIDATION_FAILURE, |(code, _)| *code))
    }

    /// The result type, and for a number that is not known the reason to give with it.
    #[must_use]
    pub fn result_type(self) -> (ResultType<'static>, Option<Cow<'static, str>>) {
        match CODES.iter().find(|(code, _)| *code == self.0) {
            Some((_, name)) => (name.clone(), None),
            None => {
                let reason = format!("collector code {}", self.0);
                (ResultType::VALIDATION_FAILURE, Some(reason.into()))
            }
        }
    }
}

/// The number of a policy type in a datagram.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_structs, reason = "an open number")]
pub struct PolicyCode(pub i32);

impl PolicyCode {
    /// DANE.
    pub const TLSA: Self = Self(1);
    /// MTA-STS.
    pub const STS: Self = Self(2);
    /// Neither.
    pub const NO_POLICY_FOUND: Self = Self(9);

    /// The policy type, if the number has one.
    #[must_use]
    pub fn policy_type(self) -> Option<PolicyType<'static>> {
        match self {
            Self::TLSA => Some(PolicyType::TLSA),
            Self::STS => Some(PolicyType::STS),
            Self::NO_POLICY_FOUND => Some(PolicyType::NO_POLICY_FOUND),
            _ => None,
        }
    }

    /// The number of a policy type, if it has one.
    #[must_use]
    pub fn of(policy_type: &PolicyType<'_>) -> Option<Self> {
        match policy_type.rank() {
            0 => Some(Self::TLSA),
            1 => Some(Self::STS),
            2 => Some(Self::NO_POLICY_FOUND),
            _ => None,
        }
    }
}

const VALIDATION_FAILURE: i32 = 205;

const CODES: [(i32, ResultType<'static>); 11] = [
    (201, ResultType::STARTTLS_NOT_SUPPORTED),
    (202, ResultType::CERTIFICATE_HOST_MISMATCH),
    (203, ResultType::CERTIFICATE_NOT_TRUSTED),
    (204, ResultType::CERTIFICATE_EXPIRED),
    (VALIDATION_FAILURE, ResultType::VALIDATION_FAILURE),
    (301, ResultType::STS_POLICY_FETCH_ERROR),
    (302, ResultType::STS_POLICY_INVALID),
    (303, ResultType::STS_WEBPKI_INVALID),
    (304, ResultType::TLSA_INVALID),
    (305, ResultType::DNSSEC_INVALID),
    (306, ResultType::DANE_REQUIRED),
];

#[cfg(test)]
mod tests {
    use super::*;

    // checks: tlsrpt/S6, tlsrpt/J9
    #[test]
    fn house_4_1_codes_and_names_go_both_ways() {
        for name in ResultType::REGISTERED {
            let code = ResultCode::of(&name);
            assert_eq!(code.result_type(), (name, None));
        }
        assert_eq!(ResultCode::of(&ResultType::from("new")), ResultCode(205));
        let (name, reason) = ResultCode(901).result_type();
        assert_eq!(
            (name, reason.as_deref()),
            (ResultType::VALIDATION_FAILURE, Some("collector code 901"))
        );
        for code in [PolicyCode::TLSA, PolicyCode::STS, PolicyCode::NO_POLICY_FOUND] {
            assert_eq!(code.policy_type().and_then(|name| PolicyCode::of(&name)), Some(code));
        }
        assert_eq!(PolicyCode(3).policy_type(), None);
        assert_eq!(PolicyCode::of(&PolicyType::from("x")), None);
    }
}
