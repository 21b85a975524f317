//! What the operator chooses for deliveries, each choice with its default named.

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
    /// MTA-STS.
    pub mta_sts: mta_sts::Options,
    /// The port of SMTP, 25 but in a laboratory. TLSA owner names have port 25 all the same.
    pub port: u16,
    /// A number that spreads the load over hosts of equal preference: take another one each time.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: LocalLevel::Opportunistic,
            insecure_mx: InsecureMx::UseTlsa,
            mta_sts: mta_sts::Options::default(),
            port: 25,
            seed: 0,
        }
    }
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
