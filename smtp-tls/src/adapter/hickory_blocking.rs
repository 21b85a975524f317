//! DNS over the sockets of the standard library: the AD bit of a validating resolver that one trusts.
//!
//! As [`hickory`](super::hickory), whose rules are the same, but for threads: a look-up blocks, and needs
//! no runtime. hickory-proto reads and writes the messages.

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::io;
use std::net::{TcpStream, UdpSocket};
use std::time::Instant;

use hickory_proto::op::Message;

pub use super::hickory_ad::{NotLoopback, TrustedPath};
use super::hickory_ad::{answer, is_reply_to, request};
use crate::resolve::{Answer, LookUp, LookUpError, Question, limits};
use crate::timed;

/// Asks one validating resolver, believes its AD bit, and blocks until the answer is there.
#[derive(Clone, Copy, Debug)]
pub struct BlockingResolver {
    resolver: SocketAddr,
    one_try: Duration,
    deadline: Duration,
}

impl BlockingResolver {
    /// Asks this resolver, within [`limits::DEADLINE`] for each question.
    #[must_use]
    pub fn new(path: TrustedPath) -> Self {
        Self::with_times(path, limits::TRY, limits::DEADLINE)
    }

    /// As [`Self::new`], waiting this long for a UDP reply before asking once more, and this long in all.
    #[must_use]
    pub fn with_times(path: TrustedPath, one_try: Duration, deadline: Duration) -> Self {
        Self { resolver: path.address(), one_try, deadline }
    }

    /// Asks, and blocks until the answer is there.
    ///
    /// # Errors
    ///
    /// [`LookUpError`] if nothing is known.
    pub fn ask(&self, question: &Question) -> Result<Answer, LookUpError> {
        let until = Instant::now() + self.deadline;
        let request = request(question)?;
        let octets = request.to_vec().map_err(|_| LookUpError::Name)?;
        let asked = Asked { request: &request, octets: &octets };
        let mut reply = Err(LookUpError::Timeout);
        for _ in 0..TRIES {
            let one_try = until.min(Instant::now() + self.one_try);
            reply = self.over_udp(&asked, one_try);
            if reply != Err(LookUpError::Timeout) {
                break;
            }
        }
        let mut reply = reply?;
        if reply.metadata.truncation {
            reply = self.over_tcp(&asked, until)?;
        }
        match reply.metadata.truncation {
            true => Err(LookUpError::Truncated),
            false => answer(question, &reply),
        }
    }

    /// Whatever is no reply to the question is passed over: anybody may have sent it.
    fn over_udp(&self, asked: &Asked<'_>, until: Instant) -> Result<Message, LookUpError> {
        let socket = self.socket().map_err(|error| failure(&error))?;
        socket.send(asked.octets).map_err(|error| failure(&error))?;
        let mut buffer = [0; limits::UDP_PAYLOAD as usize];
        loop {
            let left = left(until)?;
            socket.set_read_timeout(Some(left)).map_err(|error| failure(&error))?;
            let length = socket.recv(&mut buffer).map_err(|error| failure(&error))?;
            match asked.reply(buffer.get(..length).unwrap_or_default()) {
                Ok(reply) => return Ok(reply),
                Err(NoReply::OfAnother) => {}
                Err(NoReply::Unreadable) => return Err(LookUpError::Malformed),
            }
        }
    }

    /// A port of its own for each question; nobody else's packets come in.
    fn socket(&self) -> io::Result<UdpSocket> {
        let own: SocketAddr = match self.resolver {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(own)?;
        socket.connect(self.resolver)?;
        Ok(socket)
    }

    fn over_tcp(&self, asked: &Asked<'_>, until: Instant) -> Result<Message, LookUpError> {
        let stream = TcpStream::connect_timeout(&self.resolver, left(until)?);
        let stream = stream.map_err(|error| failure(&error))?;
        let length = u16::try_from(asked.octets.len()).map_err(|_| LookUpError::Name)?;
        let framed = [&length.to_be_bytes()[..], asked.octets].concat();
        timed::write_all(&stream, &framed, until).map_err(|error| failure(&error))?;
        let mut length = [0; 2];
        read_all(&stream, &mut length, until)?;
        let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
        read_all(&stream, &mut reply, until)?;
        asked.reply(&reply).map_err(|_| LookUpError::Malformed)
    }
}

impl LookUp for BlockingResolver {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        self.ask(question)
    }
}

/// A question on its way.
struct Asked<'a> {
    request: &'a Message,
    octets: &'a [u8],
}

/// Why octets are no reply.
enum NoReply {
    /// They belong to another question, or to none.
    OfAnother,
    /// They are ours, and cannot be read.
    Unreadable,
}

impl Asked<'_> {
    fn reply(&self, octets: &[u8]) -> Result<Message, NoReply> {
        let id = self.request.metadata.id.to_be_bytes();
        if octets.first_chunk() != Some(&id) {
            return Err(NoReply::OfAnother);
        }
        let reply = Message::from_vec(octets).map_err(|_| NoReply::Unreadable)?;
        match is_reply_to(&self.request.queries, &reply) {
            true => Ok(reply),
            false => Err(NoReply::OfAnother),
        }
    }
}

/// One question, and once more.
const TRIES: u8 = 2;

/// Each read has what is left of the time.
fn read_all(stream: &TcpStream, mut buffer: &mut [u8], until: Instant) -> Result<(), LookUpError> {
    while !buffer.is_empty() {
        let read = timed::read(stream, buffer, until).map_err(|error| failure(&error))?.len();
        if read == 0 {
            return Err(LookUpError::Unreachable(io::ErrorKind::UnexpectedEof));
        }
        buffer = buffer.split_at_mut_checked(read).map_or(&mut [], |it| it.1);
    }
    Ok(())
}

fn left(until: Instant) -> Result<Duration, LookUpError> {
    timed::left(until).map_err(|error| failure(&error))
}

fn failure(error: &io::Error) -> LookUpError {
    match timed::is_out_of_time(error) {
        true => LookUpError::Timeout,
        false => LookUpError::Unreachable(error.kind()),
    }
}
