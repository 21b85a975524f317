//! Exim, with a port for each way to configure it.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pki_types::CertificateDer;
use smtp_starttls::Keyword;
use smtp_tls::attempt::Assurance;
use smtp_tls::report::Report;

use super::by_hand::{Begin, send_in_chunks};
use super::keys;
use super::letter::{
    self, DOMAIN, To, assert_arrived, connection, delivered, eight_bit, failure, refusal, seven_bit,
};
use super::machine::{Folder, Machine, with_free_ports};
use super::one_host::Need;

/// The ports, by what is particular to each.
const SERVICES: &[&str] = &[
    "plain",
    "tls12",
    "asks-certificate",
    "demands-certificate",
    "no-tls",
    "bare",
    "banner",
    "one-recipient",
    "small",
    "slow",
    "chunks",
    "tls-first",
];

/// In the foreground the daemon does not come up below the first process of a namespace.
const SCRIPT: &str = r#"
set -euo pipefail
install -d -o Debian-exim -g Debian-exim /var/spool/exim4 /var/log/exim4
install -d /etc/exim4
install -m 644 "$1"/exim.conf /etc/exim4/exim4.conf
exim4 -bdf &
for try in {1..1000}; do
  kill -0 $!
  (exec 3<>/dev/tcp/127.0.0.1/$(cat "$1"/last-port)) 2>/dev/null && { echo ready; break; }
  sleep 0.03
done
cat >/dev/null
"#;

struct Exim {
    _machine: Machine,
    root: CertificateDer<'static>,
    ports: Vec<u16>,
    folder: Folder,
}

impl Exim {
    /// The one that is running, or a new one.
    fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<Exim>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::start());
            *running = Arc::downgrade(&started);
            started
        })
    }

    fn start() -> Self {
        with_free_ports(SERVICES.len(), |ports| {
            let folder = Folder::new();
            let root = keys::write(folder.path());
            let path = folder.path().to_str().unwrap().to_owned();
            fs::write(folder.path().join("exim.conf"), configuration(&path, ports)).unwrap();
            fs::write(folder.path().join("last-port"), ports.last().unwrap().to_string()).unwrap();
            let packages = "exim4-daemon-light";
            let machine = Machine::start(packages, &["Debian-exim"], SCRIPT, &folder)?;
            Ok(Self { _machine: machine, root, ports: ports.to_vec(), folder })
        })
    }

    fn mailboxes(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    fn port(&self, service: &str) -> u16 {
        let at = SERVICES.iter().position(|name| *name == service);
        self.ports[at.unwrap()]
    }

    async fn send(&self, service: &str, need: Need, message: &[u8]) -> Report {
        let (port, recipients) = (self.port(service), recipients(service));
        letter::send(To { port, root: &self.root, need, recipients: &recipients }, message).await
    }

    fn assert_taken(&self, service: &str, report: &Report, message: &[u8]) -> String {
        let [first, _, last] = recipients(service);
        delivered(report, 0);
        delivered(report, 2);
        let (word, said) = refusal(report, 1);
        assert!(word == "refused" && said.starts_with("550"), "{service}: {word} {said}");
        assert_arrived(&self.mailboxes(), &first, message);
        assert_arrived(&self.mailboxes(), &last, message)
    }
}

fn recipients(service: &str) -> [String; 3] {
    [format!("{service}-a"), "nobody".to_owned(), format!("{service}-b")]
}

fn configuration(folder: &str, ports: &[u16]) -> String {
    let at = |service: &str| ports[SERVICES.iter().position(|name| *name == service).unwrap()];
    let all: Vec<String> = ports.iter().map(u16::to_string).collect();
    let mailboxes: Vec<String> = SERVICES
        .iter()
        .flat_map(|name| ["a", "b"].map(|which| format!("{name}-{which}")))
        .collect();
    format!(
        "primary_hostname = {host}
log_file_path = {folder}/log-%s
local_interfaces = 127.0.0.1
daemon_smtp_ports = {ports}
tls_on_connect_ports = {tls_first}
disable_ipv6 = true
keep_environment =
never_users =
tls_certificate = {folder}/chain.pem
tls_privatekey = {folder}/key.pem
tls_advertise_hosts = ${{if eq{{$received_port}}{{{no_tls}}}{{}}{{*}}}}
tls_require_ciphers = ${{if eq{{$received_port}}{{{tls12}}}{{NORMAL:-VERS-ALL:+VERS-TLS1.2}}{{NORMAL}}}}
tls_verify_certificates = {folder}/chain.pem
tls_try_verify_hosts = ${{if eq{{$received_port}}{{{asks}}}{{*}}}}
tls_verify_hosts = ${{if eq{{$received_port}}{{{demands}}}{{*}}}}
pipelining_advertise_hosts = ${{if eq{{$received_port}}{{{bare}}}{{}}{{*}}}}
chunking_advertise_hosts = ${{if eq{{$received_port}}{{{bare}}}{{}}{{*}}}}
dsn_advertise_hosts = *
smtp_enforce_sync = true
smtp_banner = ${{if eq{{$received_port}}{{{banner}}}{{one\\ntwo and more\\nthree}}{{$primary_hostname ESMTP}}}}
message_size_limit = ${{if eq{{$received_port}}{{{small}}}{{4K}}{{1M}}}}
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
acl_smtp_connect = connect
acl_smtp_rcpt = recipient
begin acl
connect:
  accept condition = ${{if eq{{$received_port}}{{{slow}}}}}
         delay = 1s
  accept
recipient:
  deny local_parts = nobody
       message = no such user
  defer condition = ${{if eq{{$received_port}}{{{one}}}}}
        condition = ${{if >{{$rcpt_count}}{{1}}}}
        message = too many recipients
  accept domains = {DOMAIN}
         local_parts = {mailboxes}
  deny message = not here
begin routers
here:
  driver = accept
  local_parts = {mailboxes}
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  directory = {folder}/mail/$local_part_data
  maildir_format
  create_directory
  user = Debian-exim
  message_prefix =
  message_suffix =
",
        host = keys::HOST,
        ports = all.join(" : "),
        no_tls = at("no-tls"),
        tls12 = at("tls12"),
        asks = at("asks-certificate"),
        demands = at("demands-certificate"),
        bare = at("bare"),
        banner = at("banner"),
        small = at("small"),
        slow = at("slow"),
        tls_first = at("tls-first"),
        one = at("one-recipient"),
        mailboxes = mailboxes.join(" : "),
    )
}

