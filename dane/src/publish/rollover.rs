//! The steps of a change of keys.

use alloc::vec::Vec;
use core::time::Duration;

use super::{PublishError, record};
use crate::tlsa::{CertUsage, Tlsa};

/// A change of the server's certificate, in steps after each of which every client that obeys the
/// RFCs can authenticate the server, whatever it has in its cache
/// ([RFC 7671 section 8.1](https://www.rfc-editor.org/rfc/rfc7671#section-8.1),
/// [RFC 7672 section 4](https://www.rfc-editor.org/rfc/rfc7672#section-4)).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rollover {
    steps: Vec<(Duration, Step)>,
}

/// One step of a [`Rollover`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Publish these records and no others.
    Publish(Vec<Tlsa>),
    /// Have the server send the new certificate, on all its addresses.
    Deploy,
}

impl Rollover {
    /// Plans the change from the certificate now sent to the next one.
    ///
    /// `current` is the RRset as it stands. For each kind of record (selector and matching type)
    /// with usage 1 or 3 that matches the old certificate, one for the new certificate is added;
    /// the other records stay. `ttl` is the time to live of the RRset, `propagation` the time until
    /// all servers of the zone have a change.
    ///
    /// # Errors
    ///
    /// [`PublishError`] if a certificate cannot be read.
    pub fn plan(
        current: &[Tlsa],
        old: &[u8],
        new: &[u8],
        ttl: Duration,
        propagation: Duration,
    ) -> Result<Self, PublishError> {
        let mut outgoing = Vec::new();
        let mut incoming: Vec<Tlsa> = Vec::new();
        for one in current {
            if one.usage() != CertUsage::DANE_EE && one.usage() != CertUsage::PKIX_EE {
                continue;
            }
            let of = |certificate| record(one.usage(), one.selector(), one.matching(), certificate);
            match (of(old), of(new)) {
                (Ok(was), Ok(will)) if was == *one => {
                    if was != will {
                        outgoing.push(was);
                    }
                    if !current.contains(&will) && !incoming.contains(&will) {
                        incoming.push(will);
                    }
                }
                (Err(PublishError::Der(error)), _) | (_, Err(PublishError::Der(error))) => {
                    return Err(error.into());
                }
                // Of an older certificate, or of a kind that is not known here.
                _ => {}
            }
        }
        let both: Vec<Tlsa> = current.iter().chain(&incoming).cloned().collect();
        let after = both.iter().filter(|one| !outgoing.contains(one)).cloned().collect();
        let settled = ttl.saturating_add(propagation);
        let mut steps = Vec::new();
        if !incoming.is_empty() {
            steps.push((Duration::ZERO, Step::Publish(both)));
        }
        // Records that are there already may be new: wait for the caches all the same.
        let wait = if outgoing.is_empty() { Duration::ZERO } else { settled };
        steps.push((wait, Step::Deploy));
        if !outgoing.is_empty() {
            steps.push((Duration::ZERO, Step::Publish(after)));
        }
        Ok(Self { steps })
    }

    /// The steps in order, each with the least time to wait since the one before is done.
    #[must_use]
    pub fn steps(&self) -> &[(Duration, Step)] {
        &self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::tests::certificate;
    use crate::tlsa::{Matching, Selector};

    const TTL: Duration = Duration::from_secs(3600);
    const PROPAGATION: Duration = Duration::from_secs(60);

    fn of(selector: Selector, der: &[u8]) -> Tlsa {
        record(CertUsage::DANE_EE, selector, Matching::SHA2_256, der).unwrap()
    }

    #[test]
    fn pub6_both_records_stand_for_a_ttl_before_the_new_certificate_is_sent() {
        let (old, new) = (certificate(1, 1, 2), certificate(3, 1, 2));
        let (was, will) = (of(Selector::SPKI, &old), of(Selector::SPKI, &new));
        let anchor = record(CertUsage::DANE_TA, Selector::CERT, Matching::SHA2_256, &old).unwrap();
        let current = [anchor.clone(), was.clone()];
        let plan = Rollover::plan(&current, &old, &new, TTL, PROPAGATION).unwrap();
        assert_eq!(
            plan.steps(),
            [
                (Duration::ZERO, Step::Publish(Vec::from([anchor.clone(), was, will.clone()]))),
                (TTL + PROPAGATION, Step::Deploy),
                (Duration::ZERO, Step::Publish(Vec::from([anchor, will]))),
            ]
        );
    }

    #[test]
    fn a_new_certificate_of_the_same_key_needs_no_new_record_of_the_key() {
        let (old, new) = (certificate(1, 1, 2), certificate(1, 1, 7));
        let current = [of(Selector::SPKI, &old)];
        let plan = Rollover::plan(&current, &old, &new, TTL, PROPAGATION).unwrap();
        assert_eq!(plan.steps(), [(Duration::ZERO, Step::Deploy)]);
        let current = [of(Selector::CERT, &old)];
        let plan = Rollover::plan(&current, &old, &new, TTL, PROPAGATION).unwrap();
        assert_eq!(plan.steps().len(), 3);
    }

    #[test]
    fn a_change_that_is_half_done_goes_on() {
        let (old, new) = (certificate(1, 1, 2), certificate(3, 1, 2));
        let (was, will) = (of(Selector::SPKI, &old), of(Selector::SPKI, &new));
        let current = [was, will.clone()];
        let plan = Rollover::plan(&current, &old, &new, TTL, PROPAGATION).unwrap();
        let expected =
            [(TTL + PROPAGATION, Step::Deploy), (Duration::ZERO, Step::Publish(Vec::from([will])))];
        assert_eq!(plan.steps(), expected);
    }

    #[test]
    fn certificates_that_cannot_be_read_have_no_plan() {
        let old = certificate(1, 1, 2);
        let current = [of(Selector::SPKI, &old)];
        assert!(Rollover::plan(&current, &old, &[0], TTL, PROPAGATION).is_err());
        assert!(Rollover::plan(&current, &[0], &old, TTL, PROPAGATION).is_err());
    }
}
