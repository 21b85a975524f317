//! What the server's answers mean for recipients.

use smtp_starttls::{
    Answer, Body, CommandError, Delivery, ForwardPath, Mail, MailFailure, ReplyLine,
};

use crate::attempt::{Answered, Reply};
use crate::driver::Envelope;

/// What an end before the time means for who has no answer yet.
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

/// What MAIL says of the message.
pub(super) fn mail<'a>(envelope: &Envelope<'a>) -> Mail<'a> {
    let octets = u64::try_from(envelope.message.as_bytes().len()).unwrap_or(u64::MAX);
    let mut mail = Mail::new(envelope.from).size(octets);
    if envelope.message.needs_eight_bit() {
        mail = mail.body(Body::EightBitMime);
    }
    let needs_utf8 = |path: &ForwardPath<'_>| match path {
        ForwardPath::Mailbox(mailbox) => mailbox.needs_smtputf8(),
        ForwardPath::Postmaster => false,
    };
    if envelope.to.iter().any(needs_utf8) { mail.smtputf8() } else { mail }
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

/// Keeps the text of the last line, escaped and not too long.
pub(super) fn keep_text(line: &ReplyLine<'_>, text: &mut String) {
    text.clear();
    let escaped = line.escaped().to_string();
    text.extend(escaped.chars().take(Reply::TEXT));
}
