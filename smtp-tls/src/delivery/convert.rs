//! Answers of the DNS in the words of `dane`.

use dane::discovery::{
    Answer as DaneAnswer, AuthenticData, Hop, LookUpFailure, Outcome as DaneOutcome, TrustedPath,
};
use dane::{DomainName, TlsaSet};

use crate::resolve::{Answer, ChainError, Judged, LookUpError, Outcome, Record, Security};

/// The status alone.
pub(super) fn status(answer: &Result<Answer, LookUpError>) -> DaneAnswer<()> {
    dane_answer(answer, |_| ())
}

/// The TLSA records of an answer, those that cannot be read included.
#[must_use]
pub fn tlsa_set(records: &[Record]) -> TlsaSet {
    TlsaSet::from_rdata(records.iter().filter_map(|record| match record {
        Record::Tlsa(rdata) | Record::Unreadable(rdata) => Some(rdata.as_slice()),
        _ => None,
    }))
}

/// An answer, or that there is none, in the words of [`dane`]: for who drives a
/// [`HostDiscovery`](dane::discovery::HostDiscovery) by himself over a
/// [`LookUp`](crate::resolve::LookUp).
pub fn dane_answer<T>(
    answer: &Result<Answer, LookUpError>,
    records: impl FnOnce(&[Record]) -> T,
) -> DaneAnswer<T> {
    match answer {
        Ok(answer) => convert_answer(answer, records),
        Err(error) => DaneAnswer::failed(failure(error)),
    }
}

/// An answer with its chain of aliases.
pub(super) fn convert_answer<T>(
    answer: &Answer,
    read: impl FnOnce(&[Record]) -> T,
) -> DaneAnswer<T> {
    let outcome = match &answer.outcome {
        Outcome::Records(records) => DaneOutcome::Records(read(records)),
        Outcome::NoData => DaneOutcome::NoData,
        Outcome::NxDomain => DaneOutcome::NxDomain,
    };
    let targets = answer.chain.iter().map(|hop| hop.target.as_str());
    let names = targets.map(|target| {
        let labels = target.split('.').filter(|label| !label.is_empty());
        DomainName::from_labels(labels.map(str::as_bytes))
    });
    let Ok(names) = names.collect::<Result<Vec<_>, _>>() else {
        return DaneAnswer::failed(LookUpFailure::Malformed);
    };
    match answer.judged {
        Judged::HopByHop => {
            let hops = names.into_iter().zip(&answer.chain);
            let hops = hops.map(|(name, hop)| Hop { name, security: security(hop.security) });
            DaneAnswer::hop_by_hop(outcome, security(answer.security), hops.collect())
        }
        Judged::AsAWhole => {
            let bit = match answer.security {
                Security::Secure => AuthenticData::Set,
                Security::Insecure => AuthenticData::Clear,
            };
            // Whoever implements `LookUp` vouches for the path: its documentation says so.
            DaneAnswer::from_ad_bit(outcome, bit, names, &TrustedPath::same_host())
        }
    }
}

const fn security(security: Security) -> dane::discovery::Security {
    match security {
        Security::Secure => dane::discovery::Security::Secure,
        Security::Insecure => dane::discovery::Security::Insecure,
    }
}

/// Why there is no answer.
pub(super) fn failure(error: &LookUpError) -> LookUpFailure {
    match error {
        LookUpError::Bogus { .. } => LookUpFailure::Bogus,
        LookUpError::Indeterminate { .. } => LookUpFailure::Indeterminate,
        LookUpError::Chain(ChainError::Loop) => LookUpFailure::CnameLoop,
        LookUpError::Chain(ChainError::TooLong) => LookUpFailure::TooManyHops,
        LookUpError::ServFail { .. } | LookUpError::ResponseCode(_) => LookUpFailure::ServerFailure,
        LookUpError::Timeout | LookUpError::Unreachable(_) => LookUpFailure::TimedOut,
        LookUpError::Chain(ChainError::Alias)
        | LookUpError::Malformed
        | LookUpError::Name
        | LookUpError::Referral
        | LookUpError::TooManyRecords
        | LookUpError::Truncated => LookUpFailure::Malformed,
    }
}
