//! What the server's answers mean for recipients.

use smtp_starttls::{
    Answer, Body, Capabilities, CommandError, Delivery, EnhancedCode, ForwardPath, Keyword,
    LineEnds, Mail, MailFailure, Read, ReplyClass, ReplyCode, ReplyLine, ReplyReader,
};

use crate::attempt::{Answered, Reply};
use crate::driver::Envelope;

/// What is kept of a reply besides its code.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Its last line, escaped and not too long.
    pub(super) text: String,
    /// Of its first line.
    enhanced: Option<EnhancedCode>,
}

impl Kept {
    pub(super) fn keep(&mut self, line: &ReplyLine<'_>) {
        if line.is_first() {
            self.enhanced = line.enhanced();
        }
        self.text.clear();
        let escaped = line.escaped().to_string();
        self.text.extend(escaped.chars().take(Reply::TEXT));
    }

    fn into_refusal(self, code: ReplyCode) -> Answered {
        negative(Answer { code, status: self.enhanced }, self.text)
    }
}

/// What an end before the time means for who has no answer yet. 421 is an answer to all of them.
pub(super) fn ended_after(failure: MailFailure, kept: Kept) -> Answered {
    match failure.reply_code {
        Some(code) if code == ReplyCode::SERVICE_CLOSING => kept.into_refusal(code),
        _ => ended(failure),
    }
}

/// The first of these octets' replies, if it is whole and a refusal, with its code.
pub(super) fn refusal(mut octets: &[u8]) -> Option<(ReplyCode, Answered)> {
    let mut reader = ReplyReader::new(LineEnds::Crlf);
    let mut kept = Kept::default();
    loop {
        let Ok(Read::Line { line, taken }) = reader.read(octets) else { return None };
        kept.keep(&line);
        if line.is_last() {
            let code = line.code();
            let is_refusal = matches!(code.class(), ReplyClass::Temporary | ReplyClass::Permanent);
            return is_refusal.then(|| (code, kept.into_refusal(code)));
        }
        octets = octets.get(taken..).unwrap_or_default();
    }
}

/// What an end before the time means, if no reply tells.
pub(super) const fn ended(failure: MailFailure) -> Answered {
    let reason = failure.reason.word();
    match failure.delivery {
        Delivery::NotDelivered => Answered::Lost { reason },
        Delivery::Unconfirmed => Answered::Unconfirmed { reason },
    }
}

/// Why a command was not written: the host lacks something, which is for good; or it takes no more over
/// this connection, or the connection is over, which says nothing of the next one.
pub(super) fn not_written(error: CommandError) -> Answered {
    match error {
        CommandError::Ended(failure) => ended(failure),
        CommandError::TooManyRecipients | CommandError::TooManyTransactions => Answered::NotAsked,
        CommandError::NotOffered(_)
        | CommandError::MessageTooLarge(_)
        | CommandError::NeedsSmtpUtf8
        | CommandError::HeaderNeedsSmtpUtf8
        | CommandError::BinaryNeedsChunks
        | CommandError::Message(_) => Answered::Unfit(error),
        // None of these comes about here; were one to, nothing would be wrong for good.
        _ => Answered::Lost { reason: "not-sent" },
    }
}

/// 452 for a recipient too many, and for nothing else that the enhanced code tells
/// ([RFC 5321 section 4.5.3.1.10](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.10)).
pub(super) fn is_too_many(answer: Answer) -> bool {
    let says_so = answer.status.is_none_or(|code| code.to_string() == "4.5.3");
    answer.code.value() == 452 && says_so
}

/// What MAIL says of the message, for these recipients.
pub(super) fn mail<'a>(
    envelope: &Envelope<'a>,
    to: &[ForwardPath<'_>],
    capabilities: Capabilities,
) -> Mail<'a> {
    let octets = u64::try_from(envelope.message.as_bytes().len()).unwrap_or(u64::MAX);
    let mut mail = Mail::new(envelope.from).size(octets);
    if envelope.message.needs_eight_bit() {
        mail = mail.body(Body::EightBitMime);
    }
    if envelope.message.needs_smtputf8() {
        mail = mail.utf8_header();
    }
    let needs_utf8 = |path: &&ForwardPath<'_>| match path {
        ForwardPath::Mailbox(mailbox) => mailbox.needs_smtputf8(),
        ForwardPath::Postmaster => false,
    };
    let needing = to.iter().filter(needs_utf8).count();
    // RFC 6531 section 3.2: where it is not offered whoever needs it is refused, and nobody else.
    let is_asked = capabilities.has(Keyword::SmtpUtf8) || needing == to.len();
    if needing > 0 && is_asked { mail.smtputf8() } else { mail }
}

/// What the answer to the whole message means.
pub(super) fn of_message(answer: Answer, text: String) -> Answered {
    if answer.is_positive() { Answered::Taken(reply(answer, text)) } else { negative(answer, text) }
}

pub(super) fn negative(answer: Answer, text: String) -> Answered {
    let is_permanent = answer.is_permanent();
    let reply = reply(answer, text);
    if is_permanent { Answered::Never(reply) } else { Answered::Later(reply) }
}

fn reply(answer: Answer, text: String) -> Reply {
    Reply { code: answer.code, enhanced: answer.status, text }
}
