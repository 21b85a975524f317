//! Advisories on an insecure configuration.
//!
//! Every choice that weakens what the defaults give is found here, with how much it weakens. The
//! defaults themselves give none.
//!
//! ```
//! use smtp_tls::delivery::{InsecureMx, Settings};
//! use smtp_tls::posture::{Severity, Surroundings, posture};
//!
//! let mut settings = Settings::default();
//! assert_eq!(posture(&settings, &Surroundings::default()).count(), 0);
//! settings.insecure_mx = InsecureMx::DangerIgnoreTlsa;
//! for advisory in posture(&settings, &Surroundings::default()) {
//!     assert_eq!(advisory.severity(), Severity::Warning);
//!     println!("{}: {advisory}", advisory.severity().word());
//! }
//! ```

use core::fmt;
use core::net::SocketAddr;

use mta_sts::{Mode, Override, PolicyDomain, TlsRequiredNo};

use crate::delivery::{DaneFailure, InsecureMx, LocalLevel, Settings};
use crate::resolve::Name;

/// How much a choice weakens deliveries.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Worth knowing; it may be what is wanted.
    Information,
    /// Some deliveries are less secured than their domains ask for.
    Warning,
    /// A protection is off, or rests on something that anybody in the path can forge.
    Error,
}

impl Severity {
    /// The stable word: `information`, `warning` or `error`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What deliveries rely on besides their settings. The default is what the adapters do by themselves.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Surroundings {
    /// The resolver whose AD bit is believed, as of `TrustedPath::address` of the adapter; nothing where
    /// answers are validated in this process.
    pub trusted_resolver: Option<SocketAddr>,
    /// The port from which policies are fetched, 443 but for the `danger_port` of an HTTPS adapter.
    pub https_port: u16,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { trusted_resolver: None, https_port: HTTPS_PORT }
    }
}

/// One choice that weakens deliveries.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Advisory {
    /// Hosts that fail DANE authentication are used.
    DaneReportOnly,
    /// MTA-STS policies are fetched from this port.
    HttpsPort(u16),
    /// TLSA records of hosts found by an insecure MX answer are ignored.
    IgnoresTlsaOfInsecureMx,
    /// MTA-STS is off, for this domain or for all.
    MtaStsOff(Whom),
    /// MTA-STS policies in mode `enforce` are applied as `testing`, for this domain or for all.
    MtaStsTesting(Whom),
    /// A policy of the operator in mode `testing` or `none` takes the place of the domain's own.
    PinnedWithoutForce(Whom),
    /// The AD bit of this resolver, which is not on this host, is believed.
    RemoteResolver(SocketAddr),
    /// Mail goes to this port of the mail hosts.
    SmtpPort(u16),
    /// Messages may set the policies of a domain aside by `TLS-Required: No`.
    TlsRequiredNoHonoured,
}

/// Whom a choice concerns.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Whom {
    /// Every domain without an override of its own.
    Everybody,
    /// This domain, by the settings.
    Domain(Name),
    /// This domain, by a pin in the policy store.
    Pinned(PolicyDomain),
}

impl Advisory {
    /// How much it weakens deliveries.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::RemoteResolver(_)
            | Self::MtaStsOff(Whom::Everybody)
            | Self::HttpsPort(_)
            | Self::PinnedWithoutForce(Whom::Everybody) => Severity::Error,
            Self::DaneReportOnly
            | Self::IgnoresTlsaOfInsecureMx
            | Self::MtaStsOff(Whom::Domain(_) | Whom::Pinned(_))
            | Self::MtaStsTesting(_)
            | Self::PinnedWithoutForce(Whom::Domain(_) | Whom::Pinned(_)) => Severity::Warning,
            Self::SmtpPort(_) | Self::TlsRequiredNoHonoured => Severity::Information,
        }
    }

    /// The stable word, such as `mta-sts-off`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::DaneReportOnly => "dane-report-only",
            Self::HttpsPort(_) => "https-port",
            Self::IgnoresTlsaOfInsecureMx => "ignores-tlsa-of-insecure-mx",
            Self::MtaStsOff(_) => "mta-sts-off",
            Self::MtaStsTesting(_) => "mta-sts-testing",
            Self::PinnedWithoutForce(_) => "pinned-without-force",
            Self::RemoteResolver(_) => "remote-resolver",
            Self::SmtpPort(_) => "smtp-port",
            Self::TlsRequiredNoHonoured => "tls-required-no-honoured",
        }
    }
}

