//! What a delivery came to: for the queue, for the log, and for TLS reports.

use core::fmt;
use core::net::SocketAddr;
use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use dane::discovery::{Skip as DaneSkip, Subject};
use pki_types::{DnsName, UnixTime};
use smtp_starttls::{CommandError, EnhancedCode, Keyword};
use tlsrpt::{PolicyOutcome, Purpose};

use crate::attempt::{Answered, Assurance, Connection, Reply};
use crate::mx::MailHosts;
use crate::plan::{Assessment, Skip};
use crate::resolve::{Answer, LookUpError, Name, Security};

/// What the delivery to one domain came to.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Report {
    /// The domain.
    pub domain: Name,
    /// Its mail hosts, or why they could not be had.
    pub hosts: Result<Hosts, LookUpError>,
    /// The answer to the question for MX records.
    pub(crate) mx_answer: Option<Answer>,
    /// What MTA-STS discovery came to; nothing if the delivery ended before.
    pub policy: Option<mta_sts::Outcome>,
    /// Each host in the order tried.
    pub tries: Vec<Try>,
    /// What became of each recipient, by its place in the envelope.
    pub fates: Vec<Fate>,
    /// The domain's TLSRPT record, if it has one.
    pub tlsrpt_record: Option<tlsrpt::Record>,
    /// How the sessions went under each policy.
    pub sessions: Vec<SessionOutcome>,
    /// Whether a policy that was fetched could be stored.
    pub policy_store: StoreResult,
    /// What the message was for.
    pub(crate) purpose: Purpose,
}

/// How one session went under each policy that was evaluated for it.
#[derive(Clone, Debug)]
pub struct SessionOutcome {
    /// When it ended.
    pub ended_at: UnixTime,
    /// The policies.
    pub policies: Vec<PolicyOutcome<'static>>,
}

/// Whether what was to be stored is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum StoreResult {
    /// There was nothing to store, or it is stored.
    #[default]
    Fine,
    /// The store failed: this delivery obeyed the policy, the next may have to fetch it again.
    Failed,
}

/// The mail hosts of a domain, and whether DNSSEC proves them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hosts {
    /// The hosts.
    pub found: MailHosts,
    /// The security of the answer, all aliases of the domain included.
    pub security: Security,
}

/// What happened at one host.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Try {
    /// The host, by the name in the MX record.
    pub host: Name,
    /// What it had to reach, or why it was not used.
    pub assessment: Assessment,
    /// The connections to it, in order: one, a second in clear where that is allowed, and more if the
    /// host takes only so many recipients over one.
    pub connections: Vec<Visit>,
}

/// One connection, or none where the host was not reached.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Visit {
    /// The connection; none if no address could be connected to.
    pub connection: Option<Connection>,
    /// The addresses that could not be connected to before this one, and why.
    pub not_reached: Vec<(SocketAddr, io::ErrorKind)>,
    /// Why it took nothing, if so.
    pub failure: Option<smtp_starttls::Failure>,
}

/// What became of one recipient.
#[derive(Clone, Debug)]
pub enum Fate {
    /// A host has taken the message.
    Delivered {
        /// The host.
        host: Name,
        /// How the message travelled.
        assurance: Assurance,
        /// Whether the way to the host was proven by DNSSEC, where DANE authenticated it.
        mx: Security,
        /// The host's answer.
        reply: Reply,
    },
    /// Nothing is wrong for good: try again later.
    Deferred(Cause),
    /// The message goes back to its sender.
    Refused(Cause),
}

