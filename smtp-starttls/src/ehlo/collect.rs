//! Reading an EHLO reply line by line.

use super::scan::split_word;
use super::{AuthMechanisms, Capabilities, Keyword, Limits, SizeLimit, Warning, WarningSet};
use crate::downgrade::{EhloSigns, is_garbled, is_masked};
use crate::reply::ReplyLine;

/// Makes [`Capabilities`] of the lines of one EHLO reply.
#[derive(Clone, Debug, Default)]
pub struct CapabilityReader {
    capabilities: Capabilities,
    signs: EhloSigns,
    first_line_offers: bool,
}

impl CapabilityReader {
    /// A reader that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            capabilities: Capabilities::none(),
            signs: EhloSigns::NONE,
            first_line_offers: false,
        }
    }

    /// Takes the next line.
    // Always: the line then stays in registers, from the reader to here.
    #[inline(always)]
    pub fn line(&mut self, line: &ReplyLine<'_>) {
        let text = line.text();
        let (word, rest) = split_word(text);
        if line.is_first() {
            // RFC 5321 section 4.1.1.1: the domain and a greeting, whatever it looks like.
            self.first_line_offers = Keyword::of_word(word) == Some(Keyword::StartTls);
            return;
        }
        if let [b'X', ..] = word {
            // No known keyword is a private one.
            self.signs.masked |= is_masked(word);
            return;
        }
        match Keyword::of_word(word) {
            None => self.unknown(text, word),
            Some(keyword @ (Keyword::Size | Keyword::Auth | Keyword::Limits)) => {
                self.value(keyword, rest);
            }
            Some(keyword) => self.capabilities.known.insert(keyword),
        }
    }

    #[inline]
    fn unknown(&mut self, text: &[u8], word: &[u8]) {
        match word.first() {
            Some(b's' | b'S') => self.signs.garbled |= is_garbled(word),
            Some(b'a' | b'A') => self.old_auth(text),
            Some(octet) if octet.is_ascii_alphanumeric() => {}
            Some(_) | None => {
                self.signs.garbled |= is_garbled(text);
                self.capabilities.warnings.add(Warning::NoKeyword);
            }
        }
    }

    /// An old draft wrote the mechanisms behind an equals sign.
    fn old_auth(&mut self, text: &[u8]) {
        if let Some((name, mechanisms)) = text.split_at_checked(5)
            && name.eq_ignore_ascii_case(b"AUTH=")
        {
            self.auth(AuthMechanisms::parse(mechanisms));
        }
    }

    fn auth(&mut self, listed: AuthMechanisms) {
        if self.is_repeated(Keyword::Auth) {
            return;
        }
        self.capabilities.auth = listed;
    }

    fn is_repeated(&mut self, keyword: Keyword) -> bool {
        let repeated = self.capabilities.has(keyword);
        if repeated {
            self.capabilities.warnings.add(Warning::Repeated);
        }
        self.capabilities.known.insert(keyword);
        repeated
    }

    fn value(&mut self, keyword: Keyword, rest: &[u8]) {
        let parameters = rest.strip_prefix(b" ").unwrap_or_default();
        match keyword {
            Keyword::Size if !self.is_repeated(Keyword::Size) => {
                self.capabilities.size = SizeLimit::parse(parameters).unwrap_or_else(|| {
                    self.capabilities.warnings.add(Warning::SizeUnreadable);
                    SizeLimit::Unknown
                });
            }
            Keyword::Limits if !self.is_repeated(Keyword::Limits) => {
                let (limits, all_read) = Limits::parse(parameters);
                self.capabilities.limits = limits;
                if !all_read {
                    self.capabilities.warnings.add(Warning::LimitUnreadable);
                }
            }
            Keyword::Auth => self.auth(AuthMechanisms::parse(parameters)),
            _ => {}
        }
    }

    /// Whether STARTTLS stands on the first line, where it is no capability.
    #[must_use]
    pub const fn first_line_offers(&self) -> bool {
        self.first_line_offers
    }

    /// The signs of masking that the lines show.
    pub(crate) const fn signs(&self) -> EhloSigns {
        self.signs
    }

    /// What the lines say, or what was settled.
    pub(crate) const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// From now on the capabilities are these.
    pub(crate) const fn settle(&mut self, capabilities: Capabilities) {
        self.capabilities = capabilities;
    }

    /// What is in force before TLS.
    #[must_use]
    pub fn finish_in_clear(&self) -> Capabilities {
        self.finish(Keyword::RequireTls, Warning::RequireTlsInClear)
    }

    /// What is in force inside TLS.
    #[must_use]
    pub fn finish_in_tls(&self) -> Capabilities {
        self.finish(Keyword::StartTls, Warning::StartTlsInTls)
    }

    fn finish(&self, out_of_place: Keyword, warning: Warning) -> Capabilities {
        let mut capabilities = self.capabilities;
        let Capabilities { known, warnings, .. } = &mut capabilities;
        let mut withdraw = |keyword, warning, warnings: &mut WarningSet| {
            known.remove(keyword);
            warnings.add(warning);
        };
        if self.capabilities.has(out_of_place) {
            withdraw(out_of_place, warning, warnings);
        }
        if self.capabilities.has(Keyword::BinaryMime) && !self.capabilities.has(Keyword::Chunking) {
            withdraw(Keyword::BinaryMime, Warning::BinaryWithoutChunking, warnings);
        }
        if known.contains(Keyword::SmtpUtf8) && !known.contains(Keyword::EightBitMime) {
            known.insert(Keyword::EightBitMime);
            warnings.add(Warning::Utf8WithoutEightBit);
        }
        capabilities
    }
}

#[cfg(test)]
mod tests;
