//! What DNS says of a domain now, for the findings that need it.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use mta_sts::{HostName, PolicyDomain};
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::adapter::resolv_conf;
use smtp_tls::resolve::{Answer, Kind, LookUp, LookUpError, Name, Outcome, Question, Record};
use tokio::runtime::Handle;

/// Asks a resolver. Nothing is secured by the answers, so any resolver will do.
pub(crate) struct Dns {
    resolver: AdResolver,
    runtime: Handle,
}

/// The answers for one domain. Those that failed for a while are missing, and told of.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// The MX hosts, or the domain itself.
    pub(crate) mx_hosts: Option<Vec<HostName>>,
    /// MX hosts whose names no policy can allow.
    pub(crate) no_hosts: Vec<String>,
    /// The records at `_mta-sts`, their character-strings joined.
    pub(crate) records: Option<Vec<Vec<u8>>>,
    /// Those at `_smtp._tls`, in their character-strings.
    pub(crate) reporting: Option<Vec<Vec<Vec<u8>>>>,
    /// Whether the policy host has an address.
    pub(crate) policy_host: Option<Found>,
    /// What could not be looked up.
    pub(crate) failed: Vec<(Question, LookUpError)>,
}

/// Whether there is something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Found {
    Yes,
    No,
}

impl Dns {
    /// Asks the resolver at this address, or the first of the system's.
    pub(crate) fn new(address: Option<SocketAddr>, runtime: Handle) -> Self {
        let address = address.unwrap_or_else(system_resolver);
        let path = TrustedPath::danger_declare_trusted(address);
        Self { resolver: AdResolver::with_times(path, TRY, DEADLINE), runtime }
    }

    /// Asks for all these domains. Blocks; it is not for async code.
    pub(crate) fn live<'d>(
        &self,
        domains: impl Iterator<Item = &'d PolicyDomain>,
    ) -> BTreeMap<PolicyDomain, Live> {
        let all = stream::iter(domains.cloned())
            .map(async |domain| {
                let live = self.domain(&domain).await;
                (domain, live)
            })
            .buffer_unordered(AT_A_TIME);
        self.runtime.block_on(all.collect())
    }

    async fn domain(&self, domain: &PolicyDomain) -> Live {
        let mut live = Live::default();
        let (mx, records, reporting, four, six) = tokio::join!(
            self.ask(domain, "", Kind::Mx),
            self.ask(domain, "_mta-sts.", Kind::Txt),
            self.ask(domain, "_smtp._tls.", Kind::Txt),
            self.ask(domain, "mta-sts.", Kind::A),
            self.ask(domain, "mta-sts.", Kind::Aaaa),
        );
        if let Some(answer) = live.known(mx) {
            live.take_mx(domain, &answer);
        }
        let records = live.known(records);
        live.records =
            records.map(|answer| texts(&answer).map(|strings| strings.concat()).collect());
        let reporting = live.known(reporting);
        live.reporting = reporting.map(|answer| texts(&answer).cloned().collect());
        let addresses = [four, six].map(|answer| live.known(answer));
        live.policy_host = if addresses.iter().flatten().any(|one| !one.records().is_empty()) {
            Some(Found::Yes)
        } else if addresses.iter().all(Option::is_some) {
            Some(Found::No)
        } else {
            None
        };
        live
    }

    /// Nothing if the prefix makes the name too long: then nothing is published there.
    async fn ask(&self, domain: &PolicyDomain, prefix: &str, kind: Kind) -> Asked {
        let name = format!("{prefix}{domain}").parse::<Name>().ok()?;
        let question = Question::new(name, kind);
        let answer = self.resolver.look_up(&question).await;
        Some(answer.map_err(|error| (question, error)))
    }
}

/// What came of a question.
type Asked = Option<Result<Answer, (Question, LookUpError)>>;

impl Live {
    /// The answer; if there is none, that is kept.
    fn known(&mut self, asked: Asked) -> Option<Answer> {
        match asked? {
            Ok(answer) => Some(answer),
            Err(failed) => {
                self.failed.push(failed);
                None
            }
        }
    }

    fn take_mx(&mut self, domain: &PolicyDomain, answer: &Answer) {
        let hosts: Vec<&Name> = answer
            .records()
            .iter()
            .filter_map(|record| match record {
                // The root stands for "takes no mail" (RFC 7505).
                Record::Mx { host, .. } if !host.is_root() => Some(host),
                _ => None,
            })
            .collect();
        let mut names = Vec::new();
        for host in hosts {
            match host.as_str().parse() {
                Ok(host) => names.push(host),
                Err(_) => self.no_hosts.push(host.to_string()),
            }
        }
        // RFC 5321 section 5.1: without MX records a domain is its own host.
        if answer.outcome == Outcome::NoData {
            names.extend(domain.as_str().parse::<HostName>().ok());
        }
        self.mx_hosts = Some(names);
    }
}

fn texts(answer: &Answer) -> impl Iterator<Item = &Vec<Vec<u8>>> {
    answer.records().iter().filter_map(|record| match record {
        Record::Txt(strings) => Some(strings),
        _ => None,
    })
}

/// The first name server of the system; without any, the one on this host, as the C library does.
fn system_resolver() -> SocketAddr {
    let text = std::fs::read_to_string(resolv_conf::PATH).unwrap_or_default();
    let first = resolv_conf::name_servers(&text).into_iter().next();
    first.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], resolv_conf::DNS_PORT)))
}

/// Domains that are asked for side by side. Ours.
const AT_A_TIME: usize = 16;

/// For a reply before it is asked once more. Ours.
const TRY: Duration = Duration::from_secs(2);

/// For each answer. Ours: the person waits for it.
const DEADLINE: Duration = Duration::from_secs(6);
