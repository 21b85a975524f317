//! The whole answer to a question, over all zones, with what is true of its security.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordSet, RecordType};

use super::deny::{deny_name, deny_type, nsec_at};
use super::zone::{Lookup, Zone};
use super::{Denial, DnsError, Fault, Zones};

/// What a validator with the lab's trust anchor finds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Security {
    /// The worst: a chain of trust exists and is broken, with the fault that broke it.
    Bogus(Fault),
    Insecure,
    Secure,
}

/// An answer before it is put into a message.
pub(super) struct Answer {
    pub(super) code: ResponseCode,
    /// The name does not exist; in a signed zone the code alone does not say so.
    pub(super) no_such_name: bool,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    pub(super) security: Security,
}

impl Answer {
    fn new() -> Self {
        Self {
            code: ResponseCode::NoError,
            no_such_name: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            security: Security::Secure,
        }
    }

    pub(super) fn failure() -> Self {
        Self { code: ResponseCode::ServFail, security: Security::Insecure, ..Self::new() }
    }
}

impl Zones {
    /// The answer to a question, following CNAMEs into other zones; none where it is withheld.
    pub(super) fn answer(&self, name: &Name, kind: RecordType) -> Result<Option<Answer>, DnsError> {
        let mut answer = Answer::new();
        let mut name = name.to_lowercase();
        for _ in 0..=MAX_CNAMES {
            let Some(zone) = self.zone_for(&name, kind) else { return Ok(Some(Answer::failure())) };
            let found = zone.lookup(&name, kind);
            let fault = self.fault_at(&name, kind).or_else(|| match found {
                Lookup::Cname(..) => self.fault_at(&name, RecordType::CNAME),
                _ => None,
            });
            match fault {
                Some(Fault::NoAnswer) => return Ok(None),
                Some(Fault::ServFail) => return Ok(Some(Answer::failure())),
                _ => {}
            }
            answer.security = answer.security.min(self.security(zone, fault));
            match found {
                Lookup::Found(set) => {
                    push_signed(&mut answer.answers, zone, set, fault)?;
                    return Ok(Some(answer));
                }
                Lookup::Cname(set, target) => {
                    push_signed(&mut answer.answers, zone, set, fault)?;
                    name = target.to_lowercase();
                }
                Lookup::NoData(types) => {
                    if kind == RecordType::NSEC && zone.signer.is_some() {
                        push_signed(&mut answer.answers, zone, &nsec_at(&name, types)?, fault)?;
                        return Ok(Some(answer));
                    }
                    answer.authorities = deny_type(zone, &name, types, fault)?;
                    return Ok(Some(answer));
                }
                Lookup::NoName => {
                    answer.no_such_name = true;
                    answer.authorities = deny_name(zone, &name, fault)?;
                    answer.code = match (zone.signer.is_some(), zone.denial) {
                        (true, Denial::Compact) => ResponseCode::NoError,
                        (false, _) | (true, Denial::Covering) => ResponseCode::NXDomain,
                    };
                    return Ok(Some(answer));
                }
            }
        }
        Ok(Some(Answer::failure()))
    }

    /// What a validator makes of data in `zone` whose own signatures have this fault.
    fn security(&self, zone: &Zone, fault: Option<Fault>) -> Security {
        let mut fault = fault;
        let mut at = Some(zone);
        while let Some(zone) = at {
            if zone.signer.is_none() {
                return Security::Insecure;
            }
            fault = fault.or_else(|| self.fault_at(&zone.apex, RecordType::DNSKEY));
            if zone.apex.is_root() {
                break;
            }
            fault = fault.or_else(|| self.fault_at(&zone.apex, RecordType::DS));
            at = self.zone_for(&zone.apex, RecordType::DS);
            let vouched = at.is_some_and(|up| {
                matches!(up.lookup(&zone.apex, RecordType::DS), Lookup::Found(_))
            });
            if !vouched {
                return Security::Insecure;
            }
        }
        fault.map_or(Security::Secure, Security::Bogus)
    }
}

pub(super) fn push_signed(
    section: &mut Vec<Record>,
    zone: &Zone,
    set: &RecordSet,
    fault: Option<Fault>,
) -> Result<(), DnsError> {
    section.extend(set.records_without_rrsigs().cloned());
    if let Some(signer) = &zone.signer {
        section.extend(signer.sign(set, fault)?);
    }
    Ok(())
}

/// More aliases than this in one answer are a loop.
const MAX_CNAMES: usize = 12;