impl fmt::Display for Advisory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DaneReportOnly => {
                f.write_str("hosts that fail dane authentication are reported and used")
            }
            Self::HttpsPort(port) => {
                write!(f, "mta-sts policies are fetched from port {port}, expected {HTTPS_PORT}")
            }
            Self::IgnoresTlsaOfInsecureMx => {
                f.write_str("tlsa records of hosts found by insecure mx records are ignored")
            }
            Self::MtaStsOff(whom) => write!(f, "mta-sts is off for {whom}"),
            Self::MtaStsTesting(whom) => {
                write!(f, "mta-sts policies to be enforced are only tested for {whom}")
            }
            Self::PinnedWithoutForce(whom) => {
                write!(f, "a pinned policy that enforces nothing replaces that of {whom}")
            }
            Self::RemoteResolver(resolver) => {
                write!(f, "the ad bit of {resolver} is believed, which is not on this host")
            }
            Self::SmtpPort(port) => {
                write!(f, "mail goes to port {port} of mail hosts, expected {SMTP_PORT}")
            }
            Self::TlsRequiredNoHonoured => {
                f.write_str("messages with tls-required: no set dane and mta-sts aside")
            }
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => f.write_str("all domains"),
            Self::Domain(domain) => domain.fmt(f),
            Self::Pinned(domain) => write!(f, "{domain} by a pin in the store"),
        }
    }
}

/// What weakens deliveries, in no order. Of the pins in a policy store
/// [`Operate::posture`](crate::store::Operate::posture) tells.
pub fn posture(
    settings: &Settings,
    surroundings: &Surroundings,
) -> impl Iterator<Item = Advisory> + use<> {
    let dane = match (settings.dane_failure, settings.level) {
        // Where DANE is demanded its failures count all the same.
        (DaneFailure::SkipsHost, _) | (_, LocalLevel::Dane) => None,
        (DaneFailure::DangerReportOnly, _) => Some(Advisory::DaneReportOnly),
    };
    let insecure_mx = match settings.insecure_mx {
        InsecureMx::UseTlsa => None,
        InsecureMx::DangerIgnoreTlsa => Some(Advisory::IgnoresTlsaOfInsecureMx),
    };
    let tls_required_no = match settings.mta_sts.tls_required_no {
        TlsRequiredNo::Ignore => None,
        TlsRequiredNo::Honour => Some(Advisory::TlsRequiredNoHonoured),
    };
    let resolver = surroundings.trusted_resolver;
    let resolver = resolver.filter(|resolver| !resolver.ip().to_canonical().is_loopback());
    let smtp_port = (settings.port != SMTP_PORT).then_some(Advisory::SmtpPort(settings.port));
    let https_port = surroundings.https_port;
    let https_port = (https_port != HTTPS_PORT).then_some(Advisory::HttpsPort(https_port));
    let everybody = overridden(&settings.mta_sts.policy_override, || Whom::Everybody);
    let domains: Vec<Advisory> = settings
        .mta_sts_overrides
        .iter()
        .filter_map(|(domain, own)| overridden(own, || Whom::Domain(domain.clone())))
        .collect();
    [dane, insecure_mx, tls_required_no, smtp_port, https_port, everybody]
        .into_iter()
        .flatten()
        .chain(resolver.map(Advisory::RemoteResolver))
        .chain(domains)
}

