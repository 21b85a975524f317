//! Keys of a zone, and signatures made when they are asked for.

use core::time::Duration;

use hickory_proto::dnssec::crypto::EcdsaSigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, RRSIG};
use hickory_proto::dnssec::{Algorithm, DigestType, DnsSecError, DnssecSigner, SigningKey};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordSet};
use pki_types::UnixTime;
use time::OffsetDateTime;

use super::{DnsError, Fault};

/// The one key of a signed zone: it signs the DNSKEY set and all else (ECDSA P-256, SHA-256).
pub(super) struct Signer {
    signer: DnssecSigner,
    ds: DS,
    valid_from: OffsetDateTime,
}

impl Signer {
    /// Makes a new key for the zone `apex`, whose signatures are good at `now`.
    pub(super) fn generate(apex: &Name, now: UnixTime) -> Result<Self, DnsError> {
        let pkcs8 = EcdsaSigningKey::generate_pkcs8(ALGORITHM)?;
        let key = EcdsaSigningKey::from_pkcs8(&pkcs8, ALGORITHM)?;
        let public = key.to_public_key()?;
        let ds = DS::from_key(&public, apex, DigestType::SHA256)?;
        let dnskey = DNSKEY::from_key(&public);
        let seconds = i64::try_from(now.as_secs()).map_err(|_| DnsError::Time)?;
        let now = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| DnsError::Time)?;
        let valid_from = now.checked_sub(BACKDATE).ok_or(DnsError::Time)?;
        let signer = DnssecSigner::new(dnskey, Box::new(key), apex.clone(), LIFETIME);
        Ok(Self { signer, ds, valid_from })
    }

    pub(super) fn dnskey(&self) -> RData {
        RData::DNSSEC(DNSSECRData::DNSKEY(self.signer.to_dnskey()))
    }

    /// The DS record that the parent publishes for this zone.
    pub(super) fn ds(&self) -> RData {
        RData::DNSSEC(DNSSECRData::DS(self.ds.clone()))
    }

    /// The signature over `set`, or none where `fault` takes it away.
    pub(super) fn sign(
        &self,
        set: &RecordSet,
        fault: Option<Fault>,
    ) -> Result<Option<Record>, DnsError> {
        let inception = match fault {
            Some(Fault::NoSignature) => return Ok(None),
            Some(Fault::ExpiredSignature) => {
                self.valid_from.checked_sub(AGED).ok_or(DnsError::Time)?
            }
            Some(Fault::Tampered | Fault::ServFail | Fault::NoAnswer) | None => self.valid_from,
        };
        let mut rrsig = RRSIG::from_rrset(set, DNSClass::IN, inception, &self.signer)?;
        if fault == Some(Fault::Tampered) {
            let mut signature = rrsig.sig().to_vec();
            if let Some(octet) = signature.last_mut() {
                *octet ^= 1;
            }
            rrsig = RRSIG::from_sig(rrsig.input().clone(), signature);
        }
        let data = RData::DNSSEC(DNSSECRData::RRSIG(rrsig));
        Ok(Some(Record::from_rdata(set.name().clone(), set.ttl(), data)))
    }
}

impl From<DnsSecError> for DnsError {
    fn from(_: DnsSecError) -> Self {
        Self::Sign
    }
}

const ALGORITHM: Algorithm = Algorithm::ECDSAP256SHA256;
/// Signatures begin a little in the past, for clocks that are not quite right.
const BACKDATE: time::Duration = time::Duration::HOUR;
const LIFETIME: Duration = Duration::from_secs(14 * 86_400);
/// How much earlier an expired signature begins: it ended two weeks before a good one begins.
const AGED: time::Duration = time::Duration::days(28);
