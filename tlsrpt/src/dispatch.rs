//! To which address of a record a report goes next, and whether it has arrived.

use alloc::vec::Vec;

use pki_types::{DnsName, UnixTime};

use crate::delivery::{Delivery, DeliveryAction, DeliveryInput};
use crate::record::Record;
use crate::time::UtcDay;

/// The delivery of one report to the addresses of its domain's record.
///
/// A [`Delivery`] for each address, and one answer to what is to be done now. The report has arrived
/// when the first address has accepted it ([RFC 8460 section 3]).
///
/// ```
/// use tlsrpt::{DeliveryInput, Dispatch, DispatchAction, Record, Recipients, UtcDay};
///
/// let record: Record = "v=TLSRPTv1; rua=mailto:a@b.example,https://r.example/tls".parse()?;
/// let day: UtcDay = "2026-11-20".parse()?;
/// let domain = "example.net".try_into()?;
/// let mut dispatch = Dispatch::new(&record, &domain, day, 0x5eed, Recipients::default());
///
/// let DispatchAction::WaitUntil(now) = dispatch.action(day.end()) else { panic!() };
/// while let DispatchAction::Send { uri } = dispatch.action(now) {
///     // Send the report to `record.uris()[uri]`, and tell what came of it.
///     dispatch.handle(uri, DeliveryInput::MailReply(250), now);
/// }
/// assert_eq!(dispatch.action(now), DispatchAction::Delivered);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 8460 section 3]: https://www.rfc-editor.org/rfc/rfc8460#section-3
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dispatch {
    recipients: Recipients,
    deliveries: Vec<Delivery>,
}

/// Which of a record's addresses get the report; section 3 leaves it to the sender.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8460 section 3 allows these two")]
pub enum Recipients {
    /// Each of them.
    #[default]
    Every,
    /// The first that accepts it, in the order of the record. The next one is tried as soon as the
    /// one before it has failed, if only for now.
    FirstToAccept,
}

/// What to do now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DispatchAction {
    /// Send the report to this address, and hand in what came of it.
    Send {
        /// Its place in [`Record::uris`].
        uri: usize,
    },
    /// Ask again at this time.
    WaitUntil(UnixTime),
    /// Nothing more: at least one address has it.
    Delivered,
    /// Nothing more: no address takes it.
    GaveUp,
}

impl Dispatch {
    /// The delivery of the report on this domain and day to the addresses of this record. With the
    /// same seed it begins at the same time again after a restart.
    #[must_use]
    pub fn new(
        record: &Record,
        domain: &DnsName<'_>,
        day: UtcDay,
        seed: u64,
        recipients: Recipients,
    ) -> Self {
        let delivery = Delivery::new(domain, day, seed);
        Self { recipients, deliveries: record.uris().iter().map(|_| delivery.clone()).collect() }
    }

    /// What to do now. It may be asked any number of times.
    #[must_use]
    pub fn action(&self, now: UnixTime) -> DispatchAction {
        let delivered = self.is_delivered();
        let mut wait: Option<UnixTime> = None;
        if !(delivered && self.recipients == Recipients::FirstToAccept) {
            for (uri, delivery) in self.deliveries.iter().enumerate() {
                match delivery.action(now) {
                    DeliveryAction::Send => return DispatchAction::Send { uri },
                    DeliveryAction::WaitUntil(at) => {
                        wait = Some(wait.map_or(at, |earlier| earlier.min(at)));
                    }
                    DeliveryAction::Delivered | DeliveryAction::GaveUp(_) => {}
                }
            }
        }
        match wait {
            Some(at) => DispatchAction::WaitUntil(at),
            None if delivered => DispatchAction::Delivered,
            None => DispatchAction::GaveUp,
        }
    }

    /// Takes in what came of an attempt at this address that ended now. An address that the record
    /// does not have, and one that is done, change nothing.
    pub fn handle(&mut self, uri: usize, input: DeliveryInput, now: UnixTime) {
        if let Some(delivery) = self.deliveries.get_mut(uri) {
            delivery.handle(input, now);
        }
    }

