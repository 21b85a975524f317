//! When to send a report, when to try again, and when to give up.

use core::time::Duration;

use pki_types::{DnsName, UnixTime};
use sha2::{Digest, Sha256};

use crate::limits;
use crate::time::{UtcDay, unix};

/// The delivery of one report to one of its URIs.
///
/// The first attempt comes 1 to 14,400 seconds after the day is sealed, so that not all reports
/// of the world leave at midnight ([RFC 8460 section 4.1]). What fails for now is tried again
/// after 5 minutes, then twice as long each time up to 4 hours, each times a factor from one half
/// to one, until 24 hours after the first attempt ([section 5.5]). A retry sends the same bytes.
///
/// ```
/// use tlsrpt::{Delivery, DeliveryAction, DeliveryInput, UtcDay};
///
/// let day: UtcDay = "2026-11-20".parse()?;
/// let domain = "example.net".try_into().expect("a domain name");
/// let mut delivery = Delivery::new(&domain, day, 0x5eed);
/// let DeliveryAction::WaitUntil(first) = delivery.action(day.end()) else { panic!() };
/// assert_eq!(delivery.action(first), DeliveryAction::Send);
/// delivery.handle(DeliveryInput::HttpStatus { status: 200, retry_after: None }, first);
/// assert_eq!(delivery.action(first), DeliveryAction::Delivered);
/// # Ok::<(), tlsrpt::UtcDayError>(())
/// ```
///
/// [RFC 8460 section 4.1]: https://www.rfc-editor.org/rfc/rfc8460#section-4.1
/// [section 5.5]: https://www.rfc-editor.org/rfc/rfc8460#section-5.5
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    seed: [u8; 32],
    state: State,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum State {
    First { at: u64 },
    Retry { at: u64, failures: u32, deadline: u64 },
    Delivered,
    GaveUp(GaveUp),
}

/// What to do now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeliveryAction {
    /// Send the report, and hand in what came of it.
    Send,
    /// Ask again at this time.
    WaitUntil(UnixTime),
    /// Nothing more: the receiver has it.
    Delivered,
    /// Nothing more: the receiver does not take it.
    GaveUp(GaveUp),
}

/// Why a delivery ended without success.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum GaveUp {
    /// The receiver refused it for good.
    Refused,
    /// 24 hours have passed since the first attempt.
    TooLate,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeliveryInput {
    /// The HTTPS server answered. Redirects are not followed; only 2xx is success.
    HttpStatus {
        /// The status code.
        status: u16,
        /// What its `Retry-After` field says.
        retry_after: Option<Duration>,
    },
    /// The MTA answered with this code: 2yz accepts, 5yz refuses for good.
    MailReply(u16),
    /// There was no answer.
    Unreachable,
}

impl Delivery {
    /// The delivery of the report on this domain and day. Deliveries with the same seed begin at
    /// the same time again after a restart.
    #[must_use]
    pub fn new(domain: &DnsName<'_>, day: UtcDay, seed: u64) -> Self {
        let lower = domain.to_lowercase_owned();
        let name: &str = lower.as_ref();
        let mut digest = Sha256::new();
        digest.update(seed.to_be_bytes());
        digest.update(day.number().to_be_bytes());
        digest.update(name.strip_suffix('.').unwrap_or(name));
        let seed: [u8; 32] = digest.finalize().into();
        let delay = 1 + random(&seed, 0) % limits::FIRST_ATTEMPT_WITHIN;
        let at = day.end().as_secs() + limits::SEAL_AFTER + delay;
        Self { seed, state: State::First { at } }
    }

    /// What to do now. It may be asked any number of times.
    #[must_use]
    pub fn action(&self, now: UnixTime) -> DeliveryAction {
        match self.state {
            State::First { at } | State::Retry { at, .. } if now.as_secs() < at => {
                DeliveryAction::WaitUntil(unix(at))
            }
            State::First { .. } | State::Retry { .. } => DeliveryAction::Send,
            State::Delivered => DeliveryAction::Delivered,
            State::GaveUp(why) => DeliveryAction::GaveUp(why),
        }
    }

    /// Whether the receiver has the report.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.state == State::Delivered
    }

    /// Takes in what came of an attempt that ended now. Once the delivery has ended, nothing
    /// changes any more.
    pub fn handle(&mut self, input: DeliveryInput, now: UnixTime) {
        let now = now.as_secs();
        let (failures, deadline) = match self.state {
            State::First { .. } => (0, now.saturating_add(limits::RETRY_FOR)),
            State::Retry { failures, deadline, .. } => (failures, deadline),
            State::Delivered | State::GaveUp(_) => return,
        };
        let retry_after = match input {
            DeliveryInput::HttpStatus { status: 200..=299, .. }
            | DeliveryInput::MailReply(200..=299) => {
                self.state = State::Delivered;
                return;
            }
            DeliveryInput::MailReply(500..=599) => {
                self.state = State::GaveUp(GaveUp::Refused);
                return;
            }
            DeliveryInput::HttpStatus { retry_after, .. } => retry_after,
            DeliveryInput::MailReply(_) | DeliveryInput::Unreachable => None,
        };
        let at = now.saturating_add(self.wait(failures));
        self.state = if at > deadline {
            State::GaveUp(GaveUp::TooLate)
        } else {
            // A server may ask for a longer wait, but not for one past the end.
            let asked = now.saturating_add(retry_after.map_or(0, |wait| wait.as_secs()));
            let at = at.max(asked).min(deadline);
            State::Retry { at, failures: failures.saturating_add(1), deadline }
        };
    }

    /// Seconds to wait after this many failures before: the back-off, times a factor in [0.5, 1).
    fn wait(&self, failures: u32) -> u64 {
        let longest = limits::LONGEST_WAIT;
        let wait = limits::FIRST_WAIT.checked_shl(failures.min(32)).unwrap_or(longest).min(longest);
        let half = wait / 2;
        half + random(&self.seed, failures.saturating_add(1)) % half
    }
}

