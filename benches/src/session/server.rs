//! The server: fixed replies, one to each line.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::keys;
use crate::starttls::EHLO;

pub(super) const GREETING: &[u8] = b"220 mx.lab.example ESMTP\r\n";
pub(super) const READY: &[u8] = b"220 2.0.0 ready\r\n";
pub(super) const OK: &[u8] = b"250 2.1.0 ok\r\n";
pub(super) const GO: &[u8] = b"354 go on\r\n";
pub(super) const TAKEN: &[u8] = b"250 2.0.0 taken\r\n";
pub(super) const BYE: &[u8] = b"221 2.0.0 bye\r\n";

/// What a client sent.
pub(super) struct Seen {
    pub(super) commands: usize,
    pub(super) message: Vec<u8>,
}

/// Serves until standard input ends; prints where, and the root.
pub fn serve(tickets: usize) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (root, config) = keys::server(tickets);
    println!("{} {root}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = session(stream, &config) {
                eprintln!("{error}");
            }
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink()).map(|_| ())
}

pub(super) fn session(stream: TcpStream, config: &Arc<ServerConfig>) -> io::Result<Seen> {
    stream.set_nodelay(true)?;
    let mut seen = Seen { commands: 0, message: Vec::new() };
    (&stream).write_all(GREETING)?;
    // The client waits for each answer, so that nothing is held back here when TLS begins.
    let mut clear = BufReader::new(&stream);
    answer(&mut clear, &mut seen, EHLO.as_bytes())?;
    answer(&mut clear, &mut seen, READY)?;
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut tls = BufReader::new(Sealed(StreamOwned::new(connection, stream)));
    for reply in [EHLO.as_bytes(), OK, OK] {
        answer(&mut tls, &mut seen, reply)?;
    }
    answer(&mut tls, &mut seen, GO)?;
    while !seen.message.ends_with(b"\r\n.\r\n") {
        tls.read_until(b'\n', &mut seen.message)?;
    }
    seen.message.truncate(seen.message.len() - 3);
    tls.get_mut().write_all(TAKEN)?;
    answer(&mut tls, &mut seen, BYE)?;
    Ok(seen)
}

fn answer<S: Duplex>(from: &mut BufReader<S>, seen: &mut Seen, reply: &[u8]) -> io::Result<()> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    seen.commands += 1;
    from.get_mut().write_all(reply)
}

trait Duplex: Read + Write {}
impl Duplex for &TcpStream {}
impl Duplex for Sealed {}

/// TLS, each write sent at once.
struct Sealed(StreamOwned<ServerConnection, TcpStream>);

impl Read for Sealed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Sealed {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.0.write(octets)?;
        self.0.flush().map(|()| written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
