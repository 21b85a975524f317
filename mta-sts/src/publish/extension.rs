//! A field of a policy beside those that the RFC gives a meaning to.

use alloc::boxed::Box;
use core::fmt;

use crate::bytes::is_field_name;

/// A field that senders ignore unless they know it, such as a contact or a remark.
///
/// Grammar: `sts-policy-extension` of
/// [RFC 8461 section 3.2](https://www.rfc-editor.org/rfc/rfc8461#section-3.2). `Display` writes the line
/// without its end.
///
/// ```
/// let field = mta_sts::publish::Extension::new("owner", "Postmaster Müller")?;
/// assert_eq!(field.to_string(), "owner: Postmaster Müller");
/// # Ok::<(), mta_sts::publish::ExtensionError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Extension {
    name: Box<str>,
    value: Box<str>,
}

impl Extension {
    /// A field of this name with this value.
    ///
    /// # Errors
    ///
    /// An [`ExtensionError`] if one of them breaks the grammar, or the name has a meaning already.
    pub fn new(name: &str, value: &str) -> Result<Self, ExtensionError> {
        if !is_field_name(name.as_bytes()) {
            return Err(ExtensionError::Name);
        }
        // In another case they would be no fields of the policy, which nobody wants to say.
        if ["version", "mode", "max_age", "mx"].iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(ExtensionError::Reserved);
        }
        if let Some(at) = value.bytes().position(|byte| byte.is_ascii_control()) {
            return Err(ExtensionError::Value(at));
        }
        if value.is_empty() || value.starts_with(' ') {
            return Err(ExtensionError::Value(0));
        }
        if value.ends_with(' ') {
            return Err(ExtensionError::Value(value.len() - 1));
        }
        Ok(Self { name: name.into(), value: value.into() })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.value)
    }
}

/// Why a field cannot be written.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExtensionError {
    /// The name is not 1 to 32 letters, digits, `_`, `-` and `.`, beginning with a letter or digit.
    #[error("a field name is 1 to 32 letters, digits, '_', '-' and '.'")]
    Name,
    /// The name is that of a field of the policy itself, in some case.
    #[error("version, mode, max_age and mx are fields of the policy itself")]
    Reserved,
    /// The value is empty, or has a control character at this offset, or a space there at an end.
    #[error("byte at offset {0}: a value is text without control characters or spaces at its ends")]
    Value(usize),
}

impl ExtensionError {
    /// A stable word for logs and reports, such as `extension-value`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Name => "extension-name",
            Self::Reserved => "extension-reserved",
            Self::Value(_) => "extension-value",
        }
    }
}
