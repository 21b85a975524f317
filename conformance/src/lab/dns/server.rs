//! The zones on UDP and TCP.

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;

use super::{Face, Transport, Zones};
use crate::lab::listen::{Acceptor, bind_pair, lock};

/// A question that was asked, for tests on what is asked and what is not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// The name, in lower case, with the root dot.
    pub name: String,
    /// The type.
    pub kind: RecordType,
}

/// A server on 127.0.0.1, UDP and TCP with one port. Dropping it ends it.
pub struct DnsServer {
    address: SocketAddr,
    questions: Arc<Mutex<Vec<Question>>>,
    stop: Arc<AtomicBool>,
    udp: Option<JoinHandle<()>>,
    _tcp: Acceptor,
}

impl DnsServer {
    /// Serves `zones` with this face on a free port.
    ///
    /// # Errors
    ///
    /// What the system says where no port can be bound or no thread started.
    pub fn start(zones: Arc<Zones>, face: Face) -> io::Result<Self> {
        let (socket, listener) = bind_pair(Ipv4Addr::LOCALHOST)?;
        let address = socket.local_addr()?;
        let desk = Arc::new(Desk { zones, face, questions: Arc::default() });
        let questions = Arc::clone(&desk.questions);
        let stop = Arc::new(AtomicBool::new(false));
        let (for_udp, stop_udp) = (Arc::clone(&desk), Arc::clone(&stop));
        let tcp = Acceptor::start(listener, move |stream| serve_stream(stream, &desk))?;
        let udp = thread::Builder::new()
            .name(format!("lab udp {address}"))
            .spawn(move || serve_datagrams(&socket, &for_udp, &stop_udp))?;
        Ok(Self { address, questions, stop, udp: Some(udp), _tcp: tcp })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked since the start, oldest first; the first 20000 questions are kept.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        lock(&self.questions).clone()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let woken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.send_to(&[], self.address))
            .is_ok();
        if let Some(thread) = self.udp.take().filter(|_| woken) {
            let _ = thread.join();
        }
    }
}

struct Desk {
    zones: Arc<Zones>,
    face: Face,
    questions: Arc<Mutex<Vec<Question>>>,
}

impl Desk {
    fn respond(&self, query: &[u8], transport: Transport) -> Option<Vec<u8>> {
        if let Ok(message) = Message::from_vec(query)
            && let Some(query) = message.queries.first()
        {
            let mut questions = lock(&self.questions);
            if questions.len() < MAX_QUESTIONS {
                let name = query.name().to_lowercase().to_ascii();
                questions.push(Question { name, kind: query.query_type() });
            }
        }
        self.zones.respond(query, transport, self.face)
    }
}

fn serve_datagrams(socket: &UdpSocket, desk: &Desk, stop: &AtomicBool) {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    while !stop.load(Ordering::SeqCst) {
        // An error here belongs to an earlier datagram (its asker's port has closed).
        let Ok((length, peer)) = socket.recv_from(&mut buffer) else { continue };
        if let Some(query) = buffer.get(..length)
            && let Some(answer) = desk.respond(query, Transport::Udp)
        {
            let _ = socket.send_to(&answer, peer);
        }
    }
}

fn serve_stream(mut stream: TcpStream, desk: &Desk) {
    let mut query = Vec::new();
    loop {
        let mut length = [0; 2];
        if stream.read_exact(&mut length).is_err() {
            return;
        }
        query.resize(u16::from_be_bytes(length).into(), 0);
        if stream.read_exact(&mut query).is_err() {
            return;
        }
        let Some(answer) = desk.respond(&query, Transport::Tcp) else { return };
        let Ok(length) = u16::try_from(answer.len()) else { return };
        let framed = [&length.to_be_bytes(), answer.as_slice()].concat();
        if stream.write_all(&framed).is_err() {
            return;
        }
    }
}

/// Questions kept for tests; a lab that runs for long keeps no more.
const MAX_QUESTIONS: usize = 20_000;
