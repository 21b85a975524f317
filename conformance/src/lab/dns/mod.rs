//! A small signed DNS: all zones of the lab in one value, answered from bytes to bytes.
//!
//! [`Zones`] holds a signed root and what was added below it. Signatures are made when a question
//! comes (ECDSA P-256), absence is proved by records made for it ([`Denial`]), and each answer is complete: aliases are
//! followed into other zones, as a recursive resolver would follow them. A validator that is given
//! [`Zones::trust_anchor`] validates it all. [`DnsServer`] puts it on UDP and TCP.
//!
//! Under [`Denial::Compact`] a name that does not exist is denied with the code NOERROR and the type
//! NXNAME in its NSEC record (RFC 9824 section 3.1); who does not ask for DNSSEC records gets
//! NXDOMAIN.

mod answer;
mod data;
mod deny;
mod message;
mod server;
mod sign;
mod zone;

use std::collections::BTreeMap;

use hickory_proto::ProtoError;
use hickory_proto::rr::{Name, RData, RecordType};
use pki_types::UnixTime;

pub use data::Data;
pub use deny::Denial;
pub use message::{Face, Transport};
pub use server::{DnsServer, Question};
pub use zone::Signing;

use data::parse_name;
use sign::Signer;
use zone::Zone;

/// All zones of a lab: a signed root, and the zones added below it.
pub struct Zones {
    zones: BTreeMap<Name, Zone>,
    faults: BTreeMap<(Name, u16), Fault>,
    now: UnixTime,
}

impl Zones {
    /// The signed root zone alone; signatures are good from an hour before `now` for two weeks.
    ///
    /// # Errors
    ///
    /// [`DnsError::Sign`] where no key can be made, [`DnsError::Time`] for a time out of range.
    pub fn new(now: UnixTime) -> Result<Self, DnsError> {
        let root = Zone::new(Name::root(), Some(Signer::generate(&Name::root(), now)?))?;
        Ok(Self { zones: BTreeMap::from([(Name::root(), root)]), faults: BTreeMap::new(), now })
    }

    /// Adds the zone `apex` with its delegation in the zone above, which must be there already.
    ///
    /// # Errors
    ///
    /// [`DnsError::Name`] if `apex` is no name, [`DnsError::Exists`] if the zone is there already,
    /// and those of [`Zones::new`].
    pub fn add_zone(&mut self, apex: &str, signing: Signing) -> Result<(), DnsError> {
        let name = parse_name(apex)?;
        if self.zones.contains_key(&name) {
            return Err(DnsError::Exists(apex.to_owned()));
        }
        let signer = match signing {
            Signing::Signed | Signing::Island => Some(Signer::generate(&name, self.now)?),
            Signing::Unsigned => None,
        };
        let ds = match signing {
            Signing::Signed => signer.as_ref().map(Signer::ds),
            Signing::Unsigned | Signing::Island => None,
        };
        let zone = Zone::new(name.clone(), signer)?;
        let servers: Vec<RData> = zone.name_servers();
        if let Some(parent) = self.zone_for_mut(&name) {
            for data in servers.into_iter().chain(ds) {
                parent.insert(&name, data);
            }
        }
        self.zones.insert(name, zone);
        Ok(())
    }

    /// Adds a record to the zone in which `name` lies.
    ///
    /// # Errors
    ///
    /// [`DnsError::Name`] or [`DnsError::CharacterString`] for data that no record can hold.
    pub fn add(&mut self, name: &str, data: Data) -> Result<(), DnsError> {
        let name = parse_name(name)?;
        let data = data.into_rdata()?;
        if let Some(zone) = self.zone_for_mut(&name) {
            zone.insert(&name, data);
        }
        Ok(())
    }

    /// Changes how the zone in which `name` lies denies names; at first it is [`Denial::Compact`].
    ///
    /// # Errors
    ///
    /// [`DnsError::Name`] if `name` is no name.
    pub fn set_denial(&mut self, name: &str, denial: Denial) -> Result<(), DnsError> {
        if let Some(zone) = self.zone_for_mut(&parse_name(name)?) {
            zone.denial = denial;
        }
        Ok(())
    }

    /// Makes the answers at `name` for this type faulty: positive ones, aliases and denials.
    ///
    /// # Errors
    ///
    /// [`DnsError::Name`] if `name` is no name.
    pub fn set_fault(
        &mut self,
        name: &str,
        kind: RecordType,
        fault: Fault,
    ) -> Result<(), DnsError> {
        self.faults.insert((parse_name(name)?, kind.into()), fault);
        Ok(())
    }

    /// The root's key as a line of a trust anchor file: the DS record and, after it, the DNSKEY.
    #[must_use]
    pub fn trust_anchor(&self) -> String {
        let signer = self.zones.get(&Name::root()).and_then(|zone| zone.signer.as_ref());
        signer.map_or_else(String::new, |signer| {
            format!(". 3600 IN DS {}\n. 3600 IN DNSKEY {}\n", signer.ds(), signer.dnskey())
        })
    }

    /// Every record set of every zone, keys and delegations included: its owner and its type.
    #[must_use]
    pub fn record_sets(&self) -> Vec<(String, RecordType)> {
        self.zones.values().flat_map(Zone::record_sets).collect()
    }

    fn fault_at(&self, name: &Name, kind: RecordType) -> Option<Fault> {
        self.faults.get(&(name.clone(), kind.into())).copied()
    }

    /// The zone that answers for `name`: the deepest one, or for a DS question the one above
    /// (RFC 4035 section 3.1.4.1).
    fn zone_for(&self, name: &Name, kind: RecordType) -> Option<&Zone> {
        let mut at = name.clone();
        if kind == RecordType::DS && !at.is_root() && self.zones.contains_key(&at) {
            at = at.base_name();
        }
        loop {
            if let Some(zone) = self.zones.get(&at) {
                return Some(zone);
            }
            if at.is_root() {
                return None;
            }
            at = at.base_name();
        }
    }

    fn zone_for_mut(&mut self, name: &Name) -> Option<&mut Zone> {
        let apex = self.zone_for(name, RecordType::SOA)?.apex.clone();
        self.zones.get_mut(&apex)
    }
}

/// What is wrong with the answers at a name.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fault {
    /// The signatures do not verify, as after a change under way.
    Tampered,
    /// The signatures ended two weeks ago.
    ExpiredSignature,
    /// The signatures are missing although the zone is signed.
    NoSignature,
    /// The server answers SERVFAIL.
    ServFail,
    /// The server does not answer.
    NoAnswer,
}

/// Why zones cannot be built or asked.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DnsError {
    /// A character-string of this many octets does not fit into a TXT record.
    #[error("character-string has {0} octets, not at most 255")]
    CharacterString(usize),
    /// A zone of this name is there already.
    #[error("zone {0} exists already")]
    Exists(String),
    /// A record does not fit into a message.
    #[error("a record cannot be written")]
    Message,
    /// The text is not a domain name.
    #[error("{0:?} is not a domain name")]
    Name(String),
    /// The name is too long for a compact denial: there is no next name.
    #[error("the name leaves no room for a next name")]
    NoNextName,
    /// A key cannot be made or used.
    #[error("a zone key cannot be made or used")]
    Sign,
    /// The time is out of the range of signatures.
    #[error("the time is out of range")]
    Time,
}

impl From<ProtoError> for DnsError {
    fn from(_: ProtoError) -> Self {
        Self::Message
    }
}
