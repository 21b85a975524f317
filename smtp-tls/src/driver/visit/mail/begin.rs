//! How MAIL is written, by what the message asks of the way.

use smtp_starttls::{Clear, CommandError, Mail, Mailer, MessageNeed, MxTrust, Sealed};

use crate::plan::Wish;

/// Writes MAIL into a buffer.
pub(in crate::driver::visit) type Begin<S> =
    fn(&mut Mailer<S>, &Mail<'_>, &mut [u8]) -> Result<usize, CommandError>;

/// In clear. A message that asks for REQUIRETLS never comes here: its session does not go on in clear.
pub(in crate::driver::visit) const CLEAR: Begin<Clear> = Mailer::mail;

/// Inside TLS.
pub(in crate::driver::visit) const fn sealed(need: MessageNeed, wish: Wish) -> Begin<Sealed> {
    match (need, wish) {
        (MessageNeed::Nothing, Wish::RequireTls(MxTrust::Authenticated)) => mail_bounce,
        (MessageNeed::Nothing, _) => Mailer::mail,
        (MessageNeed::RequireTls(MxTrust::Authenticated), _) => mail_require_tls,
        (MessageNeed::RequireTls(MxTrust::NotAuthenticated), _) => {
            |_, _, _| Err(CommandError::RequireTlsNotPermitted)
        }
    }
}

/// RFC 8689 section 4.2.1: asks the next server for the same.
fn mail_require_tls(
    mailer: &mut Mailer<Sealed>,
    mail: &Mail<'_>,
    out: &mut [u8],
) -> Result<usize, CommandError> {
    let permit = mailer.permit_require_tls(MxTrust::Authenticated);
    let permit = permit.map_err(|_| CommandError::RequireTlsNotPermitted)?;
    mailer.mail_require_tls(mail, permit, out)
}

/// RFC 8689 section 5: asks for the same where that is permitted, and goes without it elsewhere.
fn mail_bounce(
    mailer: &mut Mailer<Sealed>,
    mail: &Mail<'_>,
    out: &mut [u8],
) -> Result<usize, CommandError> {
    mailer.mail_bounce(mail, MxTrust::Authenticated, out)
}
