//! The SMTP servers of the lab do what their behaviour says.

use std::io::{ErrorKind, Read, Write};

use conformance::lab::smtp::{Handshake, Session};

use crate::client::{Smtp, connect, greeted, lab, lenient, seal, strict, upgraded};

const MESSAGE: &str = "Subject: hello\r\n\r\n..a dot in front\r\nbody\r\n.";

fn send<S: Read + Write>(smtp: &mut Smtp<S>, recipient: &str) -> String {
    assert!(smtp.ask("MAIL FROM:<sender@client.test> SIZE=100").starts_with("250 "));
    assert!(smtp.ask(&format!("RCPT TO:<{recipient}>")).starts_with("250 "));
    assert!(smtp.ask("DATA").starts_with("354 "));
    smtp.ask(MESSAGE)
}

#[test]
fn an_honest_server_takes_a_message_inside_tls() {
    let lab = lab();
    let mut smtp = upgraded(&lab, "mx.sts.test", strict(&lab)).unwrap();
    let capabilities = smtp.ask("EHLO client.test");
    assert!(capabilities.contains("250-PIPELINING\r\n"));
    assert!(!capabilities.contains("STARTTLS"), "{capabilities}");
    assert!(send(&mut smtp, "postmaster@sts.test").starts_with("250 "));
    assert!(smtp.ask("QUIT").starts_with("221 "));
    let mut rest = Vec::new();
    assert_eq!(smtp.stream.read_to_end(&mut rest).unwrap(), 0, "ends with close_notify");

    let received = lab.ledger().received_for("STS.test");
    let [message] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(message.host, "mx.sts.test");
    assert_eq!(message.helo, "client.test");
    assert_eq!(message.sender, "sender@client.test");
    assert_eq!(message.recipients, ["postmaster@sts.test"]);
    assert_eq!(message.data, b"Subject: hello\r\n\r\n.a dot in front\r\nbody\r\n");
    let tls = message.tls.as_ref().unwrap();
    assert_eq!((tls.version, tls.sni.as_deref()), ("TLSv1.3", Some("mx.sts.test")));
    assert!(lab.ledger().received_for("plain.test").is_empty());

    let sessions = lab.ledger().sessions();
    let [Session { clear_lines, sealed_lines, handshake, .. }] = sessions.as_slice() else {
        panic!("{sessions:?}")
    };
    assert_eq!(*clear_lines, ["EHLO client.test", "STARTTLS"]);
    assert_eq!(sealed_lines.first().unwrap(), "EHLO client.test");
    assert_eq!(sealed_lines.last().unwrap(), "QUIT");
    assert_eq!(*handshake, Handshake::Done(tls.clone()));
}

#[test]
fn a_server_without_starttls_takes_a_message_in_the_clear() {
    let lab = lab();
    let mut smtp = greeted(&lab, "mx.plain.test");
    assert!(!smtp.ask("EHLO client.test").contains("STARTTLS"));
    assert!(smtp.ask("STARTTLS").starts_with("502 "));
    assert!(send(&mut smtp, "postmaster@plain.test").starts_with("250 "));
    assert_eq!(lab.ledger().received_for("plain.test")[0].tls, None);
}

#[test]
fn a_masked_server_shows_the_mask_and_does_not_know_the_command() {
    let lab = lab();
    for host in ["mx.masked.test", "mx.sts-masked.test"] {
        let mut smtp = greeted(&lab, host);
        let capabilities = smtp.ask("EHLO client.test");
        assert!(capabilities.ends_with("250 XXXXXXXA\r\n"), "{capabilities}");
        assert!(!capabilities.contains("STARTTLS"));
        assert!(smtp.ask("STARTTLS").starts_with("500 "));
    }
}

#[test]
fn an_unavailable_starttls_is_offered_and_answered_454() {
    let lab = lab();
    let mut smtp = greeted(&lab, "mx.unavailable.test");
    assert!(smtp.ask("EHLO client.test").contains("STARTTLS\r\n"));
    assert!(smtp.ask("STARTTLS").starts_with("454 "));
    assert!(send(&mut smtp, "postmaster@unavailable.test").starts_with("250 "));
}

#[test]
fn injected_plaintext_comes_in_the_segment_of_the_220_and_honest_tls_after_it() {
    let lab = lab();
    for host in ["mx.injected.test", "mx.sts-injected.test"] {
        let mut smtp = greeted(&lab, host);
        smtp.ask("EHLO client.test");
        let mut stream = smtp.into_stream();
        stream.write_all(b"STARTTLS\r\n").unwrap();
        let mut segment = [0; 512];
        let length = stream.read(&mut segment).unwrap();
        let text = core::str::from_utf8(&segment[..length]).unwrap();
        assert!(text.starts_with("220 ") && text.ends_with("\r\n250 AUTH PLAIN\r\n"), "{text}");
        let mut smtp = Smtp::new(seal(stream, strict(&lab), host).unwrap());
        assert!(smtp.ask("EHLO client.test").starts_with(&format!("250-{host}\r\n")));
    }
}

#[test]
fn a_broken_handshake_ends_in_an_alert() {
    let lab = lab();
    let error = upgraded(&lab, "mx.broken-tls.test", lenient()).err().unwrap();
    assert!(error.to_string().contains("HandshakeFailure"), "{error}");
}

