//! Transactions: RFC 5321 section 3.3, RFC 2033, 2920, 3030, 3461, 6531, 8689.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{
    Answer, AuthMechanism, Body, Chunk, Clear, CommandError, DangerAuthUnverified, Delivery,
    EnvelopeId, Event, ForwardPath, Input, Keyword, Mail, MailFailureReason, Mailbox, Mailer,
    MessageError, MxTrust, NotUsable, Notify, NotifyOn, OriginalRecipient, Outcome, Phase,
    Protocol, Reason, Recipient, RequireTlsRefused, Requirement, Return, ReversePath, Sealed,
    Session, Want, limits,
};
use support::{Tls, clear_session, config, sealed_session};

fn clear(lines: &[&str]) -> Mailer<Clear> {
    clear_session(&config(Requirement::Opportunistic), lines).into_mailer().unwrap()
}

fn sealed(tls: Tls, lines: &[&str]) -> Mailer<Sealed> {
    sealed_session(&config(Requirement::Opportunistic), tls, lines).into_mailer().unwrap()
}

fn lmtp(lines: &[&str]) -> Mailer<Clear> {
    let config = config(Requirement::Opportunistic).protocol(Protocol::Lmtp);
    clear_session(&config, lines).into_mailer().unwrap()
}

fn mailbox(text: &str) -> Mailbox<'_> {
    Mailbox::try_from(text).unwrap()
}

fn to(text: &str) -> Recipient<'_> {
    Recipient::new(mailbox(text))
}

fn mail() -> Mail<'static> {
    Mail::new(mailbox("a@client.example"))
}

/// The line that a command writes.
#[track_caller]
fn line(command: impl FnOnce(&mut [u8]) -> Result<usize, CommandError>) -> String {
    let mut out = [0; limits::COMMAND];
    let len = command(&mut out).expect("a command");
    let text = core::str::from_utf8(&out[..len]).unwrap();
    text.strip_suffix("\r\n").expect("a whole line").to_string()
}

fn refused(command: impl FnOnce(&mut [u8]) -> Result<usize, CommandError>) -> CommandError {
    command(&mut [0; limits::COMMAND]).expect_err("no command")
}

/// All events of these octets.
fn events<S>(mailer: &mut Mailer<S>, mut octets: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while !octets.is_empty() {
        let handled = mailer.handle(Input::Bytes(octets));
        events.extend(handled.event);
        if handled.taken == 0 {
            break;
        }
        octets = &octets[handled.taken..];
    }
    events
}

#[track_caller]
fn event<S>(mailer: &mut Mailer<S>, reply: &str) -> Event {
    let events = events(mailer, reply.as_bytes());
    assert_eq!(events.len(), 1, "{events:?}");
    events[0]
}

fn code(event: Event) -> u16 {
    match event {
        Event::Mail(Answer { code, .. })
        | Event::Recipient(_, Answer { code, .. })
        | Event::Data(Answer { code, .. })
        | Event::Chunk(Answer { code, .. })
        | Event::Message(Answer { code, .. })
        | Event::MessageFor(_, Answer { code, .. })
        | Event::Reset(Answer { code, .. })
        | Event::Noop(Answer { code, .. })
        | Event::Auth(Answer { code, .. }) => code.value(),
        other => panic!("no code in {other:?}"),
    }
}

/// A transaction up to the point where the message is wanted.
fn at_body<S>(mailer: &mut Mailer<S>, recipients: &[&str]) {
    line(|out| mailer.mail(&mail(), out));
    event(mailer, "250 ok\r\n");
    for recipient in recipients {
        line(|out| mailer.recipient(&to(recipient), out));
        event(mailer, "250 ok\r\n");
    }
    line(|out| mailer.data(out));
    assert_eq!(code(event(mailer, "354 go\r\n")), 354);
    assert_eq!(mailer.want(), Want::Body);
}

fn send_body<S>(mailer: &mut Mailer<S>, message: &[u8]) -> Vec<u8> {
    let mut out = [0; 4096];
    let progress = mailer.body(message, &mut out).unwrap();
    assert_eq!(progress.taken, message.len());
    let end = progress.written + mailer.finish_body(&mut out[progress.written..]).unwrap();
    out[..end].to_vec()
}

#[test]
fn a_session_that_has_not_come_to_its_end_makes_no_mailer() {
    let config = config(Requirement::Opportunistic);
    let unfinished = Session::new(&config).into_mailer().err();
    assert_eq!(unfinished, Some(NotUsable::Unfinished(Phase::Greeting)));
    let mut session = Session::new(&config);
    session.handle(Input::EndOfStream);
    assert!(matches!(session.into_mailer().err(), Some(NotUsable::Ended(Outcome::Refused(_)))));
}

