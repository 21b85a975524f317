//! The message over a session that is ready for it.

use smtp_starttls::{
    Answer, CommandError, Delivery, Event, ForwardPath, Input, Mail, MailFailure, Mailer, Phase,
    Reason, Recipient, ReplyLine, Want, limits,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Envelope;
use super::session::{READ, Rules, Wait, read, write};
use crate::attempt::{Answered, Reply};

/// Octets of the message that are handed to the transport at once.
const PIECE: usize = 16 * 1024;

/// Offers the message to these recipients of the envelope, and then closes with QUIT.
///
/// The answers are in the order of `places`. Where the server takes fewer recipients at a time the
/// message is offered several times.
pub(super) async fn send<S, T>(
    mailer: Mailer<S>,
    io: &mut T,
    envelope: &Envelope<'_>,
    places: &[usize],
    rules: Rules<S>,
) -> Vec<Answered>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut talk = Talk { mailer, io, rules, buffer: vec![0; READ], held: Vec::new() };
    let paths: Vec<_> = places.iter().filter_map(|place| envelope.to.get(*place)).collect();
    let mut answers: Vec<Option<Answered>> = vec![None; paths.len()];
    loop {
        let open: Vec<usize> = answers
            .iter()
            .enumerate()
            .filter_map(|(at, answer)| answer.is_none().then_some(at))
            .collect();
        if open.is_empty() {
            break;
        }
        if let Err(ended) = talk.transaction(envelope, &paths, &open, &mut answers).await {
            answers.iter_mut().for_each(|answer| {
                answer.get_or_insert_with(|| ended.clone());
            });
            break;
        }
    }
    talk.quit().await;
    let lost = Answered::Lost { reason: "closed" };
    answers.into_iter().map(|answer| answer.unwrap_or_else(|| lost.clone())).collect()
}

/// A mailer and its transport.
struct Talk<'t, S, T> {
    mailer: Mailer<S>,
    io: &'t mut T,
    rules: Rules<S>,
    buffer: Vec<u8>,
    /// Octets read and not yet taken.
    held: Vec<u8>,
}

impl<S, T> Talk<'_, S, T>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    /// One transaction for the recipients at `open`, as many of them as the server takes. An error is
    /// what becomes of all who have no answer.
    async fn transaction(
        &mut self,
        envelope: &Envelope<'_>,
        paths: &[&ForwardPath<'_>],
        open: &[usize],
        answers: &mut [Option<Answered>],
    ) -> Result<(), Answered> {
        let (mail, begin) = (mail(envelope), self.rules.begin);
        let (answer, text) = self.command(|mailer, out| begin(mailer, &mail, out)).await?;
        if !answer.is_positive() {
            return Err(negative(answer, text));
        }
        let mut accepted = Vec::new();
        for at in open {
            let Some(path) = paths.get(*at) else { continue };
            let recipient = Recipient::new(**path);
            let named = self.command(|mailer, out| mailer.recipient(&recipient, out)).await;
            match named {
                Ok((answer, _)) if answer.is_positive() => accepted.push(*at),
                // They come into the next transaction.
                Ok((answer, _)) if is_too_many(answer) && !accepted.is_empty() => {}
                Ok((answer, text)) => put(answers, *at, negative(answer, text)),
                Err(Answered::NotAsked) if !accepted.is_empty() => break,
                Err(refused @ Answered::Unfit(_)) => put(answers, *at, refused),
                Err(ended) => return Err(ended),
            }
        }
        if accepted.is_empty() {
            return self.reset().await;
        }
        let answer = match self.message(envelope).await {
            Ok(answer) => answer,
            Err(ended) => {
                // Who was not accepted in this transaction was not offered the message.
                accepted.iter().for_each(|at| put(answers, *at, ended.clone()));
                return Err(match ended {
                    Answered::Unconfirmed { reason } => Answered::Lost { reason },
                    ended => ended,
                });
            }
        };
        let is_taken = matches!(answer, Answered::Taken(_));
        accepted.iter().for_each(|at| put(answers, *at, answer.clone()));
        if is_taken || answers.iter().all(Option::is_some) { Ok(()) } else { self.reset().await }
    }

    /// DATA, the message and its answer.
    async fn message(&mut self, envelope: &Envelope<'_>) -> Result<Answered, Answered> {
        let (answer, text) = self.command(|mailer, out| mailer.data(out)).await?;
        if self.mailer.want() != Want::Body {
            return Ok(negative(answer, text));
        }
        self.nothing_unasked()?;
        let mut rest = envelope.message.as_bytes();
        let mut out = vec![0; PIECE];
        while !rest.is_empty() {
            let progress = self.mailer.body(rest, &mut out).map_err(not_written)?;
            let octets = out.get(..progress.written).unwrap_or_default();
            self.put_out(octets).await?;
            rest = rest.get(progress.taken..).unwrap_or_default();
        }
        let (answer, text) = self.command(|mailer, out| mailer.finish_body(out)).await?;
        Ok(if answer.is_positive() {
            Answered::Taken(reply(answer, text))
        } else {
            negative(answer, text)
        })
    }

    async fn reset(&mut self) -> Result<(), Answered> {
        self.command(|mailer, out| mailer.reset(out)).await.map(|_| ())
    }

    /// Says goodbye, if that is still possible. Nothing depends on the answer.
    async fn quit(&mut self) {
        if self.mailer.want() == Want::Command {
            let _ = self.command(|mailer, out| mailer.quit(out)).await;
        }
    }

    /// Writes a command and waits for its answer.
    async fn command(
        &mut self,
        command: impl FnOnce(&mut Mailer<S>, &mut [u8]) -> Result<usize, CommandError>,
    ) -> Result<(Answer, String), Answered> {
        self.nothing_unasked()?;
        let mut out = [0; limits::COMMAND];
        let len = command(&mut self.mailer, &mut out).map_err(not_written)?;
        self.put_out(out.get(..len).unwrap_or_default()).await?;
        let mut wait = Wait::new(self.mailer.phase(), self.mailer.wait_limit().duration());
        let mut text = String::new();
        loop {
            wait.enter(self.mailer.phase(), self.mailer.wait_limit().duration());
            if let Some(event) = self.event(&wait, &mut text).await {
                return match event {
                    Event::Reset(answer)
                    | Event::Mail(answer)
                    | Event::Recipient(_, answer)
                    | Event::Data(answer)
                    | Event::Message(answer) => Ok((answer, text)),
                    Event::Ended(failure) => Err(ended(failure)),
                    _ => Err(Answered::Lost { reason: "closed" }),
                };
            }
        }
    }

    /// RFC 5321 section 4.3.1: one command is sent at a time, so what is held before the next one answers
    /// nothing. It must not be taken for the answer to what comes next. Nothing is sent any more.
    fn nothing_unasked(&self) -> Result<(), Answered> {
        let unasked = Answered::Lost { reason: Reason::UnsolicitedBytes.word() };
        if self.held.is_empty() { Ok(()) } else { Err(unasked) }
    }

    /// Reads once, unless octets are held, and feeds the machine.
    async fn event(&mut self, wait: &Wait, text: &mut String) -> Option<Event> {
        let mut notice = |_: Phase, line: &ReplyLine<'_>| keep_text(line, text);
        if self.held.is_empty() {
            match read(self.io, &mut self.buffer, wait.until, self.rules.classify).await {
                Input::Bytes(octets) => self.held.extend_from_slice(octets),
                input => return self.mailer.handle_with(input, &mut notice).event,
            }
        }
        let handled = self.mailer.handle_with(Input::Bytes(&self.held), &mut notice);
        self.held.drain(..handled.taken.min(self.held.len()));
        handled.event
    }

    async fn put_out(&mut self, octets: &[u8]) -> Result<(), Answered> {
        let wait = Wait::new(self.mailer.phase(), self.mailer.wait_limit().duration());
        match write(self.io, octets, wait.until, self.rules.classify).await {
            Input::Sent => Ok(()),
            input => {
                let event = self.mailer.handle(input).event;
                Err(match event {
                    Some(Event::Ended(failure)) => ended(failure),
                    _ => Answered::Lost { reason: "closed" },
                })
            }
        }
    }
}

