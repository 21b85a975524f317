//! The `smtp` operations.

mod play;

use serde_json::{Value, json};
use smtp_starttls::{
    Config, EhloName, FirstLine, LineEnds, MessageNeed, MxTrust, Read, Reason, ReplyLine,
    ReplyReader, Requirement,
};

use super::{Handler, ask};
use crate::answer::Answer;
use crate::request::smtp as asked;
use crate::request::{Base64, Profile};

pub(crate) use play::{Played, play};

pub(crate) const SESSION: Handler = |fields| ask(fields, session);
pub(crate) const REPLY: Handler = |fields| ask(fields, replies);

fn session(request: asked::Session) -> Answer {
    let Ok(name) = request.ehlo.parse::<EhloName>() else {
        return Answer::bad_request("bad-ehlo");
    };
    let config = config(name, &request);
    let Some(played) = play(&config, &name, &request.script, request.tls) else {
        return Answer::unsupported();
    };
    let answer = Answer::new(played.outcome.word());
    let failure = played.outcome.failure();
    let answer = match failure {
        Some(failure) => {
            answer.because(failure.reason.word()).with("dsn", failure.status.to_string())
        }
        None => answer,
    };
    let result_type = failure.and_then(|failure| failure.result_type);
    answer
        .with("sent", played.sent)
        .with("result_type", result_type.map(|result_type| result_type.name()))
        .with("downgrade", played.downgrade.map(|downgrade| downgrade.word()))
        .with("capabilities", played.capabilities)
}

fn config(name: EhloName, request: &asked::Session) -> Config {
    let requirement = match request.requirement {
        asked::Requirement::Opportunistic => Requirement::Opportunistic,
        asked::Requirement::Encrypt => Requirement::Encrypt,
        asked::Requirement::Authenticate => Requirement::Authenticate,
    };
    let need = match request.message {
        Some(asked::Message { requiretls: true, mx_authenticated: true }) => {
            MessageNeed::RequireTls(MxTrust::Authenticated)
        }
        Some(asked::Message { requiretls: true, mx_authenticated: false }) => {
            MessageNeed::RequireTls(MxTrust::NotAuthenticated)
        }
        Some(asked::Message { requiretls: false, .. }) | None => MessageNeed::Nothing,
    };
    let config = Config::new(name, requirement).message(need);
    match request.profile {
        Profile::Rfc => config,
        Profile::Interop => config.danger_accept_bare_lf().first_line(FirstLine::MayOffer),
    }
}

fn replies(request: asked::Replies) -> Answer {
    let line_ends = match request.profile {
        Profile::Rfc => LineEnds::Crlf,
        Profile::Interop => LineEnds::BareLf,
    };
    let mut reader = ReplyReader::new(line_ends);
    let mut replies = Vec::new();
    let mut open = Vec::new();
    for mut chunk in chunks(&request.stream_b64.0, request.chunks) {
        while !chunk.is_empty() {
            let (line, taken) = match reader.read(chunk) {
                Ok(Read::Line { line, taken }) => (line, taken),
                Ok(Read::Partial) => break,
                Err(error) => {
                    let reason = Reason::from(error).word();
                    return Answer::new("malformed").because(reason).with("replies", replies);
                }
            };
            add(&line, &mut open, &mut replies);
            chunk = chunk.get(taken..).unwrap_or_default();
        }
    }
    let verdict = if reader.is_at_start() { "replies" } else { "incomplete" };
    Answer::new(verdict).with("replies", replies)
}

/// The pieces of `stream` between these offsets.
fn chunks(stream: &[u8], mut offsets: Vec<usize>) -> Vec<&[u8]> {
    offsets.sort_unstable();
    let mut rest = stream;
    let mut chunks = Vec::new();
    let mut at = 0;
    for offset in offsets {
        let (chunk, behind) = rest.split_at(offset.saturating_sub(at).min(rest.len()));
        chunks.push(chunk);
        at = at.max(offset);
        rest = behind;
    }
    chunks.push(rest);
    chunks
}

/// A reply of which some lines were read.
type Open = Vec<(String, Option<String>)>;

/// Adds a line to the reply that is open, and the reply to the others once it is complete.
fn add(line: &ReplyLine<'_>, open: &mut Open, replies: &mut Vec<Value>) {
    let enhanced = line.enhanced().map(|code| code.to_string());
    open.push((Base64::text(line.text()), enhanced));
    if !line.is_last() {
        return;
    }
    let enhanced = open.first().and_then(|(_, enhanced)| enhanced.clone());
    let lines: Vec<String> = open.drain(..).map(|(text, _)| text).collect();
    let code = line.code().value();
    replies.push(json!({"code": code, "lines_b64": lines, "enhanced": enhanced}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_the_whole_whatever_the_offsets() {
        for offsets in [vec![], vec![0], vec![3, 1], vec![2, 2], vec![9, 1], vec![6]] {
            assert_eq!(chunks(b"abcdef", offsets.clone()).concat(), b"abcdef", "{offsets:?}");
        }
        assert_eq!(chunks(b"abcdef", vec![4, 1]), [b"a".as_slice(), b"bcd", b"ef"]);
    }
}
