//! What one mail host must reach: DANE before MTA-STS before opportunistic TLS.
//!
//! | DANE for the host | MTA-STS for the domain | the host must reach |
//! |---|---|---|
//! | usable records | whatever | TLS, authenticated by the records |
//! | records, none usable | `enforce`, host listed | TLS, authenticated by MTA-STS |
//! | records, none usable | `enforce`, host not listed | nothing: it is not used |
//! | records, none usable | otherwise | TLS |
//! | does not apply | `enforce`, host listed | TLS, authenticated by MTA-STS |
//! | does not apply | `enforce`, host not listed | nothing: it is not used |
//! | does not apply | otherwise | TLS if it can be had |
//! | look-up failed | whatever | nothing: it is not used |
//!
//! A policy in mode `testing` has the certificate checked for the report alone
//! ([RFC 8461 sections 2 and 5](https://www.rfc-editor.org/rfc/rfc8461#section-5),
//! [RFC 7672 section 2.2](https://www.rfc-editor.org/rfc/rfc7672#section-2.2)).
//!
//! What the operator demands ([`LocalLevel`]) is a floor under all of it; no domain lowers it. A
//! message may raise it ([`Demand::RequireTls`]), or set the domain's policies aside for itself where
//! the operator allows that ([`Demand::Exempt`]); then they are looked at for the report alone.

use std::sync::Arc;

use dane::discovery::{Enforcement, HostPlan as Dane, Lacking, Subject};
use mta_sts::{Applied, Decision, HostName, Mode};
use smtp_starttls::{MessageNeed, MxTrust, Requirement};

use crate::delivery::LocalLevel;
use crate::resolve::{Name, Security};

/// What a connection to one host must reach.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct HostPlan {
    /// How far the connection must come.
    pub requirement: Requirement,
    /// How the server is checked.
    pub check: Check,
    /// The name for the server name indication.
    pub sni: Name,
    /// Whether DNSSEC proves the way from the domain to the host.
    pub mx: Security,
    /// What the message asks of the session besides.
    pub need: MessageNeed,
    /// What it asks for where it can be had.
    pub wish: Wish,
}

/// What a message asks for where it can be had, and does without elsewhere.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Wish {
    /// Nothing.
    #[default]
    Nothing,
    /// REQUIRETLS, by a bounce of a message that came with it.
    RequireTls(MxTrust),
}

/// How a server is checked. Whether a failure counts is the requirement's to say.
#[derive(Clone, Debug)]
pub enum Check {
    /// It is not.
    Nothing,
    /// Its certificate must chain to a trusted root and name the MX host.
    Pkix,
    /// By these TLSA records.
    Dane(Arc<dane::discovery::DanePlan>),
}

/// What was found out about one host, and what follows.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// What DANE discovery came to.
    pub dane: dane::discovery::HostPlan,
    /// Whether the domain's MTA-STS policy allows the host.
    pub listed: Listed,
    /// What the host must reach, or why it is not used.
    pub verdict: Result<HostPlan, Skip>,
}

/// Whether a domain's MTA-STS policy allows a host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Listed {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// There is no policy.
    NoPolicy,
}

/// Why a host is not used in this attempt. None of these bounces a message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Skip {
    /// DANE forbids it for now.
    #[error("{0}")]
    Dane(dane::discovery::Skip),
    /// The domain's MTA-STS policy, which is enforced, does not list it.
    #[error("mta-sts policy does not list the host")]
    NotInPolicy,
}

impl Skip {
    /// A stable word.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Dane(skip) => skip.reason(),
            Self::NotInPolicy => mta_sts::HostFailure::MxNotInPolicy.reason(),
        }
    }
}

