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
    seen: Seen,
    good_policies: HashMap<PolicyDomain, Arc<str>>,
    good_keys: HashMap<PolicyDomain, Arc<CertifiedKey>>,
    /// The policies as they stand in the files, good or not.
    bodies: BTreeMap<PolicyDomain, Vec<u8>>,
    /// The publications that were seen last.
    announced: HashMap<PolicyDomain, Announced>,
}

/// The files with their sizes and times.
type Seen = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

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
            good_policies: HashMap::new(),
            good_keys: HashMap::new(),
            bodies: BTreeMap::new(),
            announced: HashMap::new(),
        }
    }

    /// Reads all files. One that cannot be used leaves what was good before.
    pub(crate) fn read(&mut self, inspector: &Inspector) -> io::Result<Reading> {
        self.seen = self.look()?;
        let mut findings = Vec::new();
        let policies = files(&self.policies, "txt", Policy::MAX_LEN as u64, &mut findings)?;
        let keys = files(&self.certificates, "pem", PEM_BYTES, &mut findings)?;
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
        Ok(Reading { sites, records, findings })
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
        self.bodies.clear();
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

    fn has_changed(&self) -> io::Result<bool> {
        Ok(self.look()? != self.seen)
    }

    fn look(&self) -> io::Result<Seen> {
        let mut seen = Seen::new();
        for folder in [&self.policies, &self.certificates] {
            for file in std::fs::read_dir(folder)? {
                let path = file?.path();
                // It may be gone again.
                if let Ok(facts) = std::fs::metadata(&path) {
                    seen.insert(path, (facts.len(), facts.modified().ok()));
                }
            }
        }
        Ok(seen)
    }
}

/// Prints what the first reading has found, then looks every second whether a file has changed, and
/// reads all again then.
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
            let reading = match folder.has_changed() {
                Ok(true) => folder.read(&inspector),
                Ok(false) => return folder,
                Err(error) => Err(error),
            };
            match reading {
                Ok(mut reading) => {
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

/// The files `<domain>.<ending>` of a folder; without content those that cannot be read.
fn files(
    folder: &Path,
    ending: &str,
    limit: u64,
    findings: &mut Vec<Finding>,
) -> io::Result<BTreeMap<PolicyDomain, Option<Vec<u8>>>> {
    let mut files = BTreeMap::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_none_or(|found| found != ending) {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let domain = name.parse::<PolicyDomain>().ok();
        let Some(domain) = domain.filter(|domain| domain.policy_host().is_some()) else {
            findings.push(Finding { domain: name, what: What::NoDomain });
            continue;
        };
        let content = content(&path, limit).ok();
        if content.is_none() {
            findings.push(Finding { domain: name, what: What::Unreadable });
        }
        files.insert(domain, content);
    }
    Ok(files)
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
