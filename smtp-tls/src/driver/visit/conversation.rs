//! What is said over a connection, in clear or inside TLS, whatever carries it.

use core::time::Duration;

use smtp_starttls::{Action, Channel, Input, Phase, Session};

/// One side of a dialogue: a session, or the mail after it.
pub(super) trait Conversation {
    /// What is wanted now.
    fn want(&self) -> Say<'_>;
    /// Takes what happened.
    fn handle(&mut self, input: Input<'_>);
    /// Takes what came before a write failed.
    fn last_words(&mut self, _: &[u8]) {}
    /// Which wait this is: another one begins where this is another.
    fn wait(&self) -> (Phase, u32);
    /// How long it may last.
    fn limit(&self) -> Duration;
}

/// What a conversation wants.
pub(super) enum Say<'a> {
    /// These octets have to be sent.
    Send(&'a [u8]),
    /// The other side has to say something.
    Listen,
    /// It is over, or goes on in TLS.
    Over,
}

impl<S: Channel> Conversation for Session<S> {
    fn want(&self) -> Say<'_> {
        match self.action() {
            Action::Send(octets) => Say::Send(octets),
            Action::Read => Say::Listen,
            Action::StartTls | Action::Done(_) => Say::Over,
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.handle(input);
    }

    fn wait(&self) -> (Phase, u32) {
        (self.phase(), 0)
    }

    fn limit(&self) -> Duration {
        self.wait_limit().duration()
    }
}
