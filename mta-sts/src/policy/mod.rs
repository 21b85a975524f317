//! The policy file: what a domain promises of its MX hosts.

mod error;
mod field;
mod index;
mod span;
mod walk;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use core::str::FromStr;
use core::time::Duration;

pub use error::PolicyError;
use index::{AllSink, FewSink, Patterns};
use walk::{Facts, Sink, walk};

use crate::mx::MxPattern;
use crate::name::{HostName, LastLabel};
use crate::profile::{Deviation, Located, Note, Profile};

/// What a sender does about a server that breaks the promise (section 5).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Mode {
    /// It does not deliver to that server.
    Enforce,
    /// It reports, and delivers as if there were no policy.
    Testing,
    /// Nothing: the domain has withdrawn its promise.
    None,
}

impl Mode {
    /// The mode as it stands in a policy: `enforce`, `testing` or `none`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Limits on a policy, with their sources.
pub(crate) mod limits {
    /// Bytes in a body: RFC 8461 section 3.3 suggests 64 kilobytes.
    pub(crate) const BODY: usize = 65_536;

    /// Seconds in the longest life of a policy: RFC 8461 section 3.2.
    pub(crate) const MAX_AGE: u32 = 31_557_600;
}

/// A policy that borrows the bytes it was read from. Reading and asking allocate nothing.
///
/// For a policy with more than a few patterns, [`PolicyRef::allows`] looks through the body; the
/// owned [`Policy`] has a table for that.
#[derive(Clone, Debug)]
pub struct PolicyRef<'a> {
    text: &'a str,
    facts: Facts,
    patterns: Patterns,
}

impl<'a> PolicyRef<'a> {
    /// Reads the body of a policy response.
    ///
    /// # Errors
    ///
    /// Those of [`Policy::parse`].
    pub fn parse(body: &'a [u8], profile: Profile) -> Result<Self, PolicyError> {
        let text = decode(body)?;
        let mut sink = FewSink::new();
        let facts = walk(text, profile, &mut sink)?;
        Ok(Self { text, facts, patterns: sink.finish() })
    }

    /// What a sender does about a server that breaks the promise.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.facts.mode
    }

    /// How long the policy may be applied, counted from its fetch: at most 31 557 600 seconds.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        Duration::from_secs(self.facts.max_age as u64)
    }

    /// The patterns of its `mx` fields, in their order.
    pub fn patterns(&self) -> impl Iterator<Item = MxPattern<'a>> {
        patterns(self.text)
    }

    /// Whether a pattern allows this MX host (section 4.1).
    #[must_use]
    pub fn allows(&self, host: &HostName) -> bool {
        host.last_label() == LastLabel::Name && self.patterns.allow(self.text, host)
    }

    /// The body as it was received.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The same policy with a body of its own.
    #[must_use]
    pub fn into_owned(self) -> Policy {
        let patterns = match self.patterns {
            Patterns::Few(spans) => Patterns::Few(spans),
            Patterns::Many(_) | Patterns::Scan => {
                let mut sink = AllSink::new();
                span::spans(self.text.as_bytes()).for_each(|span| sink.pattern(span));
                sink.finish(self.text.as_bytes())
            }
        };
        Policy { text: self.text.into(), facts: self.facts, patterns }
    }
}

impl<'a> TryFrom<&'a [u8]> for PolicyRef<'a> {
    type Error = PolicyError;

    fn try_from(body: &'a [u8]) -> Result<Self, Self::Error> {
        Self::parse(body, Profile::default())
    }
}

/// A policy: which MX hosts a domain has, and for how long a sender may rely on it.
///
/// [RFC 8461 section 3.2](https://www.rfc-editor.org/rfc/rfc8461#section-3.2). It keeps its body as
/// received; `Display` writes that, and two policies are equal if their bodies are. Clones share the
/// body.
///
/// ```
/// use mta_sts::{Mode, Policy, Profile};
///
/// let body = b"version: STSv1\nmode: enforce\nmx: *.example.org\nmax_age: 604800\n";
/// let policy = Policy::parse(body, Profile::default())?;
/// assert_eq!(policy.mode(), Mode::Enforce);
/// assert!(policy.allows(&"mx1.example.org".parse()?));
/// assert!(!policy.allows(&"example.org".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Policy {
    text: Arc<str>,
    facts: Facts,
    patterns: Patterns,
}

