//! Groups of commands, chunks, and several addresses of a host, octet by octet.

use core::net::Ipv4Addr;

use smtp_starttls::{ForwardPath, Message, ReversePath};
use smtp_tls::Address;
use smtp_tls::delivery::Settings;
use smtp_tls::driver::Envelope;
use smtp_tls::report::{Cause, Fate};
use smtp_tls::resolve::{Answer, Kind, LookUp, LookUpError, Outcome, Question, Record};
use smtp_tls::store::{Capacity, MemoryStore};
use tokio::net::TcpListener;

use super::wire::Step::{self, Hear, Say};
use super::wire::{
    BYE, CLEAR, MESSAGE, OneHost, TAKEN, TO_A, cause, deliver, no_roots, run, serve, words,
};
use crate::mailer::{Driver, LabMailer};

const GROUPS: &[Step] =
    &[Say("220 mx\r\n"), Hear("EHLO me.test"), Say("250-mx\r\n250 PIPELINING\r\n")];
const CHUNKS: &[Step] =
    &[Say("220 mx\r\n"), Hear("EHLO me.test"), Say("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n")];
const TO_THREE: &[Step] = &[
    Hear("MAIL FROM:<>"),
    Hear("RCPT TO:<a@d.test>"),
    Hear("RCPT TO:<b@d.test>"),
    Hear("RCPT TO:<c@d.test>"),
];

// checks: smtp-starttls/C5
both!(rfc2920_3_1_mail_recipients_and_data_leave_before_any_reply);
async fn rfc2920_3_1_mail_recipients_and_data_leave_before_any_reply(driver: Driver) {
    let replies =
        "250 ok\r\n250 ok\r\n550-5.1.1 no\r\n550 5.1.1 one\r\n451 4.2.1 later\r\n354 go\r\n";
    // Any cut of the replies is the same.
    for cut in [1, 8, 9, 20, 40, replies.len() - 1] {
        let (first, second) = replies.split_at(cut);
        let said = [Hear("DATA"), Say(first), Step::Pause, Say(second), Step::Message];
        let (port, server) = serve(vec![[GROUPS, TO_THREE, &said, TAKEN, BYE].concat()]).await;
        let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
        server.await.unwrap();
        assert_eq!(words(&report), ["delivered", "refused", "deferred"]);
        assert_eq!(cause(&report.fates[1]).1.status(), "5.1.1");
        assert_eq!(cause(&report.fates[2]).1.status(), "4.2.1");
    }
}