/// What a message asks of the way it travels, next to what the domain's policies ask.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Demand {
    /// Nothing: the policies count.
    #[default]
    Ordinary,
    /// The policies of the domain are set aside for it
    /// ([RFC 8689 section 3](https://www.rfc-editor.org/rfc/rfc8689#section-3),
    /// [RFC 8460 section 5.3](https://www.rfc-editor.org/rfc/rfc8460#section-5.3)).
    Exempt,
    /// REQUIRETLS: TLS with an authenticated server that offers REQUIRETLS itself
    /// ([RFC 8689 section 4.2.1](https://www.rfc-editor.org/rfc/rfc8689#section-4.2.1)).
    RequireTls,
    /// The same where it can be had; elsewhere the policies count: a bounce of a message that came with
    /// REQUIRETLS ([RFC 8689 section 5](https://www.rfc-editor.org/rfc/rfc8689#section-5)).
    WishTls,
}

/// What the sender's side asks of every host.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Terms {
    /// The operator's floor.
    pub level: LocalLevel,
    /// The message's own demand.
    pub demand: Demand,
}

impl Assessment {
    /// Puts together what DANE says of a host and MTA-STS of its domain.
    #[must_use]
    pub fn new(
        host: &Name,
        dane: Dane,
        policy: Option<&mta_sts::Outcome>,
        mx: Security,
        terms: Terms,
    ) -> Self {
        let applied = policy.and_then(|outcome| match &outcome.decision {
            Decision::Apply(applied) => Some(applied),
            _ => None,
        });
        let listed = match applied {
            None => Listed::NoPolicy,
            Some(applied) if allows(applied, host) => Listed::Yes,
            Some(_) => Listed::No,
        };
        let mode = applied.map(Applied::mode);
        let verdict = Case { host, mode, listed, mx, terms }.verdict(&dane);
        Self { dane, listed, verdict }
    }
}

/// A name that is no host name is in no pattern.
fn allows(applied: &Applied, host: &Name) -> bool {
    host.as_str().parse::<HostName>().is_ok_and(|host| applied.allows(&host))
}

/// What is known of a host besides DANE.
struct Case<'a> {
    host: &'a Name,
    mode: Option<Mode>,
    listed: Listed,
    mx: Security,
    terms: Terms,
}

/// What DANE leaves to be decided: the requirement so far, the check, and the name to ask for.
struct Floor {
    requirement: Requirement,
    check: Check,
    sni: Name,
}

