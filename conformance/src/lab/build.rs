//! From plans to running servers.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;

use hickory_proto::rr::RecordType;
use pki_types::UnixTime;
use rustls::sign::CertifiedKey;

use super::LabError;
use super::dns::{Data, Denial, Signing, Zones};
use super::https::{Page, PolicyHost};
use super::listen::bind_all;
use super::pki::{Credential, Dates, Pki, Signed};
use super::smtp::{Ledger, SmtpServer};
use super::world::{Certificate, HostPlan, KeyOwner, PagePlan, Plan, PolicyPlan, Reach, Tlsa};

/// What is there once the plans are carried out; the DNS servers are still to be started.
pub(super) struct Built {
    pub(super) zones: Zones,
    pub(super) pki: Pki,
    pub(super) policy_host: PolicyHost,
    pub(super) servers: Vec<SmtpServer>,
    pub(super) ledger: Ledger,
    pub(super) smtp_port: u16,
    pub(super) https_port: u16,
    pub(super) addresses: BTreeMap<&'static str, Ipv4Addr>,
}

/// Carries out all plans.
pub(super) fn build(plans: &[&Plan], now: UnixTime) -> Result<Built, LabError> {
    let pki = Pki::new(now)?;
    let mut zones = Zones::new(now)?;
    zones.add_zone("test", Signing::Signed)?;
    zones.set_denial("test", Denial::Covering)?;
    let hosts: Vec<&HostPlan> = plans.iter().flat_map(|plan| plan.hosts).collect();
    let addresses: BTreeMap<&str, Ipv4Addr> =
        hosts.iter().zip(1_u32..).map(|(host, number)| (host.name, mx_address(number))).collect();
    let (smtp_port, mut listeners) = listen(&hosts, &addresses)?;
    let (https_port, policy_listeners) = bind_all(&[POLICY_HOST], None)?;
    let Some(policy_listener) = policy_listeners.into_iter().next() else {
        return Err(LabError::Io(std::io::ErrorKind::AddrNotAvailable.into()));
    };
    let policy_host = PolicyHost::start(policy_listener)?;
    let ledger = Ledger::default();
    let stranger = pki.issue(&["somebody.else.example"], Signed::BySelf, Dates::Current)?;
    let mut servers = Vec::new();
    for plan in plans {
        add_domain(&mut zones, plan)?;
        if let Some(policy) = &plan.policy {
            let name = format!("mta-sts.{}", plan.domain);
            add_policy(&mut zones, plan.domain, &name, policy)?;
            let credential = issue(&pki, &name, &policy.certificate)?;
            policy_host.set(&name, credential.certified_key()?, page(policy.page));
        }
        for host in plan.hosts {
            let credential = issue(&pki, host.name, &host.certificate)?;
            if let Some(address) = addresses.get(host.name) {
                zones.add(host.name, Data::A(*address))?;
            }
            add_tlsa(&mut zones, host, &credential, smtp_port)?;
            if let (Some(behaviour), Some(listener)) = (host.server, listeners.remove(host.name)) {
                let key = key(&credential, host.certificate.key, &stranger)?;
                let ledger = ledger.clone();
                servers.push(SmtpServer::start(listener, host.name, behaviour, key, ledger)?);
            }
        }
    }
    Ok(Built { zones, pki, policy_host, servers, ledger, smtp_port, https_port, addresses })
}

/// A listener for each host that has a server, all with one port.
fn listen<'a>(
    hosts: &[&'a HostPlan],
    addresses: &BTreeMap<&str, Ipv4Addr>,
) -> Result<(u16, BTreeMap<&'a str, TcpListener>), LabError> {
    let served = || hosts.iter().filter(|host| host.server.is_some()).map(|host| host.name);
    let bound: Vec<Ipv4Addr> = served().filter_map(|name| addresses.get(name).copied()).collect();
    let (port, listeners) = bind_all(&bound, None)?;
    Ok((port, served().zip(listeners).collect()))
}

fn add_domain(zones: &mut Zones, plan: &Plan) -> Result<(), LabError> {
    for (apex, signing) in plan.zones {
        zones.add_zone(apex, *signing)?;
    }
    for (name, target) in plan.aliases {
        zones.add(name, Data::Cname((*target).to_owned()))?;
    }
    // Where the domain itself is an alias, the MX records stand at its target.
    let alias = plan.aliases.iter().find(|(name, _)| *name == plan.domain);
    let owner = alias.map_or(plan.domain, |(_, target)| target);
    for (preference, host) in plan.mx {
        zones.add(owner, Data::Mx { preference: *preference, host: (*host).to_owned() })?;
    }
    if let Some(record) = plan.report_to {
        zones.add(&format!("_smtp._tls.{}", plan.domain), Data::Txt(vec![record.to_owned()]))?;
    }
    for (name, kind, fault) in plan.faults {
        zones.set_fault(name, *kind, *fault)?;
    }
    Ok(())
}

fn add_policy(
    zones: &mut Zones,
    domain: &str,
    host: &str,
    policy: &PolicyPlan,
) -> Result<(), LabError> {
    if let Some(record) = policy.record {
        zones.add(&format!("_mta-sts.{domain}"), Data::Txt(vec![record.to_owned()]))?;
    }
    let address = match policy.reach {
        Reach::Up => POLICY_HOST,
        Reach::Down => NOBODY,
    };
    zones.add(host, Data::A(address))?;
    Ok(())
}

fn page(plan: PagePlan) -> Page {
    match plan {
        PagePlan::Policy(body) => Page::policy(body),
        PagePlan::Status(status) => {
            Page::Response { status, media_type: "text/plain".to_owned(), body: Vec::new() }
        }
        PagePlan::Redirect(to) => Page::Redirect(to.to_owned()),
    }
}

/// The TLSA records of a host, below port 25 and below the port at which the lab listens.
fn add_tlsa(
    zones: &mut Zones,
    host: &HostPlan,
    credential: &Credential,
    port: u16,
) -> Result<(), LabError> {
    for port in [25, port] {
        let owner = format!("_{port}._tcp.{}", host.tlsa_base.unwrap_or(host.name));
        for record in host.tlsa {
            let octets = match *record {
                Tlsa::Octets(octets) => Some(octets.to_vec()),
                Tlsa::Of { usage, selector, matching, depth } => {
                    credential.tlsa(usage, selector, matching, depth)
                }
            };
            if let Some(octets) = octets {
                zones.add(&owner, Data::Tlsa(octets))?;
            }
        }
        if let Some(fault) = host.tlsa_fault {
            zones.set_fault(&owner, RecordType::TLSA, fault)?;
        }
    }
    Ok(())
}

fn issue(pki: &Pki, host: &str, certificate: &Certificate) -> Result<Credential, LabError> {
    let own = [host];
    let names = if certificate.names.is_empty() { &own } else { certificate.names };
    pki.issue(names, certificate.signed, certificate.dates)
}

fn key(
    credential: &Credential,
    owner: KeyOwner,
    stranger: &Credential,
) -> Result<Arc<CertifiedKey>, LabError> {
    match owner {
        KeyOwner::Server => credential.certified_key(),
        KeyOwner::SomebodyElse => credential.with_key_of(stranger),
    }
}

/// The address of the MX host with this number: 127.0.25.1 and upwards.
fn mx_address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(MX_NETWORK.to_bits() + number)
}

const MX_NETWORK: Ipv4Addr = Ipv4Addr::new(127, 0, 25, 0);
const POLICY_HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 44, 3);
/// Where nothing listens.
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 0, 44, 4);