both!(rfc2920_3_1_a_message_that_nobody_gets_is_an_empty_one);
async fn rfc2920_3_1_a_message_that_nobody_gets_is_an_empty_one(driver: Driver) {
    let nobody = "250 ok\r\n550 no\r\n550 no\r\n550 no\r\n354 go\r\n";
    for answer in ["554 no recipients\r\n", "250 what do I know\r\n"] {
        let said = [Hear("DATA"), Say(nobody), Hear(".\r\n"), Say(answer)];
        let (port, server) = serve(vec![[GROUPS, TO_THREE, &said, BYE].concat()]).await;
        let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
        server.await.unwrap();
        assert_eq!(words(&report), ["refused", "refused", "refused"]);
    }
    let said = [Hear("DATA"), Say("250 ok\r\n550 no\r\n550 no\r\n550 no\r\n554 no recipients\r\n")];
    let (port, server) = serve(vec![[GROUPS, TO_THREE, &said, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["refused", "refused", "refused"]);
}

both!(what_is_said_to_mail_in_a_group_is_said_to_every_recipient);
async fn what_is_said_to_mail_in_a_group_is_said_to_every_recipient(driver: Driver) {
    for (mail, word) in [("452 4.3.1 full\r\n", "deferred"), ("550 5.7.1 no\r\n", "refused")] {
        // The second server takes recipients of a transaction that it has refused.
        for rest in
            ["503 no\r\n503 no\r\n503 no\r\n503 no\r\n", "250 a\r\n250 b\r\n250 c\r\n503 no\r\n"]
        {
            let said = [Hear("DATA"), Say(mail), Say(rest)];
            let (port, server) = serve(vec![[GROUPS, TO_THREE, &said, BYE].concat()]).await;
            let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
            server.await.unwrap();
            assert_eq!(words(&report), [word; 3]);
            assert_eq!(cause(&report.fates[0]).1.status(), &mail[4..9]);
        }
    }
}

both!(more_replies_than_commands_are_not_believed);
async fn more_replies_than_commands_are_not_believed(driver: Driver) {
    let one_too_many = "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n";
    let said = [Hear("DATA"), Say(one_too_many)];
    let (port, server) = serve(vec![[GROUPS, TO_THREE, &said].concat()]).await;
    let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["deferred", "deferred", "deferred"]);
    assert!(cause(&report.fates[0]).1.to_string().contains("unsolicited-bytes"));
}

both!(rfc5321_4_5_3_1_10_in_a_group_too_who_is_over_the_limit_comes_into_the_next_message);
async fn rfc5321_4_5_3_1_10_in_a_group_too_who_is_over_the_limit_comes_into_the_next_message(
    driver: Driver,
) {
    let first = [
        Hear("DATA"),
        Say("250 ok\r\n250 ok\r\n452 4.5.3 too many\r\n452 4.5.3 too many\r\n354 go\r\n"),
        Step::Message,
        Say("250 taken\r\n"),
        Hear("MAIL FROM:<>"),
        Hear("RCPT TO:<b@d.test>"),
        Hear("RCPT TO:<c@d.test>"),
        Hear("DATA"),
        Say("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        Step::Message,
    ];
    let (port, server) = serve(vec![[GROUPS, TO_THREE, &first, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["delivered", "delivered", "delivered"]);
}

// A server that lists PIPELINING and answers each command before it reads on, for many recipients.
both!(many_recipients_are_several_groups);
async fn many_recipients_are_several_groups(driver: Driver) {
    let names: Vec<String> = (0..900).map(|number| format!("recipient-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut script = [GROUPS, &[Hear("MAIL"), Say("250 ok\r\n")]].concat();
    for _ in 0..900 {
        script.extend([Hear("RCPT"), Say("250 ok\r\n")]);
    }
    script.extend([Hear("DATA"), Say("354 go\r\n"), Step::Message]);
    let (port, server) = serve(vec![[&script, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &names, MESSAGE).await;
    server.await.unwrap();
    assert!(report.fates.iter().all(|fate| fate.word() == "delivered"));
}

both!(rfc3030_2_chunks_carry_the_message_as_it_is);
async fn rfc3030_2_chunks_carry_the_message_as_it_is(driver: Driver) {
    let chunk = [
        Say("250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n"),
        Hear("BDAT 23 LAST\r\n"),
        Hear("Subject: x\r\n"),
        Hear("\r\n"),
        Hear(".\r\n"),
        Hear("body\r\n"),
    ];
    let (port, server) = serve(vec![[CHUNKS, TO_THREE, &chunk, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["delivered", "refused", "delivered"]);
    // To nobody no chunk is sent.
    let nobody = [Say("250 ok\r\n550 no\r\n550 no\r\n550 no\r\n")];
    let (port, server) = serve(vec![[CHUNKS, TO_THREE, &nobody, BYE].concat()]).await;
    let report = deliver(driver, port, &["a", "b", "c"], MESSAGE).await;
    server.await.unwrap();
    assert_eq!(words(&report), ["refused", "refused", "refused"]);
}

both!(a_chunk_that_is_refused_or_cut_off_is_not_taken);
async fn a_chunk_that_is_refused_or_cut_off_is_not_taken(driver: Driver) {
    let to_a = [Hear("MAIL"), Hear("RCPT"), Say("250 ok\r\n250 ok\r\n"), Hear("BDAT ")];
    let body = [Hear("Subject"), Hear("\r\n"), Hear(".\r\n"), Hear("body\r\n")];
    for (answer, word) in [("552 too much\r\n", "refused"), ("451 later\r\n", "deferred")] {
        let script = [CHUNKS, &to_a, &body, &[Say(answer)], BYE].concat();
        let (port, server) = serve(vec![script]).await;
        let report = deliver(driver, port, &["a"], MESSAGE).await;
        server.await.unwrap();
        assert_eq!(words(&report), [word]);
    }
    // The whole chunk was sent: it may have been taken.
    let (port, server) = serve(vec![[CHUNKS, &to_a, &body].concat()]).await;
    let report = deliver(driver, port, &["a"], MESSAGE).await;
    server.await.unwrap();
    assert!(matches!(cause(&report.fates[0]).1, Cause::Unconfirmed { .. }));
    // Most of it is not sent yet when the server goes: it cannot have been taken.
    let long = format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(1_200_000));
    let (port, server) = serve(vec![[CHUNKS, &to_a].concat()]).await;
    let report = deliver(driver, port, &["a"], &long).await;
    server.await.unwrap();
    let (_, cause) = cause(&report.fates[0]);
    assert!(matches!(cause, Cause::Lost { .. }), "{cause}");
}

both!(a_message_without_a_last_line_end_gets_one_and_is_no_chunk);
async fn a_message_without_a_last_line_end_gets_one_and_is_no_chunk(driver: Driver) {
    let to_a = [
        Hear("MAIL"),
        Hear("RCPT"),
        Hear("DATA"),
        Say("250 ok\r\n250 ok\r\n354 go\r\n"),
        Step::Message,
    ];
    let (port, server) = serve(vec![[CHUNKS, &to_a, TAKEN, BYE].concat()]).await;
    let report = deliver(driver, port, &["a"], "Subject: x\r\n\r\nend").await;
    let heard = server.await.unwrap();
    assert_eq!(words(&report), ["delivered"]);
    assert_eq!(heard[heard.len() - 2], "Subject: x\r\n\r\nend\r\n.\r\n");
}

/// One host with two addresses on loopback.
#[derive(Clone, Copy)]
struct TwoAddresses;

const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

impl LookUp for TwoAddresses {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let mut answer = OneHost.look_up(question).await?;
        if question.kind == Kind::A {
            let addresses = [Ipv4Addr::LOCALHOST, SECOND].map(Record::A);
            answer.outcome = Outcome::Records(addresses.to_vec());
        }
        Ok(answer)
    }
}

/// Two listeners on one port.
async fn pair() -> (TcpListener, TcpListener) {
    for _ in 0..100 {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = first.local_addr().unwrap().port();
        if let Ok(second) = TcpListener::bind((SECOND, port)).await {
            return (first, second);
        }
    }
    panic!("no port is free at both addresses")
}

both!(rfc5321_5_1_the_next_address_of_a_host_takes_what_the_first_does_not);
async fn rfc5321_5_1_the_next_address_of_a_host_takes_what_the_first_does_not(driver: Driver) {
    let busy = vec![Say("421 busy\r\n")];
    let gone = [CLEAR, &[Hear("MAIL")]].concat();
    let leaves = [CLEAR, &[Hear("MAIL"), Say("421 4.3.2 going down\r\n")]].concat();
    let refuses_all = None;
    for first_script in [Some(busy), Some(gone), Some(leaves), refuses_all] {
        let (first, second) = pair().await;
        let port = first.local_addr().unwrap().port();
        let is_down = first_script.is_none();
        let first = match first_script {
            Some(script) => tokio::spawn(async move {
                let (mut stream, _) = first.accept().await.unwrap();
                run(&mut stream, &script, &mut Vec::new()).await;
            }),
            None => {
                drop(first);
                tokio::spawn(async {})
            }
        };
        let second = tokio::spawn(async move {
            let (mut stream, _) = second.accept().await.unwrap();
            run(&mut stream, &[CLEAR, TO_A, TAKEN, BYE].concat(), &mut Vec::new()).await;
        });
        let mut settings = Settings::default();
        settings.port = port;
        let (store, name) = (MemoryStore::new(Capacity::default()), "me.test".parse().unwrap());
        let mailer =
            LabMailer::new(driver, TwoAddresses, OneHost, store, no_roots(), name, settings);
        let to: Address = "a@d.test".parse().unwrap();
        let paths: [ForwardPath<'_>; 1] = [to.forward_path()];
        let message = Message::try_from(MESSAGE.as_bytes()).unwrap();
        let envelope = Envelope { from: ReversePath::Null, to: &paths, message };
        let report = mailer.deliver("d.test".parse().unwrap(), &envelope).await;
        first.await.unwrap();
        second.await.unwrap();
        assert!(matches!(report.fates[0], Fate::Delivered { .. }), "{:?}", report.fates);
        let last = report.tries[0].connections.last().unwrap();
        assert_eq!(last.connection.as_ref().unwrap().remote.ip(), SECOND);
        assert_eq!(last.not_reached.len(), usize::from(is_down));
    }
}
