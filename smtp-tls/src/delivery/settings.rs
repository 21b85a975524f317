//! What the operator chooses for deliveries, each choice with its default named.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mta_sts::{Exemption, MessageTls, Override};
use tlsrpt::Purpose;

use crate::attempt::Patience;
use crate::plan::{Demand, Terms};
use crate::resolve::Name;

/// What the operator chooses. The default is the secure one throughout: nothing has to be set.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Settings {
    /// What every connection must reach whatever the domain publishes. Default:
    /// [`LocalLevel::Opportunistic`].
    pub level: LocalLevel,
    /// Whether the TLSA records of hosts found by an insecure MX answer are used. Default:
    /// [`InsecureMx::UseTlsa`].
    pub insecure_mx: InsecureMx,
    /// Whether a failure of DANE authentication keeps a host from being used. Default:
    /// [`DaneFailure::SkipsHost`].
    pub dane_failure: DaneFailure,
    /// MTA-STS.
    pub mta_sts: mta_sts::Options,
    /// What the operator knows better about the MTA-STS policies of single domains, in place of the
    /// override in [`Self::mta_sts`]. Default: nothing.
    pub mta_sts_overrides: Arc<BTreeMap<Name, Override>>,
    /// The names by which this server stands in MX records. Where a domain lists one of them, that host and all
    /// of the same or a worse preference are left out, so that a backup server does not send to itself or
    /// to its like in a loop; if none is left the message is refused
    /// ([RFC 5321 section 5.1](https://www.rfc-editor.org/rfc/rfc5321#section-5.1)). Default: none; the
    /// drivers then take the name that they give in EHLO. Who gives a name there by which another server
    /// takes mail says here what is its own.
    pub own_names: Arc<BTreeSet<Name>>,
    /// The addresses at which this server takes mail from the Internet. A host with one of them is this
    /// server under another name: neither it nor a host behind it is tried. Its addresses are known when
    /// its turn comes, so that one of the same preference may have been tried before. Default: none.
    pub own_addresses: Arc<BTreeSet<IpAddr>>,
    /// The port of SMTP, 25 but in a laboratory. TLSA owner names have port 25 all the same.
    pub port: u16,
    /// How long the waits of a connection may last. Default: [`Patience::Rfc5321`].
    pub patience: Patience,
    /// A number that spreads the load over hosts of equal preference: take another one each time.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: LocalLevel::Opportunistic,
            insecure_mx: InsecureMx::UseTlsa,
            dane_failure: DaneFailure::SkipsHost,
            mta_sts: mta_sts::Options::default(),
            mta_sts_overrides: Arc::default(),
            own_names: Arc::default(),
            own_addresses: Arc::default(),
            port: 25,
            patience: Patience::Rfc5321,
            seed: 0,
        }
    }
}

impl Settings {
    /// Decides for one domain what its MTA-STS policy is worth.
    ///
    /// ```
    /// use mta_sts::Override;
    ///
    /// let mut settings = smtp_tls::delivery::Settings::default();
    /// settings.override_policy("partner.example".parse()?, Override::Enforce);
    /// # Ok::<(), smtp_tls::resolve::NameError>(())
    /// ```
    pub fn override_policy(&mut self, domain: Name, policy_override: Override) {
        Arc::make_mut(&mut self.mta_sts_overrides).insert(domain, policy_override);
    }

    /// Adds a name to [`Self::own_names`].
    pub fn own_name(&mut self, name: Name) {
        Arc::make_mut(&mut self.own_names).insert(name);
    }

    pub(super) fn is_own_address(&self, address: IpAddr) -> bool {
        let own = &self.own_addresses;
        own.contains(&address) || own.contains(&address.to_canonical())
    }

    /// The options of MTA-STS for one domain.
    pub(super) fn mta_sts_for(&self, domain: &Name) -> mta_sts::Options {
        let mut options = self.mta_sts.clone();
        if let Some(own) = self.mta_sts_overrides.get(domain) {
            options.policy_override = own.clone();
        }
        options
    }

    /// What is asked of every host for such a message. A demand of the operator outweighs what the
    /// message would set aside.
    pub(super) fn terms(&self, message: MessageTerms) -> Terms {
        let exemption = self.mta_sts.tls_required_no.exemption(message.tls);
        let demand = match (message.tls, message.purpose, exemption) {
            (MessageTls::Required, _, _) => match message.return_path {
                ReturnPath::Sender => Demand::RequireTls,
                ReturnPath::Nobody => Demand::WishTls,
            },
            (_, Purpose::ReportDelivery, _) | (_, _, Exemption::TlsRequiredNo) => Demand::Exempt,
            _ => Demand::Ordinary,
        };
        Terms { level: self.level, demand }
    }
}

/// What one message asks of TLS, and what it is for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageTerms {
    /// What it says of TLS ([RFC 8689](https://www.rfc-editor.org/rfc/rfc8689)). A `TLS-Required: No`
    /// counts only where [`mta_sts::Options::tls_required_no`] honours it.
    pub tls: MessageTls,
    /// What it is for. A TLS report is delivered whatever the domain's policies say
    /// ([RFC 8460 section 5.3](https://www.rfc-editor.org/rfc/rfc8460#section-5.3)), and its sessions
    /// are not counted.
    pub purpose: Purpose,
    /// Whether it has a return path. The drivers take this from the envelope.
    pub return_path: ReturnPath,
}

/// Whom a message comes back to.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum ReturnPath {
    /// Its sender.
    #[default]
    Sender,
    /// Nobody: it is a bounce itself. One of a message with REQUIRETLS asks for the same where it can be
    /// had, and goes on elsewhere
    /// ([RFC 8689 section 5](https://www.rfc-editor.org/rfc/rfc8689#section-5)).
    Nobody,
}

impl MessageTerms {
    /// A message that must travel by TLS to authenticated servers alone, or come back.
    #[must_use]
    pub fn require_tls() -> Self {
        Self { tls: MessageTls::Required, ..Self::default() }
    }

    /// A message with a `TLS-Required: No` field.
    #[must_use]
    pub fn tls_required_no() -> Self {
        Self { tls: MessageTls::RequiredNo, ..Self::default() }
    }

    /// A TLS report.
    #[must_use]
    pub fn report_delivery() -> Self {
        Self { purpose: Purpose::ReportDelivery, ..Self::default() }
    }
}

/// What a failure of DANE authentication means for a host that has usable records.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum DaneFailure {
    /// The host is not used.
    #[default]
    SkipsHost,
    /// It is reported, and delivery goes on without authentication
    /// ([RFC 7672 section 9.1](https://www.rfc-editor.org/rfc/rfc7672#section-9.1)). Where the operator
    /// demands DANE ([`LocalLevel::Dane`]) the host is not used all the same.
    DangerReportOnly,
}

/// What every connection must reach at least. A domain's policy can only raise it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum LocalLevel {
    /// TLS where it can be had; what DANE or MTA-STS demand where they apply.
    #[default]
    Opportunistic,
    /// TLS always, authenticated where DANE or MTA-STS apply.
    Encrypt,
    /// DANE always ([RFC 7672 section 6](https://www.rfc-editor.org/rfc/rfc7672#section-6)).
    Dane,
}

/// What an insecure MX answer means for DANE
/// ([RFC 7672 section 2.2.1](https://www.rfc-editor.org/rfc/rfc7672#section-2.2.1)).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum InsecureMx {
    /// The hosts' TLSA records are used, and the result is never called secure delivery.
    #[default]
    UseTlsa,
    /// DANE does not apply.
    DangerIgnoreTlsa,
}
