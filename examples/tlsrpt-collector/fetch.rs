//! A day's counts in the fetcher protocol, by which report daemons read collectors.
//!
//! `DAY` prints three head lines, one domain a line, and a dot alone; `DAY DOMAIN` prints the counts of the
//! domain as a JSON object. Its keys are JSON as text, with the members, the order and the spaces of the
//! original, whose keys are what datagrams say, word for word. A daemon that reads several collectors adds
//! equal keys up. Here counts are kept as reports show them (TLSA records sorted, of a greeting the
//! name, an absent policy domain filled in, unknown codes as `validation-failure`): where that
//! changes a text, what another collector has counted of it stands in a policy or a detail of its own. The
//! sums over all of them are right in any case.

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::io::{self, Write};

use pki_types::UnixTime;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use smtp_tls::store::TallyStore;
use tlsrpt::{Address, Counters, Detail, PolicyCode, PolicyReport, Reporter, ResultCode, UtcDay};

use crate::day::latest_sealed;
use crate::stopped::Stopped;
use crate::store::{Store, counters};

/// Prints what is asked for.
pub(crate) fn run(store: &str, words: &[String]) -> Result<(), Stopped> {
    let Some((day, domain)) = words.split_first() else {
        return Err(Stopped::new(64, "--fetch takes a day"));
    };
    let day: UtcDay = day.parse().map_err(|error| Stopped::new(64, format!("--fetch: {error}")))?;
    let store = Store::open_existing(store)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stopped::new(71, error))?;
    let failed = |error| Stopped::new(66, error);
    let text = runtime.block_on(async {
        match domain.first() {
            None => list(&store, day, UnixTime::now()).await.map_err(failed),
            Some(domain) => {
                let domain = domain.to_ascii_lowercase();
                let (counters, unreadable) =
                    counters(&store, day, &domain).await.map_err(failed)?;
                if unreadable > 0 {
                    let text = format!("{unreadable} counters of {domain} cannot be read");
                    return Err(Stopped::new(66, text));
                }
                details(&domain, &counters, day)
            }
        }
    })?;
    io::stdout().write_all(text.as_bytes()).map_err(|error| Stopped::new(74, error))
}

async fn list<S: TallyStore>(store: &S, day: UtcDay, now: UnixTime) -> Result<String, S::Error> {
    let second = now.as_secs() % 86_400;
    let mut text = format!(
        "TLSRPT FETCHER v1devel-c domain list\n{} {:02}:{:02}:{:02}\n{}\n",
        UtcDay::of(now),
        second / 3_600,
        second / 60 % 60,
        second % 60,
        latest_sealed(now)
    );
    let mut last = String::new();
    loop {
        let domains = store.domains(day, &last, PAGE).await?;
        let Some(end) = domains.last() else { break };
        last.clone_from(end);
        for domain in &domains {
            let _ = writeln!(text, "{domain}");
        }
    }
    text.push_str(".\n");
    Ok(text)
}

fn details(domain: &str, counters: &Counters, day: UtcDay) -> Result<String, Stopped> {
    // Whoever reports puts his own name and address on the report.
    let reporter = Reporter::new("", "fetcher@collector.invalid", "");
    let reporter = reporter.map_err(|error| Stopped::new(70, error))?;
    let mut policies: BTreeMap<String, BTreeMap<String, Counts>> = BTreeMap::new();
    for report in counters.reports(&reporter, day) {
        let of_record = policies.entry(report.record().as_str().to_owned()).or_default();
        for policy in report.report().policies() {
            let (key, counts) = counts(&policy)?;
            let _ = of_record.insert(key, counts);
        }
    }
    Ok(json(&Fetched { d: domain, policies })? + "\n")
}

#[derive(Serialize)]
struct Fetched<'a> {
    d: &'a str,
    policies: BTreeMap<String, BTreeMap<String, Counts>>,
}

#[derive(Serialize)]
struct Counts {
    cntrtotal: u64,
    cntrfailure: u64,
    failures: BTreeMap<String, u64>,
}

/// A policy as a datagram has it, without its outcome.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct PolicyKey<'a> {
    policy_type: i32,
    policy_domain: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    policy_string: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mx_host: Vec<&'a str>,
}

/// A failure detail as a datagram has it.
#[derive(Serialize)]
struct FailureKey<'a> {
    c: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    f: Option<&'a str>,
}

fn counts(policy: &PolicyReport<'_, '_>) -> Result<(String, Counts), Stopped> {
    let code = PolicyCode::of(policy.policy_type()).unwrap_or(PolicyCode::NO_POLICY_FOUND);
    let key = PolicyKey {
        policy_type: code.0,
        policy_domain: policy.policy_domain(),
        policy_string: policy.policy_strings().iter().map(AsRef::as_ref).collect(),
        mx_host: policy.mx_hosts().iter().map(AsRef::as_ref).collect(),
    };
    let mut failures = BTreeMap::new();
    for detail in policy.details() {
        let count = failures.entry(json(&failure(detail))?).or_insert(0_u64);
        *count = count.saturating_add(detail.failed_session_count);
    }
    let summary = policy.summary();
    let cntrtotal = summary.successful.saturating_add(summary.failed);
    Ok((json(&key)?, Counts { cntrtotal, cntrfailure: summary.failed, failures }))
}

fn failure<'a>(detail: &'a Detail<'_>) -> FailureKey<'a> {
    let failure = &detail.failure;
    let address = |address: &Option<Address<'_>>| address.as_ref().map(ToString::to_string);
    FailureKey {
        c: ResultCode::of(&failure.result_type).0,
        s: address(&failure.sending_mta_ip),
        n: failure.receiving_mx_hostname.as_deref(),
        h: failure.receiving_mx_helo.as_deref(),
        r: address(&failure.receiving_ip),
        a: failure.additional_information.as_deref(),
        f: failure.failure_reason_code.as_deref(),
    }
}

fn json(value: &impl Serialize) -> Result<String, Stopped> {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Spaced);
    value.serialize(&mut serializer).map_err(|error| Stopped::new(70, error))?;
    String::from_utf8(text).map_err(|error| Stopped::new(70, error))
}

/// A space after each comma and colon, and ASCII alone.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        to.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        to.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        for letter in fragment.chars() {
            if letter.is_ascii() {
                write!(to, "{letter}")?;
            } else {
                letter
                    .encode_utf16(&mut units)
                    .iter()
                    .try_for_each(|u| write!(to, "\\u{u:04x}"))?;
            }
        }
        Ok(())
    }
}

/// Domains asked for at a time.
const PAGE: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelt_as_other_collectors_spell_them() {
        let key = PolicyKey {
            policy_type: 2,
            policy_domain: "example.net",
            policy_string: vec!["version: STSv1"],
            mx_host: Vec::new(),
        };
        let text = r#"{"policy-type": 2, "policy-domain": "example.net", "policy-string": ["version: STSv1"]}"#;
        assert_eq!(json(&key).unwrap(), text);
        assert_eq!(
            json(&"a\"\u{e9}\u{1f600}\r\n\u{7f}").unwrap(),
            "\"a\\\"\\u00e9\\ud83d\\ude00\\r\\n\u{7f}\""
        );
    }
}
