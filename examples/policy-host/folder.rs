//! Policies and certificates as files, one for each domain.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use mta_sts::publish::content_id;
use mta_sts::{Policy, PolicyDomain, Profile, Severity};
use rustls::sign::CertifiedKey;

use crate::finding::{Announced, Finding, Inspector, What, policy};
use crate::site::{ByHost, Site, Sites};

/// The two folders, and what of them was good when they were read last.
pub(crate) struct Folder {
    policies: PathBuf,
    certificates: PathBuf,
    /// What was read.
    seen: Seen,
    /// What the last look has found.
    looked: Seen,
    good_policies: HashMap<PolicyDomain, Arc<str>>,
    good_keys: HashMap<PolicyDomain, Arc<CertifiedKey>>,
    /// The policies as they stand in the files, good or not.
    bodies: BTreeMap<PolicyDomain, Vec<u8>>,
    /// The publications that were seen last.
    announced: HashMap<PolicyDomain, Announced>,
}

/// The files with their sizes and times; without those, one that leads nowhere.
type Seen = BTreeMap<PathBuf, Option<Facts>>;

type Facts = (u64, Option<SystemTime>);

/// What one reading of the folders has given.
pub(crate) struct Reading {
    sites: ByHost,
    records: Vec<String>,
    findings: Vec<Finding>,
}

impl Reading {
    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity() == Severity::Error)
    }

    /// What is served from now on.
    pub(crate) fn take_sites(&mut self) -> ByHost {
        core::mem::take(&mut self.sites)
    }

    /// Prints the findings, and the records that belong to the policies.
    pub(crate) fn print(&self) {
        for finding in &self.findings {
            println!("{finding}");
        }
        for record in &self.records {
            println!("{record}");
        }
    }
}

impl Folder {
    pub(crate) fn new(policies: PathBuf, certificates: PathBuf) -> Self {
        Self {
            policies,
            certificates,
            seen: Seen::new(),
            looked: Seen::new(),
            good_policies: HashMap::new(),
            good_keys: HashMap::new(),
            bodies: BTreeMap::new(),
            announced: HashMap::new(),
        }
    }

    /// Reads all files. One that cannot be used leaves what was good before.
    pub(crate) fn read(&mut self, inspector: &Inspector) -> io::Result<Reading> {
        self.looked = self.look()?;
        self.seen.clone_from(&self.looked);
        Ok(self.read_seen(inspector))
    }

    /// Looks whether anything has changed, and reads all again then. A file that was not the same at the last
    /// look may be in the midst of being written, and is left for the next.
    fn read_changed(&mut self, inspector: &Inspector) -> io::Result<Option<Reading>> {
        let now = self.look()?;
        let settled = settled(&self.seen, &self.looked, &now);
        self.looked = now;
        if settled == self.seen {
            return Ok(None);
        }
        self.seen = settled;
        Ok(Some(self.read_seen(inspector)))
    }

    fn read_seen(&mut self, inspector: &Inspector) -> Reading {
        let mut findings = Vec::new();
        let limit = Policy::MAX_LEN as u64;
        let policies = files(&self.seen, &self.policies, "txt", limit, &mut findings);
        let keys = files(&self.seen, &self.certificates, "pem", PEM_BYTES, &mut findings);
        self.take_policies(policies);
        self.take_keys(keys, inspector, &mut findings);
        let sites = self.sites(&mut findings);
        let mut records: Vec<_> = self
            .good_policies
            .iter()
            .map(|(domain, body)| {
                format!("record: _mta-sts.{domain}. TXT \"v=STSv1; id={};\"", content_id(body))
            })
            .collect();
        records.sort_unstable();
        Reading { sites, records, findings }
    }

