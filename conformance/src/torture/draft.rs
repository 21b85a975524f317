//! Writing scripts in few words.

use super::script::{
    ByRequirement, Certificate, ClientAuth, Evidence, Expected, MailFate, Script, Step, Tls,
    Verdict,
};
use crate::lab::TlsVersions;

pub(super) const GREETING: &[u8] = b"220 mx.torture.test ESMTP\r\n";
pub(super) const OFFER: &[u8] =
    b"250-mx.torture.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 STARTTLS\r\n";
pub(super) const NO_OFFER: &[u8] =
    b"250-mx.torture.test\r\n250-PIPELINING\r\n250-SIZE 1048576\r\n250 8BITMIME\r\n";
/// One command at a time.
pub(super) const NO_GROUPS: &[u8] = b"250-mx.torture.test\r\n250-SIZE 1048576\r\n250 8BITMIME\r\n";
pub(super) const READY: &[u8] = b"220 2.0.0 ready for TLS\r\n";
pub(super) const OK: &[u8] = b"250 2.0.0 ok\r\n";

impl Tls {
    pub(super) const HONEST: Self = Self {
        versions: TlsVersions::Both,
        certificate: Certificate::Honest,
        client: ClientAuth::None,
    };
}

impl Expected {
    fn new(verdict: Verdict, reasons: &[&'static str]) -> Self {
        let mail = match verdict {
            Verdict::Refused => MailFate::Deferred,
            Verdict::Secured | Verdict::Plaintext | Verdict::RetryPlaintext => MailFate::Delivered,
        };
        Self { verdict, reasons: reasons.to_vec(), mail }
    }
}

/// A script that ends well unless more is said.
pub(super) fn script(
    id: impl Into<String>,
    title: impl Into<String>,
    section: &'static str,
) -> Script {
    let secured = Expected::new(Verdict::Secured, &[]);
    Script {
        id: id.into(),
        title: title.into(),
        section,
        steps: Vec::new(),
        expected: ByRequirement {
            opportunistic: secured.clone(),
            encrypt: secured.clone(),
            authenticate: secured,
        },
        evidence: Evidence::Arrives,
    }
}

/// Steps.
impl Script {
    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(super) fn send(self, octets: &[u8]) -> Self {
        self.step(Step::Send(vec![octets.to_vec()]))
    }

    pub(super) fn cut(self, pieces: &[&[u8]]) -> Self {
        self.step(Step::Send(pieces.iter().map(|piece| piece.to_vec()).collect()))
    }

    /// Each octet by itself.
    pub(super) fn drip(self, octets: &[u8]) -> Self {
        self.step(Step::Send(octets.iter().map(|octet| vec![*octet]).collect()))
    }

    pub(super) fn send_bare(self, octets: &[u8]) -> Self {
        self.step(Step::SendBare(octets.to_vec()))
    }

    pub(super) fn expect(self, verb: &'static str) -> Self {
        self.step(Step::Expect(verb))
    }

    pub(super) fn message(self) -> Self {
        self.step(Step::Message)
    }

    pub(super) fn client_hello(self) -> Self {
        self.step(Step::ClientHello)
    }

    pub(super) fn tls(self, tls: Tls) -> Self {
        self.step(Step::StartTls(tls))
    }

    pub(super) fn close(self) -> Self {
        self.step(Step::Close)
    }

    pub(super) fn close_bare(self) -> Self {
        self.step(Step::CloseBare)
    }

    pub(super) fn stall(mut self) -> Self {
        self.evidence = Evidence::Waits;
        self.step(Step::Stall)
    }

    /// One octet at a time, without end.
    pub(super) fn drip_for_ever(mut self, octets: &'static [u8]) -> Self {
        self.evidence = Evidence::Waits;
        self.step(Step::Drip(octets))
    }

    /// Greeting sent, EHLO read.
    pub(super) fn until_ehlo(self) -> Self {
        self.send(GREETING).expect("EHLO")
    }

