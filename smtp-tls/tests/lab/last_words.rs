//! What a server says before it leaves: 421 in the midst of the mail, and an answer before the message's end.

use smtp_tls::report::{Cause, Report};

use super::wire::Step::{self, Hear, Say};
use super::wire::{CLEAR, MESSAGE, cause, deliver, serve};
use crate::mailer::Driver;

/// The only cause there is.
fn one_cause(report: &Report) -> &Cause {
    let (_, first) = cause(&report.fates[0]);
    for fate in &report.fates {
        assert_eq!(cause(fate).1.to_string(), first.to_string());
    }
    first
}

const CLOSING: &str = "421-4.3.2 going\r\n421 4.3.2 down\r\n";

// checks: smtp-starttls/P9
both!(rfc5321_3_8_what_is_said_with_421_is_told_of_whoever_has_no_answer);
async fn rfc5321_3_8_what_is_said_with_421_is_told_of_whoever_has_no_answer(driver: Driver) {
    let (mail, ok) = (Hear("MAIL FROM:<>"), Say("250 ok\r\n"));
    let (a, b) = (Hear("RCPT TO:<a@d.test>"), Hear("RCPT TO:<b@d.test>"));
    let data = [Hear("DATA"), Say("354 go\r\n"), Step::Message];
    for steps in [
        vec![mail, Say(CLOSING)],
        vec![mail, ok, a, Say(CLOSING)],
        vec![mail, ok, a, ok, b, Say(CLOSING)],
        vec![mail, ok, a, ok, b, ok, Hear("DATA"), Say(CLOSING)],
        [&[mail, ok, a, ok, b, ok], &data[..], &[Say(CLOSING)]].concat(),
    ] {
        let (port, server) = serve(vec![[CLEAR, &steps[..]].concat()]).await;
        let report = deliver(driver, port, &["a", "b"], MESSAGE).await;
        server.await.unwrap();
        let cause = one_cause(&report);
        assert_eq!(report.fates[0].word(), "deferred");
        assert_eq!(cause.status(), "4.3.2");
        assert_eq!(cause.to_string(), "mx.d.test answered: 421 4.3.2 down");
    }
    // Who had an answer before keeps it.
    let steps = [mail, ok, a, Say("550 5.1.1 nobody\r\n"), b, Say(CLOSING)];
    let (port, server) = serve(vec![[CLEAR, &steps].concat()]).await;
    let report = deliver(driver, port, &["a", "b"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(cause(&report.fates[0]).1.status(), "5.1.1");
    assert_eq!(cause(&report.fates[1]).1.status(), "4.3.2");
}

const TO_TWO: &[Step] = &[
    Hear("MAIL FROM:<>"),
    Say("250 ok\r\n"),
    Hear("RCPT TO:<a@d.test>"),
    Say("250 ok\r\n"),
    Hear("RCPT TO:<b@d.test>"),
    Say("250 ok\r\n"),
];

/// More than the buffers of both sides hold.
fn large() -> String {
    format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(700_000))
}

both!(an_answer_before_the_end_of_a_large_message_is_heard_if_it_is_a_refusal);
async fn an_answer_before_the_end_of_a_large_message_is_heard_if_it_is_a_refusal(driver: Driver) {
    let message = large();
    for (answer, word, told) in [
        ("552 5.3.4 too large\r\n", "refused", "552 5.3.4 too large"),
        ("554-5.7.1 spam\r\n554 5.7.1 indeed\r\n", "refused", "554 5.7.1 indeed"),
        ("452 4.3.1 disk full\r\n", "deferred", "452 4.3.1 disk full"),
        ("421 4.3.2 going down\r\n", "deferred", "421 4.3.2 going down"),
        // Neither an answer to the message nor one at all.
        ("250 2.0.0 taken\r\n", "deferred", "was lost"),
        ("552 5.3.4 too", "deferred", "was lost"),
        ("what\r\n", "deferred", "was lost"),
    ] {
        let data = [Hear("DATA"), Say("354 go\r\n"), Hear("Subject: x"), Say(answer)];
        let chunked = [Say("220 mx\r\n"), Hear("EHLO me.test"), Say("250-mx\r\n250 CHUNKING\r\n")];
        let chunk = [Hear("BDAT"), Hear("Subject: x"), Say(answer)];
        let mut scripts = vec![[CLEAR, TO_TWO, &data].concat()];
        if answer.ends_with("too large\r\n") || answer.starts_with("250") {
            scripts.push([&chunked, TO_TWO, &chunk].concat());
        }
        for script in scripts {
            let (port, server) = serve(vec![script]).await;
            let report = deliver(driver, port, &["a", "b"], &message).await;
            server.await.unwrap();
            let cause = one_cause(&report);
            assert_eq!(report.fates[0].word(), word, "{answer:?}: {cause}");
            assert!(cause.to_string().contains(told), "{answer:?}: {cause}");
        }
    }
}