    /// Whether an address has accepted the report; others may still wait for it.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.deliveries.iter().any(Delivery::is_delivered)
    }

    /// The delivery to each address, in the order of [`Record::uris`].
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::GaveUp;
    use crate::time::unix;

    const ACCEPTED: DeliveryInput = DeliveryInput::MailReply(250);
    const BUSY: DeliveryInput = DeliveryInput::MailReply(450);
    const REFUSED: DeliveryInput = DeliveryInput::MailReply(550);

    /// A record of three addresses, at the time of the first attempt.
    fn dispatch(recipients: Recipients) -> (Dispatch, UnixTime) {
        let record: Record =
            "v=TLSRPTv1; rua=mailto:a@b.example,https://c.example/,ftp://x.example,mailto:d@e.example"
                .parse()
                .unwrap();
        let day: UtcDay = "2026-11-20".parse().unwrap();
        let domain = "example.net".try_into().unwrap();
        let dispatch = Dispatch::new(&record, &domain, day, 7, recipients);
        assert_eq!(dispatch.deliveries().len(), record.uris().len());
        let DispatchAction::WaitUntil(first) = dispatch.action(day.end()) else { panic!() };
        assert_eq!(dispatch.action(first), DispatchAction::Send { uri: 0 });
        (dispatch, first)
    }

    fn wait(dispatch: &Dispatch, now: UnixTime) -> UnixTime {
        match dispatch.action(now) {
            DispatchAction::WaitUntil(at) => at,
            other => panic!("{other:?}"),
        }
    }

    // checks: tlsrpt/D8
    #[test]
    fn rfc8460_3_every_address_gets_the_report_and_the_first_makes_it_delivered() {
        let (mut dispatch, now) = dispatch(Recipients::Every);
        dispatch.handle(0, BUSY, now);
        assert_eq!(dispatch.action(now), DispatchAction::Send { uri: 1 });
        assert!(!dispatch.is_delivered());
        dispatch.handle(1, ACCEPTED, now);
        assert!(dispatch.is_delivered());
        assert_eq!(dispatch.action(now), DispatchAction::Send { uri: 2 });
        dispatch.handle(2, REFUSED, now);
        let again = wait(&dispatch, now);
        assert_eq!(dispatch.action(again), DispatchAction::Send { uri: 0 });
        dispatch.handle(0, ACCEPTED, again);
        assert_eq!(dispatch.action(again), DispatchAction::Delivered);
    }

    // checks: tlsrpt/D8
    #[test]
    fn rfc8460_3_one_address_may_be_enough() {
        let (mut dispatch, now) = dispatch(Recipients::FirstToAccept);
        dispatch.handle(0, BUSY, now);
        assert_eq!(dispatch.action(now), DispatchAction::Send { uri: 1 });
        dispatch.handle(1, ACCEPTED, now);
        assert_eq!(dispatch.action(now), DispatchAction::Delivered);
        assert!(matches!(dispatch.deliveries()[0].action(now), DeliveryAction::WaitUntil(_)));
    }

    // checks: tlsrpt/D8, tlsrpt/R1
    #[test]
    fn rfc8460_5_5_it_ends_when_no_address_is_left() {
        for recipients in [Recipients::Every, Recipients::FirstToAccept] {
            let (mut dispatch, first) = dispatch(recipients);
            let mut now = first;
            let mut attempts = [0; 3];
            loop {
                match dispatch.action(now) {
                    DispatchAction::Send { uri } => {
                        attempts[uri] += 1;
                        let input = if uri == 1 { REFUSED } else { DeliveryInput::Unreachable };
                        dispatch.handle(uri, input, now);
                    }
                    DispatchAction::WaitUntil(at) => {
                        assert!(at > now);
                        now = at;
                    }
                    last => {
                        assert_eq!(last, DispatchAction::GaveUp);
                        break;
                    }
                }
            }
            assert!(attempts[0] > 8 && attempts[0] == attempts[2] && attempts[1] == 1);
            assert!(now.as_secs() - first.as_secs() <= 86_400);
            let why = |uri: usize| dispatch.deliveries()[uri].action(now);
            assert_eq!(why(0), DeliveryAction::GaveUp(GaveUp::TooLate));
            assert_eq!(why(1), DeliveryAction::GaveUp(GaveUp::Refused));
        }
    }

    #[test]
    fn an_address_that_is_none_changes_nothing() {
        let (mut dispatch, now) = dispatch(Recipients::Every);
        let before = dispatch.clone();
        dispatch.handle(3, ACCEPTED, now);
        dispatch.handle(usize::MAX, ACCEPTED, unix(0));
        assert_eq!(dispatch, before);
    }
}
