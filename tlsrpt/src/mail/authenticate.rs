//! Whether a report's mail comes from whom it says.

use pki_types::DnsName;

/// What a DKIM verifier found of one signature.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DkimVerdict<'a> {
    /// The signature is valid and covers the whole body.
    Pass(DnsName<'a>),
    /// The signature is valid, but has a length limit (`l=`): text may have been added.
    PassWithLength(DnsName<'a>),
    /// Anything else.
    Fail,
}

/// The domain that answers for a report: its DKIM signature is valid, covers the whole body, and
/// is of the submitter's or contact's domain or of a parent of it.
///
/// RFC 8460 [section 3](https://www.rfc-editor.org/rfc/rfc8460#section-3): reports without a valid
/// signature MUST be ignored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authenticated(DnsName<'static>);

impl Authenticated {
    /// Judges the verdicts on a mail whose submitter, or contact's domain, this is.
    #[must_use]
    pub fn judge(verdicts: &[DkimVerdict<'_>], submitter: &DnsName<'_>) -> Option<Self> {
        verdicts.iter().find_map(|verdict| match verdict {
            DkimVerdict::Pass(domain) if is_parent_or_self(domain, submitter) => {
                Some(Self(domain.to_lowercase_owned()))
            }
            DkimVerdict::Pass(_) | DkimVerdict::PassWithLength(_) | DkimVerdict::Fail => None,
        })
    }

    /// The domain that signed.
    #[must_use]
    pub fn domain(&self) -> &DnsName<'static> {
        &self.0
    }
}

/// Whether the name ends with the parent's labels. A single label, such as a top-level domain,
/// answers for nobody but itself.
fn is_parent_or_self(parent: &DnsName<'_>, name: &DnsName<'_>) -> bool {
    let (parent, name): (&str, &str) = (parent.as_ref(), name.as_ref());
    let parent = parent.strip_suffix('.').unwrap_or(parent);
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.eq_ignore_ascii_case(parent) {
        return true;
    }
    let Some(at) = name.len().checked_sub(parent.len()) else { return false };
    let Some((rest, end)) = name.split_at_checked(at) else { return false };
    parent.contains('.') && rest.ends_with('.') && end.eq_ignore_ascii_case(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(verdicts: &[DkimVerdict<'_>], submitter: &str) -> Option<alloc::string::String> {
        let name = DnsName::try_from(submitter).unwrap();
        Authenticated::judge(verdicts, &name).map(|it| it.domain().as_ref().into())
    }

    fn pass(domain: &str) -> DkimVerdict<'_> {
        DkimVerdict::Pass(DnsName::try_from(domain).unwrap())
    }

    // checks: tlsrpt/M5
    #[test]
    fn rfc8460_3_without_a_pass_nobody_answers() {
        assert_eq!(judge(&[], "a.example"), None);
        assert_eq!(judge(&[DkimVerdict::Fail], "a.example"), None);
        let limited = DkimVerdict::PassWithLength(DnsName::try_from("a.example").unwrap());
        assert_eq!(judge(core::slice::from_ref(&limited), "a.example"), None);
        assert_eq!(judge(&[limited, pass("A.example")], "a.example").as_deref(), Some("a.example"));
    }

    // checks: tlsrpt/M5
    #[test]
    fn house_3_the_domain_or_a_parent_of_it() {
        for domain in ["b.example", "xa.example", "x.a.example", "example", "le"] {
            assert_eq!(judge(&[pass(domain)], "a.example"), None, "{domain}");
        }
        assert!(judge(&[pass("a.example.")], "a.example").is_some());
        assert!(judge(&[pass("a.example")], "x.y.A.example").is_some());
    }
}
