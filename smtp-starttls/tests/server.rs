//! The server's machine: RFC 3207 section 4, RFC 5321, RFC 2033; and our client against it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{
    Action, AnswerError, Channel, ClearUse, Command, Event, InClear, InTls, Input, Keyword, Mail,
    Mailbox, Mailer, Outcome, Protocol, Recipient, ReplyCode, ReplyText, Requirement, Server,
    ServerAction, ServerChannel, ServerConfig, ServerEnd, ServerReply, ServerUpgradeError, Session,
    TlsFailure, TlsOffer, Want,
};
use support::{Tls, config, facts};

fn server_config(tls: TlsOffer) -> ServerConfig {
    ServerConfig::new("mx.example".parse().unwrap(), tls)
}

/// Sends what the server has to say.
fn said<S: ServerChannel>(server: &mut Server<S>) -> String {
    let mut said = String::new();
    while let ServerAction::Send(octets) = server.action() {
        said.push_str(core::str::from_utf8(octets).unwrap());
        server.handle(Input::Sent);
    }
    said
}

/// The reply to one line.
fn ask<S: ServerChannel>(server: &mut Server<S>, line: &str) -> String {
    assert_eq!(server.action(), ServerAction::Read, "{line}");
    assert_eq!(server.handle(Input::Bytes(line.as_bytes())), line.len());
    said(server)
}

fn greeted(config: &ServerConfig) -> Server<InClear> {
    let mut server = Server::new(config);
    assert_eq!(said(&mut server), "220 mx.example ESMTP\r\n");
    assert!(ask(&mut server, "EHLO client.example\r\n").starts_with("250-mx.example\r\n"));
    server
}

fn in_tls(config: &ServerConfig) -> Server<InTls> {
    let mut server = greeted(config);
    assert!(ask(&mut server, "STARTTLS\r\n").starts_with("220 "));
    server.into_upgrade().unwrap().first_octets(b"\x16\x03\x01").unwrap().tls_up(config)
}

fn reply(code: u16) -> ServerReply<'static> {
    ServerReply::new(ReplyCode::new(code).unwrap(), ReplyText::try_from("so be it").unwrap())
}

/// Has a command decided, and gives the reply.
fn decide<S: ServerChannel>(server: &mut Server<S>, line: &str, code: u16) -> String {
    assert_eq!(ask(server, line), "");
    assert!(matches!(server.action(), ServerAction::Decide(_)));
    server.answer(&reply(code)).unwrap();
    said(server)
}

#[test]
fn v1_rfc3207_4_2_starttls_is_not_listed_inside_tls_and_refused_there() {
    let config = server_config(TlsOffer::Offered).size(5).require_tls();
    let mut server = Server::new(&config);
    said(&mut server);
    let listed = ask(&mut server, "EHLO client.example\r\n");
    assert!(listed.contains("250-STARTTLS\r\n") && !listed.contains("REQUIRETLS"), "{listed}");
    let mut server = in_tls(&config);
    let listed = ask(&mut server, "EHLO client.example\r\n");
    assert!(!listed.contains("STARTTLS") && listed.contains("250-REQUIRETLS\r\n"), "{listed}");
    assert!(listed.contains("250-SIZE 5\r\n"));
    assert!(ask(&mut server, "STARTTLS\r\n").starts_with("503 "));
    assert!(server.is_tls());
}

#[test]
fn v2_rfc3207_4_the_answers_to_starttls() {
    let offered = server_config(TlsOffer::Offered);
    assert!(ask(&mut greeted(&offered), "STARTTLS x\r\n").starts_with("501 "));
    assert!(ask(&mut greeted(&offered), "STARTTLS  x \r\n").starts_with("501 "));
    let mut server = greeted(&offered);
    assert_eq!(ask(&mut server, "starttls\r\n"), "220 2.0.0 ready to start TLS\r\n");
    assert_eq!(server.action(), ServerAction::StartTls);
    let unavailable = server_config(TlsOffer::Unavailable);
    assert!(ask(&mut greeted(&unavailable), "STARTTLS\r\n").starts_with("454 "));
    let none = server_config(TlsOffer::NotOffered);
    assert!(ask(&mut greeted(&none), "STARTTLS\r\n").starts_with("502 "));
    let mut server = Server::new(&offered);
    said(&mut server);
    assert!(ask(&mut server, "STARTTLS\r\n").starts_with("503 "), "before EHLO");
}