    /// Adds what can be told of the policies. It may ask DNS and take its time.
    pub(crate) fn lint(&mut self, inspector: &Inspector, reading: &mut Reading) {
        let live = inspector.dns.as_ref().map(|dns| dns.live(self.bodies.keys()));
        for (domain, body) in &self.bodies {
            let live = live.as_ref().and_then(|live| live.get(domain));
            let before = self.announced.get(domain);
            let (found, announced) = policy(domain, body, live, before);
            let of = |what| Finding { domain: domain.to_string(), what };
            reading.findings.extend(found.into_iter().map(of));
            if let Some(announced) = announced {
                self.announced.insert(domain.clone(), announced);
            }
        }
        self.announced.retain(|domain, _| self.bodies.contains_key(domain));
        reading.findings.sort_by(|one, other| one.domain.cmp(&other.domain));
    }

    fn take_policies(&mut self, files: BTreeMap<PolicyDomain, Option<Vec<u8>>>) {
        let mut before = core::mem::take(&mut self.good_policies);
        // One that cannot be read now leaves what is known of the domain.
        self.bodies.retain(|domain, _| files.contains_key(domain));
        for (domain, body) in files {
            let good = body.as_ref().and_then(|body| Policy::parse(body, Profile::Rfc).ok());
            let good = good.map(|policy| Arc::from(policy.as_str()));
            if let Some(body) = good.or_else(|| before.remove(&domain)) {
                self.good_policies.insert(domain.clone(), body);
            }
            self.bodies.extend(body.map(|body| (domain, body)));
        }
    }

    fn take_keys(
        &mut self,
        files: BTreeMap<PolicyDomain, Option<Vec<u8>>>,
        inspector: &Inspector,
        findings: &mut Vec<Finding>,
    ) {
        let mut before = core::mem::take(&mut self.good_keys);
        for (domain, pem) in files {
            let key = pem.as_deref().and_then(|pem| inspector.key(pem));
            let what = match &key {
                Some(key) => {
                    let refusal =
                        domain.policy_host().and_then(|host| inspector.refusal(host, key));
                    refusal.map(What::Certificate)
                }
                None => pem.is_some().then_some(What::CertificateUnusable),
            };
            findings.extend(what.map(|what| Finding { domain: domain.to_string(), what }));
            if let Some(key) = key.or_else(|| before.remove(&domain)) {
                self.good_keys.insert(domain, key);
            }
        }
    }

    fn sites(&self, findings: &mut Vec<Finding>) -> ByHost {
        let mut sites = ByHost::new();
        for (domain, key) in &self.good_keys {
            let policy = self.good_policies.get(domain).cloned();
            if policy.is_none() {
                findings.push(Finding { domain: domain.to_string(), what: What::NoPolicy });
            }
            if let Some(host) = domain.policy_host() {
                sites.insert(host.to_owned(), Site { key: Arc::clone(key), policy });
            }
        }
        let bare = self.good_policies.keys().filter(|domain| !self.good_keys.contains_key(*domain));
        let what = |domain: &PolicyDomain| Finding {
            domain: domain.to_string(),
            what: What::NoCertificate,
        };
        findings.extend(bare.map(what));
        sites
    }

    fn look(&self) -> io::Result<Seen> {
        let mut seen = Seen::new();
        for folder in [&self.policies, &self.certificates] {
            for file in std::fs::read_dir(folder)? {
                let path = file?.path();
                // It may be gone again.
                if std::fs::symlink_metadata(&path).is_ok() {
                    let facts = facts(&path);
                    seen.insert(path, facts);
                }
            }
        }
        Ok(seen)
    }
}

/// Prints what the first reading has found, then looks every second whether a file has changed, and
/// reads all again once it is the same at two looks.
pub(crate) async fn watch(
    mut folder: Folder,
    mut first: Reading,
    inspector: Inspector,
    sites: Arc<Sites>,
) -> Result<(), tokio::task::JoinError> {
    let inspector = Arc::new(inspector);
    let own = Arc::clone(&inspector);
    let lint = move || {
        folder.lint(&own, &mut first);
        first.print();
        folder
    };
    folder = tokio::task::spawn_blocking(lint).await?;
    loop {
        tokio::time::sleep(LOOK).await;
        let (own, inspector) = (Arc::clone(&sites), Arc::clone(&inspector));
        let look = move || {
            match folder.read_changed(&inspector) {
                Ok(None) => {}
                Ok(Some(mut reading)) => {
                    own.replace(reading.take_sites());
                    folder.lint(&inspector, &mut reading);
                    reading.print();
                    println!("reloaded");
                }
                // What was served goes on.
                Err(error) => eprintln!("policy-host: a folder cannot be read: {error}"),
            }
            folder
        };
        folder = tokio::task::spawn_blocking(look).await?;
    }
}

