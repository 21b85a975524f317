//! Unbound on loopback, serving and validating the zones, and what it says of a question.

use core::fmt::Write as _;
use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use smtp_tls::resolve::Question;

use super::zones::{self, Zone};

/// The resolver, which ends when this is dropped.
pub struct Resolver {
    process: Child,
    folder: Folder,
    pub address: SocketAddr,
    /// The root's key as DNSKEY record.
    pub anchor: String,
}

/// A folder that is gone when this is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a resolver says of a question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    Secure(Is),
    Insecure(Is),
    Failed,
}

/// What an answer has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Is {
    Records(usize),
    Denied,
}

const PROGRAMS: [&str; 4] = ["unbound", "dnssec-keygen", "dnssec-signzone", "dnssec-dsfromkey"];

impl Resolver {
    /// Starts it at an address with these zones, the root's and all others.
    pub fn start(zones: &[Zone<'_>], address: SocketAddr) -> Self {
        for program in PROGRAMS {
            let mut probe = Command::new(program);
            probe.arg("-V").stdout(Stdio::null()).stderr(Stdio::null());
            let is_missing = probe.status().is_err_and(|it| it.kind() == io::ErrorKind::NotFound);
            assert!(!is_missing, "this test needs {program}");
        }
        let folder = std::env::temp_dir().join(format!("smtp-tls-world-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let folder = Folder(folder);
        let anchor = zones::sign(&folder.0, zones).unwrap();
        let configuration = folder.0.join("unbound.conf");
        fs::write(&configuration, configure(&folder.0, zones, address, &anchor)).unwrap();
        let log = fs::File::create(folder.0.join("log")).unwrap();
        let process = Command::new("unbound")
            .args(["-d", "-p", "-c"])
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let resolver = Self { process, folder, address, anchor };
        resolver.wait();
        resolver
    }

    fn wait(&self) {
        let question = Question::new("world".parse().unwrap(), smtp_tls::resolve::Kind::Mx);
        for _ in 0..300 {
            if ask(self.address, &question).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(self.folder.0.join("log")).unwrap_or_default();
        panic!("the resolver does not answer: {log}");
    }

    /// What it says itself, by its AD bit and response code.
    pub fn verdict(&self, question: &Question) -> Verdict {
        let reply = ask(self.address, question).unwrap();
        let kind = RecordType::from(question.kind.code());
        let is = match reply.answers.iter().filter(|one| one.record_type() == kind).count() {
            0 => Is::Denied,
            count => Is::Records(count),
        };
        match (reply.metadata.response_code, reply.metadata.authentic_data) {
            (ResponseCode::NoError | ResponseCode::NXDomain, true) => Verdict::Secure(is),
            (ResponseCode::NoError | ResponseCode::NXDomain, false) => Verdict::Insecure(is),
            _ => Verdict::Failed,
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configure(folder: &Path, zones: &[Zone<'_>], address: SocketAddr, anchor: &str) -> String {
    let mut text = format!(
        "server:\n  interface: {}\n  port: {}\n  directory: \"{folder}\"\n  chroot: \"\"\n  \
         username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  num-threads: 1\n  do-ip6: no\n  \
         module-config: \"validator iterator\"\n  trust-anchor: \"{anchor}\"\n  ede: yes\n  \
         do-not-query-localhost: no\n  qname-minimisation: no\n  max-udp-size: 4096\n  edns-buffer-size: 4096\n  local-zone: \"test.\" nodefault\nremote-control:\n  \
         control-enable: no\n",
        address.ip(),
        address.port(),
        folder = folder.display(),
    );
    for zone in zones {
        let path = zones::file(folder, zone.name);
        write!(
            text,
            "auth-zone:\n  name: \"{}\"\n  zonefile: \"{}\"\n  for-downstream: no\n  \
             for-upstream: yes\n  fallback-enabled: no\n",
            zone.name,
            path.display(),
        )
        .unwrap();
    }
    text
}

/// A port that is free for UDP and TCP, and will be for the moment that it takes to start.
pub fn free_port() -> SocketAddr {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

fn ask(resolver: SocketAddr, question: &Question) -> io::Result<Message> {
    let name = Name::from_ascii(format!("{}.", question.name)).map_err(io::Error::other)?;
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.metadata.authentic_data = true;
    message.set_edns(Edns::new());
    message.add_query(Query::query(name, RecordType::from(question.kind.code())));
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.connect(resolver)?;
    socket.send(&message.to_vec().map_err(io::Error::other)?)?;
    let mut buffer = [0; 4096];
    let count = socket.recv(&mut buffer)?;
    let reply = Message::from_vec(&buffer[..count]).map_err(io::Error::other)?;
    if reply.metadata.id != message.metadata.id {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(reply)
}