#[test]
fn rfc5321_4_1_1_white_space_before_the_end_of_a_command_has_no_meaning() {
    let config = server_config(TlsOffer::Offered);
    for space in [" ", "\t", " \t  "] {
        let mut server = greeted(&config);
        assert!(ask(&mut server, &format!("STARTTLS{space}\r\n")).starts_with("220 "));
        assert_eq!(server.action(), ServerAction::StartTls);
        let mut server = greeted(&config);
        for verb in ["NOOP", "RSET", "EHLO client.example"] {
            let answer = ask(&mut server, &format!("{verb}{space}\r\n"));
            assert!(answer.starts_with("250"), "{verb}: {answer}");
        }
        assert!(ask(&mut server, &format!("EHLO{space}\r\n")).starts_with("501 "));
        decide(&mut server, &format!("MAIL FROM:<a@b>{space}\r\n"), 250);
        decide(&mut server, &format!("RCPT TO:<c@d>{space}\r\n"), 250);
        server.handle(Input::Bytes(format!("DATA{space}\r\n").as_bytes()));
        assert_eq!(server.action(), ServerAction::Decide(Command::Data), "{space:?}");
        let mut server = greeted(&config);
        assert!(ask(&mut server, &format!("QUIT{space}\r\n")).starts_with("221 "));
    }
}

#[test]
fn v3_rfc3207_4_2_octets_behind_starttls_end_the_connection() {
    let config = server_config(TlsOffer::Offered);
    let residue = ServerAction::Close(ServerEnd::Residue);
    for rest in ["x", "EHLO client.example\r\n", "\r\n", "MAIL FROM:<a@b>\r\n"] {
        let mut server = greeted(&config);
        let line = format!("STARTTLS\r\n{rest}");
        server.handle(Input::Bytes(line.as_bytes()));
        assert_eq!(server.action(), residue, "in the same read");
        let ended = ServerUpgradeError::Ended(ServerEnd::Residue);
        assert_eq!(server.into_upgrade().err(), Some(ended));

        let mut server = greeted(&config);
        server.handle(Input::Bytes(b"STARTTLS\r\n"));
        server.handle(Input::Bytes(rest.as_bytes()));
        assert_eq!(server.action(), residue, "before the 220 is sent");

        let mut server = greeted(&config);
        ask(&mut server, "STARTTLS\r\n");
        server.handle(Input::Bytes(rest.as_bytes()));
        assert_eq!(server.action(), residue, "after the 220");

        let mut server = greeted(&config);
        ask(&mut server, "STARTTLS\r\n");
        let upgrade = server.into_upgrade().unwrap().first_octets(b"").unwrap();
        assert_eq!(upgrade.first_octets(rest.as_bytes()).err(), Some(ended), "as first octets");
    }
    assert_eq!(greeted(&config).into_upgrade().err(), Some(ServerUpgradeError::OutOfOrder));
}

#[test]
fn v4_rfc3207_4_2_inside_tls_all_is_forgotten_and_no_greeting_is_sent() {
    let mut server = in_tls(&server_config(TlsOffer::Offered));
    assert_eq!(server.action(), ServerAction::Read);
    assert!(ask(&mut server, "MAIL FROM:<a@b>\r\n").starts_with("503 "), "EHLO is forgotten");
}

#[test]
fn v5_starttls_within_a_transaction_is_refused() {
    let mut server = greeted(&server_config(TlsOffer::Offered));
    assert!(decide(&mut server, "MAIL FROM:<a@b>\r\n", 250).starts_with("250 "));
    assert!(server.is_in_transaction());
    assert!(ask(&mut server, "STARTTLS\r\n").starts_with("503 "));
    assert!(ask(&mut server, "RSET\r\n").starts_with("250 "));
    assert!(ask(&mut server, "STARTTLS\r\n").starts_with("220 "));
}

#[test]
fn v6_rfc3207_4_where_tls_is_needed_other_commands_get_530() {
    let mut server = greeted(&server_config(TlsOffer::Offered).clear_use(ClearUse::Refused));
    for line in ["MAIL FROM:<a@b>\r\n", "RSET\r\n", "VRFY a\r\n", "HELO a\r\n", "XYZ\r\n"] {
        assert!(ask(&mut server, line).starts_with("530 5.7.0 "), "{line}");
    }
    assert!(ask(&mut server, "NOOP\r\n").starts_with("250 "));
    assert!(ask(&mut server, "EHLO a\r\n").starts_with("250-"));
    assert!(ask(&mut server, "STARTTLS\r\n").starts_with("220 "));
    let config = server_config(TlsOffer::Offered).clear_use(ClearUse::Refused);
    let mut server = in_tls(&config);
    ask(&mut server, "EHLO a\r\n");
    assert!(decide(&mut server, "MAIL FROM:<a@b>\r\n", 250).starts_with("250 "));
}

