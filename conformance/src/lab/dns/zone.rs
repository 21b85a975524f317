//! One zone: its records, and what a name in it holds.

use std::collections::BTreeMap;

use hickory_proto::rr::rdata::{NS, SOA};
use hickory_proto::rr::{Name, RData, RecordSet, RecordType};

use super::data::parse_name;
use super::sign::Signer;
use super::{Denial, DnsError};

/// Whether a zone is signed, and whether its parent vouches for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signing {
    /// Signed, with a DS record in the parent: secure if the parent is.
    Signed,
    /// Not signed, no DS record: insecure.
    Unsigned,
    /// Signed, but without a DS record in the parent: insecure all the same.
    Island,
}

/// The records of one zone.
pub(super) struct Zone {
    pub(super) apex: Name,
    pub(super) signer: Option<Signer>,
    pub(super) denial: Denial,
    nodes: BTreeMap<Name, BTreeMap<u16, RecordSet>>,
}

/// What a zone has for a name and a type.
pub(super) enum Lookup<'a> {
    Found(&'a RecordSet),
    Cname(&'a RecordSet, &'a Name),
    /// The name exists, but has no such records; the types that it has.
    NoData(Vec<RecordType>),
    NoName,
}

impl Zone {
    /// A zone with nothing but its SOA, NS and, where it is signed, DNSKEY records.
    pub(super) fn new(apex: Name, signer: Option<Signer>) -> Result<Self, DnsError> {
        let server = parse_name(NAME_SERVER)?;
        let soa = SOA::new(server.clone(), parse_name(HOSTMASTER)?, 1, 3600, 600, 86_400, 60);
        let key = signer.as_ref().map(Signer::dnskey);
        let mut zone =
            Self { apex: apex.clone(), signer, denial: Denial::Compact, nodes: BTreeMap::new() };
        zone.insert(&apex, RData::SOA(soa));
        zone.insert(&apex, RData::NS(NS(server)));
        if let Some(key) = key {
            zone.insert(&apex, key);
        }
        Ok(zone)
    }

    /// Adds a record at `name`, which lies in this zone.
    pub(super) fn insert(&mut self, name: &Name, data: RData) {
        let kind = data.record_type();
        let sets = self.nodes.entry(name.clone()).or_default();
        let set = sets
            .entry(kind.into())
            .or_insert_with(|| RecordSet::with_ttl(name.clone(), kind, TTL_SECONDS));
        set.add_rdata(data);
    }

    /// The SOA record set, which every negative answer carries.
    pub(super) fn soa(&self) -> Option<&RecordSet> {
        self.nodes.get(&self.apex)?.get(&RecordType::SOA.into())
    }

    /// The NS records, which the zone above holds as well.
    pub(super) fn name_servers(&self) -> Vec<RData> {
        let set = self.nodes.get(&self.apex).and_then(|sets| sets.get(&RecordType::NS.into()));
        set.into_iter()
            .flat_map(RecordSet::records_without_rrsigs)
            .map(|record| record.data.clone())
            .collect()
    }

    pub(super) fn record_sets(&self) -> impl Iterator<Item = (String, RecordType)> {
        let sets = self.nodes.values().flat_map(BTreeMap::values);
        sets.map(|set| (set.name().to_ascii(), set.record_type()))
    }

    /// What this zone has; a name that is delegated is asked for DS here and nothing else.
    pub(super) fn lookup(&self, name: &Name, kind: RecordType) -> Lookup<'_> {
        let Some(sets) = self.nodes.get(name) else {
            // A name with nothing but names below it exists (RFC 4592 section 2.2.2).
            return match self.nodes.keys().any(|other| name.zone_of(other)) {
                true => Lookup::NoData(Vec::new()),
                false => Lookup::NoName,
            };
        };
        if let Some(set) = sets.get(&kind.into()) {
            return Lookup::Found(set);
        }
        if let Some(set) = sets.get(&RecordType::CNAME.into())
            && let Some(RData::CNAME(target)) = set.record().map(|record| &record.data)
        {
            return Lookup::Cname(set, &target.0);
        }
        Lookup::NoData(sets.values().map(RecordSet::record_type).collect())
    }
}

/// Time to live of every record: short, for a lab may change.
pub(super) const TTL_SECONDS: u32 = 60;
const NAME_SERVER: &str = "ns.lab.test.";
const HOSTMASTER: &str = "hostmaster.lab.test.";
