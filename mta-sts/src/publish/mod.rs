//! The other side: policy text and TXT record for a domain that one hosts.

mod draft;
mod id;
mod lint;

pub use draft::{IdFrom, MaxAge, MaxAgeError, MxList, Promise, Publication, PublishError};
pub use id::content_id;
pub use lint::{Hosting, Lint, lint};

/// The path at which a policy host serves the policy, and the only one (section 3.2).
pub const POLICY_PATH: &str = "/.well-known/mta-sts.txt";

/// The `Content-Type` under which a policy is served (section 3.2).
pub const POLICY_MEDIA_TYPE: &str = "text/plain; charset=utf-8";

#[cfg(test)]
mod tests;