#[test]
fn rfc5321_4_1_1_a_transaction_is_decided_by_the_caller() {
    let mut server = greeted(&server_config(TlsOffer::NotOffered));
    assert!(ask(&mut server, "RCPT TO:<b@c>\r\n").starts_with("503 "));
    assert!(ask(&mut server, "DATA\r\n").starts_with("503 "));
    assert!(ask(&mut server, "MAIL FROM:a@b\r\n").starts_with("501 "));
    ask(&mut server, "MAIL FROM:<a@b> SIZE=3\r\n");
    let mail = Command::Mail { path: b"a@b", parameters: b"SIZE=3" };
    assert_eq!(server.action(), ServerAction::Decide(mail));
    assert_eq!(server.answer(&reply(354)), Err(AnswerError::Code(ReplyCode::START_INPUT)));
    server.answer(&reply(250)).unwrap();
    assert_eq!(server.answer(&reply(250)), Err(AnswerError::OutOfOrder));
    said(&mut server);
    assert!(ask(&mut server, "MAIL FROM:<a@b>\r\n").starts_with("503 "));
    assert!(ask(&mut server, "RCPT TO:<>\r\n").starts_with("501 "));
    assert!(decide(&mut server, "RCPT TO:<b@c>\r\n", 550).starts_with("550 so be it"));
    assert!(ask(&mut server, "DATA\r\n").starts_with("503 "), "no valid recipients");
    decide(&mut server, "RCPT TO:<d@c>\r\n", 250);
    assert!(ask(&mut server, "DATA x\r\n").starts_with("501 "));
    assert!(decide(&mut server, "DATA\r\n", 354).starts_with("354 "));
    assert_eq!(server.action(), ServerAction::Receive);
    let mut out = [0; 64];
    let progress = server.receive(b"a\r\n..b\r\n.\r\nQUIT\r\n", &mut out).unwrap();
    assert_eq!((progress.taken, progress.is_done), (11, true));
    assert_eq!(&out[..progress.written], b"a\r\n.b\r\n");
    assert_eq!(server.action(), ServerAction::Decide(Command::Message));
    server.answer(&reply(250)).unwrap();
    assert!(said(&mut server).starts_with("250 "));
    assert!(ask(&mut server, "QUIT\r\n").starts_with("221 mx.example"));
    assert_eq!(server.action(), ServerAction::Close(ServerEnd::Quit));
}

#[test]
fn rfc2033_4_2_lmtp_is_answered_for_each_recipient() {
    let config = server_config(TlsOffer::NotOffered).protocol(Protocol::Lmtp);
    let mut server = Server::new(&config);
    assert_eq!(said(&mut server), "220 mx.example LMTP\r\n");
    assert!(ask(&mut server, "EHLO a\r\n").starts_with("500 "));
    ask(&mut server, "LHLO a\r\n");
    decide(&mut server, "MAIL FROM:<a@b>\r\n", 250);
    decide(&mut server, "RCPT TO:<b@c>\r\n", 250);
    decide(&mut server, "RCPT TO:<d@c>\r\n", 250);
    decide(&mut server, "DATA\r\n", 354);
    assert!(server.receive(b".\r\n", &mut [0; 9]).unwrap().is_done);
    for (number, code) in [(0, 250), (1, 452)] {
        assert_eq!(server.action(), ServerAction::Decide(Command::MessageFor(number)));
        server.answer(&reply(code)).unwrap();
        assert!(said(&mut server).starts_with(&code.to_string()));
    }
    assert_eq!(server.action(), ServerAction::Read);
}

#[test]
fn a_client_that_errs_is_told_and_in_the_end_left() {
    let mut server = greeted(&server_config(TlsOffer::NotOffered));
    assert!(ask(&mut server, "NOOP\nQUIT\r\n").starts_with("500 5.5.2"));
    assert!(ask(&mut server, "EHLO\r\n").starts_with("501 "));
    for _ in 0..18 {
        assert!(ask(&mut server, "X\r\n").starts_with("500 "));
    }
    assert!(ask(&mut server, "X\r\n").starts_with("421 "));
    assert_eq!(server.action(), ServerAction::Close(ServerEnd::TooManyFaults));
    let mut server = greeted(&server_config(TlsOffer::NotOffered));
    server.handle(Input::Bytes(&[b'a'; 1201]));
    assert!(said(&mut server).starts_with("500 "));
    assert_eq!(server.action(), ServerAction::Close(ServerEnd::LineTooLong));
}

