//! What a delivery came to, in the words of a row of the table or of a JSON object.

use dane::discovery::HostPlan;
use mta_sts::Decision;
use serde::Serialize;
use smtp_tls::attempt::Connection;
use smtp_tls::mx::MailHosts;
use smtp_tls::report::{Fate, Report, Try};
use smtp_tls::resolve::Security;

/// One domain's delivery.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) domain: String,
    /// What was found in DNS.
    pub(crate) dns: String,
    /// The policy in force.
    pub(crate) policy: String,
    /// The hosts tried, in order.
    pub(crate) tried: Vec<String>,
    /// TLS version and cipher of the last connection.
    pub(crate) tls: String,
    /// How the peer was authenticated.
    pub(crate) authenticated: String,
    /// `delivered`, `deferred` or `refused`.
    pub(crate) verdict: &'static str,
    /// The TLSRPT result type of the first failure.
    pub(crate) tlsrpt: Option<String>,
    /// Each recipient that did not get it, or the host's answer.
    pub(crate) because: Vec<String>,
    /// Lab: how the verdict differs from the expected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unexpected: Option<String>,
}

impl Row {
    /// The row of a report; the verdict is that of the recipient who fared worst.
    pub(crate) fn new(report: &Report) -> Self {
        let last = report.last_connection();
        Self {
            domain: report.domain.to_string(),
            dns: dns(report),
            policy: policy(report),
            tried: report.tries.iter().map(tried).collect(),
            tls: last.map_or_else(String::new, |(_, connection)| tls(connection)),
            authenticated: authenticated(report),
            verdict: worst(report),
            tlsrpt: report.first_tls_failure().map(str::to_owned),
            because: report.fates.iter().map(because).collect(),
            unexpected: None,
        }
    }
}

/// The worst fate of all recipients: deferred before refused, for it asks for more.
pub(crate) fn worst(report: &Report) -> &'static str {
    let words = report.fates.iter().map(Fate::word);
    let rank = |word: &&str| ["delivered", "refused", "deferred"].iter().position(|w| w == word);
    words.max_by_key(rank).unwrap_or("delivered")
}

fn dns(report: &Report) -> String {
    let hosts = match &report.hosts {
        Err(error) => return format!("MX: {error}"),
        Ok(hosts) => hosts,
    };
    let found = match &hosts.found {
        MailHosts::Listed(names) if names.len() == 1 => "1 MX".to_owned(),
        MailHosts::Listed(names) => format!("{} MX", names.len()),
        MailHosts::Implicit(_) => "no MX".to_owned(),
        MailHosts::NullMx => "null MX".to_owned(),
        MailHosts::NoSuchDomain => "no such domain".to_owned(),
        MailHosts::Unusable => "no usable MX".to_owned(),
        MailHosts::OnlyOurselves => "own MX".to_owned(),
    };
    let security = match hosts.security {
        Security::Secure => "secure",
        Security::Insecure => "insecure",
    };
    let tlsa = report.tries.iter().rev().find_map(|one| match &one.assessment.dane {
        HostPlan::Dane(plan) => {
            let (usable, all) = (plan.usable().records().len(), plan.records().len());
            Some(format!(", {usable} of {all} TLSA usable"))
        }
        HostPlan::Encrypt(plan) => Some(format!(", 0 of {} TLSA usable", plan.records().len())),
        HostPlan::Skip(skip) => Some(format!(", {skip}")),
        HostPlan::Opportunistic(_) => None,
    });
    format!("{found} {security}{}", tlsa.unwrap_or_default())
}

fn policy(report: &Report) -> String {
    let dane = report.tries.iter().rev().find_map(|one| match &one.assessment.dane {
        HostPlan::Dane(_) => Some("DANE"),
        HostPlan::Encrypt(_) => Some("DANE: encrypt"),
        HostPlan::Skip(_) | HostPlan::Opportunistic(_) => None,
    });
    let sts = report.policy.as_ref().and_then(|outcome| match &outcome.decision {
        Decision::Apply(applied) => {
            Some(format!("MTA-STS {} ({})", applied.mode(), applied.source().word()))
        }
        _ => outcome.failure.as_ref().map(|failure| format!("MTA-STS: {}", failure.reason())),
    });
    match (dane, sts) {
        (Some(dane), Some(sts)) => format!("{dane}; {sts}"),
        (Some(dane), None) => dane.to_owned(),
        (None, Some(sts)) => sts,
        (None, None) => "none".to_owned(),
    }
}

fn tried(one: &Try) -> String {
    match &one.assessment.verdict {
        Err(skip) => format!("{} (not used: {})", one.host, skip.reason()),
        Ok(_) if one.connections.iter().all(|visit| visit.connection.is_none()) => {
            format!("{} (not reached)", one.host)
        }
        Ok(_) => one.host.to_string(),
    }
}

fn tls(connection: &Connection) -> String {
    match &connection.tls {
        Some(tls) => {
            let suite = tls.cipher_suite.trim_start_matches("TLS13_").trim_start_matches("TLS_");
            format!("{} {suite}", tls.version)
        }
        None => "none".to_owned(),
    }
}

fn authenticated(report: &Report) -> String {
    let delivered = report.fates.iter().find_map(|fate| match fate {
        Fate::Delivered { assurance, mx, .. } => Some((*assurance, *mx)),
        Fate::Deferred(_) | Fate::Refused(_) => None,
    });
    match delivered {
        Some((assurance, Security::Insecure)) if assurance.word().starts_with("dane") => {
            format!("{assurance}, MX insecure")
        }
        Some((assurance, _)) => assurance.to_string(),
        None => match report.last_connection() {
            Some((_, connection)) => match &connection.peer {
                smtp_tls::attempt::Peer::Refused(refusal) => format!("no: {}", refusal.reason),
                _ => "-".to_owned(),
            },
            None => "-".to_owned(),
        },
    }
}

fn because(fate: &Fate) -> String {
    match fate {
        Fate::Delivered { host, reply, .. } => format!("{host} answered: {reply}"),
        Fate::Deferred(cause) | Fate::Refused(cause) => format!("{} {cause}", cause.status()),
    }
}
