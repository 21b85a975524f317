//! The numbers of SIZE and LIMITS.

use core::num::NonZero;

use crate::limits::SIZE_DIGITS;

/// The largest message that a server says it takes.
///
/// [RFC 1870 section 4](https://www.rfc-editor.org/rfc/rfc1870#section-4)
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SizeLimit {
    /// It does not say, or what it says cannot be read.
    #[default]
    Unknown,
    /// `SIZE 0`: there is no fixed limit.
    NoFixedLimit,
    /// This many octets, the line ends of the message counted as two.
    Octets(NonZero<u64>),
}

impl SizeLimit {
    /// The parameter of SIZE; nothing if it is no number of 1 to 20 digits below 2^64.
    pub(super) fn parse(parameter: &[u8]) -> Option<Self> {
        if parameter.is_empty() {
            return Some(Self::Unknown);
        }
        if parameter.len() > SIZE_DIGITS {
            return None;
        }
        let octets = decimal(parameter)?;
        Some(NonZero::new(octets).map_or(Self::NoFixedLimit, Self::Octets))
    }

    /// Whether the server says that it refuses a message of this many octets.
    #[must_use]
    pub fn forbids(self, octets: u64) -> bool {
        matches!(self, Self::Octets(limit) if octets > limit.get())
    }
}

/// How much a server takes on one connection and in one transaction.
///
/// [RFC 9422 section 4](https://www.rfc-editor.org/rfc/rfc9422#section-4); no value: no limit
/// stated.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Limits {
    /// MAILMAX: transactions on one connection.
    pub transactions: Option<NonZero<u32>>,
    /// RCPTMAX: recipients in one transaction.
    pub recipients: Option<NonZero<u32>>,
    /// RCPTDOMAINMAX: different recipient domains in one transaction.
    pub recipient_domains: Option<NonZero<u32>>,
}

impl Limits {
    pub(crate) const UNKNOWN: Self =
        Self { transactions: None, recipients: None, recipient_domains: None };

    /// The parameters of LIMITS; the second value says that all known ones were read.
    pub(super) fn parse(parameters: &[u8]) -> (Self, bool) {
        let mut limits = Self::UNKNOWN;
        let mut all_read = true;
        for parameter in parameters.split(|&octet| octet == b' ') {
            let mut halves = parameter.splitn(2, |&octet| octet == b'=');
            let (name, value) = (halves.next().unwrap_or_default(), halves.next());
            let place = if name.eq_ignore_ascii_case(b"MAILMAX") {
                &mut limits.transactions
            } else if name.eq_ignore_ascii_case(b"RCPTMAX") {
                &mut limits.recipients
            } else if name.eq_ignore_ascii_case(b"RCPTDOMAINMAX") {
                &mut limits.recipient_domains
            } else {
                continue;
            };
            // RFC 9422 section 3: 1 to 6 digits, the first not 0.
            let number = value.filter(|digits| digits.len() <= 6 && !digits.starts_with(b"0"));
            let number = number.and_then(decimal).and_then(|number| u32::try_from(number).ok());
            *place = number.and_then(NonZero::new);
            all_read &= place.is_some();
        }
        (limits, all_read)
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(octets: u64) -> SizeLimit {
        SizeLimit::Octets(NonZero::new(octets).unwrap())
    }

    #[test]
    fn c4_rfc1870_4_what_is_no_number_is_not_read_as_limit_0() {
        for text in ["-1", "1 2", "0x10", "1k", "+1", "18446744073709551616", "1 "] {
            assert_eq!(SizeLimit::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(SizeLimit::parse(b"000000000000000000001"), None, "21 digits");
    }

    #[test]
    fn c4_rfc1870_4_numbers_are_read_to_the_last_of_20_digits() {
        assert_eq!(SizeLimit::parse(b""), Some(SizeLimit::Unknown));
        assert_eq!(SizeLimit::parse(b"0"), Some(SizeLimit::NoFixedLimit));
        assert_eq!(SizeLimit::parse(b"1"), Some(octets(1)));
        assert_eq!(SizeLimit::parse(b"00000000000000000001"), Some(octets(1)));
        assert_eq!(SizeLimit::parse(b"18446744073709551615"), Some(octets(u64::MAX)));
        assert!(octets(5).forbids(6) && !octets(5).forbids(5));
        assert!(!SizeLimit::NoFixedLimit.forbids(u64::MAX));
        assert!(!SizeLimit::Unknown.forbids(u64::MAX));
    }

    #[test]
    fn rfc9422_3_limits_are_read_by_name_and_unknown_names_passed_over() {
        let (limits, all_read) = Limits::parse(b"RCPTMAX=20 mailmax=5 FOO=x BAR");
        assert!(all_read);
        assert_eq!(limits.recipients, NonZero::new(20));
        assert_eq!(limits.transactions, NonZero::new(5));
        assert_eq!(limits.recipient_domains, None);
        for text in ["RCPTMAX", "RCPTMAX=", "RCPTMAX=0", "RCPTMAX=01", "RCPTMAX=1000000"] {
            assert_eq!(Limits::parse(text.as_bytes()), (Limits::UNKNOWN, false), "{text}");
        }
    }
}