#[test]
fn a_broken_message_ends_the_connection() {
    let mut server = greeted(&server_config(TlsOffer::NotOffered));
    decide(&mut server, "MAIL FROM:<a@b>\r\n", 250);
    decide(&mut server, "RCPT TO:<b@c>\r\n", 250);
    decide(&mut server, "DATA\r\n", 354);
    let broken = server.receive(b"a\n.\r\nMAIL FROM:<forged>\r\n", &mut [0; 99]);
    assert_eq!(broken.unwrap_err().0, 1);
    assert!(said(&mut server).starts_with("554 "));
    assert_eq!(server.action(), ServerAction::Close(ServerEnd::MessageBroken));
}

#[test]
fn ends_and_waits_close() {
    for (input, end, text) in [
        (Input::EndOfStream, ServerEnd::Closed, ""),
        (Input::TlsFailed(TlsFailure::Broken), ServerEnd::TlsFailed, ""),
        (Input::TimedOut, ServerEnd::TimedOut, "421 4.4.2 you took too long\r\n"),
    ] {
        let mut server = greeted(&server_config(TlsOffer::NotOffered));
        server.handle(input);
        assert_eq!(said(&mut server), text);
        assert_eq!(server.action(), ServerAction::Close(end));
    }
    let mut server = greeted(&server_config(TlsOffer::NotOffered));
    decide(&mut server, "MAIL FROM:<a@b>\r\n", 421);
    assert_eq!(server.action(), ServerAction::Close(ServerEnd::ServiceClosing));
}

/// Lets a client and a server talk until the client is done or wants TLS.
fn talk<C: Channel, S: ServerChannel>(
    client: &mut Session<C>,
    server: &mut Server<S>,
) -> Option<Outcome> {
    loop {
        match client.action() {
            Action::Send(octets) => {
                server.handle(Input::Bytes(octets));
                client.handle(Input::Sent);
            }
            Action::Read => {
                let ServerAction::Send(octets) = server.action() else {
                    panic!("the server has nothing to say: {:?}", server.action())
                };
                client.handle(Input::Bytes(octets));
                server.handle(Input::Sent);
            }
            Action::StartTls => return None,
            Action::Done(outcome) => return Some(outcome),
        }
    }
}

#[test]
fn our_client_and_our_server_come_to_tls_and_a_message_in_memory() {
    let server_config = server_config(TlsOffer::Offered).size(1000).require_tls();
    let mut client = Session::new(&config(Requirement::Authenticate));
    let mut server = Server::new(&server_config);
    assert_eq!(talk(&mut client, &mut server), None);
    let upgrade = client.into_upgrade().unwrap();
    let mut server = server.into_upgrade().unwrap().tls_up(&server_config);
    let name = "client.example".parse().unwrap();
    let mut client = upgrade.tls_up(&name, &facts(Tls::Verified).unwrap());
    assert_eq!(talk(&mut client, &mut server), Some(Outcome::Secured));
    assert!(client.capabilities().has(Keyword::RequireTls));
    deliver(client.into_mailer().unwrap(), &mut server);
}

fn deliver<C>(mut mailer: Mailer<C>, server: &mut Server<InTls>) {
    let mut out = [0; 2000];
    let mut len = 0;
    let path = Mailbox::try_from("a@client.example").unwrap();
    len += mailer.mail(&Mail::new(path).size(10), &mut out[len..]).unwrap();
    for _ in 0..2 {
        len += mailer.recipient(&Recipient::new(path), &mut out[len..]).unwrap();
    }
    len += mailer.data(&mut out[len..]).unwrap();
    let mut taken = 0;
    while mailer.want() == Want::Read {
        match server.action() {
            ServerAction::Read => taken += server.handle(Input::Bytes(&out[taken..len])),
            ServerAction::Decide(Command::Data) => server.answer(&reply(354)).unwrap(),
            ServerAction::Decide(_) => server.answer(&reply(250)).unwrap(),
            ServerAction::Send(octets) => {
                assert!(mailer.handle(Input::Bytes(octets)).event.is_some());
                server.handle(Input::Sent);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((taken, mailer.want(), mailer.accepted()), (len, Want::Body, 2));
    let progress = mailer.body(b".hidden\r\n", &mut out).unwrap();
    let len = progress.written + mailer.finish_body(&mut out[progress.written..]).unwrap();
    let mut message = [0; 99];
    let received = server.receive(&out[..len], &mut message).unwrap();
    assert_eq!((&message[..received.written], received.is_done), (&b".hidden\r\n"[..], true));
    server.answer(&reply(250)).unwrap();
    let event = mailer.handle(Input::Bytes(said(server).as_bytes())).event;
    assert!(matches!(event, Some(Event::Message(_))));
}
