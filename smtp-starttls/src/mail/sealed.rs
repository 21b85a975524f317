//! What may be sent inside TLS alone: REQUIRETLS and credentials.

use super::error::CommandError;
use super::line::CommandLine;
use super::mailbox::ReversePath;
use super::mailer::Mailer;
use super::params::Mail;
use super::state::{Last, Stage};
use crate::client::{MxTrust, Sealed, Verification, VerifiedBy};
use crate::ehlo::{AuthMechanism, Keyword};
use crate::failure::Reason;

/// Leave to write REQUIRETLS, made by the checks of [RFC 8689 section 4.2.1] and by nothing else.
///
/// [RFC 8689 section 4.2.1]: https://www.rfc-editor.org/rfc/rfc8689#section-4.2.1
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequireTlsPermit {
    verified_by: VerifiedBy,
}

impl RequireTlsPermit {
    /// By what the server was authenticated.
    #[must_use]
    pub const fn verified_by(&self) -> VerifiedBy {
        self.verified_by
    }
}

/// Why there is no [`RequireTlsPermit`]: take the next host, and if none is left bounce.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RequireTlsRefused {
    /// The certificate was not verified: 5.7.10.
    #[error("server is not authenticated, which requiretls needs")]
    NotVerified,
    /// The name of the MX host is from unsigned DNS and matches no policy: 5.7.10.
    #[error("mx host is not authenticated, which requiretls needs")]
    MxNotAuthenticated,
    /// The server does not list REQUIRETLS inside TLS: 5.7.30.
    #[error("server does not offer requiretls")]
    NotOffered,
}

impl RequireTlsRefused {
    /// The same in the words of a failed session.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::NotVerified | Self::MxNotAuthenticated => Reason::RequireTlsNoTls,
            Self::NotOffered => Reason::RequireTlsNotOffered,
        }
    }
}

/// Says that credentials may go to a server that nobody has authenticated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DangerAuthUnverified;

impl Mailer<Sealed> {
    /// Leave to send a message with REQUIRETLS over this connection.
    ///
    /// # Errors
    ///
    /// [`RequireTlsRefused`] says which condition does not hold.
    pub const fn permit_require_tls(
        &self,
        mx: MxTrust,
    ) -> Result<RequireTlsPermit, RequireTlsRefused> {
        let Verification::Verified(verified_by) = self.channel.verification else {
            return Err(RequireTlsRefused::NotVerified);
        };
        if matches!(mx, MxTrust::NotAuthenticated) {
            return Err(RequireTlsRefused::MxNotAuthenticated);
        }
        if !self.capabilities.has(Keyword::RequireTls) {
            return Err(RequireTlsRefused::NotOffered);
        }
        Ok(RequireTlsPermit { verified_by })
    }

    /// Begins a transaction with REQUIRETLS: writes MAIL and returns its length.
    ///
    /// # Errors
    ///
    /// [`CommandError::RequireTlsNotPermitted`] if the permit is from a connection that was better
    /// than this; else as for [`mail`](Self::mail).
    pub fn mail_require_tls(
        &mut self,
        mail: &Mail<'_>,
        permit: RequireTlsPermit,
        out: &mut [u8],
    ) -> Result<usize, CommandError> {
        if self.permit_require_tls(MxTrust::Authenticated) != Ok(permit) {
            return Err(CommandError::RequireTlsNotPermitted);
        }
        self.mail_with(mail, b" REQUIRETLS", out)
    }

    /// Begins to send a bounce of a message that came with REQUIRETLS: asks for it too where that
    /// is permitted, and else goes without ([RFC 8689 section 5]).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotABounce`] if the reverse path is not empty; else as for
    /// [`mail`](Self::mail).
    ///
    /// [RFC 8689 section 5]: https://www.rfc-editor.org/rfc/rfc8689#section-5
    pub fn mail_bounce(
        &mut self,
        mail: &Mail<'_>,
        mx: MxTrust,
        out: &mut [u8],
    ) -> Result<usize, CommandError> {
        if mail.reverse_path() != ReversePath::Null {
            return Err(CommandError::NotABounce);
        }
        match self.permit_require_tls(mx) {
            Ok(permit) => self.mail_require_tls(mail, permit, out),
            Err(_) => self.mail(mail, out),
        }
    }

    /// What verification of the server came to.
    #[must_use]
    pub const fn verification(&self) -> Verification {
        self.channel.verification
    }

    /// Begins AUTH with an initial response, if the mechanism has one, and returns the length of
    /// what was written ([RFC 4954 section 4](https://www.rfc-editor.org/rfc/rfc4954#section-4)).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotAuthenticated`] if the server was not verified;
    /// [`CommandError::NotOffered`] if it does not list the mechanism;
    /// [`CommandError::OutOfOrder`] within a transaction or after AUTH; else as for
    /// [`mail`](Self::mail).
    pub fn auth(
        &mut self,
        mechanism: AuthMechanism,
        initial: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<usize, CommandError> {
        if !matches!(self.channel.verification, Verification::Verified(_)) {
            return Err(CommandError::NotAuthenticated);
        }
        self.danger_auth(mechanism, initial, DangerAuthUnverified, out)
    }

    /// As [`auth`](Self::auth), whoever the server is.
    ///
    /// # Errors
    ///
    /// As for [`auth`](Self::auth), but for [`CommandError::NotAuthenticated`].
    pub fn danger_auth(
        &mut self,
        mechanism: AuthMechanism,
        initial: Option<&[u8]>,
        _: DangerAuthUnverified,
        out: &mut [u8],
    ) -> Result<usize, CommandError> {
        self.check_turn()?;
        if !matches!(self.stage, Stage::Idle) || self.authenticated || self.awaited().is_some() {
            return Err(CommandError::OutOfOrder);
        }
        if !self.capabilities.auth().contains(mechanism) {
            return Err(CommandError::NotOffered(Keyword::Auth));
        }
        let mut line = CommandLine::new(out);
        line.put(b"AUTH ").put(mechanism.name().as_bytes());
        match initial {
            None => {}
            Some([]) => _ = line.put(b" ="),
            Some(response) => _ = line.put(b" ").put_base64(response),
        }
        let len = line.finish()?;
        self.pending.last = Last::Auth;
        Ok(len)
    }

    /// Answers a challenge of AUTH and returns the length of what was written.
    ///
    /// # Errors
    ///
    /// [`CommandError::OutOfOrder`] if there is no challenge.
    pub fn auth_respond(&mut self, response: &[u8], out: &mut [u8]) -> Result<usize, CommandError> {
        self.answer_challenge(CommandLine::new(out).put_base64(response))
    }

    /// Cancels AUTH and returns the length of what was written.
    ///
    /// # Errors
    ///
    /// [`CommandError::OutOfOrder`] if there is no challenge.
    pub fn auth_cancel(&mut self, out: &mut [u8]) -> Result<usize, CommandError> {
        self.answer_challenge(CommandLine::new(out).put(b"*"))
    }

    fn answer_challenge(&mut self, line: &mut CommandLine<'_>) -> Result<usize, CommandError> {
        self.check_turn()?;
        if !matches!(self.stage, Stage::Challenge) {
            return Err(CommandError::OutOfOrder);
        }
        let len = line.finish()?;
        self.stage = Stage::Idle;
        self.pending.last = Last::Auth;
        Ok(len)
    }
}
