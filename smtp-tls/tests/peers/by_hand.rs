//! The machine of `smtp-starttls` driven by plain code over blocking sockets: for what a driver of MX
//! deliveries does not do, TLS from the first octet and BDAT.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use pki_types::{CertificateDer, ServerName};
use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use smtp_starttls::{
    Action, Capabilities, Channel, Chunk, Clear, Config, Event, ForwardPath, Input, Mail, Mailbox,
    Mailer, Outcome, Recipient, Requirement, Sealed, Session, TlsFacts, TlsVersion, Verification,
    VerifiedBy, limits,
};

use super::keys::HOST;
use super::letter::DOMAIN;

/// Where TLS begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begin {
    StartTls,
    Implicit,
}

/// What came of it: what the server offers inside TLS, and its answers in order.
pub(crate) struct Said {
    pub(crate) capabilities: Capabilities,
    pub(crate) answers: Vec<u16>,
}

/// Sends a message in two chunks, and all commands in as few groups as RFC 2920 and RFC 3030 allow.
pub(crate) fn send_in_chunks(
    port: u16,
    root: &CertificateDer<'static>,
    begin: Begin,
    recipients: &[String],
    message: &[u8],
) -> Said {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let name = "mta.sender.example".parse().unwrap();
    let config = Config::new(name, Requirement::Authenticate);
    let facts = |tls: &StreamOwned<ClientConnection, TcpStream>| {
        let version = u16::from(tls.conn.protocol_version().unwrap());
        TlsFacts::new(Verification::Verified(VerifiedBy::Pkix), TlsVersion(version))
    };
    let (mut tls, mut session): (_, Session<Sealed>) = match begin {
        Begin::StartTls => {
            let mut session = Session::<Clear>::new(&config);
            assert_eq!(drive(&mut session, &mut stream), None);
            let upgrade = session.into_upgrade().unwrap();
            let tls = handshake(stream, root);
            let session = upgrade.tls_up(&name, &facts(&tls));
            (tls, session)
        }
        Begin::Implicit => {
            let tls = handshake(stream, root);
            let session = Session::implicit(&config, &facts(&tls));
            (tls, session)
        }
    };
    assert_eq!(drive(&mut session, &mut tls), Some(Outcome::Secured));
    let mut mailer = session.into_mailer().unwrap();
    let capabilities = mailer.capabilities();
    let answers = transaction(&mut mailer, &mut tls, recipients, message);
    Said { capabilities, answers }
}

fn handshake(
    stream: TcpStream,
    root: &CertificateDer<'static>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(HOST).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tls = StreamOwned::new(connection, stream);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock).unwrap();
    }
    tls
}

fn drive<S: Channel>(session: &mut Session<S>, io: &mut (impl Read + Write)) -> Option<Outcome> {
    let mut buffer = [0; 4096];
    loop {
        let input = match session.action() {
            Action::Send(octets) => {
                io.write_all(octets).unwrap();
                io.flush().unwrap();
                Input::Sent
            }
            Action::Read => match io.read(&mut buffer).unwrap() {
                0 => Input::EndOfStream,
                read => Input::Bytes(&buffer[..read]),
            },
            Action::StartTls => return None,
            Action::Done(outcome) => return Some(outcome),
        };
        session.handle(input);
    }
}

fn transaction(
    mailer: &mut Mailer<Sealed>,
    io: &mut (impl Read + Write),
    recipients: &[String],
    message: &[u8],
) -> Vec<u16> {
    let mut group = Vec::new();
    let mut line = [0; limits::COMMAND];
    let from = Mailbox::try_from("sender@sender.example").unwrap();
    let mail = Mail::new(from).size(message.len() as u64);
    let mail = mail.body(smtp_starttls::Body::EightBitMime);
    let len = mailer.mail(&mail, &mut line).unwrap();
    group.extend(&line[..len]);
    for recipient in recipients {
        let address = format!("{recipient}@{DOMAIN}");
        let path = ForwardPath::from(Mailbox::try_from(address.as_str()).unwrap());
        let len = mailer.recipient(&Recipient::new(path), &mut line).unwrap();
        group.extend(&line[..len]);
    }
    let mut answers = exchange(mailer, io, &group, 1 + recipients.len());
    for (octets, which) in [(&message[..5001], Chunk::More), (&message[5001..], Chunk::Last)] {
        let len = mailer.chunk(octets, which, &mut line).unwrap();
        answers.extend(exchange(mailer, io, &[&line[..len], octets].concat(), 1));
    }
    let len = mailer.quit(&mut line).unwrap();
    exchange(mailer, io, &line[..len], 1);
    answers
}

/// Writes octets and reads so many answers.
fn exchange(
    mailer: &mut Mailer<Sealed>,
    io: &mut (impl Read + Write),
    octets: &[u8],
    count: usize,
) -> Vec<u16> {
    io.write_all(octets).unwrap();
    io.flush().unwrap();
    let (mut answers, mut buffer) = (Vec::new(), [0; 4096]);
    let mut done = 0;
    while done < count {
        let read = io.read(&mut buffer).unwrap();
        let mut rest = &buffer[..read];
        assert!(!rest.is_empty(), "closed after {answers:?}");
        while !rest.is_empty() {
            let handled = mailer.handle(Input::Bytes(rest));
            rest = &rest[handled.taken..];
            done += usize::from(handled.event.is_some());
            match handled.event {
                None | Some(Event::Quit) => {}
                Some(
                    Event::Mail(answer)
                    | Event::Recipient(_, answer)
                    | Event::Chunk(answer)
                    | Event::Message(answer),
                ) => answers.push(answer.code.value()),
                other => panic!("{other:?} after {answers:?}"),
            }
        }
    }
    answers
}
