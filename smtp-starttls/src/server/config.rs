//! What a server says and allows.

use crate::client::Protocol;
use crate::name::EhloName;

/// Whether the server can do TLS.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TlsOffer {
    /// It can, and says so.
    Offered,
    /// It lists STARTTLS, and answers it with 454 for now.
    Unavailable,
    /// It cannot.
    NotOffered,
}

/// What the server does for a client that has not begun TLS.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum ClearUse {
    /// All that it does.
    #[default]
    Allowed,
    /// Nothing but NOOP, EHLO, STARTTLS and QUIT. Not for a public MX, where
    /// [RFC 3207 section 4](https://www.rfc-editor.org/rfc/rfc3207#section-4) forbids it.
    Refused,
}

/// What a server says and allows.
#[derive(Clone, Copy, Debug)]
pub struct ServerConfig {
    pub(super) name: EhloName,
    pub(super) tls: TlsOffer,
    pub(super) clear_use: ClearUse,
    pub(super) protocol: Protocol,
    pub(super) size: Option<u64>,
    pub(super) require_tls: bool,
}

impl ServerConfig {
    /// An SMTP server of this name.
    #[must_use]
    pub const fn new(name: EhloName, tls: TlsOffer) -> Self {
        Self {
            name,
            tls,
            clear_use: ClearUse::Allowed,
            protocol: Protocol::Smtp,
            size: None,
            require_tls: false,
        }
    }

    /// With this done for clients without TLS.
    #[must_use]
    pub const fn clear_use(mut self, clear_use: ClearUse) -> Self {
        self.clear_use = clear_use;
        self
    }

    /// With this protocol.
    #[must_use]
    pub const fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// With SIZE and this limit in octets listed; 0 says that there is no fixed limit.
    #[must_use]
    pub const fn size(mut self, octets: u64) -> Self {
        self.size = Some(octets);
        self
    }

    /// With REQUIRETLS listed inside TLS, for a server that relays such messages as
    /// [RFC 8689 section 4.2](https://www.rfc-editor.org/rfc/rfc8689#section-4.2) asks.
    #[must_use]
    pub const fn require_tls(mut self) -> Self {
        self.require_tls = true;
        self
    }
}