impl Case<'_> {
    fn verdict(&self, dane: &Dane) -> Result<HostPlan, Skip> {
        if let Dane::Dane(plan) = dane
            && self.is_enforced(plan.enforcement())
        {
            // RFC 8461 section 2: nothing that MTA-STS says overrides this.
            let check = Check::Dane(Arc::new(plan.clone()));
            return Ok(self.plan(Requirement::Authenticate, check, name(plan.sni(), self.host)));
        }
        let Floor { requirement, check, sni } = self.floor(dane)?;
        match (self.mode(), self.listed) {
            (Some(Mode::Enforce), Listed::Yes) => {
                // RFC 8461 section 7.1: here the MX host name is the one to ask for.
                Ok(self.plan(Requirement::Authenticate, Check::Pkix, self.host.clone()))
            }
            (Some(Mode::Enforce), Listed::No | Listed::NoPolicy) => Err(Skip::NotInPolicy),
            (Some(Mode::Testing), _) if matches!(check, Check::Nothing) => {
                Ok(self.plan(requirement, Check::Pkix, self.host.clone()))
            }
            (Some(Mode::Testing | Mode::None) | None, _) => Ok(self.plan(requirement, check, sni)),
        }
    }

    /// What DANE says where it does not authenticate the host.
    fn floor(&self, dane: &Dane) -> Result<Floor, Skip> {
        let local = local(self.terms.level);
        let lacking = match dane {
            Dane::Dane(plan) => {
                let check = Check::Dane(Arc::new(plan.clone()));
                let sni = name(plan.sni(), self.host);
                return Ok(Floor { requirement: local, check, sni });
            }
            Dane::Encrypt(_) => Lacking::UsableRecords,
            Dane::Opportunistic(why) => Lacking::Dane(*why),
            Dane::Skip(skip) if self.may_pass_over(*skip) => {
                return Ok(Floor { requirement: local, ..self.unchecked() });
            }
            Dane::Skip(skip) => return Err(Skip::Dane(*skip)),
        };
        if self.terms.level == LocalLevel::Dane {
            return Err(Skip::Dane(dane::discovery::Skip::DaneRequired(lacking)));
        }
        Ok(match dane {
            Dane::Encrypt(plan) if self.is_enforced(plan.enforcement()) => {
                let requirement = local.max(Requirement::Encrypt);
                Floor { requirement, sni: name(plan.sni(), self.host), ..self.unchecked() }
            }
            _ => Floor { requirement: local, ..self.unchecked() },
        })
    }

    fn unchecked(&self) -> Floor {
        let (requirement, check) = (Requirement::Opportunistic, Check::Nothing);
        Floor { requirement, check, sni: self.host.clone() }
    }

    /// Where the operator demands DANE, nothing that fails it is used.
    fn is_enforced(&self, enforcement: Enforcement) -> bool {
        self.terms.level == LocalLevel::Dane
            || (enforcement == Enforcement::Enforced && self.terms.demand != Demand::Exempt)
    }

    /// An exempt message is not kept by records that cannot be had: they would have no effect. Without
    /// an address nobody can be delivered to, exempt or not.
    fn may_pass_over(&self, skip: dane::discovery::Skip) -> bool {
        use dane::discovery::Skip;

        let is_exempt = self.terms.demand == Demand::Exempt && self.terms.level != LocalLevel::Dane;
        let is_about_records = matches!(
            skip,
            Skip::LookUp { subject: Subject::Tlsa | Subject::Cname, .. }
                | Skip::NoHostName
                | Skip::TooManyRecords(_)
        );
        is_exempt && is_about_records
    }

    /// The mode that counts for this message.
    fn mode(&self) -> Option<Mode> {
        match (self.mode, self.terms.demand) {
            (Some(Mode::Enforce), Demand::Exempt) => Some(Mode::Testing),
            (mode, _) => mode,
        }
    }

    /// A plan, with what the message asks put on top.
    fn plan(&self, requirement: Requirement, check: Check, sni: Name) -> HostPlan {
        let mx = self.mx;
        let (need, wish) = match self.terms.demand {
            Demand::RequireTls => (MessageNeed::RequireTls(self.trust()), Wish::Nothing),
            Demand::WishTls => (MessageNeed::Nothing, Wish::RequireTls(self.trust())),
            Demand::Ordinary | Demand::Exempt => {
                let (need, wish) = (MessageNeed::Nothing, Wish::Nothing);
                return HostPlan { requirement, check, sni, mx, need, wish };
            }
        };
        // Only an authenticated server is asked for REQUIRETLS.
        let (check, sni) = match check {
            Check::Nothing => (Check::Pkix, self.host.clone()),
            check => (check, sni),
        };
        let requirement = match need {
            MessageNeed::RequireTls(_) => requirement.max(Requirement::Encrypt),
            MessageNeed::Nothing => requirement,
        };
        HostPlan { requirement, check, sni, mx, need, wish }
    }

    /// RFC 8689 section 4.2.1: the MX name by DNSSEC or by a policy that lists it.
    const fn trust(&self) -> MxTrust {
        match (self.mx, self.listed) {
            (Security::Secure, _) | (_, Listed::Yes) => MxTrust::Authenticated,
            (Security::Insecure, Listed::No | Listed::NoPolicy) => MxTrust::NotAuthenticated,
        }
    }
}

/// What a connection must reach where no policy of the domain says more.
const fn local(level: LocalLevel) -> Requirement {
    match level {
        LocalLevel::Opportunistic => Requirement::Opportunistic,
        LocalLevel::Encrypt => Requirement::Encrypt,
        LocalLevel::Dane => Requirement::Authenticate,
    }
}

/// A TLSA base domain as a name of this crate; it always is one, and the host's else.
fn name(base: &dane::Name, host: &Name) -> Name {
    base.as_str().parse().unwrap_or_else(|_| host.clone())
}