#[test]
fn a_host_that_is_down_refuses_connections() {
    let lab = lab();
    for host in ["mx.mx-down.test", "mx1.second-mx.test"] {
        let error = connect(lab.address_of(host).unwrap(), lab.smtp_port()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    assert_eq!(lab.address_of("unheard-of.test"), None);
}

#[test]
fn refusals_come_where_they_should() {
    let lab = lab();
    let address = lab.address_of("mx.greeting-554.test").unwrap();
    let mut smtp = Smtp::new(connect(address, lab.smtp_port()).unwrap());
    assert!(smtp.reply().starts_with("554 "));
    assert!(smtp.ask("EHLO client.test").starts_with("503 "));
    assert!(smtp.ask("QUIT").starts_with("221 "));

    for (host, code) in [("mx.rejected.test", "550 "), ("mx.greylisted.test", "451 ")] {
        let mut smtp = upgraded(&lab, host, strict(&lab)).unwrap();
        smtp.ask("EHLO client.test");
        smtp.ask("MAIL FROM:<>");
        assert!(smtp.ask("RCPT TO:<postmaster@there.test>").starts_with(code));
        assert!(smtp.ask("DATA").starts_with("503 "), "no recipient, no message");
    }

    let mut smtp = upgraded(&lab, "mx.closed.test", strict(&lab)).unwrap();
    smtp.ask("EHLO client.test");
    assert_eq!(send(&mut smtp, "postmaster@closed.test"), "");
    assert!(lab.ledger().received().is_empty());
}

#[test]
fn commands_out_of_order_or_malformed_get_their_codes() {
    let lab = lab();
    let mut smtp = greeted(&lab, "mx.self-signed.test");
    for (line, code) in [
        ("MAIL FROM:<a@client.test>", "503 "),
        ("EHLO", "501 "),
        ("HELO client.test", "250 "),
        ("ehlo client.test", "250-"),
        ("STARTTLS now", "501 "),
        ("MAIL a@client.test", "501 "),
        ("RCPT TO:<a@client.test>", "503 "),
        ("MAIL FROM:<>", "250 "),
        ("MAIL FROM:<>", "503 "),
        ("RCPT a@there.test", "501 "),
        ("DATA", "503 "),
        ("STARTTLS", "503 "),
        ("RSET", "250 "),
        ("NOOP", "250 "),
        ("VRFY postmaster", "252 "),
        ("TURN", "500 "),
    ] {
        let reply = smtp.ask(line);
        assert!(reply.starts_with(code), "{line}: {reply}");
    }
}

#[test]
fn what_came_before_tls_is_forgotten() {
    let lab = lab();
    let mut smtp = upgraded(&lab, "mx.sts.test", strict(&lab)).unwrap();
    assert!(smtp.ask("MAIL FROM:<a@client.test>").starts_with("503 "));
    assert!(smtp.ask("EHLO client.test").starts_with("250-"));
    assert!(smtp.ask("STARTTLS").starts_with("503 "));
}

#[test]
fn commands_pipelined_behind_starttls_end_the_connection() {
    let lab = lab();
    let mut smtp = greeted(&lab, "mx.sts.test");
    smtp.ask("EHLO client.test");
    assert!(smtp.ask("STARTTLS\r\nMAIL FROM:<a@client.test>").starts_with("220 "));
    let error = seal(smtp.into_stream(), strict(&lab), "mx.sts.test").err().unwrap();
    assert!(matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset));
    assert_eq!(lab.ledger().sessions()[0].clear_lines, ["EHLO client.test", "STARTTLS"]);
}

// checks: mta-sts/H05
#[test]
fn rfc8461_7_1_any_server_name_and_none_get_the_certificate() {
    let lab = lab();
    let shown = |name: &str, is_sent: bool| {
        let mut config = lenient();
        config.enable_sni = is_sent;
        let mut smtp = greeted(&lab, "mx.sts.test");
        smtp.ask("EHLO client.test");
        smtp.ask("STARTTLS");
        let mut smtp = Smtp::new(seal(smtp.into_stream(), config, name).unwrap());
        // Once it answers inside TLS the server has noted how the handshake ended.
        assert!(smtp.ask("EHLO client.test").starts_with("250-"));
        smtp.into_stream().conn.peer_certificates().unwrap()[0].clone()
    };
    let expected = shown("mx.sts.test", true);
    assert_eq!(shown("unheard-of.example", true), expected);
    assert_eq!(shown("mx.sts.test", false), expected);
    let sessions = lab.ledger().sessions();
    let names: Vec<Option<&str>> = sessions
        .iter()
        .map(|session| match &session.handshake {
            Handshake::Done(tls) => tls.sni.as_deref(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, [Some("mx.sts.test"), Some("unheard-of.example"), None]);
}

#[test]
fn a_message_may_be_empty_and_a_line_may_not_be_endless() {
    let lab = lab();
    let mut smtp = greeted(&lab, "mx.plain.test");
    smtp.ask("EHLO client.test");
    smtp.ask("MAIL FROM:<a@client.test>");
    smtp.ask("RCPT TO:<b@plain.test>");
    smtp.ask("DATA");
    assert!(smtp.ask(".").starts_with("250 "));
    assert_eq!(lab.ledger().received()[0].data, b"");
    let line = "x".repeat(4096 + 2);
    let _ = smtp.stream.write_all(line.as_bytes());
    assert_eq!(smtp.reply(), "", "the connection is closed");
}

#[test]
fn a_message_has_at_most_a_hundred_recipients() {
    let lab = lab();
    let mut smtp = greeted(&lab, "mx.plain.test");
    smtp.ask("EHLO client.test");
    smtp.ask("MAIL FROM:<a@client.test>");
    for number in 0..100 {
        assert!(smtp.ask(&format!("RCPT TO:<{number}@plain.test>")).starts_with("250 "));
    }
    assert!(smtp.ask("RCPT TO:<100@plain.test>").starts_with("452 "));
}