/// Why a recipient did not get the message.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum Cause {
    /// The host answered so.
    #[error("{host} answered: {reply}")]
    Answered {
        /// The host.
        host: Name,
        /// What it said.
        reply: Reply,
    },
    /// The domain has no MX record that names a host.
    #[error("no mx record of the domain names a host")]
    MxUnusable,
    /// The domain has no MX record, and no address itself.
    #[error("domain has no mail host")]
    NoMailHost,
    /// The domain does not exist.
    #[error("domain does not exist")]
    NoSuchDomain,
    /// The domain says that it takes no mail (RFC 7505).
    #[error("domain takes no mail (null mx)")]
    NullMx,
    /// The best mail host of the domain is this server itself: the message would go round in a loop.
    #[error("best mail host of the domain is this server itself")]
    OnlyOurselves,
    /// The MX records could not be looked up.
    #[error("mx records could not be looked up: {0}")]
    MxLookUp(LookUpError),
    /// The MTA-STS record could not be looked up, and the operator wants to wait then.
    #[error("mta-sts record could not be looked up")]
    PolicyLookUp,
    /// The policy store failed: "no answer" is not "no policy".
    #[error("policy store failed")]
    PolicyStore,
    /// The last host could not be used.
    #[error("{host} is not used: {skip}")]
    Skipped {
        /// The host.
        host: Name,
        /// Why.
        skip: Skip,
    },
    /// No address of the last host could be connected to.
    #[error("{host} could not be reached")]
    NotReached {
        /// The host.
        host: Name,
    },
    /// The session with the last host failed.
    #[error("{host}: {failure}{}", Particulars(.refusal))]
    Session {
        /// The host.
        host: Name,
        /// How.
        failure: smtp_starttls::Failure,
        /// What was wrong with the server's identity, if that was it.
        refusal: Option<Arc<crate::attempt::Refusal>>,
    },
    /// The host does not offer what the message needs.
    #[error("{host} cannot take the message: {error}")]
    Unfit {
        /// The host.
        host: Name,
        /// What it lacks.
        error: CommandError,
    },
    /// The connection to the last host was lost before it answered.
    #[error("connection to {host} was lost: {reason}")]
    Lost {
        /// The host.
        host: Name,
        /// A stable word.
        reason: &'static str,
    },
    /// The whole message was sent, and the connection to the host was lost before its answer. It may have
    /// taken the message: no other host was tried, so that it does not arrive twice more often than it
    /// must.
    #[error("connection to {host} was lost after the message, which it may have taken: {reason}")]
    Unconfirmed {
        /// The host.
        host: Name,
        /// A stable word.
        reason: &'static str,
    },
    /// The host takes no more recipients for now.
    #[error("{host} takes no more recipients over this connection")]
    NotAsked {
        /// The host.
        host: Name,
    },
}

/// What follows a failure in a message, if anything does.
struct Particulars<'a>(&'a Option<Arc<crate::attempt::Refusal>>);

impl fmt::Display for Particulars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |refusal| write!(f, ": {refusal}"))
    }
}

impl Fate {
    /// The stable word: `delivered`, `deferred` or `refused`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Deferred(_) => "deferred",
            Self::Refused(_) => "refused",
        }
    }

    /// What follows from a host's answer.
    pub(crate) fn of(answered: Answered, host: &Name, assurance: Assurance, mx: Security) -> Self {
        let host = host.clone();
        match answered {
            Answered::Taken(reply) => Self::Delivered { host, assurance, mx, reply },
            Answered::Later(reply) => Self::Deferred(Cause::Answered { host, reply }),
            Answered::Never(reply) => Self::Refused(Cause::Answered { host, reply }),
            Answered::Lost { reason } => Self::Deferred(Cause::Lost { host, reason }),
            Answered::Unconfirmed { reason } => Self::Deferred(Cause::Unconfirmed { host, reason }),
            Answered::NotAsked => Self::Deferred(Cause::NotAsked { host }),
            Answered::Unfit(error) => Self::Refused(Cause::Unfit { host, error }),
        }
    }
}