/// What an end before the time means for who has no answer yet.
const fn ended(failure: MailFailure) -> Answered {
    let reason = failure.reason.word();
    match failure.delivery {
        Delivery::NotDelivered => Answered::Lost { reason },
        Delivery::Unconfirmed => Answered::Unconfirmed { reason },
    }
}

/// Why a command was not written: the host lacks something, which is for good; or it takes no more over
/// this connection, or the connection is over, which says nothing of the next one.
fn not_written(error: CommandError) -> Answered {
    match error {
        CommandError::Ended(failure) => ended(failure),
        CommandError::TooManyRecipients | CommandError::TooManyTransactions => Answered::NotAsked,
        CommandError::NotOffered(_)
        | CommandError::MessageTooLarge(_)
        | CommandError::NeedsSmtpUtf8
        | CommandError::BinaryNeedsChunks
        | CommandError::Message(_) => Answered::Unfit(error),
        // None of these comes about here; were one to, nothing would be wrong for good.
        _ => Answered::Lost { reason: "not-sent" },
    }
}

/// 452 for a recipient too many, and for nothing else that the enhanced code tells
/// ([RFC 5321 section 4.5.3.1.10](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.10)).
fn is_too_many(answer: Answer) -> bool {
    let says_so = answer.status.is_none_or(|code| code.to_string() == "4.5.3");
    answer.code.value() == 452 && says_so
}

fn mail<'a>(envelope: &Envelope<'a>) -> Mail<'a> {
    let octets = u64::try_from(envelope.message.as_bytes().len()).unwrap_or(u64::MAX);
    let mut mail = Mail::new(envelope.from).size(octets);
    if envelope.message.needs_eight_bit() {
        mail = mail.body(smtp_starttls::Body::EightBitMime);
    }
    let needs_utf8 = |path: &ForwardPath<'_>| match path {
        ForwardPath::Mailbox(mailbox) => mailbox.needs_smtputf8(),
        ForwardPath::Postmaster => false,
    };
    if envelope.to.iter().any(needs_utf8) { mail.smtputf8() } else { mail }
}

fn put(answers: &mut [Option<Answered>], at: usize, answer: Answered) {
    if let Some(slot) = answers.get_mut(at) {
        *slot = Some(answer);
    }
}

fn negative(answer: Answer, text: String) -> Answered {
    let is_permanent = answer.is_permanent();
    let reply = reply(answer, text);
    if is_permanent { Answered::Never(reply) } else { Answered::Later(reply) }
}

fn reply(answer: Answer, text: String) -> Reply {
    Reply { code: answer.code, enhanced: answer.status, text }
}

/// Keeps the text of the last line, escaped and not too long.
fn keep_text(line: &ReplyLine<'_>, text: &mut String) {
    text.clear();
    let escaped = line.escaped().to_string();
    text.extend(escaped.chars().take(Reply::TEXT));
}
