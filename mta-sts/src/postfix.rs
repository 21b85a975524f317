//! A policy as a line of Postfix's TLS policy table, for its `socketmap` and `tcp` look-ups.
//!
//! Each byte comes from a parsed pattern or from a line that was checked, never from raw text, so a
//! remote policy cannot bring an instruction of its own into the table.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::mx::MxPattern;
use crate::name::PolicyDomain;
use crate::policy::Policy;

/// What the asking Postfix understands. Its version cannot be seen, so the operator tells.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PostfixForm {
    /// Level and matches alone: any version.
    Plain,
    /// The attributes for TLS reports too: version 3.10 and later, which check the MX name itself.
    WithAttributes,
}

/// Why a policy cannot be told to Postfix. Both are answered `TEMP`, so that mail is deferred.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PostfixError {
    /// No pattern of the policy can match a host.
    #[error("no mx pattern of the policy can match a host")]
    NoUsablePattern,
    /// The reply would have over 100 000 bytes.
    #[error("the reply would have over {max} bytes", max = REPLY_MAX)]
    TooLong,
}

impl PostfixError {
    /// A stable word for logs and replies, such as `too-long`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoUsablePattern => "no-usable-pattern",
            Self::TooLong => "too-long",
        }
    }
}

/// The table value for a policy in mode `enforce`: `secure` with its matches.
///
/// # Errors
///
/// See [`PostfixError`].
pub fn postfix_value(
    domain: &PolicyDomain,
    policy: &Policy,
    form: PostfixForm,
) -> Result<String, PostfixError> {
    let patterns: Vec<_> = policy.patterns().filter(is_usable).collect();
    let mut value = String::from("secure match=");
    for (index, pattern) in patterns.iter().enumerate() {
        if index > 0 {
            value.push(':');
        }
        push_match(&mut value, pattern);
    }
    if patterns.is_empty() {
        return Err(PostfixError::NoUsablePattern);
    }
    value.push_str(" servername=hostname");
    if form == PostfixForm::WithAttributes {
        push_attributes(&mut value, domain, &patterns);
        push_policy_strings(&mut value, policy);
    }
    if value.len() > VALUE_MAX { Err(PostfixError::TooLong) } else { Ok(value) }
}

/// An address matches no host, and three single labels are instructions to Postfix.
fn is_usable(pattern: &MxPattern<'_>) -> bool {
    let reserved = ["hostname", "nexthop", "dot-nexthop"];
    let is_reserved = reserved.iter().any(|word| pattern.domain().eq_ignore_ascii_case(word));
    !pattern.is_address() && (pattern.is_wildcard() || !is_reserved)
}

/// `*.example.org` is written `.example.org`.
fn push_match(value: &mut String, pattern: &MxPattern<'_>) {
    if pattern.is_wildcard() {
        value.push('.');
    }
    value.push_str(&pattern.domain().to_ascii_lowercase());
}

fn push_attributes(value: &mut String, domain: &PolicyDomain, patterns: &[MxPattern<'_>]) {
    // Writing to a string does not fail.
    let _ = write!(value, " policy_type=sts policy_domain={domain}");
    for pattern in patterns {
        let _ = write!(value, " mx_host_pattern={pattern}");
    }
}

/// The lines of the policy, as many as there is room for: those of unknown fields are left out first,
/// then those of `mx`.
fn push_policy_strings(value: &mut String, policy: &Policy) {
    let lines: Vec<String> = policy.lines().filter_map(policy_string).collect();
    let kept = [Rank::Unknown, Rank::Mx, Rank::Needed].into_iter().find(|least| {
        let kept = lines.iter().filter(|line| rank(line) >= *least);
        value.len() + kept.map(|line| line.len()).sum::<usize>() <= VALUE_MAX
    });
    let least = kept.unwrap_or(Rank::Needed);
    value.extend(lines.into_iter().filter(|line| rank(line) >= least));
}

/// A line in braces. One that holds a brace or a control character is left out whole.
fn policy_string(line: &str) -> Option<String> {
    let line = line.trim_matches([' ', '\t']).replace('\t', " ");
    let is_plain = |c: char| !c.is_control() && c != '{' && c != '}';
    line.chars().all(is_plain).then(|| [PREFIX, &line, " }"].concat())
}

/// How much a line of the policy is needed.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Rank {
    Unknown,
    Mx,
    Needed,
}

fn rank(policy_string: &str) -> Rank {
    let name = policy_string.strip_prefix(PREFIX).and_then(|line| line.split(':').next());
    match name {
        Some("version" | "mode" | "max_age") => Rank::Needed,
        Some("mx") => Rank::Mx,
        _ => Rank::Unknown,
    }
}

const PREFIX: &str = " { policy_string = ";

/// Bytes in the longest reply that Postfix reads, without the framing.
const REPLY_MAX: usize = 100_000;

/// The same without `OK `.
const VALUE_MAX: usize = REPLY_MAX - 3;

#[cfg(test)]
#[path = "postfix_tests.rs"]
mod tests;
