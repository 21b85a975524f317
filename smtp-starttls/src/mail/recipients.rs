//! Which recipients of a transaction were accepted, and whose reply comes next.

use crate::limits::RECIPIENTS;

const WORDS: usize = (RECIPIENTS / 64) as usize;

/// Recipients by their number, from 0 in the order of RCPT.
#[derive(Clone, Debug, Default)]
pub(super) struct Recipients {
    named: u16,
    answered: u16,
    accepted: [u64; WORDS],
    /// LMTP: the recipient after the last that got its final reply.
    delivered: u16,
}

impl Recipients {
    pub(super) const fn named(&self) -> u16 {
        self.named
    }

    pub(super) const fn name_one(&mut self) {
        self.named += 1;
    }

    pub(super) const fn unanswered(&self) -> u16 {
        self.named - self.answered
    }

    /// The next recipient has its reply.
    pub(super) fn answer(&mut self, is_accepted: bool) -> u16 {
        let number = self.answered;
        self.answered += 1;
        if let Some(word) = self.accepted.get_mut(usize::from(number / 64)) {
            *word |= u64::from(is_accepted) << (number % 64);
        }
        number
    }

    pub(super) fn accepted(&self) -> u16 {
        let ones: u32 = self.accepted.iter().map(|word| word.count_ones()).sum();
        u16::try_from(ones).unwrap_or(RECIPIENTS)
    }

    pub(super) fn is_accepted(&self, number: u16) -> bool {
        let word = self.accepted.get(usize::from(number / 64)).copied().unwrap_or_default();
        word >> (number % 64) & 1 == 1
    }

    /// The accepted recipient whose final reply comes next.
    pub(super) fn next_to_deliver(&self) -> Option<u16> {
        (self.delivered..self.named).find(|&number| self.is_accepted(number))
    }

    pub(super) const fn delivered(&mut self, number: u16) {
        self.delivered = number + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_go_to_recipients_in_their_order() {
        let mut recipients = Recipients::default();
        for _ in 0..200 {
            recipients.name_one();
        }
        for number in 0..200 {
            assert_eq!(recipients.answer(number % 3 == 0), number);
        }
        assert_eq!((recipients.accepted(), recipients.unanswered()), (67, 0));
        let mut order = 0;
        while let Some(number) = recipients.next_to_deliver() {
            assert_eq!(number, order * 3);
            recipients.delivered(number);
            order += 1;
        }
        assert_eq!(order, 67);
    }
}
