//! The other side: policy text and TXT record for a domain that one hosts.

mod id;

pub use id::content_id;
