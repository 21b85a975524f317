//! Policy and record from typed values, which cannot express an invalid one.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use pki_types::UnixTime;

use super::extension::Extension;
use super::id::{content_id, time_id};
use crate::mx::{MxPattern, PatternError};
use crate::name::to_ascii;
use crate::policy::{Mode, Policy, PolicyError, limits};
use crate::profile::Profile;
use crate::record::{PolicyId, Record};

/// At least one pattern.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MxList(Vec<MxPattern<'static>>);

impl MxList {
    /// Reads patterns as an operator writes them. With feature `idna` U-labels are converted.
    ///
    /// # Errors
    ///
    /// [`PublishError::NoPattern`] if there is none, [`PublishError::Pattern`] and
    /// [`PublishError::ULabel`] with the number of the one at fault, counted from 0.
    pub fn parse<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PublishError> {
        let mut list = Vec::new();
        for (index, pattern) in patterns.into_iter().enumerate() {
            let (asterisk, domain) = match pattern.strip_prefix("*.") {
                Some(domain) => ("*.", domain),
                None => ("", pattern),
            };
            let domain = to_ascii(domain).map_err(|_| PublishError::ULabel { index })?;
            let ascii = [asterisk, &domain].concat().to_ascii_lowercase();
            let parsed = ascii.parse();
            list.push(parsed.map_err(|cause| PublishError::Pattern { index, cause })?);
        }
        if list.is_empty() { Err(PublishError::NoPattern) } else { Ok(Self(list)) }
    }

    /// The patterns, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &MxPattern<'static>> {
        self.0.iter()
    }
}

/// What a domain promises of its MX hosts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Promise {
    /// Deliver to these hosts alone, over verified TLS.
    Enforce(MxList),
    /// The same, but deliver all the same and report what would have failed.
    Testing(MxList),
    /// Nothing any more: how a domain leaves MTA-STS (section 8.3).
    None,
    /// The same, with the hosts still named for those who read the file.
    NoneNaming(MxList),
}

impl Promise {
    const fn mode(&self) -> Mode {
        match self {
            Self::Enforce(_) => Mode::Enforce,
            Self::Testing(_) => Mode::Testing,
            Self::None | Self::NoneNaming(_) => Mode::None,
        }
    }

    fn patterns(&self) -> &[MxPattern<'static>] {
        match self {
            Self::Enforce(list) | Self::Testing(list) | Self::NoneNaming(list) => &list.0,
            Self::None => &[],
        }
    }
}

/// How long a policy may be relied on: 0 to 31 557 600 seconds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MaxAge(u32);

impl MaxAge {
    /// Two weeks: long enough to outlast an attack, with refreshes each day.
    pub const TWO_WEEKS: Self = Self(14 * 86_400);

    /// A day: for the last policy of a domain that leaves, and for first steps.
    pub const DAY: Self = Self(86_400);

    /// In seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for MaxAge {
    type Error = MaxAgeError;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        if seconds > limits::MAX_AGE { Err(MaxAgeError(seconds)) } else { Ok(Self(seconds)) }
    }
}

/// The number of seconds is more than a year.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("max_age is {0}, at most {max} seconds are allowed", max = limits::MAX_AGE)]
pub struct MaxAgeError(pub u32);

impl MaxAgeError {
    /// A stable word for logs and reports: `max-age-too-long`, as [`Lint`](super::Lint) has it.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        "max-age-too-long"
    }
}

/// Where the id of a publication comes from.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum IdFrom {
    /// From the content: see [`content_id`].
    #[default]
    Content,
    /// From the time of publication, as `YYYYMMDDhhmmssZ`.
    Time(UnixTime),
    /// From elsewhere. It must be another one for each change.
    Given(PolicyId),
}

/// A policy and the record that announces it.
///
/// The file is changed first and the record after it. Old MX hosts go on working until the record's
/// TTL has passed (section 8.1).
///
/// ```
/// use mta_sts::publish::{IdFrom, MaxAge, MxList, Promise, Publication};
///
/// let mx = MxList::parse(["mx1.example.org", "*.mail.example.net"])?;
/// let published =
///     Publication::new(&Promise::Enforce(mx), MaxAge::TWO_WEEKS, IdFrom::Content)?;
/// assert_eq!(
///     published.policy().to_string(),
///     "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\n\
///      mx: *.mail.example.net\r\nmax_age: 1209600\r\n",
/// );
/// assert_eq!(published.record().to_string(), "v=STSv1; id=b5a0e3fbfaada5a1e8052d36f33ba78a;");
/// # Ok::<(), mta_sts::publish::PublishError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Publication {
    policy: Policy,
    record: Record,
}

impl Publication {
    /// Writes policy and record, with CRLF and A-labels.
    ///
    /// # Errors
    ///
    /// [`PublishError::Policy`] if there are so many patterns that the policy has over 65 536 bytes.
    pub fn new(promise: &Promise, max_age: MaxAge, id: IdFrom) -> Result<Self, PublishError> {
        Self::with_extensions(promise, max_age, &[], id)
    }

    /// The same with further fields, which come last.
    ///
    /// # Errors
    ///
    /// [`PublishError::Policy`] if the policy has over 65 536 bytes.
    pub fn with_extensions(
        promise: &Promise,
        max_age: MaxAge,
        extensions: &[Extension],
        id: IdFrom,
    ) -> Result<Self, PublishError> {
        let mut text = String::from("version: STSv1\r\nmode: ");
        text.push_str(promise.mode().as_str());
        for pattern in promise.patterns() {
            // Writing to a string does not fail.
            let _ = write!(text, "\r\nmx: {pattern}");
        }
        text.push_str("\r\nmax_age: ");
        text.push_str(&max_age.0.to_string());
        for extension in extensions {
            let _ = write!(text, "\r\n{extension}");
        }
        text.push_str("\r\n");
        let policy = Policy::parse(text.as_bytes(), Profile::Rfc)?;
        let id = match id {
            IdFrom::Content => content_id(policy.as_str()),
            IdFrom::Time(time) => time_id(time),
            IdFrom::Given(id) => id,
        };
        Ok(Self { policy, record: Record::from(id) })
    }

    /// The policy, for [`POLICY_PATH`](super::POLICY_PATH).
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The record, for `_mta-sts.<domain>`.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }
}

/// Why something cannot be published.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublishError {
    /// A promise needs a pattern.
    #[error("a policy in mode enforce or testing needs at least one mx pattern")]
    NoPattern,
    /// A pattern is malformed.
    #[error("mx pattern {index}: {cause}")]
    Pattern {
        /// Its number, from 0.
        index: usize,
        /// What is wrong with it, after conversion to A-labels.
        cause: PatternError,
    },
    /// The written policy would not be read: it is too large.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A pattern has a label outside ASCII that has no A-label, or feature `idna` is off.
    #[error("mx pattern {index} has a label outside ASCII that cannot be converted")]
    ULabel {
        /// Its number, from 0.
        index: usize,
    },
}

impl PublishError {
    /// A stable word for logs and reports, such as `no-pattern`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoPattern => "no-pattern",
            Self::Pattern { cause, .. } => cause.reason(),
            Self::Policy(error) => error.reason(),
            Self::ULabel { .. } => "u-label",
        }
    }
}
