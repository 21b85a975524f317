//! Reports as mail and as HTTPS POST: written, signed by others, and read.

mod authenticate;
mod decode;
mod mime;
mod read;
mod sign;
mod write;

pub use authenticate::{Authenticated, DkimVerdict};
pub use read::{MailError, MailReading, Subject};
pub use sign::{DkimRequirement, SignatureError, Signed, Unsigned};
pub use write::{Mail, MailTextError, Post};

#[cfg(test)]
mod tests;