/// What is to be read now: what was the same in two looks, and of what changes still what was read before.
fn settled(seen: &Seen, looked: &Seen, now: &Seen) -> Seen {
    let of = |(path, facts): (&PathBuf, &Option<Facts>)| {
        let facts = if looked.get(path) == Some(facts) { Some(facts) } else { seen.get(path) };
        facts.map(|facts| (path.clone(), *facts))
    };
    now.iter().filter_map(of).collect()
}

fn facts(path: &Path) -> Option<Facts> {
    let facts = std::fs::metadata(path).ok()?;
    Some((facts.len(), facts.modified().ok()))
}

/// The files `<domain>.<ending>` of a folder in the order of their names; without content those that cannot be
/// read, and those that are being written.
fn files(
    seen: &Seen,
    folder: &Path,
    ending: &str,
    limit: u64,
    findings: &mut Vec<Finding>,
) -> BTreeMap<PolicyDomain, Option<Vec<u8>>> {
    let mut files = BTreeMap::new();
    for (path, known) in seen.iter().filter(|(path, _)| path.parent() == Some(folder)) {
        if path.extension().is_none_or(|found| found != ending) {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let domain = name.parse::<PolicyDomain>().ok();
        let Some(domain) = domain.filter(|domain| domain.policy_host().is_some()) else {
            findings.push(Finding { domain: name, what: What::NoDomain });
            continue;
        };
        if files.contains_key(&domain) {
            let what = What::DuplicateDomain(format!("{name}.{ending}"));
            findings.push(Finding { domain: domain.to_string(), what });
            continue;
        }
        let content = content(path, limit).ok();
        let is_as_seen = facts(path) == *known;
        if content.is_none() && is_as_seen {
            findings.push(Finding { domain: name, what: What::Unreadable });
        }
        files.insert(domain, content.filter(|_| is_as_seen));
    }
    files
}

fn content(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(content) }
}

/// How often files are looked at. Ours.
const LOOK: Duration = Duration::from_secs(1);

/// Bytes in a PEM file at most. Ours: long chains have some ten thousand.
const PEM_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(files: &[(&str, u64)]) -> Seen {
        files.iter().map(|(name, len)| (PathBuf::from(name), Some((*len, None)))).collect()
    }

    #[test]
    fn a_file_is_taken_when_it_is_the_same_at_two_looks() {
        let read = seen(&[("a", 1), ("b", 1)]);
        for (looked, now, expected) in [
            // Nothing has changed.
            (&[("a", 1), ("b", 1)][..], &[("a", 1), ("b", 1)][..], &[("a", 1), ("b", 1)][..]),
            // One has, is still growing, and is done.
            (&[("a", 1), ("b", 1)], &[("a", 2), ("b", 1)], &[("a", 1), ("b", 1)]),
            (&[("a", 2), ("b", 1)], &[("a", 3), ("b", 1)], &[("a", 1), ("b", 1)]),
            (&[("a", 3), ("b", 1)], &[("a", 3), ("b", 1)], &[("a", 3), ("b", 1)]),
            // It holds up no other.
            (&[("a", 3), ("b", 2)], &[("a", 4), ("b", 2)], &[("a", 1), ("b", 2)]),
            // A new one, and one that is gone.
            (&[("a", 1), ("b", 1)], &[("a", 1), ("c", 1)], &[("a", 1)]),
            (&[("a", 1), ("c", 1)], &[("a", 1), ("c", 1)], &[("a", 1), ("c", 1)]),
        ] {
            assert_eq!(settled(&read, &seen(looked), &seen(now)), seen(expected), "{now:?}");
        }
    }
}
