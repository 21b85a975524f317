//! When the waits of a visit run out.

use core::ops::Add;
use core::time::Duration;

use super::visit::Wait;

/// The deadlines of one visit, on the clock of a driver.
///
/// A wait ends when its limit has passed since it began, whatever came meanwhile: a server that sends an
/// octet now and then gains nothing.
pub(super) struct Deadlines<I> {
    wait: Option<(u32, I)>,
    end: I,
}

impl<I: Copy + Ord + Add<Duration, Output = I>> Deadlines<I> {
    /// For a visit that begins now and may last so long in all.
    pub(super) fn new(now: I, whole: Duration) -> Self {
        Self { wait: None, end: now + whole }
    }

    /// When this wait ends.
    pub(super) fn until(&mut self, wait: Wait, now: I) -> I {
        match self.wait {
            Some((number, until)) if number == wait.number => until,
            _ => {
                let until = self.end.min(now + wait.limit);
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
        Wait { number, limit: Duration::from_secs(limit) }
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
}
