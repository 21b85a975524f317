//! The bare side: fixed octets out, as many in as are known to come.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ClientConnection, Stream};

use super::server::{BYE, GO, GREETING, OK, READY, TAKEN};
use super::{Client, HOST, MESSAGE};
use crate::starttls::EHLO;

const HELLO: &[u8] = b"EHLO mta.sender.example\r\n";

pub(super) fn session(client: &Client) {
    let mut tcp = TcpStream::connect(client.server).unwrap();
    tcp.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    wait(&mut tcp, GREETING.len(), &mut buffer);
    say(&mut tcp, HELLO, EHLO.len(), &mut buffer);
    say(&mut tcp, b"STARTTLS\r\n", READY.len(), &mut buffer);
    let mut connection =
        ClientConnection::new(Arc::clone(&client.config), HOST.try_into().unwrap()).unwrap();
    connection.writer().write_all(HELLO).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut tcp).unwrap();
    }
    let mut tls = Stream::new(&mut connection, &mut tcp);
    wait(&mut tls, EHLO.len(), &mut buffer);
    say(&mut tls, b"MAIL FROM:<a@sender.example> SIZE=70\r\n", OK.len(), &mut buffer);
    say(&mut tls, b"RCPT TO:<b@lab.example>\r\n", OK.len(), &mut buffer);
    say(&mut tls, b"DATA\r\n", GO.len(), &mut buffer);
    let message = [MESSAGE, b".\r\n"].concat();
    say(&mut tls, &message, TAKEN.len(), &mut buffer);
    say(&mut tls, b"QUIT\r\n", BYE.len(), &mut buffer);
    connection.send_close_notify();
    while connection.wants_write() {
        connection.write_tls(&mut tcp).unwrap();
    }
}

fn say(io: &mut (impl Read + Write), octets: &[u8], answer: usize, buffer: &mut [u8]) {
    io.write_all(octets).unwrap();
    io.flush().unwrap();
    wait(io, answer, buffer);
}

fn wait(io: &mut impl Read, answer: usize, buffer: &mut [u8]) {
    let mut come = 0;
    while come < answer {
        let read = io.read(buffer).unwrap();
        assert_ne!(read, 0, "the server has left");
        come += read;
    }
}
