//! Our side: every check on, driven by plain code.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ClientConnection, Stream};
use smtp_starttls::{
    Action, Channel, Clear, CommandError, Config, EhloName, Event, ForwardPath, Input, Mail,
    Mailbox, Mailer, Outcome, Recipient, Requirement, Sealed, Session, TlsFacts, TlsVersion,
    Upgrade, Verification, VerifiedBy, limits,
};

use super::{Client, HOST, MESSAGE};

pub(super) fn session(client: &Client) {
    let mut tcp = TcpStream::connect(client.server).unwrap();
    tcp.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    let name: EhloName = "mta.sender.example".parse().unwrap();
    let config = Config::new(name, Requirement::Authenticate);
    let mut session = Session::<Clear>::new(&config);
    assert_eq!(drive(&mut session, &mut tcp, &mut buffer), None);
    let mut upgrade = session.into_upgrade().unwrap();
    let mut connection =
        ClientConnection::new(Arc::clone(&client.config), HOST.try_into().unwrap()).unwrap();
    connection.writer().write_all(upgrade.early_hello(&name).as_bytes()).unwrap();
    let upgrade = handshake(upgrade, &mut connection, &mut tcp);
    let version = TlsVersion(u16::from(connection.protocol_version().unwrap()));
    let facts = TlsFacts::new(Verification::Verified(VerifiedBy::Pkix), version);
    let mut session = upgrade.tls_up(&name, &facts);
    let mut tls = Stream::new(&mut connection, &mut tcp);
    assert_eq!(drive(&mut session, &mut tls, &mut buffer), Some(Outcome::Secured));
    let mut mailer = session.into_mailer().unwrap();
    transaction(&mut mailer, &mut tls, &mut buffer);
    connection.send_close_notify();
    while connection.wants_write() {
        connection.write_tls(&mut tcp).unwrap();
    }
}

/// The handshake; the first octets that come are looked at before TLS sees them.
fn handshake(upgrade: Upgrade, connection: &mut ClientConnection, tcp: &mut TcpStream) -> Upgrade {
    let mut watched = Watched { tcp, first: None };
    while connection.is_handshaking() {
        connection.complete_io(&mut watched).unwrap();
    }
    upgrade.first_octets(watched.first.as_slice()).unwrap()
}

struct Watched<'t> {
    tcp: &'t mut TcpStream,
    first: Option<u8>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.tcp.read(buffer)?;
        if self.first.is_none() && read > 0 {
            self.first = buffer.first().copied();
        }
        Ok(read)
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.tcp.write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.tcp.flush()
    }
}

fn drive<S: Channel>(
    session: &mut Session<S>,
    io: &mut (impl Read + Write),
    buffer: &mut [u8],
) -> Option<Outcome> {
    loop {
        let input = match session.action() {
            Action::Send(octets) => {
                io.write_all(octets).unwrap();
                io.flush().unwrap();
                Input::Sent
            }
            Action::Read => match io.read(buffer).unwrap() {
                0 => Input::EndOfStream,
                read => Input::Bytes(buffer.get(..read).unwrap_or_default()),
            },
            Action::StartTls => return None,
            Action::Done(outcome) => return Some(outcome),
        };
        session.handle(input);
    }
}

fn transaction(mailer: &mut Mailer<Sealed>, io: &mut (impl Read + Write), buffer: &mut [u8]) {
    let from = Mailbox::try_from("a@sender.example").unwrap();
    let to = ForwardPath::from(Mailbox::try_from("b@lab.example").unwrap());
    let mail = Mail::new(from).size(MESSAGE.len() as u64);
    command(mailer, io, buffer, |mailer, out| mailer.mail(&mail, out));
    let recipient = Recipient::new(to);
    command(mailer, io, buffer, |mailer, out| mailer.recipient(&recipient, out));
    command(mailer, io, buffer, |mailer, out| mailer.data(out));
    command(mailer, io, buffer, |mailer, out| {
        let body = mailer.body(MESSAGE, out)?;
        assert_eq!(body.taken, MESSAGE.len());
        let rest = out.get_mut(body.written..).unwrap_or_default();
        Ok(body.written + mailer.finish_body(rest)?)
    });
    command(mailer, io, buffer, |mailer, out| mailer.quit(out));
}

fn command(
    mailer: &mut Mailer<Sealed>,
    io: &mut (impl Read + Write),
    buffer: &mut [u8],
    write: impl FnOnce(&mut Mailer<Sealed>, &mut [u8]) -> Result<usize, CommandError>,
) {
    let mut out = [0; limits::COMMAND];
    let len = write(mailer, &mut out).unwrap();
    io.write_all(out.get(..len).unwrap_or_default()).unwrap();
    io.flush().unwrap();
    loop {
        let read = io.read(buffer).unwrap();
        assert_ne!(read, 0, "the server has left");
        let handled = mailer.handle(Input::Bytes(buffer.get(..read).unwrap_or_default()));
        assert!(!matches!(handled.event, Some(Event::Ended(_))), "{:?}", handled.event);
        if handled.event.is_some() {
            return;
        }
    }
}
