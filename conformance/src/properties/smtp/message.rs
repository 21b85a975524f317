//! Messages on their way.

use serde_json::{Map, Value};
use smtp_starttls::{DotStuffer, DotUnstuffer, LineMender, Message, MessageCheck, MessageError};

use super::super::fail;
use super::super::input::{Input, Output, pieces};
use crate::request::smtp as asked;

/// Room to write, cuts, and the octets of a message.
///
/// A message is judged the same in any pieces; what a client writes for DATA is read back by a
/// server as it was, and ends where it ends; octets that are no message are refused at the same
/// place by all; whatever the line ends are, mended they make a message.
pub fn message(data: &[u8]) {
    let mut input = Input::new(data);
    let room = 1 + usize::from(input.byte() % 8);
    // A line end that is written as a whole needs two octets.
    let lines = room.max(2);
    let cuts = input.bytes();
    let octets = input.rest();
    let cut = pieces(octets, &mut Input::new(cuts));
    let judged = Message::try_from(octets).map(|message| message.needs_eight_bit());
    assert_eq!(judged, checked(&cut), "where a message is cut has no meaning");
    let stuffed = stuffed(&cut, room);
    assert_eq!(stuffed.as_ref().err(), judged.as_ref().err(), "one judgement");
    if let Ok(stuffed) = stuffed {
        let line_end: &[u8] =
            if octets.is_empty() || octets.ends_with(b"\r\n") { b"" } else { b"\r\n" };
        let sent = [octets, line_end].concat();
        assert_eq!(unstuffed(&stuffed, cuts, lines), Some((sent, stuffed.len())));
        // What follows belongs to the next command.
        let more = [stuffed.as_slice(), b".\r\nQUIT\r\n"].concat();
        assert_eq!(unstuffed(&more, cuts, lines).map(|(_, taken)| taken), Some(stuffed.len()));
    }
    is_mended(octets, &cut, lines);
}

fn checked(pieces: &[&[u8]]) -> Result<bool, MessageError> {
    let mut check = MessageCheck::new();
    for piece in pieces {
        check.push(piece)?;
    }
    check.finish()?;
    Ok(check.needs_eight_bit())
}

fn stuffed(pieces: &[&[u8]], room: usize) -> Result<Vec<u8>, MessageError> {
    let mut stuffer = DotStuffer::new();
    let mut stream = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            let mut out = vec![0; room];
            let progress = stuffer.push(rest, &mut out)?;
            stream.extend(out.iter().take(progress.written));
            assert!(progress.written > 0, "there is room for one octet at least");
            rest = rest.get(progress.taken..).unwrap_or_default();
        }
    }
    stream.extend_from_slice(stuffer.finish()?);
    Ok(stream)
}

/// The message and how much of the stream it took; `None` where it is broken or not at its end.
fn unstuffed(stream: &[u8], cuts: &[u8], room: usize) -> Option<(Vec<u8>, usize)> {
    let mut unstuffer = DotUnstuffer::new();
    let (mut message, mut taken) = (Vec::new(), 0);
    for mut rest in pieces(stream, &mut Input::new(cuts)) {
        while !rest.is_empty() {
            let mut out = vec![0; room];
            let progress = unstuffer.push(rest, &mut out).ok()?;
            message.extend(out.iter().take(progress.written));
            taken += progress.taken;
            if progress.is_done {
                return Some((message, taken));
            }
            rest = taken_of(rest, progress.taken);
        }
    }
    None
}

/// Some of the rest must be taken, or its owner waits for ever.
fn taken_of(rest: &[u8], taken: usize) -> &[u8] {
    match rest.get(taken..) {
        Some(left) if taken > 0 => left,
        _ => fail("there is room for one octet at least"),
    }
}

fn is_mended(octets: &[u8], cut: &[&[u8]], room: usize) {
    let mut mender = LineMender::new();
    let mut mended = Vec::new();
    for piece in cut {
        let mut rest = *piece;
        while !rest.is_empty() {
            let mut out = vec![0; room];
            let progress = mender.push(rest, &mut out);
            mended.extend(out.iter().take(progress.written));
            rest = taken_of(rest, progress.taken);
        }
    }
    match Message::try_from(mended.as_slice()) {
        Ok(_) | Err(MessageError::LongLine(_) | MessageError::Nul(_)) => {}
        Err(error) => fail(&format!("its line ends are mended: {error}")),
    }
    if Message::try_from(octets).is_ok() {
        assert_eq!(mended, octets, "what is a message stays as it is");
    }
    let text = |octets: &[u8]| -> Vec<u8> {
        octets.iter().copied().filter(|octet| !b"\r\n".contains(octet)).collect()
    };
    assert_eq!(text(&mended), text(octets), "nothing but line ends changes");
}

pub(in crate::properties) fn seed_message(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Replies = super::request("smtp.reply", operation, fields)?;
    let mut output = Output::default();
    output.byte(0).bytes(&[3, 1, 40]).rest(b".\r\n..\r\n").rest(&request.stream_b64.0);
    Some(output.into_bytes())
}