/// A number that the seed and the step decide.
fn random(seed: &[u8; 32], step: u32) -> u64 {
    let mut digest = Sha256::new();
    digest.update(seed);
    digest.update(step.to_be_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(domain: &str, seed: u64) -> (Delivery, u64) {
        let day: UtcDay = "2026-11-20".parse().unwrap();
        let delivery = Delivery::new(&domain.try_into().unwrap(), day, seed);
        let DeliveryAction::WaitUntil(first) = delivery.action(day.end()) else { panic!() };
        (delivery, first.as_secs() - day.end().as_secs() - limits::SEAL_AFTER)
    }

    fn due(delivery: &Delivery, now: u64) -> u64 {
        match delivery.action(unix(now)) {
            DeliveryAction::WaitUntil(at) => at.as_secs() - now,
            other => panic!("{other:?}"),
        }
    }

    const DAY: u64 = 1_795_132_800;

    // checks: tlsrpt/S2
    #[test]
    fn rfc8460_4_1_first_attempts_are_spread() {
        let mut delays: alloc::vec::Vec<_> =
            (0..2_000).map(|seed| delivery("a.example", seed).1).collect();
        assert!(delays.iter().all(|delay| (1..=14_400).contains(delay)));
        delays.sort_unstable();
        delays.dedup();
        assert!(delays.len() > 1_500 && delays[0] < 200 && delays[delays.len() - 1] > 14_200);
        assert_eq!(delivery("A.example.", 1), delivery("a.example", 1));
        assert_ne!(delivery("a.example", 1), delivery("b.example", 1));
    }

    // checks: tlsrpt/H2, tlsrpt/D8
    #[test]
    fn rfc8460_5_4_success_is_2xx_only() {
        for (input, delivered) in [
            (DeliveryInput::HttpStatus { status: 200, retry_after: None }, true),
            (DeliveryInput::HttpStatus { status: 204, retry_after: None }, true),
            (DeliveryInput::HttpStatus { status: 199, retry_after: None }, false),
            (DeliveryInput::HttpStatus { status: 301, retry_after: None }, false),
            (DeliveryInput::HttpStatus { status: 404, retry_after: None }, false),
            (DeliveryInput::HttpStatus { status: 500, retry_after: None }, false),
            (DeliveryInput::MailReply(250), true),
            (DeliveryInput::MailReply(354), false),
            (DeliveryInput::MailReply(450), false),
            (DeliveryInput::Unreachable, false),
        ] {
            let (mut delivery, _) = delivery("a.example", 1);
            delivery.handle(input, unix(DAY));
            let action = delivery.action(unix(DAY));
            assert_eq!(action == DeliveryAction::Delivered, delivered, "{input:?}");
            assert_eq!(matches!(action, DeliveryAction::WaitUntil(_)), !delivered, "{input:?}");
        }
    }

    #[test]
    fn house_a_5yz_reply_ends_the_delivery() {
        let (mut delivery, _) = delivery("a.example", 1);
        delivery.handle(DeliveryInput::MailReply(550), unix(DAY));
        assert_eq!(delivery.action(unix(DAY)), DeliveryAction::GaveUp(GaveUp::Refused));
        delivery.handle(DeliveryInput::MailReply(250), unix(DAY));
        assert_eq!(delivery.action(unix(DAY)), DeliveryAction::GaveUp(GaveUp::Refused));
    }

    // checks: tlsrpt/R1
    #[test]
    fn rfc8460_5_5_waits_double_up_to_four_hours_for_a_day() {
        let (mut delivery, _) = delivery("a.example", 1);
        let mut now = DAY;
        let mut attempts = 0;
        loop {
            delivery.handle(DeliveryInput::Unreachable, unix(now));
            if delivery.action(unix(now)) == DeliveryAction::GaveUp(GaveUp::TooLate) {
                break;
            }
            let full = (300_u64 << attempts).min(14_400);
            let wait = due(&delivery, now);
            assert!((full / 2..full).contains(&wait), "{attempts}: {wait}");
            now += wait;
            assert_eq!(delivery.action(unix(now)), DeliveryAction::Send);
            assert_eq!(delivery.action(unix(now - 1)), DeliveryAction::WaitUntil(unix(now)));
            attempts += 1;
        }
        assert!(now <= DAY + 86_400 && now > DAY + 86_400 - 14_400, "{}", now - DAY);
    }

    // checks: tlsrpt/R1
    #[test]
    fn house_retry_after_lengthens_a_wait_and_never_past_the_end() {
        let wait = |seconds| {
            let (mut delivery, _) = delivery("a.example", 1);
            let retry_after = Some(Duration::from_secs(seconds));
            delivery.handle(DeliveryInput::HttpStatus { status: 503, retry_after }, unix(DAY));
            due(&delivery, DAY)
        };
        assert!((150..300).contains(&wait(1)));
        assert_eq!(wait(5_000), 5_000);
        assert_eq!(wait(86_400), 86_400);
        assert_eq!(wait(86_401), 86_400);
        assert_eq!(wait(u64::MAX), 86_400);
    }
}