#[test]
fn rfc5321_3_3_one_message_for_two_recipients_of_whom_one_is_refused() {
    let mut mailer = clear(&["SIZE 1000"]);
    assert_eq!(mailer.want(), Want::Command);
    let mail = mail().size(20);
    assert_eq!(line(|out| mailer.mail(&mail, out)), "MAIL FROM:<a@client.example> SIZE=20");
    assert_eq!((mailer.want(), mailer.phase()), (Want::Read, Phase::Mail));
    assert_eq!(code(event(&mut mailer, "250 2.1.0 ok\r\n")), 250);
    assert_eq!(line(|out| mailer.recipient(&to("b@mx.example"), out)), "RCPT TO:<b@mx.example>");
    let refused = event(&mut mailer, "550 5.1.1 who?\r\n");
    let Event::Recipient(0, answer) = refused else { panic!("{refused:?}") };
    assert!(answer.is_permanent());
    assert_eq!(answer.status.unwrap().to_string(), "5.1.1");
    line(|out| mailer.recipient(&to("c@mx.example"), out));
    assert!(matches!(event(&mut mailer, "251 will forward\r\n"), Event::Recipient(1, _)));
    assert!(!mailer.is_accepted(0) && mailer.is_accepted(1));
    assert_eq!(line(|out| mailer.data(out)), "DATA");
    event(&mut mailer, "354 go\r\n");
    assert_eq!(send_body(&mut mailer, b"a\r\n.b\r\n"), b"a\r\n..b\r\n.\r\n");
    assert_eq!((mailer.want(), mailer.phase()), (Want::Read, Phase::Message));
    assert!(matches!(event(&mut mailer, "250 2.0.0 queued\r\n"), Event::Message(_)));
    assert_eq!(line(|out| mailer.quit(out)), "QUIT");
    assert_eq!(event(&mut mailer, "221 bye\r\n"), Event::Quit);
    assert_eq!(mailer.want(), Want::Close);
    assert_eq!(mailer.failure(), None);
}