impl Policy {
    /// Bytes in the largest body that is read.
    pub const MAX_LEN: usize = limits::BODY;

    /// Reads the body of a policy response. One allocation, of the size of the body; a policy with
    /// more than a few patterns gets a second one, for the table that finds them.
    ///
    /// # Errors
    ///
    /// A [`PolicyError`] for the first fault. Nothing is filled in for a missing field, and nothing
    /// but the [`Deviation`]s of the profile is let pass.
    pub fn parse(body: &[u8], profile: Profile) -> Result<Self, PolicyError> {
        let text = decode(body)?;
        let mut sink = AllSink::new();
        let facts = walk(text, profile, &mut sink)?;
        Ok(Self { text: text.into(), facts, patterns: sink.finish(body) })
    }

    /// What a sender does about a server that breaks the promise.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.facts.mode
    }

    /// How long the policy may be applied, counted from its fetch: at most 31 557 600 seconds.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        Duration::from_secs(self.facts.max_age as u64)
    }

    /// The patterns of its `mx` fields, in their order.
    pub fn patterns(&self) -> impl Iterator<Item = MxPattern<'_>> {
        patterns(&self.text)
    }

    /// Whether a pattern allows this MX host (section 4.1). Allocates nothing.
    ///
    /// The name is that of the MX record, or the domain itself if there is no MX record; never the
    /// target of a CNAME.
    #[must_use]
    pub fn allows(&self, host: &HostName) -> bool {
        host.last_label() == LastLabel::Name && self.patterns.allow(&self.text, host)
    }

    /// The body as it was received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The lines of the body without their ends, which is how a TLS report quotes a policy
    /// (RFC 8460 section 4.4). Blank lines are left out.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        lines.filter(|line| !line.bytes().all(|byte| matches!(byte, b' ' | b'\t')))
    }

    /// Where the body departs from the grammar, in its order.
    #[must_use]
    pub fn deviations(&self) -> Vec<Located<Deviation>> {
        self.remarks().deviations
    }

    /// What else is worth telling of the body, in its order.
    #[must_use]
    pub fn notes(&self) -> Vec<Located<Note>> {
        self.remarks().notes
    }

    fn remarks(&self) -> Remarks {
        let mut remarks = Remarks { deviations: Vec::new(), notes: Vec::new() };
        // The body was accepted once, in this profile or in the stricter one, so it is again.
        let again = walk(&self.text, Profile::Interop, &mut remarks);
        debug_assert!(again.is_ok(), "an accepted body is accepted again");
        remarks
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(body: &str) -> Result<Self, Self::Err> {
        Self::parse(body.as_bytes(), Profile::default())
    }
}

impl Eq for Policy {}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Policy").field(&self.text).finish()
    }
}

struct Remarks {
    deviations: Vec<Located<Deviation>>,
    notes: Vec<Located<Note>>,
}

impl Sink for Remarks {
    fn deviation(&mut self, what: Deviation, span: Range<usize>) {
        self.deviations.push(Located { what, span });
    }

    fn note(&mut self, what: Note, span: Range<usize>) {
        self.notes.push(Located { what, span });
    }
}

fn decode(body: &[u8]) -> Result<&str, PolicyError> {
    if body.len() > limits::BODY {
        return Err(PolicyError::TooLarge { len: body.len() });
    }
    core::str::from_utf8(body).map_err(|error| PolicyError::NotUtf8 { at: error.valid_up_to() })
}

fn patterns(text: &str) -> impl Iterator<Item = MxPattern<'_>> {
    span::spans(text.as_bytes()).filter_map(|span| {
        let domain = text.get(span.range())?;
        Some(MxPattern::new(domain, span.kind()))
    })
}

#[cfg(test)]
mod tests;
