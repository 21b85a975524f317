//! The server's side of a connection.

use serde_json::{Map, Value};
use smtp_starttls::{
    ClearUse, Command, EhloName, InClear, InTls, Input as Event, Protocol, ReplyCode, ReplyText,
    Server, ServerAction, ServerChannel, ServerConfig, ServerEnd, ServerReply, TlsOffer,
};

use super::super::fail;
use super::super::input::{Input, Output, pieces};
use crate::request::smtp as asked;

/// Configuration, decisions, cuts, what comes in clear, and what comes inside TLS.
///
/// Where the client's octets are cut has no meaning, but for those behind STARTTLS, which end the
/// connection in whatever read they come; what is said inside TLS does not depend on what was said
/// before; STARTTLS is not listed inside TLS nor REQUIRETLS outside; where TLS is needed nothing is
/// decided in clear; replies are lines that a client can read; messages have whole lines.
pub fn server(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(case) = Case::read(&mut input) else { return };
    let [cuts, clear, sealed] = [input.bytes(), input.bytes(), input.rest()];
    let mut server = Server::<InClear>::new(&case.config);
    let whole = case.talk(&mut server, &[clear]);
    let mut by_line = Server::<InClear>::new(&case.config);
    let lines: Vec<&[u8]> = clear.split_inclusive(|octet| *octet == b'\n').collect();
    case.cuts_have_no_meaning(&whole, &case.talk(&mut by_line, &lines));
    let mut again = Server::<InClear>::new(&case.config);
    let split = case.talk(&mut again, &pieces(clear, &mut Input::new(cuts)));
    case.cuts_have_no_meaning(&whole, &split);
    assert!(!has_line(&whole.said, b"REQUIRETLS"), "REQUIRETLS is for TLS alone");
    let needs_tls = case.clear_use == ClearUse::Refused;
    assert!(!needs_tls || whole.decided.is_empty(), "nothing is decided before TLS");
    match (split.end, again.into_upgrade()) {
        (End::StartTls, Ok(upgrade)) => {
            let mut inside = upgrade.tls_up(&case.config);
            let dialogue = case.talk(&mut inside, &[sealed]);
            assert!(!has_line(&dialogue.said, b"STARTTLS"), "TLS is not offered inside TLS");
            let Some(mut fresh) = case.fresh() else { fail("STARTTLS was offered") };
            assert_eq!(case.talk(&mut fresh, &[sealed]), dialogue, "all is forgotten");
        }
        (End::StartTls, Err(error)) => fail(&format!("it wants TLS: {error}")),
        (End::Closed(_), upgrade) => assert!(upgrade.is_err(), "a closed connection has no TLS"),
    }
}

struct Case {
    config: ServerConfig,
    offer: TlsOffer,
    clear_use: ClearUse,
    /// One for each decision, in turn.
    decisions: [u8; 4],
}

#[derive(Debug, PartialEq)]
struct Dialogue {
    said: Vec<u8>,
    decided: Vec<String>,
    /// All messages that came to their end.
    messages: Vec<u8>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    StartTls,
    Closed(ServerEnd),
}

impl Case {
    fn read(input: &mut Input<'_>) -> Option<Self> {
        let name: EhloName = "mx.example".parse().ok()?;
        let offer = input.one_of(TlsOffer::Offered, &[TlsOffer::Unavailable, TlsOffer::NotOffered]);
        let clear_use = input.one_of(ClearUse::Allowed, &[ClearUse::Refused]);
        let protocol = input.one_of(Protocol::Smtp, &[Protocol::Lmtp]);
        let config = ServerConfig::new(name, offer).clear_use(clear_use).protocol(protocol);
        let config = config.size(u64::from(input.byte())).require_tls();
        let decisions = core::array::from_fn(|_| input.byte());
        Some(Self { config, offer, clear_use, decisions })
    }

    /// A server that is inside TLS after nothing but a greeting.
    fn fresh(&self) -> Option<Server<InTls>> {
        let mut server = Server::<InClear>::new(&self.config);
        let dialogue = self.talk(&mut server, &[b"EHLO a\r\n", b"LHLO a\r\n", b"STARTTLS\r\n"]);
        assert_eq!(dialogue.end, End::StartTls);
        Some(server.into_upgrade().ok()?.tls_up(&self.config))
    }

    fn cuts_have_no_meaning(&self, whole: &Dialogue, split: &Dialogue) {
        let residue = End::Closed(ServerEnd::Residue);
        if whole.end != residue && split.end != residue {
            assert_eq!(whole, split, "where the stream is cut has no meaning");
        } else if self.offer == TlsOffer::Offered {
            // Octets behind STARTTLS are told in its own read before the 220, or in a later one after it.
            assert_eq!((whole.end, split.end), (residue, residue));
            let before = (&whole.decided, &whole.messages);
            assert_eq!(before, (&split.decided, &split.messages));
        }
    }

