//! How MAIL is written, by what the message asks of the way.

use smtp_starttls::{Clear, CommandError, Mail, Mailer, MessageNeed, MxTrust, Sealed};

/// Writes MAIL into a buffer.
pub(in crate::driver::visit) type Begin<S> =
    fn(&mut Mailer<S>, &Mail<'_>, &mut [u8]) -> Result<usize, CommandError>;

/// In clear. A message that asks for REQUIRETLS never comes here: its session does not go on in clear.
pub(in crate::driver::visit) const CLEAR: Begin<Clear> = Mailer::mail;

/// Inside TLS.
pub(in crate::driver::visit) const fn sealed(need: MessageNeed) -> Begin<Sealed> {
    match need {
        MessageNeed::Nothing => Mailer::mail,
        MessageNeed::RequireTls(MxTrust::Authenticated) => mail_require_tls,
        MessageNeed::RequireTls(MxTrust::NotAuthenticated) => {
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
