//! The addresses of one host, one after the other.
//!
//! [RFC 5321 section 5.1](https://www.rfc-editor.org/rfc/rfc5321#section-5.1): "the client MUST be
//! prepared to try (and retry) each of the relevant addresses in this list in order, until a delivery
//! attempt succeeds", within a limit. Each address has to reach what the first had to. Clear, where it is
//! allowed at all, comes after all of them, and then only at addresses where STARTTLS has failed.

use core::net::{IpAddr, SocketAddr};

use smtp_starttls::{Failure, NextAction, ReplyCode};

use crate::attempt::{Answered, Attempt, End, Transport};
use crate::report::Fate;

/// How many sessions with a host may come to nothing before the next host has its turn; in clear as many
/// again. RFC 5321 section 5.1 wants two at least; each may cost minutes.
const SESSIONS: usize = 3;

/// What is tried at a host now, and what may follow.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    attempt: Attempt,
    /// Sessions that came to nothing, in clear or not as now.
    sessions: usize,
    /// Where STARTTLS has failed and clear is allowed.
    in_clear: Vec<IpAddr>,
    /// The first of these failures.
    after: Option<Failure>,
    /// What became of the message at each address.
    fates: Vec<Fate>,
}

impl Addresses {
    pub(super) const fn new(attempt: Attempt) -> Self {
        Self { attempt, sessions: 0, in_clear: Vec::new(), after: None, fates: Vec::new() }
    }

    /// What is tried now.
    pub(super) const fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// What became of the message at this host, to be told of in this order; an answer of the host itself
    /// says more.
    pub(super) fn into_fates(self) -> Vec<Fate> {
        self.fates
    }

    /// None of the addresses left could be connected to: another attempt, if one may follow.
    pub(super) fn not_reached(mut self: Box<Self>, fate: Fate) -> Result<Box<Self>, Box<Self>> {
        // What a session came to says more than that another address was not reached.
        self.fates.insert(0, fate);
        self.clear_instead()
    }

    /// The session with this address came to nothing: another attempt, if one may follow.
    pub(super) fn failed(
        mut self: Box<Self>,
        remote: SocketAddr,
        failure: Failure,
        end: End,
        fate: Fate,
    ) -> Result<Box<Self>, Box<Self>> {
        self.fates.push(fate);
        if self.attempt.may_be_clear_after(&failure, end) {
            self.in_clear.push(remote.ip());
            self.after.get_or_insert(failure);
        }
        // A greeting that refuses for good speaks for the host.
        if failure.next_action == NextAction::NextMxNotThisHost {
            return Err(self);
        }
        self.next_address(remote).or_else(Self::clear_instead)
    }

    /// The connection with this address was lost before these recipients had an answer: another attempt
    /// for them, if one may follow.
    pub(super) fn lost(
        self: Box<Self>,
        remote: SocketAddr,
        recipients: Vec<usize>,
    ) -> Result<Box<Self>, Box<Self>> {
        let mut next = self.next_address(remote)?;
        next.attempt.recipients = recipients;
        Ok(next)
    }

    /// The same address once more, for recipients that it takes over another connection.
    pub(super) fn again(
        mut self: Box<Self>,
        remote: SocketAddr,
        recipients: Vec<usize>,
    ) -> Box<Self> {
        if let Some(at) = self.place(remote) {
            self.attempt.addresses.drain(..at);
        }
        self.attempt.recipients = recipients;
        self
    }

    fn place(&self, remote: SocketAddr) -> Option<usize> {
        self.attempt.addresses.iter().position(|address| *address == remote.ip())
    }

    /// The addresses behind this one, under the same requirement.
    fn next_address(mut self: Box<Self>, remote: SocketAddr) -> Result<Box<Self>, Box<Self>> {
        self.sessions += 1;
        let behind = self
            .place(remote)
            .map_or(&[][..], |at| self.attempt.addresses.get(at + 1..).unwrap_or_default());
        if behind.is_empty() || self.sessions >= SESSIONS {
            return Err(self);
        }
        self.attempt.addresses = behind.to_vec();
        Ok(self)
    }

    /// In clear, where a failure before has allowed it.
    fn clear_instead(mut self: Box<Self>) -> Result<Box<Self>, Box<Self>> {
        let Some(after) = self.after.take() else { return Err(self) };
        self.attempt.addresses = core::mem::take(&mut self.in_clear);
        self.attempt.transport = Transport::InClear { after: Box::new(after) };
        self.sessions = 0;
        Ok(self)
    }
}

/// Whom another address of the host may take: those for whom the connection was lost, or closed by 421.
pub(super) fn all_lost(attempt: &Attempt, answers: &[Answered]) -> Vec<usize> {
    let of = attempt.recipients.iter().zip(answers);
    let is_lost = |answer: &Answered| match answer {
        Answered::Lost { .. } => true,
        Answered::Later(reply) => reply.code == ReplyCode::SERVICE_CLOSING,
        _ => false,
    };
    of.filter(|(_, answer)| is_lost(answer)).map(|(place, _)| *place).collect()
}