/// What a pin in the policy store weakens for its domain, if it does.
#[must_use]
pub fn pinned(domain: &PolicyDomain, pin: &Override) -> Option<Advisory> {
    overridden(pin, || Whom::Pinned(domain.clone()))
}

fn overridden(policy_override: &Override, whom: impl FnOnce() -> Whom) -> Option<Advisory> {
    match policy_override {
        Override::Nothing | Override::Enforce | Override::Pinned(_) => None,
        Override::DangerTesting => Some(Advisory::MtaStsTesting(whom())),
        Override::DangerOff => Some(Advisory::MtaStsOff(whom())),
        Override::DangerPinned(policy) => match policy.mode() {
            Mode::Enforce => None,
            Mode::Testing | Mode::None => Some(Advisory::PinnedWithoutForce(whom())),
        },
    }
}

const HTTPS_PORT: u16 = 443;
const SMTP_PORT: u16 = 25;

#[cfg(test)]
mod tests {
    use mta_sts::{Policy, Profile};

    use super::*;

    fn found(settings: &Settings) -> Vec<Advisory> {
        posture(settings, &Surroundings::default()).collect()
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Settings {
        let mut settings = Settings::default();
        change(&mut settings);
        settings
    }

    fn policy(mode: &str) -> Policy {
        let text = format!("version: STSv1\nmode: {mode}\nmx: mx.d.test\nmax_age: 86400\n");
        Policy::parse(text.as_bytes(), Profile::default()).unwrap()
    }

    #[test]
    fn the_defaults_give_none() {
        assert_eq!(found(&Settings::default()), []);
    }

    #[test]
    fn what_only_raises_security_gives_none() {
        for settings in [
            with(|it| it.level = LocalLevel::Encrypt),
            with(|it| it.level = LocalLevel::Dane),
            with(|it| it.mta_sts.policy_override = Override::Enforce),
            with(|it| it.mta_sts.policy_override = Override::Pinned(policy("testing"))),
            with(|it| it.mta_sts.policy_override = Override::DangerPinned(policy("enforce"))),
            with(|it| it.mta_sts.on_txt_failure = mta_sts::OnTxtFailure::Defer),
            with(|it| it.mta_sts.profile = mta_sts::Profile::Rfc),
            with(|it| it.seed = 7),
            with(|it| {
                it.level = LocalLevel::Dane;
                it.dane_failure = DaneFailure::DangerReportOnly;
            }),
        ] {
            assert_eq!(found(&settings), [], "{settings:?}");
        }
    }

    #[test]
    fn each_choice_that_weakens_gives_its_own() {
        let everybody = || Whom::Everybody;
        for (settings, advisory, severity, word) in [
            (
                with(|it| it.insecure_mx = InsecureMx::DangerIgnoreTlsa),
                Advisory::IgnoresTlsaOfInsecureMx,
                Severity::Warning,
                "ignores-tlsa-of-insecure-mx",
            ),
            (
                with(|it| it.dane_failure = DaneFailure::DangerReportOnly),
                Advisory::DaneReportOnly,
                Severity::Warning,
                "dane-report-only",
            ),
            (
                with(|it| it.mta_sts.tls_required_no = TlsRequiredNo::Honour),
                Advisory::TlsRequiredNoHonoured,
                Severity::Information,
                "tls-required-no-honoured",
            ),
            (
                with(|it| it.port = 2525),
                Advisory::SmtpPort(2525),
                Severity::Information,
                "smtp-port",
            ),
            (
                with(|it| it.mta_sts.policy_override = Override::DangerOff),
                Advisory::MtaStsOff(everybody()),
                Severity::Error,
                "mta-sts-off",
            ),
            (
                with(|it| it.mta_sts.policy_override = Override::DangerTesting),
                Advisory::MtaStsTesting(everybody()),
                Severity::Warning,
                "mta-sts-testing",
            ),
            (
                with(|it| it.mta_sts.policy_override = Override::DangerPinned(policy("testing"))),
                Advisory::PinnedWithoutForce(everybody()),
                Severity::Error,
                "pinned-without-force",
            ),
            (
                with(|it| it.mta_sts.policy_override = Override::DangerPinned(policy("none"))),
                Advisory::PinnedWithoutForce(everybody()),
                Severity::Error,
                "pinned-without-force",
            ),
        ] {
            assert_eq!(found(&settings), core::slice::from_ref(&advisory));
            assert_eq!((advisory.severity(), advisory.word()), (severity, word));
            assert!(!advisory.to_string().is_empty());
        }
    }

    #[test]
    fn an_override_for_one_domain_names_it() {
        let domain: Name = "partner.test".parse().unwrap();
        for (own, expected) in [
            (Override::DangerOff, Some(Advisory::MtaStsOff(Whom::Domain(domain.clone())))),
            (Override::DangerTesting, Some(Advisory::MtaStsTesting(Whom::Domain(domain.clone())))),
            (
                Override::DangerPinned(policy("none")),
                Some(Advisory::PinnedWithoutForce(Whom::Domain(domain.clone()))),
            ),
            (Override::Enforce, None),
        ] {
            let settings = with(|it| it.override_policy(domain.clone(), own));
            assert_eq!(found(&settings), Vec::from_iter(expected.clone()));
            if let Some(advisory) = expected {
                assert_eq!(advisory.severity(), Severity::Warning);
                assert!(advisory.to_string().ends_with("partner.test"), "{advisory}");
            }
        }
    }

    #[test]
    fn a_pin_that_weakens_names_its_domain() {
        let domain: PolicyDomain = "partner.test".parse().unwrap();
        let whom = || Whom::Pinned(domain.clone());
        for (pin, expected) in [
            (Override::DangerOff, Advisory::MtaStsOff(whom())),
            (Override::DangerTesting, Advisory::MtaStsTesting(whom())),
            (Override::DangerPinned(policy("testing")), Advisory::PinnedWithoutForce(whom())),
        ] {
            let advisory = pinned(&domain, &pin).unwrap();
            assert_eq!(advisory, expected);
            assert_eq!(advisory.severity(), Severity::Warning);
            assert!(advisory.to_string().ends_with("partner.test by a pin in the store"));
        }
        for pin in [
            Override::Nothing,
            Override::Enforce,
            Override::Pinned(policy("none")),
            Override::DangerPinned(policy("enforce")),
        ] {
            assert_eq!(pinned(&domain, &pin), None);
        }
    }

    #[test]
    fn rfc7672_2_1_1_a_resolver_elsewhere_is_an_error_and_one_on_this_host_is_none() {
        for (resolver, is_error) in [
            ("127.0.0.1:53", false),
            ("[::1]:53", false),
            ("[::ffff:127.0.0.1]:53", false),
            ("192.0.2.1:53", true),
            ("[2001:db8::1]:53", true),
        ] {
            let trusted_resolver = Some(resolver.parse().unwrap());
            let surroundings = Surroundings { trusted_resolver, ..Surroundings::default() };
            let found: Vec<_> = posture(&Settings::default(), &surroundings).collect();
            let severities: Vec<_> = found.iter().map(Advisory::severity).collect();
            assert_eq!(severities == [Severity::Error], is_error, "{resolver}");
            assert_eq!(found.is_empty(), !is_error, "{resolver}");
        }
    }

    #[test]
    fn rfc8461_3_2_policies_from_another_port_are_an_error() {
        let surroundings = Surroundings { https_port: 8443, ..Surroundings::default() };
        let found: Vec<_> = posture(&Settings::default(), &surroundings).collect();
        assert_eq!(found, [Advisory::HttpsPort(8443)]);
        assert_eq!(found[0].severity(), Severity::Error);
    }
}