    /// STARTTLS offered and asked for.
    pub(super) fn until_starttls(self) -> Self {
        self.until_ehlo().send(OFFER).expect("STARTTLS")
    }

    /// STARTTLS not offered and asked for all the same.
    pub(super) fn until_unlisted_starttls(self) -> Self {
        self.until_ehlo().send(NO_OFFER).expect("STARTTLS")
    }

    /// TLS up with the honest certificate.
    pub(super) fn until_tls(self) -> Self {
        self.until_starttls().send(READY).tls(Tls::HONEST)
    }

    /// TLS up, and EHLO inside it read.
    pub(super) fn until_ehlo_in_tls(self) -> Self {
        self.until_tls().expect("EHLO")
    }

    /// Ready for mail inside TLS.
    pub(super) fn until_mail(self) -> Self {
        self.until_ehlo_in_tls().send(NO_OFFER).expect("MAIL")
    }

    /// As [`until_mail`](Self::until_mail), where a client must wait for the reply to each command.
    pub(super) fn until_lone_mail(self) -> Self {
        self.until_ehlo_in_tls().send(NO_GROUPS).expect("MAIL")
    }

    /// MAIL accepted, RCPT read.
    pub(super) fn until_rcpt(self) -> Self {
        self.until_mail().send(OK).expect("RCPT")
    }

    /// RCPT accepted, DATA read.
    pub(super) fn until_data(self) -> Self {
        self.until_rcpt().send(OK).expect("DATA")
    }
}

/// Verdicts.
impl Script {
    fn all(mut self, expected: &Expected) -> Self {
        self.expected.opportunistic = expected.clone();
        self.needing_tls(expected)
    }

    fn needing_tls(mut self, expected: &Expected) -> Self {
        self.expected.encrypt = expected.clone();
        self.expected.authenticate = expected.clone();
        self
    }

    /// Whatever the connection must reach.
    pub(super) fn refused(self, reasons: &[&'static str]) -> Self {
        self.all(&Expected::new(Verdict::Refused, reasons))
    }

    /// In clear over a new connection, where that is allowed.
    pub(super) fn retried(mut self, reasons: &[&'static str]) -> Self {
        self.expected.opportunistic = Expected::new(Verdict::RetryPlaintext, reasons);
        self.needing_tls(&Expected::new(Verdict::Refused, reasons))
    }

    /// In clear over the same connection, where that is allowed.
    pub(super) fn plaintext(mut self) -> Self {
        self.expected.opportunistic = Expected::new(Verdict::Plaintext, &["starttls-not-offered"]);
        self.needing_tls(&Expected::new(Verdict::Refused, &["starttls-not-offered"]))
    }

    /// In clear where that is allowed; the one try of who needs TLS ends as a refusal for `reasons`.
    pub(super) fn plaintext_or_refused(self, reasons: &[&'static str]) -> Self {
        self.plaintext().needing_tls(&Expected::new(Verdict::Refused, reasons))
    }

    /// Who needs TLS is told nothing that helps, and does not try HELO.
    pub(super) fn who_needs_tls_refuses(self, reason: &'static str) -> Self {
        self.needing_tls(&Expected::new(Verdict::Refused, &[reason]))
    }

    /// In clear where that is allowed; the one try of who needs TLS succeeds.
    pub(super) fn plaintext_or_secured(self) -> Self {
        self.plaintext().needing_tls(&Expected::new(Verdict::Secured, &[]))
    }

    /// Refused only by who authenticates the server.
    pub(super) fn not_authenticated(mut self) -> Self {
        // A client finds out within the handshake, or looks at the certificate after it.
        self.expected.authenticate =
            Expected::new(Verdict::Refused, &["tls-failed", "not-authenticated"]);
        self
    }

    /// The session comes about; this becomes of the message.
    pub(super) fn mail(mut self, fate: MailFate) -> Self {
        let expected = &mut self.expected;
        for one in [&mut expected.opportunistic, &mut expected.encrypt, &mut expected.authenticate]
        {
            one.mail = fate;
        }
        self
    }
}
