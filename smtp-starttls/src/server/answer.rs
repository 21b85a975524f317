//! The caller's part: what a command is answered, and the message.

use super::session::{After, Asked, Server, Stage, Step};
use super::text::ServerReply;
use super::types::{AnswerError, ServerChannel, ServerEnd};
use super::unstuff::{MessageBroken, Unstuffed};
use crate::client::Protocol;
use crate::reply::ReplyCode;

impl<S: ServerChannel> Server<S> {
    /// Answers the command that [`action`](Self::action) asks to decide.
    ///
    /// # Errors
    ///
    /// [`AnswerError`] if nothing is asked, or the command cannot have this code.
    pub fn answer(&mut self, reply: &ServerReply<'_>) -> Result<(), AnswerError> {
        let Step::Decide(asked) = self.step else { return Err(AnswerError::OutOfOrder) };
        let code = reply.code;
        let fits = match (asked, code.value() / 100) {
            (Asked::Data, 3) => code == ReplyCode::START_INPUT,
            (Asked::Data, 2) | (_, 3) => false,
            _ => true,
        };
        if !fits {
            return Err(AnswerError::Code(code));
        }
        let is_positive = matches!(code.value() / 100, 2 | 3);
        let (stage, after) = self.after_answer(asked, is_positive);
        self.stage = stage;
        self.line.clear();
        self.reply.set_reply(reply);
        self.step = Step::Send(match code {
            ReplyCode::SERVICE_CLOSING => After::Close(ServerEnd::ServiceClosing),
            _ => after,
        });
        Ok(())
    }

    fn after_answer(&self, asked: Asked, is_positive: bool) -> (Stage, After) {
        match (asked, self.stage) {
            (Asked::Mail, _) if is_positive => (Stage::Mail(0), After::Read),
            (Asked::Recipient, Stage::Mail(accepted)) if is_positive => {
                (Stage::Mail(accepted.saturating_add(1)), After::Read)
            }
            (Asked::Data, stage) if is_positive => (stage, After::Receive),
            (Asked::Message, _) => (Stage::Greeted, After::Read),
            (Asked::MessageFor(number), Stage::Mail(accepted)) => match number + 1 {
                next if next < accepted => (self.stage, After::Decide(Asked::MessageFor(next))),
                _ => (Stage::Greeted, After::Read),
            },
            (_, stage) => (stage, After::Read),
        }
    }

    /// Takes the octets of a message, as [`ServerAction::Receive`](super::ServerAction::Receive) asks, and writes it without the
    /// doubled dots. `out` needs two octets of room at least.
    ///
    /// # Errors
    ///
    /// [`MessageBroken`] at a bare CR, a bare LF or a NUL; the server says so and closes.
    pub fn receive(&mut self, piece: &[u8], out: &mut [u8]) -> Result<Unstuffed, MessageBroken> {
        let Step::Receive(unstuffer) = &mut self.step else {
            return Ok(Unstuffed { taken: 0, written: 0, is_done: false });
        };
        match unstuffer.push(piece, out) {
            Ok(progress) => {
                if progress.is_done {
                    self.step = Step::Decide(match self.config.protocol {
                        Protocol::Smtp => Asked::Message,
                        Protocol::Lmtp => Asked::MessageFor(0),
                    });
                }
                Ok(progress)
            }
            Err(broken) => {
                let end = After::Close(ServerEnd::MessageBroken);
                self.say("554 5.6.0 bare carriage return, line feed or nul in message", end);
                Err(broken)
            }
        }
    }
}
