//! The look-up that blocks, against resolvers that forge, cut short or drip.
#![cfg(feature = "hickory-blocking")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::thread;
use std::time::Instant;

use hickory_proto::op::{Message, MessageType, OpCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData, Record};
use smtp_tls::adapter::hickory_blocking::{BlockingResolver, TrustedPath};
use smtp_tls::resolve::{Kind, LookUpError, Question, Record as Found, Security};

const HERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
/// Long enough for two loaded cores.
const AMPLE: Duration = Duration::from_secs(20);

fn question() -> Question {
    Question::new("mx.signed.test".parse().unwrap(), Kind::A)
}

/// The honest reply, with one address.
fn reply(request: &[u8]) -> Message {
    let asked = Message::from_vec(request).unwrap();
    assert!(asked.metadata.authentic_data, "RFC 6840 section 5.7");
    let mut reply = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
    reply.metadata.authentic_data = true;
    let record =
        Record::from_rdata(asked.queries[0].name().clone(), 60, RData::A(A::new(192, 0, 2, 1)));
    reply.queries = asked.queries;
    reply.answers = vec![record];
    reply
}

fn resolver(socket: &UdpSocket, one_try: Duration, deadline: Duration) -> BlockingResolver {
    let path = TrustedPath::loopback(socket.local_addr().unwrap()).unwrap();
    BlockingResolver::with_times(path, one_try, deadline)
}

/// Answers one packet with these.
fn answer_once(socket: UdpSocket, replies: impl FnOnce(&[u8]) -> Vec<Vec<u8>> + Send + 'static) {
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        for reply in replies(&buffer[..length]) {
            socket.send_to(&reply, from).unwrap();
        }
    });
}

// checks: dane/D1
#[test]
fn what_is_no_reply_to_the_question_is_passed_over() {
    let socket = UdpSocket::bind(HERE).unwrap();
    let resolver = resolver(&socket, AMPLE, AMPLE);
    answer_once(socket, |request| {
        let honest = reply(request);
        let mut other_id = honest.clone();
        other_id.metadata.id ^= 1;
        other_id.metadata.authentic_data = false;
        let mut other_name = honest.clone();
        other_name.queries[0].set_name(Name::from_ascii("other.test.").unwrap());
        let mut no_reply = honest.clone();
        no_reply.metadata.message_type = MessageType::Query;
        let mut all: Vec<_> = [other_id, other_name, no_reply, honest]
            .iter()
            .map(|it| it.to_vec().unwrap())
            .collect();
        all.insert(0, vec![0]);
        all.insert(0, Vec::new());
        all
    });
    let answer = resolver.ask(&question()).unwrap();
    assert_eq!(answer.security, Security::Secure);
    assert_eq!(answer.records(), [Found::A(Ipv4Addr::new(192, 0, 2, 1))]);
}

#[test]
fn a_reply_that_cannot_be_read_is_a_failure_and_no_denial() {
    let socket = UdpSocket::bind(HERE).unwrap();
    let resolver = resolver(&socket, AMPLE, AMPLE);
    answer_once(socket, |request| vec![[&request[..2], &[0x84, 0, 0, 9]].concat()]);
    assert_eq!(resolver.ask(&question()), Err(LookUpError::Malformed));
}

/// Both sockets on one port.
fn both() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind(HERE).unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both")
}

fn cut_short(request: &[u8]) -> Vec<Vec<u8>> {
    let mut reply = reply(request);
    reply.answers.clear();
    reply.metadata.truncation = true;
    vec![reply.to_vec().unwrap()]
}

#[test]
fn what_is_cut_short_is_asked_for_over_tcp() {
    let (udp, tcp) = both();
    let resolver = resolver(&udp, AMPLE, AMPLE);
    answer_once(udp, cut_short);
    thread::spawn(move || {
        let (mut stream, _) = tcp.accept().unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut request = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut request).unwrap();
        let reply = reply(&request).to_vec().unwrap();
        stream.write_all(&u16::try_from(reply.len()).unwrap().to_be_bytes()).unwrap();
        for octet in reply {
            stream.write_all(&[octet]).unwrap();
        }
    });
    assert_eq!(resolver.ask(&question()).unwrap().records().len(), 1);
}

#[test]
fn the_time_is_kept_whatever_comes_meanwhile() {
    let short = Duration::from_millis(600);
    // Packets of others without end, over UDP.
    let socket = UdpSocket::bind(HERE).unwrap();
    let asking = resolver(&socket, short, short);
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        let (_, from) = socket.recv_from(&mut buffer).unwrap();
        while socket.send_to(b"noise", from).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let begin = Instant::now();
    assert_eq!(asking.ask(&question()), Err(LookUpError::Timeout));
    assert!(begin.elapsed() >= short && begin.elapsed() < AMPLE);
    // A reply that drips, over TCP.
    let (udp, tcp) = both();
    let asking = resolver(&udp, short, short);
    answer_once(udp, cut_short);
    thread::spawn(move || {
        let (mut stream, _) = tcp.accept().unwrap();
        stream.write_all(&[0xff, 0xff]).unwrap();
        while stream.write_all(&[0]).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let begin = Instant::now();
    assert_eq!(asking.ask(&question()), Err(LookUpError::Timeout));
    assert!(begin.elapsed() >= short && begin.elapsed() < AMPLE);
}
