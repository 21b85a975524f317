//! Where octets are cut has no meaning, for transactions and for the server too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use smtp_starttls::{
    Command, Event, Input, Mail, Mailer, Protocol, Recipient, ReplyCode, ReplyText, Requirement,
    ReversePath, Server, ServerAction, ServerConfig, ServerReply, TlsOffer, limits,
};
use support::{clear_session, config};

/// A group of MAIL, recipients and DATA, all unanswered.
fn mailer(protocol: Protocol, recipients: usize) -> Mailer<smtp_starttls::Clear> {
    let config = config(Requirement::Opportunistic).protocol(protocol);
    let mut mailer = clear_session(&config, &["PIPELINING"]).into_mailer().unwrap();
    let mut out = [0; limits::COMMAND];
    mailer.mail(&Mail::new(ReversePath::Null), &mut out).unwrap();
    for _ in 0..recipients {
        let path = smtp_starttls::Mailbox::try_from("b@mx.example").unwrap();
        mailer.recipient(&Recipient::new(path), &mut out).unwrap();
    }
    mailer.data(&mut out).unwrap();
    mailer
}

fn events<S>(mut mailer: Mailer<S>, stream: &[u8], size: usize) -> (Vec<Event>, String) {
    let mut events = Vec::new();
    for mut piece in stream.chunks(size) {
        loop {
            let handled = mailer.handle(Input::Bytes(piece));
            events.extend(handled.event);
            piece = &piece[handled.taken..];
            if piece.is_empty() || handled.taken == 0 {
                break;
            }
        }
    }
    (events, format!("{:?} {}", mailer.want(), mailer.accepted()))
}

fn replies() -> impl Strategy<Value = Vec<u8>> {
    let said = prop::sample::select(vec![
        &b"250 ok\r\n"[..],
        b"250-2.1.5 a\r\n250 2.1.5 b\r\n",
        b"550 5.1.1 no\r\n",
        b"354 go\r\n",
        b"421 bye\r\n",
        b"250-a\r\n251 b\r\n",
        b"25",
        b"250 x\n",
        b"junk\r\n",
    ]);
    vec(said, 0..8).prop_map(|replies| replies.concat())
}

/// All that a server says and asks for; every command is granted.
fn dialogue(commands: &[u8], size: usize) -> String {
    let name = "mx.example".parse().unwrap();
    let mut server = Server::new(&ServerConfig::new(name, TlsOffer::NotOffered));
    let (mut said, mut at) = (String::new(), 0);
    for _ in 0..10_000 {
        let piece = &commands[at..commands.len().min(at + size)];
        match server.action() {
            ServerAction::Send(octets) => {
                said.push_str(&String::from_utf8_lossy(octets));
                server.handle(Input::Sent);
            }
            ServerAction::Read | ServerAction::Receive if piece.is_empty() => {
                server.handle(Input::EndOfStream);
            }
            ServerAction::Read => at += server.handle(Input::Bytes(piece)),
            ServerAction::Receive => {
                let mut out = [0; 4096];
                if let Ok(progress) = server.receive(piece, &mut out) {
                    at += progress.taken;
                    said.push_str(&String::from_utf8_lossy(&out[..progress.written]));
                }
            }
            ServerAction::Decide(command) => {
                said.push_str(&format!("{command:?}\n"));
                let code = if command == Command::Data { 354 } else { 250 };
                let text = ReplyText::try_from("granted").unwrap();
                let reply = ServerReply::new(ReplyCode::new(code).unwrap(), text);
                server.answer(&reply).unwrap();
            }
            ServerAction::StartTls => panic!("it offers no TLS"),
            ServerAction::Close(end) => return said + end.word(),
        }
    }
    panic!("the dialogue does not end")
}

fn commands() -> impl Strategy<Value = Vec<u8>> {
    let said = prop::sample::select(vec![
        &b"EHLO a\r\n"[..],
        b"MAIL FROM:<a@b> SIZE=5\r\n",
        b"RCPT TO:<c@d>\r\n",
        b"DATA\r\n",
        b"line\r\n..dot\r\n.\r\n",
        b".\r\n",
        b"RSET\r\n",
        b"NOOP\nQUIT\r\n",
        b"STARTTLS\r\n",
        b"QUIT\r\n",
        b"\0\r\n",
        b"x",
    ]);
    vec(said, 0..10).prop_map(|commands| commands.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    // checks: smtp-starttls/P10
    #[test]
    fn a_mailer_gives_the_same_events(
        is_lmtp in any::<bool>(),
        recipients in 1..4_usize,
        stream in replies(),
        size in 1..40_usize,
    ) {
        let protocol = if is_lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        let whole = events(mailer(protocol, recipients), &stream, stream.len().max(1));
        prop_assert_eq!(&events(mailer(protocol, recipients), &stream, size), &whole);
        prop_assert_eq!(&events(mailer(protocol, recipients), &stream, 1), &whole);
        let ends = whole.0.iter().filter(|event| matches!(event, Event::Ended(_))).count();
        prop_assert!(ends <= 1, "an end comes once");
    }

    // checks: smtp-starttls/P10
    #[test]
    fn a_server_says_the_same(commands in commands(), size in 1..40_usize) {
        let whole = dialogue(&commands, commands.len().max(1));
        prop_assert_eq!(&dialogue(&commands, size), &whole);
        prop_assert_eq!(&dialogue(&commands, 1), &whole);
    }
}