async fn taken_over_tls(service: &str, version: &str) -> Report {
    let (exim, message) = (Exim::shared(), eight_bit());
    let report = exim.send(service, Need::Authenticate, &message).await;
    let added = exim.assert_taken(service, &report, &message);
    assert_eq!(delivered(&report, 0), Assurance::Pkix);
    let tls = connection(&report).tls.as_ref().unwrap();
    assert_eq!(tls.version, version);
    // It writes `with esmtps (TLS1.3)`, and calls cipher suites by names of its own.
    let noted = format!("({})", version.replace("TLSv", "TLS"));
    assert!(added.contains(&noted), "{tls:?} {added}");
    report
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn a_message_arrives_as_it_was_and_each_recipient_has_an_answer() {
    let report = taken_over_tls("plain", "TLSv1.3").await;
    assert_eq!(report.tries[0].connections.len(), 1);
    assert_eq!(connection(&report).greeting_name.as_deref(), Some(keys::HOST));
    assert_eq!(connection(&report).downgrade, None);
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn each_version_of_tls_is_spoken() {
    taken_over_tls("tls12", "TLSv1.2").await;
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn a_server_that_asks_for_a_certificate_gets_none_and_takes_the_mail() {
    taken_over_tls("asks-certificate", "TLSv1.3").await;
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn a_server_that_demands_a_certificate_gets_no_mail_without_tls() {
    let (exim, message) = (Exim::shared(), seven_bit());
    for need in [Need::Encrypt, Need::Authenticate] {
        let report = exim.send("demands-certificate", need, &message).await;
        assert_eq!(failure(&report), "tls-failed", "{need:?}: {report:?}");
        assert_eq!(report.tries[0].connections.len(), 1);
    }
    let report = exim.send("demands-certificate", Need::Opportunistic, &message).await;
    exim.assert_taken("demands-certificate", &report, &message);
    assert_eq!(delivered(&report, 0), Assurance::Clear);
    assert_eq!(report.tries[0].connections.len(), 2);
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn a_server_without_tls_gets_mail_only_where_that_is_allowed() {
    let (exim, message) = (Exim::shared(), seven_bit());
    for need in [Need::Encrypt, Need::Authenticate] {
        let report = exim.send("no-tls", need, &message).await;
        assert_eq!(failure(&report), "starttls-not-offered", "{need:?}: {report:?}");
    }
    let report = exim.send("no-tls", Need::Opportunistic, &message).await;
    exim.assert_taken("no-tls", &report, &message);
    assert_eq!(delivered(&report, 0), Assurance::Clear);
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn a_server_without_extensions_is_enough() {
    taken_over_tls("bare", "TLSv1.3").await;
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn a_greeting_of_many_lines_or_a_late_one_is_waited_for() {
    taken_over_tls("banner", "TLSv1.3").await;
    taken_over_tls("slow", "TLSv1.3").await;
}

#[test]
#[ignore = "needs root and Exim"]
fn chunks_arrive_behind_starttls_and_where_tls_comes_first() {
    let (exim, message) = (Exim::shared(), eight_bit());
    for (service, begin) in [("chunks", Begin::StartTls), ("tls-first", Begin::Implicit)] {
        let (port, recipients) = (exim.port(service), recipients(service));
        let said = send_in_chunks(port, &exim.root, begin, &recipients, &message);
        assert_eq!(said.answers, [250, 250, 550, 250, 250, 250], "{service}");
        let [first, _, last] = recipients;
        assert_arrived(&exim.mailboxes(), &first, &message);
        let added = assert_arrived(&exim.mailboxes(), &last, &message);
        assert!(added.contains("esmtps (TLS1.3)") || added.contains("esmtps  (TLS1.3)"), "{added}");
        let offers = said.capabilities.keywords();
        for keyword in [Keyword::Chunking, Keyword::Pipelining, Keyword::Dsn, Keyword::Size] {
            assert!(offers.contains(keyword), "{service}: {keyword:?}");
        }
        assert!(!offers.contains(Keyword::StartTls), "{service}");
    }
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn a_recipient_put_off_does_not_keep_the_others_from_the_message() {
    let (exim, message) = (Exim::shared(), seven_bit());
    let report = exim.send("one-recipient", Need::Authenticate, &message).await;
    delivered(&report, 0);
    assert_arrived(&exim.mailboxes(), "one-recipient-a", &message);
    let (word, said) = refusal(&report, 2);
    assert!(word == "deferred" && said.starts_with("451"), "{word} {said}");
}

#[tokio::test]
#[ignore = "needs root and Exim"]
async fn a_message_over_the_limit_is_refused_before_it_is_sent() {
    let (exim, message) = (Exim::shared(), seven_bit());
    let report = exim.send("small", Need::Authenticate, &message).await;
    let (word, said) = refusal(&report, 0);
    assert!(word == "refused" && said.contains("larger than the server takes"), "{word} {said}");
}