impl Cause {
    /// The enhanced status code for the queue
    /// ([RFC 3463](https://www.rfc-editor.org/rfc/rfc3463), [RFC 7505 section
    /// 4.2](https://www.rfc-editor.org/rfc/rfc7505#section-4.2)), as text.
    #[must_use]
    pub fn status(&self) -> String {
        match self {
            Self::Answered { reply, .. } => reply.enhanced.map_or_else(
                || format!("{}.0.0", reply.code.to_string().chars().next().unwrap_or('4')),
                |code: EnhancedCode| code.to_string(),
            ),
            Self::MxUnusable | Self::NoMailHost | Self::NoSuchDomain => "5.1.2".to_owned(),
            Self::NullMx => "5.1.10".to_owned(),
            Self::MxLookUp(_) => "4.4.3".to_owned(),
            Self::OnlyOurselves => "5.4.6".to_owned(),
            Self::Skipped { skip: Skip::Dane(DaneSkip::NoAddress), .. } => "4.4.4".to_owned(),
            Self::Skipped {
                skip: Skip::Dane(DaneSkip::LookUp { subject: Subject::Address, .. }),
                ..
            } => "4.4.3".to_owned(),
            Self::PolicyLookUp | Self::Skipped { .. } => "4.7.5".to_owned(),
            Self::PolicyStore => "4.3.0".to_owned(),
            Self::NotReached { .. } => "4.4.1".to_owned(),
            Self::Session { failure, .. } => failure.status.to_string(),
            Self::Lost { .. } | Self::Unconfirmed { .. } => "4.4.2".to_owned(),
            Self::NotAsked { .. } => "4.5.3".to_owned(),
            Self::Unfit { error: CommandError::MessageTooLarge(_), .. } => "5.3.4".to_owned(),
            Self::Unfit { error: CommandError::NeedsSmtpUtf8, .. }
            | Self::Unfit { error: CommandError::NotOffered(Keyword::SmtpUtf8), .. } => {
                "5.6.7".to_owned()
            }
            Self::Unfit { error: CommandError::HeaderNeedsSmtpUtf8, .. } => "5.6.9".to_owned(),
            Self::Unfit { .. } => "5.6.1".to_owned(),
        }
    }
}

impl Try {
    pub(crate) const fn new(host: Name, assessment: Assessment) -> Self {
        Self { host, assessment, connections: Vec::new() }
    }
}

impl Report {
    pub(crate) fn new(domain: Name, recipients: usize) -> Self {
        // Replaced before anybody sees it; should it not be, nothing is lost and nothing delivered.
        let fate = Fate::Deferred(Cause::MxLookUp(LookUpError::Timeout));
        Self {
            domain,
            hosts: Err(LookUpError::Timeout),
            mx_answer: None,
            policy: None,
            tries: Vec::new(),
            fates: vec![fate; recipients],
            tlsrpt_record: None,
            sessions: Vec::new(),
            policy_store: StoreResult::Fine,
            purpose: Purpose::Ordinary,
        }
    }

    /// The first failure that a TLS report would tell of.
    #[must_use]
    pub fn first_tls_failure(&self) -> Option<&str> {
        self.sessions
            .iter()
            .flat_map(|session| &session.policies)
            .flat_map(|policy| &policy.failures)
            .map(|failure| failure.result_type.as_str())
            .next()
    }

    /// The sessions to count for the domain's TLS report: none if it asks for no reports
    /// ([RFC 8460 section 3](https://www.rfc-editor.org/rfc/rfc8460#section-3)).
    pub fn tlsrpt_sessions(&self) -> impl Iterator<Item = tlsrpt::Session<'_>> {
        let domain = DnsName::try_from(self.domain.as_str()).ok();
        let asked = self.tlsrpt_record.as_ref().zip(domain);
        asked.into_iter().flat_map(move |(record, domain)| {
            self.sessions.iter().map(move |session| {
                session.policies.iter().fold(
                    tlsrpt::Session::new(domain.clone(), Cow::Borrowed(record), session.ended_at)
                        .purpose(self.purpose),
                    |counted, policy| counted.policy(policy.clone()),
                )
            })
        })
    }

    /// The connection over which the message was offered, the last if there were several.
    #[must_use]
    pub fn last_connection(&self) -> Option<(&Name, &Connection)> {
        self.tries.iter().rev().find_map(|one| {
            let connection = one.connections.iter().rev().find_map(|c| c.connection.as_ref());
            connection.map(|connection| (&one.host, connection))
        })
    }
}
