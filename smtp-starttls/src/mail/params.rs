//! MAIL and RCPT with their parameters.

use super::error::{CommandError, ParameterError};
use super::line::{CommandLine, xtext_len};
use super::mailbox::{ForwardPath, ReversePath};
use crate::ehlo::{Capabilities, Keyword};
use crate::limits::{ENVELOPE_ID, ORIGINAL_RECIPIENT};

/// What kind of octets the message has.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Body {
    /// ASCII in lines.
    #[default]
    SevenBit,
    /// Any octets in lines, [RFC 6152](https://www.rfc-editor.org/rfc/rfc6152).
    EightBitMime,
    /// Any octets, [RFC 3030](https://www.rfc-editor.org/rfc/rfc3030); only in chunks.
    BinaryMime,
}

/// How much of the message a bounce returns, [RFC 3461 section 4.3].
///
/// [RFC 3461 section 4.3]: https://www.rfc-editor.org/rfc/rfc3461#section-4.3
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Return {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

/// The sender's own id for the message, [RFC 3461 section 4.4]; printable ASCII, which is written
/// as xtext of at most [`limits::ENVELOPE_ID`](crate::limits::ENVELOPE_ID) octets.
///
/// [RFC 3461 section 4.4]: https://www.rfc-editor.org/rfc/rfc3461#section-4.4
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EnvelopeId<'a>(&'a str);

impl<'a> TryFrom<&'a str> for EnvelopeId<'a> {
    type Error = ParameterError;

    fn try_from(id: &'a str) -> Result<Self, Self::Error> {
        check_xtext(id, ENVELOPE_ID).map(|()| Self(id))
    }
}

/// The recipient as first named, [RFC 3461 section 4.2]: an address type, such as `rfc822`, and an
/// address in printable ASCII.
///
/// [RFC 3461 section 4.2]: https://www.rfc-editor.org/rfc/rfc3461#section-4.2
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OriginalRecipient<'a> {
    address_type: &'a str,
    address: &'a str,
}

impl<'a> OriginalRecipient<'a> {
    /// An address of this type.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] if the type is no atom of letters, digits and hyphens, or the address is
    /// empty, not printable ASCII, or longer than
    /// [`limits::ORIGINAL_RECIPIENT`](crate::limits::ORIGINAL_RECIPIENT) with its type.
    pub fn new(address_type: &'a str, address: &'a str) -> Result<Self, ParameterError> {
        let atom = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        if let Some(at) = address_type.bytes().position(|octet| !atom(octet)) {
            return Err(ParameterError::InvalidOctet(at));
        }
        if address_type.is_empty() {
            return Err(ParameterError::Length(0));
        }
        let room = ORIGINAL_RECIPIENT.saturating_sub(address_type.len() + 1);
        check_xtext(address, room).map(|()| Self { address_type, address })
    }
}

fn check_xtext(text: &str, room: usize) -> Result<(), ParameterError> {
    if let Some(at) = text.bytes().position(|octet| !matches!(octet, b' '..=b'~')) {
        return Err(ParameterError::InvalidOctet(at));
    }
    let len = xtext_len(text.as_bytes());
    if len == 0 || len > room { Err(ParameterError::Length(len)) } else { Ok(()) }
}

/// When to notify the sender of one recipient, [RFC 3461 section 4.1].
///
/// [RFC 3461 section 4.1]: https://www.rfc-editor.org/rfc/rfc3461#section-4.1
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Notify {
    /// Never.
    Never,
    /// On at least one of the three events.
    On(NotifyOn),
}

/// A set of events that is not empty.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct NotifyOn(u8);

impl NotifyOn {
    /// The message was delivered.
    pub const SUCCESS: Self = Self(1);
    /// It was not.
    pub const FAILURE: Self = Self(2);
    /// It takes long.
    pub const DELAY: Self = Self(4);

    /// On these or those.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn write(self, line: &mut CommandLine<'_>) {
        let names =
            [(Self::SUCCESS, "SUCCESS"), (Self::FAILURE, "FAILURE"), (Self::DELAY, "DELAY")];
        let mut separator = "";
        for (_, name) in names.into_iter().filter(|(event, _)| self.0 & event.0 != 0) {
            line.put(separator.as_bytes()).put(name.as_bytes());
            separator = ",";
        }
    }
}

/// The command MAIL: the reverse path and parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mail<'a> {
    reverse_path: ReversePath<'a>,
    size: Option<u64>,
    pub(super) body: Body,
    utf8: Utf8,
    returns: Option<Return>,
    envelope_id: Option<EnvelopeId<'a>>,
}

/// Whether the message has a header or address beyond ASCII.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Utf8 {
    NotNeeded,
    Needed,
    /// By the header, so that no choice of recipients makes it unneeded.
    NeededByHeader,
}

impl<'a> Mail<'a> {
    /// MAIL with this reverse path and no parameter; SMTPUTF8 is added if the path needs it.
    #[must_use]
    pub fn new(reverse_path: impl Into<ReversePath<'a>>) -> Self {
        Self::from_path(reverse_path.into())
    }

    fn from_path(reverse_path: ReversePath<'a>) -> Self {
        let needs_utf8 = !reverse_path.as_str().is_ascii();
        Self {
            reverse_path,
            size: None,
            body: Body::SevenBit,
            utf8: if needs_utf8 { Utf8::Needed } else { Utf8::NotNeeded },
            returns: None,
            envelope_id: None,
        }
    }

