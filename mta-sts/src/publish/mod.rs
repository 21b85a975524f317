//! The other side: policy text and TXT record for a domain that one hosts.

mod draft;
mod extension;
mod id;
mod lint;

use alloc::format;
use alloc::string::String;

use crate::policy::Policy;

pub use draft::{IdFrom, MaxAge, MaxAgeError, MxList, Promise, Publication, PublishError};
pub use extension::{Extension, ExtensionError};
pub use id::content_id;
pub use lint::{Hosting, Lint, lint};

/// The path at which a policy host serves the policy, and the only one (section 3.2).
pub const POLICY_PATH: &str = "/.well-known/mta-sts.txt";

/// The `Content-Type` under which a policy is served (section 3.2).
pub const POLICY_MEDIA_TYPE: &str = "text/plain; charset=utf-8";

/// The whole response with which a policy host answers a GET of [`POLICY_PATH`]: status 200 and the
/// policy. To anything else it answers with a failure, and never with a redirect.
///
/// A sender may already refuse what takes longer than a minute or has over 65 536 bytes of body.
#[must_use]
pub fn policy_response(policy: &Policy) -> String {
    let body = policy.as_str();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {POLICY_MEDIA_TYPE}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len(),
    )
}

#[cfg(test)]
mod tests;
