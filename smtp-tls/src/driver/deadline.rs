//! When the waits of a visit run out.

use core::ops::Add;
use core::time::Duration;

use super::visit::{Bound, Wait};

/// The deadlines of one visit, on the clock of a driver.
///
/// A wait ends when its limit has passed since it began, whatever came meanwhile: a server that sends an
/// octet now and then gains nothing.
pub(super) struct Deadlines<I> {
    wait: Option<(u32, I)>,
    end: I,
}

impl<I: Copy + Ord + Add<Duration, Output = I>> Deadlines<I> {
    /// For a visit that begins now and may last so long in all, the waits for the answer to a whole message
    /// aside.
    pub(super) fn new(now: I, whole: Duration) -> Self {
        Self { wait: None, end: now + whole }
    }

    /// When this wait ends.
    pub(super) fn until(&mut self, wait: Wait, now: I) -> I {
        match self.wait {
            Some((number, until)) if number == wait.number => until,
            _ => {
                let until = match wait.bound {
                    Bound::Visit => self.end.min(now + wait.limit),
                    Bound::Nothing => now + wait.limit,
                };
                self.wait = Some((wait.number, until));
                until
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(number: u32, limit: u64) -> Wait {
        Wait { number, limit: Duration::from_secs(limit), bound: Bound::Visit }
    }

    #[test]
    fn a_wait_ends_when_it_has_to_whatever_comes_meanwhile() {
        let seconds = Duration::from_secs;
        let mut deadlines = Deadlines::new(seconds(100), seconds(3600));
        for now in 100..160 {
            assert_eq!(deadlines.until(wait(0, 60), seconds(now)), seconds(160));
        }
        assert_eq!(deadlines.until(wait(1, 60), seconds(130)), seconds(190));
    }

    #[test]
    fn no_wait_ends_after_the_whole_visit() {
        let seconds = Duration::from_secs;
        let mut deadlines = Deadlines::new(seconds(0), seconds(100));
        assert_eq!(deadlines.until(wait(0, 300), seconds(0)), seconds(100));
        assert_eq!(deadlines.until(wait(1, 5), seconds(99)), seconds(100));
    }

    #[test]
    fn rfc5321_4_5_3_2_6_the_answer_to_the_message_is_awaited_to_the_end() {
        let seconds = Duration::from_secs;
        let mut deadlines = Deadlines::new(seconds(0), seconds(100));
        for (number, now, until) in [(0, 99, 699), (1, 200, 800)] {
            let last = Wait { bound: Bound::Nothing, ..wait(number, 600) };
            assert_eq!(deadlines.until(last, seconds(now)), seconds(until));
        }
        assert_eq!(deadlines.until(wait(2, 5), seconds(300)), seconds(100));
    }
}