#[test]
fn commands_out_of_order_are_refused_and_change_nothing() {
    let mut mailer = clear(&[]);
    assert_eq!(refused(|out| mailer.recipient(&to("b@c"), out)), CommandError::OutOfOrder);
    assert_eq!(refused(|out| mailer.data(out)), CommandError::OutOfOrder);
    assert_eq!(mailer.body(b"x", &mut [0; 9]), Err(CommandError::OutOfOrder));
    line(|out| mailer.mail(&mail(), out));
    assert_eq!(refused(|out| mailer.recipient(&to("b@c"), out)), CommandError::MustWait);
    event(&mut mailer, "250 ok\r\n");
    assert_eq!(refused(|out| mailer.mail(&mail(), out)), CommandError::OutOfOrder);
    assert_eq!(refused(|out| mailer.data(out)), CommandError::OutOfOrder, "no recipient");
    line(|out| mailer.recipient(&to("b@c"), out));
    event(&mut mailer, "450 later\r\n");
    assert_eq!(refused(|out| mailer.data(out)), CommandError::OutOfOrder, "none accepted");
    line(|out| mailer.reset(out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.mail(&mail(), out));
    event(&mut mailer, "550 no\r\n");
    assert_eq!(refused(|out| mailer.recipient(&to("b@c"), out)), CommandError::OutOfOrder);
    line(|out| mailer.mail(&mail(), out));
}

#[test]
fn a_buffer_that_is_too_small_changes_nothing() {
    let mut mailer = clear(&[]);
    assert_eq!(mailer.mail(&mail(), &mut [0; 10]), Err(CommandError::BufferTooSmall(30)));
    assert_eq!(mailer.want(), Want::Command);
    assert_eq!(mailer.mail(&mail(), &mut [0; 30]), Ok(30));
}

#[test]
fn parameters_are_written_where_the_server_lists_them() {
    let mut mailer = clear(&["SIZE", "8BITMIME", "SMTPUTF8", "DSN"]);
    let id = EnvelopeId::try_from("a+b=c").unwrap();
    let mail = Mail::new(mailbox("é@client.example"))
        .size(u64::MAX)
        .body(Body::EightBitMime)
        .returns(Return::Headers)
        .envelope_id(id);
    assert_eq!(
        line(|out| mailer.mail(&mail, out)),
        "MAIL FROM:<é@client.example> SIZE=18446744073709551615 BODY=8BITMIME SMTPUTF8 RET=HDRS \
         ENVID=a+2Bb+3Dc",
    );
    event(&mut mailer, "250 ok\r\n");
    let original = OriginalRecipient::new("rfc822", "x+y@z").unwrap();
    let events = NotifyOn::SUCCESS.or(NotifyOn::DELAY);
    let recipient = to("é@mx.example").notify(Notify::On(events)).original(original);
    assert_eq!(
        line(|out| mailer.recipient(&recipient, out)),
        "RCPT TO:<é@mx.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@z",
    );
    event(&mut mailer, "250 ok\r\n");
    let postmaster = Recipient::new(ForwardPath::Postmaster).notify(Notify::Never);
    assert_eq!(line(|out| mailer.recipient(&postmaster, out)), "RCPT TO:<Postmaster> NOTIFY=NEVER");
}

#[test]
fn parameters_that_the_server_does_not_list_are_refused() {
    let mut mailer = clear(&["SIZE 100"]);
    for (mail, keyword) in [
        (mail().body(Body::EightBitMime), Keyword::EightBitMime),
        (mail().body(Body::BinaryMime), Keyword::BinaryMime),
        (mail().smtputf8(), Keyword::SmtpUtf8),
        (mail().returns(Return::Full), Keyword::Dsn),
        (mail().envelope_id(EnvelopeId::try_from("x").unwrap()), Keyword::Dsn),
    ] {
        assert_eq!(refused(|out| mailer.mail(&mail, out)), CommandError::NotOffered(keyword));
    }
    for mail in [mail().utf8_header(), mail().utf8_header().smtputf8()] {
        let header = refused(|out| mailer.mail(&mail, out));
        assert_eq!(header, CommandError::HeaderNeedsSmtpUtf8);
    }
    let large = refused(|out| mailer.mail(&mail().size(101), out));
    assert_eq!(large, CommandError::MessageTooLarge(101));
    line(|out| mailer.mail(&Mail::new(ReversePath::Null).size(100), out));
    event(&mut mailer, "250 ok\r\n");
    let dsn = refused(|out| mailer.recipient(&to("b@c").notify(Notify::Never), out));
    assert_eq!(dsn, CommandError::NotOffered(Keyword::Dsn));
    let utf8 = refused(|out| mailer.recipient(&to("é@c"), out));
    assert_eq!(utf8, CommandError::NeedsSmtpUtf8);
}

#[test]
fn c4_without_size_listed_no_size_is_written() {
    let mut mailer = clear(&[]);
    assert_eq!(line(|out| mailer.mail(&mail().size(9), out)), "MAIL FROM:<a@client.example>");
}

#[test]
fn rfc9422_the_limits_of_the_server_are_kept() {
    let mut mailer = clear(&["LIMITS RCPTMAX=1 MAILMAX=1"]);
    at_body(&mut mailer, &["b@c"]);
    send_body(&mut mailer, b"");
    event(&mut mailer, "250 ok\r\n");
    assert_eq!(refused(|out| mailer.mail(&mail(), out)), CommandError::TooManyTransactions);
    let mut mailer = clear(&["LIMITS RCPTMAX=1"]);
    line(|out| mailer.mail(&mail(), out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.recipient(&to("b@c"), out));
    event(&mut mailer, "250 ok\r\n");
    let second = refused(|out| mailer.recipient(&to("b@c"), out));
    assert_eq!(second, CommandError::TooManyRecipients);
}

#[test]
fn a_transaction_has_1024_recipients_at_most() {
    let mut mailer = clear(&["PIPELINING"]);
    line(|out| mailer.mail(&mail(), out));
    for _ in 0..limits::RECIPIENTS {
        line(|out| mailer.recipient(&to("b@c"), out));
    }
    let one_more = refused(|out| mailer.recipient(&to("b@c"), out));
    assert_eq!(one_more, CommandError::TooManyRecipients);
    event(&mut mailer, "250 ok\r\n");
    for number in 0..limits::RECIPIENTS {
        let event = event(&mut mailer, "250 ok\r\n");
        assert!(matches!(event, Event::Recipient(at, _) if at == number));
    }
    assert_eq!(mailer.accepted(), limits::RECIPIENTS);
}

#[test]
fn c5_rfc2920_3_1_commands_form_groups_and_data_ends_one() {
    let mut mailer = clear(&["PIPELINING"]);
    line(|out| mailer.reset(out));
    line(|out| mailer.mail(&mail(), out));
    line(|out| mailer.recipient(&to("b@c"), out));
    line(|out| mailer.recipient(&to("d@c"), out));
    line(|out| mailer.data(out));
    assert_eq!(refused(|out| mailer.recipient(&to("e@c"), out)), CommandError::MustWait);
    assert_eq!(refused(|out| mailer.quit(out)), CommandError::MustWait);
    let events = events(&mut mailer, b"250 r\r\n250 m\r\n550 b\r\n250-d\r\n250 d\r\n354 go\r\n");
    let codes: Vec<_> = events.iter().copied().map(code).collect();
    assert_eq!(codes, [250, 250, 550, 250, 354]);
    assert!(matches!(events[3], Event::Recipient(1, _)));
    assert_eq!((mailer.want(), mailer.accepted()), (Want::Body, 1));
}

#[test]
fn c5_rfc2920_3_1_without_pipelining_each_reply_is_awaited() {
    let mut mailer = clear(&[]);
    line(|out| mailer.reset(out));
    assert_eq!(refused(|out| mailer.mail(&mail(), out)), CommandError::MustWait);
}

#[test]
fn rfc2920_3_1_a_message_without_recipients_is_only_a_dot() {
    let mut mailer = clear(&["PIPELINING"]);
    line(|out| mailer.mail(&mail(), out));
    line(|out| mailer.recipient(&to("b@c"), out));
    line(|out| mailer.data(out));
    events(&mut mailer, b"250 m\r\n550 b\r\n354 go\r\n");
    assert_eq!(mailer.want(), Want::Body);
    assert_eq!(mailer.body(b"secret\r\n", &mut [0; 99]), Err(CommandError::OutOfOrder));
    assert_eq!(line(|out| mailer.finish_body(out)), ".");
    assert_eq!(code(event(&mut mailer, "554 no valid recipients\r\n")), 554);
    assert_eq!(mailer.want(), Want::Command);
}

#[test]
fn what_is_no_message_ends_the_connection_without_its_last_line() {
    for (message, error) in [
        (&b"a\r\n.\nQUIT"[..], MessageError::BareLf(4)),
        (b"a\r.\r\n", MessageError::BareCr(1)),
        (b"a\0", MessageError::Nul(1)),
    ] {
        let mut mailer = clear(&[]);
        at_body(&mut mailer, &["b@c"]);
        assert_eq!(mailer.body(message, &mut [0; 99]), Err(CommandError::Message(error)));
        assert_eq!(mailer.want(), Want::Close);
        assert_eq!(mailer.failure().unwrap().reason, MailFailureReason::MessageCut);
        assert!(matches!(mailer.finish_body(&mut [0; 99]), Err(CommandError::Ended(_))));
    }
    let mut mailer = clear(&[]);
    at_body(&mut mailer, &["b@c"]);
    let _ = mailer.body(b"a\r", &mut [0; 99]).unwrap();
    let error = mailer.finish_body(&mut [0; 99]);
    assert_eq!(error, Err(CommandError::Message(MessageError::BareCr(1))));
}

#[test]
fn rfc6152_3_eight_bits_go_nowhere_without_8bitmime() {
    for (message, offset) in [(&b"\xff"[..], 0), (b"caf\xc3\xa9\r\n", 3), (b".\r\n..\x80", 5)] {
        for piece in 1..=message.len() {
            for room in [1, 2, 3, 99] {
                let mut mailer = clear(&["8BITMIME"]);
                at_body(&mut mailer, &["b@c"]);
                let (error, sent) = refused_body(&mut mailer, message, piece, room);
                assert_eq!(error, CommandError::NeedsEightBit(offset), "{message:?} by {piece}");
                assert!(sent.is_ascii());
                // As cut, not as sent.
                let failure = mailer.failure().unwrap();
                assert_eq!(failure.reason, MailFailureReason::MessageCut);
                assert_eq!(failure.delivery, Delivery::NotDelivered);
                assert_eq!((mailer.want(), failure.status().class()), (Want::Close, 4));
                assert!(matches!(mailer.finish_body(&mut [0; 99]), Err(CommandError::Ended(_))));
            }
        }
    }
    // Of two faults the first is told, however the message is cut.
    for (message, error) in [
        (&b"a\n\xff"[..], CommandError::Message(MessageError::BareLf(1))),
        (b"\xff\n", CommandError::NeedsEightBit(0)),
    ] {
        for piece in 1..=message.len() {
            let mut mailer = clear(&[]);
            at_body(&mut mailer, &["b@c"]);
            assert_eq!(refused_body(&mut mailer, message, piece, 99).0, error);
        }
    }
}

/// Why a message was not taken in pieces of this size, with so much room, and what was written.
fn refused_body<S>(
    mailer: &mut Mailer<S>,
    message: &[u8],
    piece: usize,
    room: usize,
) -> (CommandError, Vec<u8>) {
    let mut sent = Vec::new();
    for mut piece in message.chunks(piece) {
        while !piece.is_empty() {
            let mut out = [0; 99];
            match mailer.body(piece, &mut out[..room]) {
                Ok(progress) => {
                    assert!(progress.written > 0, "there is room for one octet");
                    sent.extend_from_slice(&out[..progress.written]);
                    piece = &piece[progress.taken..];
                }
                Err(error) => return (error, sent),
            }
        }
    }
    panic!("the message was taken")
}

#[test]
fn rfc6152_3_eight_bits_go_where_mail_said_so() {
    for (mail, keywords) in [
        (mail().body(Body::EightBitMime), &["8BITMIME"][..]),
        // RFC 6531 section 3.6: header fields beyond ASCII need no BODY parameter.
        (mail().smtputf8(), &["8BITMIME", "SMTPUTF8"]),
    ] {
        let mut mailer = clear(keywords);
        line(|out| mailer.mail(&mail, out));
        event(&mut mailer, "250 ok\r\n");
        line(|out| mailer.recipient(&to("b@c"), out));
        event(&mut mailer, "250 ok\r\n");
        line(|out| mailer.data(out));
        event(&mut mailer, "354 go\r\n");
        assert_eq!(send_body(&mut mailer, b"\xc3\xa9\r\n"), b"\xc3\xa9\r\n.\r\n");
    }
}

#[test]
fn rfc6152_3_rfc3030_2_eight_bits_go_in_no_chunk_without_8bitmime() {
    let mut mailer = clear(&["CHUNKING", "8BITMIME"]);
    line(|out| mailer.mail(&mail(), out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.recipient(&to("b@c"), out));
    event(&mut mailer, "250 ok\r\n");
    assert_eq!(line(|out| mailer.chunk(b"ab\r\n", Chunk::More, out)), "BDAT 4");
    event(&mut mailer, "250 ok\r\n");
    let error = refused(|out| mailer.chunk(b"a\xff\r\n", Chunk::Last, out));
    assert_eq!(error, CommandError::NeedsEightBit(5), "counted from the message's start");
    let error = refused(|out| mailer.chunk(b"\n\xff\r\n", Chunk::Last, out));
    assert_eq!(error, CommandError::Message(MessageError::BareLf(4)), "the first fault");
    // Nothing was sent and nothing has changed.
    assert_eq!((mailer.want(), mailer.failure()), (Want::Command, None));
    assert_eq!(line(|out| mailer.chunk(b"c\r\n", Chunk::Last, out)), "BDAT 3 LAST");
}

#[test]
fn rfc2920_3_1_data_after_a_refused_mail_takes_no_message() {
    // The server has accepted a recipient of a transaction that it has refused.
    let mut mailer = clear(&["PIPELINING"]);
    line(|out| mailer.mail(&mail(), out));
    line(|out| mailer.recipient(&to("b@c"), out));
    line(|out| mailer.data(out));
    let all = events(&mut mailer, b"550 no\r\n250 b\r\n354 go\r\n");
    let Some(Event::Ended(failure)) = all.last() else { panic!("{all:?}") };
    assert_eq!(failure.reason, MailFailureReason::UnexpectedReply);
    assert_eq!((failure.delivery, failure.status().class()), (Delivery::NotDelivered, 4));
    assert!(matches!(mailer.body(b"a\r\n", &mut [0; 99]), Err(CommandError::Ended(_))));
    // Where it has accepted none, the dot alone goes.
    let mut mailer = clear(&["PIPELINING"]);
    line(|out| mailer.mail(&mail(), out));
    line(|out| mailer.recipient(&to("b@c"), out));
    line(|out| mailer.data(out));
    events(&mut mailer, b"550 no\r\n503 b\r\n354 go\r\n");
    assert_eq!(mailer.body(b"a\r\n", &mut [0; 99]), Err(CommandError::OutOfOrder));
    assert_eq!(line(|out| mailer.finish_body(out)), ".");
}

#[test]
fn rfc3030_2_no_chunk_follows_once_every_recipient_is_refused() {
    let mut mailer = clear(&["CHUNKING", "PIPELINING"]);
    line(|out| mailer.mail(&mail(), out));
    line(|out| mailer.recipient(&to("b@c"), out));
    line(|out| mailer.chunk(b"a\r\n", Chunk::More, out));
    events(&mut mailer, b"250 m\r\n550 b\r\n250 odd\r\n");
    let error = refused(|out| mailer.chunk(b"secret\r\n", Chunk::Last, out));
    assert_eq!(error, CommandError::OutOfOrder);
    assert_eq!(line(|out| mailer.reset(out)), "RSET");
}

#[test]
fn q2_a_lost_final_reply_is_not_delivered_and_told_apart() {
    for (input, status) in [
        (Input::EndOfStream, "4.4.2"),
        (Input::TimedOut, "4.4.2"),
        (Input::TlsFailed(smtp_starttls::TlsFailure::Broken), "4.7.5"),
        (Input::Bytes(b"2x0 ok\r\n"), "4.5.0"),
        (Input::Bytes(b"354 what\r\n"), "4.5.0"),
    ] {
        let mut mailer = clear(&[]);
        at_body(&mut mailer, &["b@c"]);
        send_body(&mut mailer, b"a\r\n");
        let Some(Event::Ended(failure)) = mailer.handle(input).event else { panic!("{input:?}") };
        assert_eq!(failure.delivery, Delivery::Unconfirmed, "{input:?}");
        assert_eq!(failure.status().to_string(), status);
        assert_eq!(failure.status().class(), 4);
        assert_eq!(mailer.handle(Input::EndOfStream).event, None, "ended for ever");
    }
    let mut mailer = clear(&[]);
    at_body(&mut mailer, &["b@c"]);
    let Some(Event::Ended(failure)) = mailer.handle(Input::EndOfStream).event else { panic!() };
    assert_eq!(failure.delivery, Delivery::NotDelivered);
}

#[test]
fn p9_rfc5321_3_8_421_ends_the_connection_at_any_time() {
    let mut mailer = clear(&[]);
    let Event::Ended(failure) = event(&mut mailer, "421 idle too long\r\n") else { panic!() };
    assert_eq!(failure.reason, MailFailureReason::Session(Reason::ServiceClosing));
    assert_eq!(failure.status().to_string(), "4.3.2");
    assert_eq!(refused(|out| mailer.mail(&mail(), out)), CommandError::Ended(failure));
    let mut mailer = clear(&[]);
    at_body(&mut mailer, &["b@c"]);
    send_body(&mut mailer, b"");
    let Event::Ended(failure) = event(&mut mailer, "421 shutting down\r\n") else { panic!() };
    assert_eq!(failure.delivery, Delivery::NotDelivered, "the server has said so");
}

#[test]
fn p8_octets_that_no_command_has_asked_for_end_the_connection() {
    let unsolicited = MailFailureReason::Session(Reason::UnsolicitedBytes);
    for octets in [&b"250 ok\r\n"[..], b"550 no\r\n", b"junk", b"\r\n"] {
        let mut mailer = clear(&[]);
        let Some(Event::Ended(failure)) = events(&mut mailer, octets).pop() else { panic!() };
        assert_eq!(failure.reason, unsolicited);
    }
    let mut mailer = clear(&[]);
    line(|out| mailer.mail(&mail(), out));
    let both = events(&mut mailer, b"250 ok\r\n250 forged\r\n");
    assert!(matches!(both[..], [Event::Mail(_), Event::Ended(_)]));
    let mut mailer = clear(&[]);
    line(|out| mailer.mail(&mail(), out));
    assert!(matches!(events(&mut mailer, b"250 ok\r\n2")[..], [Event::Mail(_)]));
    let ended = refused(|out| mailer.recipient(&to("b@c"), out));
    assert!(matches!(ended, CommandError::Ended(failure) if failure.reason == unsolicited));
    // The head of a reply that came before the message is not the head of the reply to it.
    let staged = |command: fn(&mut Mailer<Clear>) -> Result<usize, CommandError>| {
        let mut mailer = clear(&[]);
        at_body(&mut mailer, &["b@c"]);
        assert_eq!(events(&mut mailer, b"250 o"), []);
        let ended = command(&mut mailer);
        assert!(
            matches!(ended, Err(CommandError::Ended(failure)) if failure.reason == unsolicited)
        );
        assert_eq!(mailer.failure().unwrap().delivery, Delivery::NotDelivered);
        assert_eq!(events(&mut mailer, b"k\r\n"), []);
    };
    staged(|mailer| mailer.finish_body(&mut [0; 99]));
    staged(|mailer| mailer.body(b"a\r\n", &mut [0; 99]).map(|progress| progress.written));
}

#[test]
fn a_code_that_a_command_cannot_have_ends_the_connection() {
    let mut mailer = clear(&[]);
    line(|out| mailer.mail(&mail(), out));
    let Event::Ended(failure) = event(&mut mailer, "354 go\r\n") else { panic!() };
    assert_eq!(failure.reason, MailFailureReason::UnexpectedReply);
    let mut mailer = clear(&[]);
    line(|out| mailer.reset(out));
    assert!(matches!(event(&mut mailer, "500 what\r\n"), Event::Ended(_)));
    let mut mailer = clear(&["PIPELINING"]);
    line(|out| mailer.mail(&mail(), out));
    line(|out| mailer.recipient(&to("b@c"), out));
    line(|out| mailer.data(out));
    let events = events(&mut mailer, b"250 m\r\n250 r\r\n250 not 354\r\n");
    assert!(matches!(events[2], Event::Ended(_)));
}

#[test]
fn e4_rfc2033_4_2_lmtp_answers_for_each_recipient_that_it_accepted() {
    let mut mailer = lmtp(&["PIPELINING"]);
    line(|out| mailer.mail(&mail(), out));
    for recipient in ["b@c", "d@c", "e@c"] {
        line(|out| mailer.recipient(&to(recipient), out));
    }
    line(|out| mailer.data(out));
    events(&mut mailer, b"250 m\r\n250 b\r\n550 d\r\n250 e\r\n354 go\r\n");
    send_body(&mut mailer, b"a\r\n");
    let first = event(&mut mailer, "250 ok\r\n");
    assert!(matches!(first, Event::MessageFor(0, answer) if answer.is_positive()));
    assert_eq!(mailer.want(), Want::Read);
    let second = event(&mut mailer, "452 full\r\n");
    assert!(matches!(second, Event::MessageFor(2, answer) if !answer.is_positive()));
    assert_eq!(mailer.want(), Want::Command);
}

#[test]
fn rfc3030_2_chunks_carry_a_message_as_it_is() {
    let mut mailer = clear(&["CHUNKING", "PIPELINING"]);
    line(|out| mailer.mail(&mail(), out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.recipient(&to("b@c"), out));
    event(&mut mailer, "250 ok\r\n");
    assert_eq!(line(|out| mailer.chunk(b".a\r", Chunk::More, out)), "BDAT 3");
    assert_eq!(code(event(&mut mailer, "250 3 octets\r\n")), 250);
    let torn = refused(|out| mailer.chunk(b"x", Chunk::Last, out));
    assert_eq!(torn, CommandError::Message(MessageError::BareCr(2)));
    assert_eq!(line(|out| mailer.chunk(b"\n", Chunk::Last, out)), "BDAT 1 LAST");
    assert!(matches!(event(&mut mailer, "250 ok\r\n"), Event::Message(_)));
    assert_eq!(mailer.want(), Want::Command);
    line(|out| mailer.mail(&mail(), out));
}

#[test]
fn rfc3030_2_after_a_refused_chunk_only_a_reset_goes_on() {
    let mut mailer = clear(&["CHUNKING"]);
    line(|out| mailer.mail(&mail(), out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.recipient(&to("b@c"), out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.chunk(b"a\r\n", Chunk::More, out));
    assert_eq!(code(event(&mut mailer, "452 full\r\n")), 452);
    let more = refused(|out| mailer.chunk(b"a\r\n", Chunk::Last, out));
    assert_eq!(more, CommandError::OutOfOrder);
    assert_eq!(refused(|out| mailer.mail(&mail(), out)), CommandError::OutOfOrder);
    line(|out| mailer.reset(out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.mail(&mail(), out));
}

#[test]
fn rfc3030_3_a_binary_message_goes_in_chunks_alone() {
    let mut mailer = clear(&["CHUNKING", "BINARYMIME"]);
    line(|out| mailer.mail(&mail().body(Body::BinaryMime), out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.recipient(&to("b@c"), out));
    event(&mut mailer, "250 ok\r\n");
    assert_eq!(refused(|out| mailer.data(out)), CommandError::BinaryNeedsChunks);
    assert_eq!(line(|out| mailer.chunk(b"\0\n\r", Chunk::Last, out)), "BDAT 3 LAST");
    let mut mailer = clear(&[]);
    line(|out| mailer.mail(&mail(), out));
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.recipient(&to("b@c"), out));
    event(&mut mailer, "250 ok\r\n");
    let chunk = refused(|out| mailer.chunk(b"a", Chunk::Last, out));
    assert_eq!(chunk, CommandError::NotOffered(Keyword::Chunking));
}

#[test]
fn r1_rfc8689_4_2_1_requiretls_is_written_by_a_permit_alone() {
    let mut mailer = sealed(Tls::Verified, &["REQUIRETLS"]);
    assert_eq!(
        mailer.permit_require_tls(MxTrust::NotAuthenticated),
        Err(RequireTlsRefused::MxNotAuthenticated)
    );
    let permit = mailer.permit_require_tls(MxTrust::Authenticated).unwrap();
    assert_eq!(
        line(|out| mailer.mail_require_tls(&mail(), permit, out)),
        "MAIL FROM:<a@client.example> REQUIRETLS"
    );
    let mut others = [
        (sealed(Tls::Unverified, &["REQUIRETLS"]), RequireTlsRefused::NotVerified),
        (sealed(Tls::Verified, &["SIZE"]), RequireTlsRefused::NotOffered),
    ];
    for (mailer, why) in &mut others {
        assert_eq!(mailer.permit_require_tls(MxTrust::Authenticated), Err(*why));
        let elsewhere = refused(|out| mailer.mail_require_tls(&mail(), permit, out));
        assert_eq!(elsewhere, CommandError::RequireTlsNotPermitted);
    }
}

#[test]
fn q4_rfc4954_4_credentials_go_to_an_authenticated_server_alone() {
    let response = b"\0user\0pass";
    let mut mailer = sealed(Tls::Unverified, &["AUTH PLAIN"]);
    let plain = AuthMechanism::Plain;
    let unverified = refused(|out| mailer.auth(plain, Some(response), out));
    assert_eq!(unverified, CommandError::NotAuthenticated);
    let danger = DangerAuthUnverified;
    assert_eq!(
        line(|out| mailer.danger_auth(plain, Some(response), danger, out)),
        "AUTH PLAIN AHVzZXIAcGFzcw=="
    );
    let mut mailer = sealed(Tls::Verified, &["AUTH PLAIN LOGIN"]);
    let other = refused(|out| mailer.auth(AuthMechanism::ScramSha256, None, out));
    assert_eq!(other, CommandError::NotOffered(Keyword::Auth));
    assert_eq!(line(|out| mailer.auth(AuthMechanism::Login, None, out)), "AUTH LOGIN");
    assert_eq!(event(&mut mailer, "334 VXNlcm5hbWU6\r\n"), Event::Challenge);
    assert_eq!(line(|out| mailer.auth_respond(b"user", out)), "dXNlcg==");
    assert_eq!(event(&mut mailer, "334 UGFzc3dvcmQ6\r\n"), Event::Challenge);
    assert_eq!(line(|out| mailer.auth_cancel(out)), "*");
    assert_eq!(code(event(&mut mailer, "501 cancelled\r\n")), 501);
    line(|out| mailer.auth(plain, Some(b""), out));
    assert_eq!(code(event(&mut mailer, "235 2.7.0 welcome\r\n")), 235);
    assert_eq!(refused(|out| mailer.auth(plain, None, out)), CommandError::OutOfOrder);
    assert_eq!(refused(|out| mailer.auth_respond(b"x", out)), CommandError::OutOfOrder);
}

#[test]
fn noop_and_waits() {
    let mut mailer = clear(&[]);
    assert_eq!(mailer.phase(), Phase::Idle);
    assert_eq!(line(|out| mailer.noop(out)), "NOOP");
    assert_eq!(mailer.phase(), Phase::Noop);
    assert_eq!(code(event(&mut mailer, "250 ok\r\n")), 250);
    at_body(&mut mailer, &["b@c"]);
    assert_eq!(mailer.wait_limit().duration().as_secs(), 180);
    send_body(&mut mailer, b"");
    assert_eq!(mailer.wait_limit().duration().as_secs(), 600);
    assert_eq!(mailer.wait_limit().section(), "RFC 5321 section 4.5.3.2.6");
    event(&mut mailer, "250 ok\r\n");
    line(|out| mailer.quit(out));
    assert_eq!(mailer.handle(Input::EndOfStream).event, Some(Event::Quit));
}

#[test]
fn r2_rfc8689_5_a_bounce_asks_for_requiretls_where_it_can() {
    let bounce = Mail::new(ReversePath::Null);
    let mut mailer = sealed(Tls::Verified, &["REQUIRETLS"]);
    let mx = MxTrust::Authenticated;
    let no_bounce = refused(|out| mailer.mail_bounce(&mail(), mx, out));
    assert_eq!(no_bounce, CommandError::NotABounce);
    assert_eq!(line(|out| mailer.mail_bounce(&bounce, mx, out)), "MAIL FROM:<> REQUIRETLS");
    for (tls, mx, listed) in [
        (Tls::Verified, MxTrust::Authenticated, "SIZE"),
        (Tls::Verified, MxTrust::NotAuthenticated, "REQUIRETLS"),
        (Tls::Unverified, MxTrust::Authenticated, "REQUIRETLS"),
    ] {
        let mut mailer = sealed(tls, &[listed]);
        assert_eq!(line(|out| mailer.mail_bounce(&bounce, mx, out)), "MAIL FROM:<>");
    }
}

#[test]
fn rfc3461_4_envelope_ids_and_original_recipients_have_their_limits_as_written() {
    use smtp_starttls::ParameterError::{InvalidOctet, Length};
    let text = |octets: usize| "a".repeat(octets);
    assert!(EnvelopeId::try_from(text(100).as_str()).is_ok());
    assert_eq!(EnvelopeId::try_from(text(101).as_str()), Err(Length(101)));
    assert_eq!(EnvelopeId::try_from("+".repeat(34).as_str()), Err(Length(102)));
    assert_eq!(EnvelopeId::try_from(""), Err(Length(0)));
    assert_eq!(EnvelopeId::try_from("a\r\nRCPT"), Err(InvalidOctet(1)));
    assert_eq!(EnvelopeId::try_from("é"), Err(InvalidOctet(0)));
    let original = |kind, address: &str| OriginalRecipient::new(kind, address).map(|_| ());
    assert_eq!(original("rfc822", &text(493)), Ok(()));
    assert_eq!(original("rfc822", &text(494)), Err(Length(494)));
    assert_eq!(original("rfc 822", "a"), Err(InvalidOctet(3)));
    assert_eq!(original("", "a"), Err(Length(0)));
    assert_eq!(original("rfc822", "a b\n"), Err(InvalidOctet(3)));
}

#[test]
fn the_longest_commands_fit_the_buffer_that_is_promised() {
    let mut mailer = sealed(Tls::Verified, &["SIZE", "8BITMIME", "SMTPUTF8", "DSN", "REQUIRETLS"]);
    let domain = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(63)].join(".");
    let address = format!("{}@{domain}", "é".repeat(127));
    let id = "=".repeat(33);
    let mail = Mail::new(mailbox(&address))
        .size(u64::MAX)
        .body(Body::EightBitMime)
        .returns(Return::Headers)
        .envelope_id(EnvelopeId::try_from(id.as_str()).unwrap());
    let permit = mailer.permit_require_tls(MxTrust::Authenticated).unwrap();
    assert!(line(|out| mailer.mail_require_tls(&mail, permit, out)).len() > 650);
    event(&mut mailer, "250 ok\r\n");
    let first = "a".repeat(493);
    let events = NotifyOn::SUCCESS.or(NotifyOn::FAILURE).or(NotifyOn::DELAY);
    let recipient = Recipient::new(mailbox(&address))
        .notify(Notify::On(events))
        .original(OriginalRecipient::new("rfc822", &first).unwrap());
    assert!(line(|out| mailer.recipient(&recipient, out)).len() > 1000);
}
