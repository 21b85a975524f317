//! Who is offered the message, and what was answered.

use smtp_starttls::Answer;

use super::answers::{is_too_many, negative, of_message};
use crate::attempt::Answered;

/// The recipients of a visit, by their numbers from 0, and the transaction under way.
#[derive(Debug)]
pub(super) struct Transaction {
    answers: Vec<Option<Answered>>,
    /// The next recipient to name.
    at: usize,
    /// Whom RCPT has named, in this order.
    named: Vec<usize>,
    /// Who was accepted.
    accepted: Vec<usize>,
    /// The answer to MAIL, if it was none to go on with.
    refused: Option<Answered>,
    state: State,
}

/// What has to come before another MAIL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Nothing.
    Fresh,
    /// RSET, unless the message was taken.
    Open,
}

impl Transaction {
    pub(super) fn new(recipients: usize) -> Self {
        Self {
            answers: vec![None; recipients],
            at: 0,
            named: Vec::new(),
            accepted: Vec::new(),
            refused: None,
            state: State::Fresh,
        }
    }

    /// Begins another one, for whoever has no answer.
    pub(super) fn begin(&mut self) {
        self.at = 0;
        self.named.clear();
        self.accepted.clear();
        self.refused = None;
        self.state = State::Open;
    }

    pub(super) fn is_done(&self) -> bool {
        self.answers.iter().all(Option::is_some)
    }

    pub(super) fn must_be_reset(&self) -> bool {
        self.state == State::Open
    }

    pub(super) fn was_reset(&mut self) {
        self.state = State::Fresh;
    }

    /// Who has no answer, from the next to be named on.
    pub(super) fn open(&self) -> impl Iterator<Item = usize> {
        let open = self.answers.iter().enumerate().skip(self.at);
        open.filter(|(_, answer)| answer.is_none()).map(|(at, _)| at)
    }

    pub(super) fn named(&mut self, at: usize) {
        self.named.push(at);
        self.at = at + 1;
    }

    pub(super) fn pass_over(&mut self, at: usize, answered: Answered) {
        self.put(at, answered);
        self.at = at + 1;
    }

    pub(super) fn has_named(&self) -> bool {
        !self.named.is_empty()
    }

    /// Whether anybody is to get the message.
    pub(super) fn has_accepted(&self) -> bool {
        self.refused.is_none() && !self.accepted.is_empty()
    }

    pub(super) fn mail_answered(&mut self, answer: Answer, text: String) {
        if !answer.is_positive() {
            let refused = negative(answer, text);
            self.all_get(&refused);
            self.refused = Some(refused);
        }
    }

    /// The answer to RCPT. After MAIL was refused it says nothing.
    pub(super) fn answered(&mut self, number: u16, answer: Answer, text: String) {
        let Some(at) = self.named.get(usize::from(number)).copied() else { return };
        if self.refused.is_some() {
        } else if answer.is_positive() {
            self.accepted.push(at);
        } else if !(is_too_many(answer) && self.has_accepted()) {
            self.put(at, negative(answer, text));
        }
    }

    /// The answer to DATA where it was refused, or to the whole message.
    pub(super) fn message_answered(&mut self, answer: Answer, text: String) {
        let answered = of_message(answer, text);
        if answer.is_positive() {
            self.state = State::Fresh;
        }
        self.accepted_get(&answered);
    }

    /// Whoever was accepted gets this answer.
    pub(super) fn accepted_get(&mut self, answered: &Answered) {
        for at in core::mem::take(&mut self.accepted) {
            self.put(at, answered.clone());
        }
    }

    /// LMTP: the answer to the whole message for one recipient
    /// ([RFC 2033 section 4.2](https://www.rfc-editor.org/rfc/rfc2033#section-4.2)).
    pub(super) fn message_answered_for(&mut self, number: u16, answer: Answer, text: String) {
        let Some(at) = self.named.get(usize::from(number)).copied() else { return };
        self.state = State::Fresh;
        self.accepted.retain(|accepted| *accepted != at);
        self.put(at, of_message(answer, text));
    }

    /// Whoever has no answer gets this one.
    pub(super) fn all_get(&mut self, answered: &Answered) {
        for slot in &mut self.answers {
            slot.get_or_insert_with(|| answered.clone());
        }
    }

    /// The connection is over: only who was accepted, for a message that was sent to its end, may have
    /// got it.
    pub(super) fn lose(&mut self, answered: &Answered, is_whole: bool) {
        let lost = match answered {
            Answered::Unconfirmed { reason } => Answered::Lost { reason },
            other => other.clone(),
        };
        if is_whole && self.refused.is_none() {
            self.accepted_get(answered);
        }
        self.all_get(&lost);
    }

    pub(super) fn into_answers(self) -> Vec<Answered> {
        let lost = Answered::Lost { reason: "closed" };
        self.answers.into_iter().map(|answer| answer.unwrap_or_else(|| lost.clone())).collect()
    }

    fn put(&mut self, at: usize, answered: Answered) {
        if let Some(slot) = self.answers.get_mut(at) {
            slot.get_or_insert(answered);
        }
    }
}