    /// With the size of the message in octets; it is written where the server lists SIZE.
    #[must_use]
    pub const fn size(mut self, octets: u64) -> Self {
        self.size = Some(octets);
        self
    }

    /// With this kind of body.
    #[must_use]
    pub const fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// For a message with a recipient beyond ASCII, [RFC 6531 section 3.4].
    ///
    /// [RFC 6531 section 3.4]: https://www.rfc-editor.org/rfc/rfc6531#section-3.4
    #[must_use]
    pub fn smtputf8(mut self) -> Self {
        if self.utf8 == Utf8::NotNeeded {
            self.utf8 = Utf8::Needed;
        }
        self
    }

    /// For a message with a header beyond ASCII, [RFC 6531 section 3.2]: see
    /// [`Message::needs_smtputf8`](super::Message::needs_smtputf8).
    ///
    /// [RFC 6531 section 3.2]: https://www.rfc-editor.org/rfc/rfc6531#section-3.2
    #[must_use]
    pub const fn utf8_header(mut self) -> Self {
        self.utf8 = Utf8::NeededByHeader;
        self
    }

    /// With this much returned in a bounce.
    #[must_use]
    pub const fn returns(mut self, returns: Return) -> Self {
        self.returns = Some(returns);
        self
    }

    /// With this envelope id.
    #[must_use]
    pub const fn envelope_id(mut self, id: EnvelopeId<'a>) -> Self {
        self.envelope_id = Some(id);
        self
    }

    /// The reverse path.
    #[must_use]
    pub const fn reverse_path(&self) -> ReversePath<'a> {
        self.reverse_path
    }

    /// Whether SMTPUTF8 is asked for.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.utf8 != Utf8::NotNeeded
    }

    pub(super) fn check(&self, capabilities: &Capabilities) -> Result<(), CommandError> {
        let need = |keyword| match capabilities.has(keyword) {
            true => Ok(()),
            false => Err(CommandError::NotOffered(keyword)),
        };
        match self.body {
            Body::SevenBit => {}
            Body::EightBitMime => need(Keyword::EightBitMime)?,
            Body::BinaryMime => need(Keyword::BinaryMime)?,
        }
        match self.utf8 {
            Utf8::NotNeeded => {}
            Utf8::Needed => need(Keyword::SmtpUtf8)?,
            Utf8::NeededByHeader => {
                need(Keyword::SmtpUtf8).map_err(|_| CommandError::HeaderNeedsSmtpUtf8)?;
            }
        }
        if self.returns.is_some() || self.envelope_id.is_some() {
            need(Keyword::Dsn)?;
        }
        match self.size {
            Some(octets) if capabilities.size().forbids(octets) => {
                Err(CommandError::MessageTooLarge(octets))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn write(&self, capabilities: &Capabilities, line: &mut CommandLine<'_>) {
        line.put(b"MAIL FROM:<").put(self.reverse_path.as_str().as_bytes()).put(b">");
        if let Some(octets) = self.size.filter(|_| capabilities.has(Keyword::Size)) {
            line.put(b" SIZE=").put_number(octets);
        }
        match self.body {
            Body::SevenBit => {}
            Body::EightBitMime => _ = line.put(b" BODY=8BITMIME"),
            Body::BinaryMime => _ = line.put(b" BODY=BINARYMIME"),
        }
        if self.needs_smtputf8() {
            line.put(b" SMTPUTF8");
        }
        match self.returns {
            None => {}
            Some(Return::Full) => _ = line.put(b" RET=FULL"),
            Some(Return::Headers) => _ = line.put(b" RET=HDRS"),
        }
        if let Some(EnvelopeId(id)) = self.envelope_id {
            line.put(b" ENVID=").put_xtext(id.as_bytes());
        }
    }
}

/// The command RCPT: the forward path and parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recipient<'a> {
    path: ForwardPath<'a>,
    notify: Option<Notify>,
    original: Option<OriginalRecipient<'a>>,
}

impl<'a> Recipient<'a> {
    /// RCPT with this forward path and no parameter.
    #[must_use]
    pub fn new(path: impl Into<ForwardPath<'a>>) -> Self {
        Self { path: path.into(), notify: None, original: None }
    }

    /// With notices on these events.
    #[must_use]
    pub const fn notify(mut self, notify: Notify) -> Self {
        self.notify = Some(notify);
        self
    }

    /// With this original recipient.
    #[must_use]
    pub const fn original(mut self, original: OriginalRecipient<'a>) -> Self {
        self.original = Some(original);
        self
    }

    pub(super) const fn needs_smtputf8(&self) -> bool {
        !self.path.as_str().is_ascii()
    }

    pub(super) fn check(&self, capabilities: &Capabilities) -> Result<(), CommandError> {
        let wants_dsn = self.notify.is_some() || self.original.is_some();
        if wants_dsn && !capabilities.has(Keyword::Dsn) {
            return Err(CommandError::NotOffered(Keyword::Dsn));
        }
        Ok(())
    }

    pub(super) fn write(&self, line: &mut CommandLine<'_>) {
        line.put(b"RCPT TO:<").put(self.path.as_str().as_bytes()).put(b">");
        match self.notify {
            None => {}
            Some(Notify::Never) => _ = line.put(b" NOTIFY=NEVER"),
            Some(Notify::On(events)) => events.write(line.put(b" NOTIFY=")),
        }
        if let Some(OriginalRecipient { address_type, address }) = self.original {
            line.put(b" ORCPT=").put(address_type.as_bytes()).put(b";");
            line.put_xtext(address.as_bytes());
        }
    }
}
