//! Addresses and headers beyond ASCII (RFC 6531), octet by octet.

use super::wire::Step::{self, Hear, Say};
use super::wire::{BYE, MESSAGE, TAKEN, cause, deliver, serve, words};
use crate::mailer::Driver;

const WITHOUT: &[Step] =
    &[Say("220 mx\r\n"), Hear("EHLO me.test"), Say("250-mx\r\n250 8BITMIME\r\n")];
const WITH: &[Step] =
    &[Say("220 mx\r\n"), Hear("EHLO me.test"), Say("250-mx\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")];
const IN_GROUPS: &[Step] =
    &[Say("220 mx\r\n"), Hear("EHLO me.test"), Say("250-mx\r\n250-PIPELINING\r\n250 8BITMIME\r\n")];

/// An answer to each command, in turn.
fn taking(mail: &'static str, recipients: &[&'static str]) -> Vec<Step> {
    let mut steps = vec![Hear(mail), Say("250 ok\r\n")];
    steps.extend(recipients.iter().flat_map(|to| [Hear(to), Say("250 ok\r\n")]));
    steps.extend([Hear("DATA"), Say("354 go\r\n"), Step::Message]);
    steps
}

// The octets of the address are heard one by one.
const BOB: &str = "RCPT TO:<bob@d.test>\r\n";
const BOEB: &str = "RCPT TO:<b\u{c3}\u{b8}b@d.test>\r\n";

both!(rfc6531_3_2_only_the_recipient_that_needs_it_is_refused_where_it_is_not_offered);
async fn rfc6531_3_2_only_the_recipient_that_needs_it_is_refused_where_it_is_not_offered(
    driver: Driver,
) {
    for order in [["bob", "b\u{f8}b"], ["b\u{f8}b", "bob"]] {
        let script = [WITHOUT, &taking("MAIL FROM:<>\r\n", &[BOB]), TAKEN, BYE].concat();
        let (port, server) = serve(vec![script]).await;
        let report = deliver(driver, port, &order, MESSAGE).await;
        server.await.unwrap();
        for (local, fate) in order.iter().zip(&report.fates) {
            match *local {
                "bob" => assert_eq!(fate.word(), "delivered"),
                _ => {
                    let (word, cause) = cause(fate);
                    assert_eq!((word, cause.status().as_str()), ("refused", "5.6.7"), "{cause}");
                }
            }
        }
    }
    let said = [Hear("MAIL FROM:<>\r\n"), Hear(BOB), Hear("DATA")];
    let replies = [Say("250 ok\r\n250 ok\r\n354 go\r\n"), Step::Message];
    let (port, server) = serve(vec![[IN_GROUPS, &said, &replies, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["b\u{f8}b", "bob"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["refused", "delivered"]);
}

both!(rfc6531_3_4_it_is_asked_for_only_while_a_recipient_needs_it);
async fn rfc6531_3_4_it_is_asked_for_only_while_a_recipient_needs_it(driver: Driver) {
    let script = [WITH, &taking("MAIL FROM:<> SMTPUTF8\r\n", &[BOB, BOEB]), TAKEN, BYE].concat();
    let (port, server) = serve(vec![script]).await;
    let report = deliver(driver, port, &["bob", "b\u{f8}b"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["delivered", "delivered"]);
    // Whoever has an answer asks for nothing any more.
    let hello = [
        Say("220 mx\r\n"),
        Hear("EHLO me.test"),
        Say("250-mx\r\n250-8BITMIME\r\n250-LIMITS RCPTMAX=1\r\n250 SMTPUTF8\r\n"),
    ];
    let first = taking("MAIL FROM:<> SMTPUTF8\r\n", &[BOEB]);
    let second = taking("MAIL FROM:<>\r\n", &[BOB]);
    let script = [&hello, &first[..], TAKEN, &second, TAKEN, BYE].concat();
    let (port, server) = serve(vec![script]).await;
    let report = deliver(driver, port, &["b\u{f8}b", "bob"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["delivered", "delivered"]);
}

const UTF8_HEADER: &str = "Subject: caf\u{e9}\r\n\r\nbody\r\n";
const UTF8_BODY: &str = "Subject: x\r\n\r\ncaf\u{e9}\r\n";
const TO_A: &str = "RCPT TO:<a@d.test>\r\n";

both!(rfc6531_3_2_a_header_beyond_ascii_travels_with_it_or_not_at_all);
async fn rfc6531_3_2_a_header_beyond_ascii_travels_with_it_or_not_at_all(driver: Driver) {
    for (message, mail) in [
        (UTF8_HEADER, "MAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\n"),
        (UTF8_BODY, "MAIL FROM:<> BODY=8BITMIME\r\n"),
    ] {
        let script = [WITH, &taking(mail, &[TO_A]), TAKEN, BYE].concat();
        let (port, server) = serve(vec![script]).await;
        let report = deliver(driver, port, &["a"], message).await;
        server.await.unwrap();
        assert_eq!(words(&report), ["delivered"]);
    }
    let (port, server) = serve(vec![[WITHOUT, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b"], UTF8_HEADER).await;
    assert_eq!(server.await.unwrap(), ["EHLO me.test\r\n", "QUIT\r\n"]);
    assert_eq!(words(&report), ["refused", "refused"]);
    assert_eq!(cause(&report.fates[0]).1.status(), "5.6.9");
}
