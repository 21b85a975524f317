//! The lab as Unbound sees it: a resolver written by others, with the lab's trust anchor.

use core::net::SocketAddr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use conformance::lab::dns::{DnsServer, Face};
use domain::dnssec::validator::context::ValidationState;
use hickory_proto::op::{Message, ResponseCode};

use crate::validator::{CASES, dnssec, question, world};

/// Unbound in the foreground, with a folder of its own; both go away with it.
struct Unbound {
    process: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl Unbound {
    /// A free port is only free until another test takes it, so there are several tries.
    fn start(server: SocketAddr, anchor: &str) -> Self {
        (0..20).find_map(|_| Self::try_start(server, anchor)).expect("unbound does not start")
    }

    fn try_start(server: SocketAddr, anchor: &str) -> Option<Self> {
        let free = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let folder = std::env::temp_dir().join(format!("lab-unbound-{}", address.port()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("anchor"), anchor).unwrap();
        fs::write(folder.join("conf"), configuration(&folder, address.port(), server)).unwrap();
        let mut process = Command::new("unbound")
            .args(["-d", "-c"])
            .arg(folder.join("conf"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program unbound");
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = log.find(|line| line.as_ref().is_ok_and(|l| l.contains("start of service")));
        let this = Self { process, folder, address };
        std::thread::spawn(move || log.for_each(drop));
        ready.map(|_| this)
    }

    fn ask(&self, message: &Message) -> Message {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(core::time::Duration::from_secs(20))).unwrap();
        socket.send_to(&message.to_vec().unwrap(), self.address).unwrap();
        let mut buffer = vec![0; 65_535];
        let length = socket.recv(&mut buffer).unwrap();
        Message::from_vec(&buffer[..length]).unwrap()
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn configuration(folder: &Path, port: u16, server: SocketAddr) -> String {
    let folder = folder.display();
    let (address, at) = (server.ip(), server.port());
    format!(
        "server:\n interface: 127.0.0.1\n port: {port}\n do-ip6: no\n use-syslog: no\n \
         logfile: \"\"\n verbosity: 1\n chroot: \"\"\n username: \"\"\n directory: \"{folder}\"\n \
         pidfile: \"\"\n do-not-query-localhost: no\n trust-anchor-file: \"{folder}/anchor\"\n \
         local-zone: \"test.\" nodefault\n module-config: \"validator iterator\"\n \
         max-udp-size: 65535\nforward-zone:\n name: \".\"\n forward-addr: {address}@{at}\n\
         remote-control:\n control-enable: no\n"
    )
}

#[test]
#[ignore = "needs the program unbound, Debian package unbound"]
fn unbound_agrees_with_the_lab_on_every_answer() {
    let zones = Arc::new(world());
    let server = DnsServer::start(Arc::clone(&zones), Face::Plain).unwrap();
    let unbound = Unbound::start(server.address(), &zones.trust_anchor());
    for (name, kind, state, count) in CASES {
        let reply = unbound.ask(&dnssec(question(name, kind.parse().unwrap()), 65_000));
        let records = reply.answers.iter().filter(|r| !r.record_type().is_rrsig()).count();
        let failed = reply.metadata.response_code == ResponseCode::ServFail;
        assert_eq!(failed, *state == ValidationState::Bogus, "{name} {kind}");
        let secure = *state == ValidationState::Secure;
        assert_eq!(reply.metadata.authentic_data, secure, "{name} {kind}");
        assert_eq!(records, if failed { 0 } else { *count }, "{name} {kind}");
    }
}
