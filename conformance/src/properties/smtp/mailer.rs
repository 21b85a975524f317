//! Transactions of a client.

use serde_json::{Map, Value};
use smtp_starttls::{
    Clear, Config, Delivery, Event, Input as Fed, Mail, MailFailureReason, Mailbox, Mailer,
    Outcome, Protocol, Reason, Recipient, Requirement, ReversePath, Session, Want, limits,
};

use super::super::fail;
use super::super::input::{Input, Output, pieces};
use super::session::send_all;
use crate::request::smtp as asked;

/// Protocol, number of recipients, cuts, what answers the group of MAIL, RCPT and DATA, and what
/// answers the message.
///
/// A reply that begins before the message is not the reply to it.
/// Where the server's octets are cut has no meaning; answers come in the order of their commands,
/// each once, and none without a command; the message is written only after 354, and only for a
/// recipient that was accepted; it is delivered only by a positive answer that came after its end.
pub fn mailer(data: &[u8]) {
    let mut input = Input::new(data);
    let protocol = input.one_of(Protocol::Smtp, &[Protocol::Lmtp]);
    let recipients = 1 + u16::from(input.byte() % 4);
    let cuts = input.bytes();
    let [group, last] = [input.bytes(), input.rest()];
    let mut whole = Transaction::begin(protocol, recipients);
    whole.feed(&[group]);
    whole.write_message();
    whole.feed(&[last]);
    let mut split = Transaction::begin(protocol, recipients);
    split.feed(&pieces(group, &mut Input::new(cuts)));
    split.write_message();
    split.feed(&pieces(last, &mut Input::new(cuts)));
    assert_eq!(whole.events, split.events, "where the stream is cut has no meaning");
    whole.check();
}

struct Transaction {
    mailer: Mailer<Clear>,
    protocol: Protocol,
    recipients: u16,
    events: Vec<Event>,
    /// Whether the server has begun a reply and not ended it.
    has_begun: bool,
    /// How many events there were when the message was written in full.
    written: Option<usize>,
}

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.\r\n";

impl Transaction {
    /// A group of MAIL, recipients and DATA, all unanswered.
    fn begin(protocol: Protocol, recipients: u16) -> Self {
        let Some(mailer) = group(protocol, recipients) else { fail("a group is written") };
        Self { mailer, protocol, recipients, events: Vec::new(), has_begun: false, written: None }
    }

    fn feed(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() && self.mailer.want() != Want::Close {
                let handled = self.mailer.handle(Fed::Bytes(rest));
                self.has_begun = handled.event.is_none();
                self.events.extend(handled.event);
                match rest.get(handled.taken..) {
                    Some(left) if handled.taken > 0 => rest = left,
                    _ => fail("it takes a reply, or all that there is of one"),
                }
            }
        }
    }

    fn write_message(&mut self) {
        let mut out = [0; limits::COMMAND];
        let is_wanted = self.mailer.want() == Want::Body;
        let body = self.mailer.body(MESSAGE, &mut out);
        assert_eq!(body.is_ok(), is_wanted && !self.has_begun && self.mailer.accepted() > 0);
        let refuses = |event: &Event| matches!(event, Event::Mail(answer) if !answer.is_positive());
        let is_refused = self.events.iter().any(refuses);
        assert!(!is_refused || body.is_err(), "no message in a transaction that was refused");
        if !is_wanted {
            return;
        }
        if self.has_begun {
            let Some(failure) = self.mailer.failure() else { fail("it began before the message") };
            let unsolicited = MailFailureReason::Session(Reason::UnsolicitedBytes);
            assert_eq!((failure.reason, failure.delivery), (unsolicited, Delivery::NotDelivered));
            return self.events.push(Event::Ended(failure));
        }
        let goes_on = |event: &Event| matches!(event, Event::Data(answer) if !answer.is_positive());
        assert!(self.events.last().is_some_and(goes_on), "after 354 alone");
        assert!(self.mailer.finish_body(&mut out).is_ok());
        self.written = Some(self.events.len());
    }

    fn check(&self) {
        let mut next = 0;
        let mut accepted = 0;
        for (at, event) in self.events.iter().enumerate() {
            match event {
                Event::Mail(_) => assert_eq!(at, 0),
                Event::Recipient(number, answer) => {
                    assert_eq!((at, *number), (1 + usize::from(next), next), "in order");
                    next += 1;
                    accepted += u16::from(answer.is_positive());
                }
                Event::Data(_) => assert_eq!(at, 1 + usize::from(self.recipients)),
                Event::Message(_) => {
                    // In LMTP each recipient has its own, unless a server wants a message for nobody.
                    assert!(self.protocol == Protocol::Smtp || accepted == 0);
                    assert_eq!(self.written, Some(at));
                }
                Event::MessageFor(number, _) => {
                    assert_eq!(self.protocol, Protocol::Lmtp);
                    assert!(self.written.is_some_and(|written| at >= written));
                    assert!(self.mailer.is_accepted(*number), "for whom it was accepted");
                }
                Event::Ended(failure) => {
                    assert_eq!(at + 1, self.events.len(), "the end comes once");
                    assert!(failure.delivery == Delivery::NotDelivered || self.written.is_some());
                }
                event => fail(&format!("{event:?} answers nothing")),
            }
        }
        assert_eq!(self.mailer.accepted(), accepted);
    }
}

fn group(protocol: Protocol, recipients: u16) -> Option<Mailer<Clear>> {
    let config = Config::new("client.example".parse().ok()?, Requirement::Opportunistic);
    let mut session = Session::<Clear>::new(&config.protocol(protocol));
    for read in [b"220 mx\r\n".as_slice(), b"250-mx\r\n250 PIPELINING\r\n"] {
        send_all(&mut session);
        session.handle(Fed::Bytes(read));
    }
    assert!(matches!(session.action(), smtp_starttls::Action::Done(Outcome::Plaintext(_))));
    let mut mailer = session.into_mailer().ok()?;
    let mut out = [0; limits::COMMAND];
    mailer.mail(&Mail::new(ReversePath::Null), &mut out).ok()?;
    for _ in 0..recipients {
        let path = Mailbox::try_from("b@mx.example").ok()?;
        mailer.recipient(&Recipient::new(path), &mut out).ok()?;
    }
    mailer.data(&mut out).ok()?;
    Some(mailer)
}

pub(in crate::properties) fn seed_mailer(
    operation: &str,
    fields: &Map<String, Value>,
) -> Option<Vec<u8>> {
    let request: asked::Replies = super::request("smtp.reply", operation, fields)?;
    let mut output = Output::default();
    output.rest(&[0, 1]).bytes(&[3, 1, 40]);
    output.bytes(b"250 2.1.0 ok\r\n250 ok\r\n550-5.1.1 no\r\n550 5.1.1 no\r\n354 go\r\n");
    output.rest(&request.stream_b64.0);
    Some(output.into_bytes())
}