    /// Feeds the pieces, of which each is one read, until the server closes or wants TLS.
    fn talk<S: ServerChannel>(&self, server: &mut Server<S>, pieces: &[&[u8]]) -> Dialogue {
        let (mut said, mut decided, mut messages) = (Vec::new(), Vec::new(), Vec::new());
        let mut finished = 0;
        let mut rest: &[u8] = &[];
        let mut pieces = pieces.iter().filter(|piece| !piece.is_empty());
        let length: usize = pieces.clone().map(|piece| piece.len()).sum();
        for _ in 0..8 * length + 64 {
            match server.action() {
                ServerAction::Send(octets) => {
                    is_reply(octets);
                    said.extend_from_slice(octets);
                    server.handle(Event::Sent);
                    continue;
                }
                ServerAction::Decide(command) => {
                    if let Command::Message | Command::MessageFor(_) = command {
                        finished = messages.len();
                    }
                    let reply = self.decide(command, decided.len());
                    decided.push(format!("{command:?}"));
                    assert_eq!(server.answer(&reply), Ok(()), "the answer fits");
                    continue;
                }
                ServerAction::Close(end) => {
                    messages.truncate(finished);
                    is_of_whole_lines(&messages);
                    return Dialogue { said, decided, messages, end: End::Closed(end) };
                }
                ServerAction::StartTls => {
                    assert!(rest.is_empty(), "what stands behind STARTTLS is seen");
                    let Some(piece) = pieces.next() else {
                        return Dialogue { said, decided, messages, end: End::StartTls };
                    };
                    server.handle(Event::Bytes(piece));
                    continue;
                }
                ServerAction::Read | ServerAction::Receive => {}
            }
            if rest.is_empty() {
                let Some(piece) = pieces.next() else {
                    server.handle(Event::EndOfStream);
                    continue;
                };
                rest = piece;
            }
            let taken = match server.action() {
                ServerAction::Receive => receive(server, rest, &mut messages),
                _ => server.handle(Event::Bytes(rest)),
            };
            let Some(left) = rest.get(taken..) else { fail("it takes what there is") };
            rest = left;
        }
        fail("the dialogue does not end")
    }

    fn decide(&self, command: Command<'_>, number: usize) -> ServerReply<'static> {
        let choice = self.decisions.get(number % 4).copied().unwrap_or_default();
        let code = match (choice, command) {
            (0..=199, Command::Data) => Some(ReplyCode::START_INPUT),
            (0..=199, _) => Some(ReplyCode::OK),
            (200..=229, _) => ReplyCode::new(550),
            (230..=249, _) => ReplyCode::new(451),
            (250..=255, _) => Some(ReplyCode::SERVICE_CLOSING),
        };
        let (Some(code), Ok(text)) = (code, ReplyText::try_from("decided")) else {
            fail("these are codes and a text")
        };
        ServerReply::new(code, text)
    }
}

/// How much was taken; what is broken takes the rest with it.
fn receive<S: ServerChannel>(server: &mut Server<S>, rest: &[u8], to: &mut Vec<u8>) -> usize {
    let mut out = [0; 7];
    let Ok(progress) = server.receive(rest, &mut out) else { return rest.len() };
    to.extend(out.iter().take(progress.written));
    progress.taken
}

/// Lines of one code, ended by CRLF, of which the last is told from the others.
fn is_reply(octets: &[u8]) {
    let Some(lines) = octets.strip_suffix(b"\r\n") else { fail("a reply ends with CRLF") };
    let lines: Vec<&[u8]> = lines.split(|octet| *octet == b'\n').collect();
    for (at, line) in lines.iter().enumerate() {
        let is_last = at + 1 == lines.len();
        let line = if is_last { Some(*line) } else { line.strip_suffix(b"\r") };
        let Some(line) = line else { fail("a line ends with CRLF") };
        assert!(line.iter().all(|octet| (b' '..=b'~').contains(octet)), "{line:?}");
        assert!(line.len() <= 510, "RFC 5321 section 4.5.3.1.5");
        let (code, text) = line.split_at_checked(3).unwrap_or_default();
        assert!(code.iter().all(u8::is_ascii_digit));
        assert_eq!(text.first(), Some(if is_last { &b' ' } else { &b'-' }));
        assert_eq!(lines.first().and_then(|first| first.get(..3)), Some(code), "one code");
    }
}

fn has_line(said: &[u8], keyword: &[u8]) -> bool {
    let mut lines = said.split(|octet| *octet == b'\n');
    lines.any(|line| line.starts_with(b"250") && line.get(4..4 + keyword.len()) == Some(keyword))
}

fn is_of_whole_lines(message: &[u8]) {
    let text = message.split(|octet| *octet == b'\n');
    let count = text.clone().count();
    for line in text.take(count.saturating_sub(1)) {
        assert_eq!(line.last(), Some(&b'\r'), "a line feed has its carriage return");
    }
    let returns = message.iter().filter(|octet| **octet == b'\r').count();
    assert_eq!(returns + 1, count, "a carriage return has its line feed");
    assert!(!message.contains(&0));
}

pub(in crate::properties) fn seed_server(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Replies = super::request("smtp.reply", operation, fields)?;
    let mail = b"EHLO a\r\nMAIL FROM:<a@b> SIZE=5\r\nRCPT TO:<c@d>\r\nDATA\r\n";
    let message = [mail, request.stream_b64.0.as_slice(), b"\r\n.\r\n"].concat();
    // Behind every other STARTTLS there is something.
    let behind: &[u8] = if message.len().is_multiple_of(2) { b"" } else { b"EHLO b\r\n" };
    let clear = [message.as_slice(), b"NOOP\r\nSTARTTLS\r\n", behind].concat();
    let mut output = Output::default();
    output.rest(&[0, 0, 0, 9, 0, 0, 0, 0]).bytes(&[7, 1, 40]).bytes(&clear).rest(&message);
    Some(output.into_bytes())
}
