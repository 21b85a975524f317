//! Postfix, with a service of its own port for each way to configure it.

use core::num::NonZeroU64;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pki_types::CertificateDer;
use smtp_starttls::{Keyword, SizeLimit};
use smtp_tls::attempt::Assurance;
use smtp_tls::report::Report;

use super::by_hand::{Begin, send_in_chunks};
use super::keys;
use super::letter::{
    self, DOMAIN, To, assert_arrived, connection, delivered, eight_bit, failure, refusal,
    seven_bit, short,
};
use super::machine::{Folder, Machine, wait_for, with_free_ports};
use super::one_host::Need;

/// The services: a name and what differs from the others.
const SERVICES: &[(&str, &[&str])] = &[
    ("plain", &[]),
    ("tls12", &["smtpd_tls_protocols=TLSv1.2", "smtpd_tls_mandatory_protocols=TLSv1.2"]),
    ("tls13", &["smtpd_tls_protocols=>=TLSv1.3", "smtpd_tls_mandatory_protocols=>=TLSv1.3"]),
    ("no-tickets", &["tls_ssl_options=NO_TICKET"]),
    ("required", &["smtpd_tls_security_level=encrypt"]),
    ("asks-certificate", &["smtpd_tls_ask_ccert=yes"]),
    ("demands-certificate", &["smtpd_tls_security_level=encrypt", "smtpd_tls_req_ccert=yes"]),
    ("no-tls", &["smtpd_tls_security_level=none"]),
    ("no-key", &["smtpd_tls_chain_files=/nowhere"]),
    ("hides-starttls", &["smtpd_discard_ehlo_keywords=starttls"]),
    (
        "bare",
        &["smtpd_discard_ehlo_keywords=pipelining,chunking,size,dsn,enhancedstatuscodes,etrn,vrfy"],
    ),
    ("seven-bit", &["smtpd_discard_ehlo_keywords=8bitmime,smtputf8,chunking"]),
    ("no-chunking", &["smtpd_discard_ehlo_keywords=chunking"]),
    ("small", &["message_size_limit=4096"]),
    ("small-unsaid", &["message_size_limit=4096", "smtpd_discard_ehlo_keywords=size"]),
    ("soft-bounce", &["soft_bounce=yes"]),
    ("slow-on-errors", &["smtpd_soft_error_limit=1", "smtpd_error_sleep_time=1s"]),
    ("ends-on-errors", &["smtpd_soft_error_limit=1", "smtpd_hard_error_limit=1"]),
    ("one-recipient", &["smtpd_recipient_limit=1"]),
    (
        "strict",
        &[
            "smtpd_helo_required=yes",
            "strict_rfc821_envelopes=yes",
            "smtpd_forbid_bare_newline=yes",
            "smtpd_forbid_unauth_pipelining=yes",
            "smtpd_helo_restrictions=reject_invalid_helo_hostname,reject_non_fqdn_helo_hostname",
            "smtpd_data_restrictions=reject_unauth_pipelining",
        ],
    ),
    ("chunks", &[]),
    ("disabled-verbs", &["smtpd_noop_commands=rset", "smtpd_peername_lookup=no"]),
];

/// The daemon behind the greeting that comes in two parts, and its tests of who speaks too early.
const POSTSCREEN: &[&str] = &[
    "postscreen_access_list=",
    "postscreen_greet_banner=one-moment-please",
    "postscreen_greet_wait=1s",
    "postscreen_greet_action=enforce",
    "postscreen_pipelining_enable=yes",
    "postscreen_pipelining_action=enforce",
    "postscreen_non_smtp_command_enable=yes",
    "postscreen_non_smtp_command_action=enforce",
    "postscreen_bare_newline_enable=yes",
    "postscreen_bare_newline_action=enforce",
];

const SCRIPT: &str = r#"
set -euo pipefail
queue=/var/spool/postfix
mkdir -p $queue/pid
install -d -o postfix /var/lib/postfix
install -d -o postfix -g postdrop -m 1730 $queue/maildrop
install -d -o postfix -g postdrop -m 710 $queue/public
for name in active bounce corrupt defer deferred flush hold incoming private saved trace; do
  install -d -o postfix -m 700 $queue/$name
done
cp "$1"/main.cf "$1"/master.cf /etc/postfix/
/usr/lib/postfix/sbin/master -w
echo ready
cat >/dev/null
"#;

const MASTER: &str = "
smtpd pass - - n - - smtpd
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
scache unix - - n - 1 scache
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
";

struct Postfix {
    _machine: Machine,
    root: CertificateDer<'static>,
    ports: Vec<u16>,
    folder: Folder,
}

impl Postfix {
    /// The one that is running, or a new one.
    fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<Postfix>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::start());
            *running = Arc::downgrade(&started);
            started
        })
    }

    fn start() -> Self {
        with_free_ports(SERVICES.len() + 1, |ports| {
            let folder = Folder::new();
            let root = keys::write(folder.path());
            let path = folder.path().to_str().unwrap().to_owned();
            fs::write(folder.path().join("main.cf"), main_cf(&path)).unwrap();
            fs::write(folder.path().join("master.cf"), master_cf(ports)).unwrap();
            let machine = Machine::start("postfix", &["postfix", "postdrop"], SCRIPT, &folder)?;
            Ok(Self { _machine: machine, root, ports: ports.to_vec(), folder })
        })
    }

    fn port(&self, service: &str) -> u16 {
        let at = SERVICES.iter().position(|(name, _)| *name == service);
        self.ports[at.unwrap_or(SERVICES.len())]
    }

    fn mailboxes(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Sends to one recipient that there is, one that there is not, and another that there is.
    async fn send(&self, service: &str, need: Need, message: &[u8]) -> Report {
        let recipients = recipients(service);
        let port = self.port(service);
        letter::send(To { port, root: &self.root, need, recipients: &recipients }, message).await
    }

    /// The message has arrived at those that there are, and the third was refused.
    fn assert_taken(&self, service: &str, report: &Report, message: &[u8]) -> String {
        let [first, _, last] = recipients(service);
        delivered(report, 0);
        delivered(report, 2);
        let (word, said) = refusal(report, 1);
        assert!(word == "refused" && said.starts_with("550"), "{service}: {word} {said}");
        assert_arrived(&self.mailboxes(), &first, message);
        assert_arrived(&self.mailboxes(), &last, message)
    }

    /// What it notes of TLS in the message is what is noted here.
    fn assert_same_tls(report: &Report, added: &str) {
        let tls = connection(report).tls.as_ref().unwrap();
        assert!(added.contains(&format!("(using {} with cipher ", tls.version)), "{tls:?} {added}");
        if let Some(cipher) = tls.cipher_suite.strip_prefix("TLS13_") {
            assert!(added.contains(&format!("cipher TLS_{cipher} ")), "{tls:?} {added}");
        }
    }
}

fn recipients(service: &str) -> [String; 3] {
    [format!("{service}-a"), "nobody".to_owned(), format!("{service}-b")]
}

fn main_cf(folder: &str) -> String {
    let names = SERVICES.iter().map(|(name, _)| *name).chain(["postscreen"]);
    let mailboxes: String = names
        .flat_map(|name| ["a", "b"].map(|which| format!("{name}-{which}")))
        .map(|name| format!(" {{ {name}@{DOMAIN} = {name}/ }}"))
        .collect();
    format!(
        "compatibility_level = 3.6
myhostname = {host}
mydestination =
mynetworks =
alias_maps =
inet_protocols = ipv4
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_chain_files = {folder}/key.pem, {folder}/chain.pem
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtpd_client_connection_count_limit = 0
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{{mailboxes} }}
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
",
        host = keys::HOST
    )
}

fn master_cf(ports: &[u16]) -> String {
    let (postscreen, ports) = ports.split_last().unwrap();
    let mut text: String = SERVICES
        .iter()
        .zip(ports)
        .map(|((_, options), port)| service(*port, "smtpd", "-", options))
        .collect();
    text.push_str(&service(*postscreen, "postscreen", "1", POSTSCREEN));
    text + MASTER
}

fn service(port: u16, program: &str, limit: &str, options: &[&str]) -> String {
    let options: String = options.iter().map(|option| format!("  -o {option}\n")).collect();
    format!("127.0.0.1:{port} inet n - n - {limit} {program}\n{options}")
}

/// A test with the message that is hardest to carry, over TLS with an authenticated server.
async fn taken_over_tls(service: &str, version: &str) -> Report {
    let (postfix, message) = (Postfix::shared(), eight_bit());
    let report = postfix.send(service, Need::Authenticate, &message).await;
    let added = postfix.assert_taken(service, &report, &message);
    assert_eq!(delivered(&report, 0), Assurance::Pkix);
    assert_eq!(connection(&report).tls.as_ref().unwrap().version, version);
    Postfix::assert_same_tls(&report, &added);
    report
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_message_arrives_as_it_was_and_each_recipient_has_an_answer() {
    let report = taken_over_tls("plain", "TLSv1.3").await;
    assert_eq!(report.tries[0].connections.len(), 1);
    assert_eq!(connection(&report).greeting_name.as_deref(), Some(keys::HOST));
    assert_eq!(connection(&report).downgrade, None);
    assert!(refusal(&report, 1).1.starts_with("550 5.1.1 "), "{report:?}");
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn each_version_of_tls_is_spoken() {
    taken_over_tls("tls12", "TLSv1.2").await;
    taken_over_tls("tls13", "TLSv1.3").await;
    taken_over_tls("no-tickets", "TLSv1.3").await;
    taken_over_tls("required", "TLSv1.3").await;
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_server_that_asks_for_a_certificate_gets_none_and_takes_the_mail() {
    taken_over_tls("asks-certificate", "TLSv1.3").await;
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_server_that_demands_a_certificate_gets_no_mail_and_none_in_clear() {
    // It finishes the handshake, and says 421 to the EHLO inside TLS.
    let postfix = Postfix::shared();
    for need in Need::ALL {
        let report = postfix.send("demands-certificate", need, &seven_bit()).await;
        assert_eq!(failure(&report), "service-closing", "{need:?}: {report:?}");
        assert_eq!(report.tries[0].connections.len(), 1);
        assert!(connection(&report).tls.is_some());
    }
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_server_without_tls_gets_mail_only_where_that_is_allowed() {
    let (postfix, message) = (Postfix::shared(), seven_bit());
    for (service, reason) in [("no-tls", "starttls-not-offered"), ("no-key", "tls-failed")] {
        for need in [Need::Encrypt, Need::Authenticate] {
            let report = postfix.send(service, need, &message).await;
            assert_eq!(failure(&report), reason, "{service}");
        }
        let report = postfix.send(service, Need::Opportunistic, &message).await;
        let added = postfix.assert_taken(service, &report, &message);
        assert_eq!(delivered(&report, 0), Assurance::Clear);
        let because = connection(&report).clear_because.as_ref().unwrap();
        assert_eq!(because.reason.word(), reason);
        assert!(!added.contains("(using TLS"), "{added}");
    }
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn starttls_that_is_not_listed_and_does_not_work_is_no_leave_to_go_on() {
    let (postfix, message) = (Postfix::shared(), seven_bit());
    let report = postfix.send("hides-starttls", Need::Authenticate, &message).await;
    assert_eq!(failure(&report), "starttls-not-offered");
    let label = connection(&report).downgrade.map(|label| label.to_string());
    assert_eq!(label.as_deref(), Some("absent"));
    let report = postfix.send("hides-starttls", Need::Opportunistic, &message).await;
    postfix.assert_taken("hides-starttls", &report, &message);
    assert_eq!(delivered(&report, 0), Assurance::Clear);
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_server_without_extensions_is_enough() {
    taken_over_tls("bare", "TLSv1.3").await;
    taken_over_tls("no-chunking", "TLSv1.3").await;
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn eight_bits_go_only_where_they_are_offered() {
    let postfix = Postfix::shared();
    let report = postfix.send("seven-bit", Need::Authenticate, &eight_bit()).await;
    let (word, said) = refusal(&report, 0);
    assert!(word == "refused" && said.contains("8BITMIME"), "{word} {said}");
    let message = seven_bit();
    let report = postfix.send("seven-bit", Need::Authenticate, &message).await;
    postfix.assert_taken("seven-bit", &report, &message);
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_message_over_the_limit_is_refused_before_or_after_it_was_sent() {
    let postfix = Postfix::shared();
    let report = postfix.send("small", Need::Authenticate, &seven_bit()).await;
    let (word, said) = refusal(&report, 0);
    assert!(word == "refused" && said.contains("larger than the server takes"), "{said}");
    let report = postfix.send("small-unsaid", Need::Authenticate, &seven_bit()).await;
    let (word, said) = refusal(&report, 0);
    assert!(word == "refused" && said.starts_with("552 5.3.4 "), "{word} {said}");
    let message = short();
    let report = postfix.send("small", Need::Authenticate, &message).await;
    postfix.assert_taken("small", &report, &message);
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn soft_errors_leave_a_recipient_in_the_queue() {
    let (postfix, message) = (Postfix::shared(), seven_bit());
    let report = postfix.send("soft-bounce", Need::Authenticate, &message).await;
    delivered(&report, 0);
    let (word, said) = refusal(&report, 1);
    assert!(word == "deferred" && said.starts_with("450 4.1.1 "), "{word} {said}");
    let report = postfix.send("slow-on-errors", Need::Authenticate, &message).await;
    postfix.assert_taken("slow-on-errors", &report, &message);
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_server_that_leaves_after_an_error_bounces_nobody_else() {
    let postfix = Postfix::shared();
    let report = postfix.send("ends-on-errors", Need::Authenticate, &seven_bit()).await;
    for recipient in [0, 2] {
        let (word, said) = refusal(&report, recipient);
        assert_eq!(word, "deferred", "{said}: {report:?}");
    }
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_server_that_takes_one_recipient_at_a_time_gets_the_message_more_often() {
    let (postfix, message) = (Postfix::shared(), seven_bit());
    let report = postfix.send("one-recipient", Need::Authenticate, &message).await;
    postfix.assert_taken("one-recipient", &report, &message);
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_strict_server_finds_nothing_wrong() {
    taken_over_tls("strict", "TLSv1.3").await;
    taken_over_tls("disabled-verbs", "TLSv1.3").await;
}

#[test]
#[ignore = "needs root and Postfix"]
fn chunks_behind_grouped_commands_arrive_and_the_offer_inside_tls_is_read() {
    let (postfix, message) = (Postfix::shared(), eight_bit());
    let (port, recipients) = (postfix.port("chunks"), recipients("chunks"));
    let said = send_in_chunks(port, &postfix.root, Begin::StartTls, &recipients, &message);
    assert_eq!(said.answers, [250, 250, 550, 250, 250, 250]);
    assert_arrived(&postfix.mailboxes(), "chunks-a", &message);
    assert_arrived(&postfix.mailboxes(), "chunks-b", &message);
    // Behind TLS it offers all that it has but STARTTLS.
    let mut offers: Vec<_> = said.capabilities.keywords().iter().map(Keyword::name).collect();
    offers.sort_unstable();
    let known = ["8BITMIME", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "PIPELINING", "SIZE"];
    assert_eq!(offers, [&known[..], &["SMTPUTF8"]].concat());
    assert_eq!(said.capabilities.size(), SizeLimit::Octets(NonZeroU64::new(10_240_000).unwrap()));
}

#[tokio::test]
#[ignore = "needs root and Postfix"]
async fn a_greeting_in_two_parts_is_waited_for() {
    let (postfix, message) = (Postfix::shared(), seven_bit());
    // The first visit is one long test, and ends with a refusal for now.
    let report = postfix.send("postscreen", Need::Authenticate, &message).await;
    let (word, said) = refusal(&report, 0);
    assert!(word == "deferred" && said.starts_with("450 4.3.2 "), "{word} {said}: {report:?}");
    let log = wait_for("PASS NEW", || {
        let log = postfix.log();
        log.contains("PASS NEW").then_some(log)
    });
    for complaint in ["PREGREET", "PIPELINING", "BARE NEWLINE", "NON-SMTP"] {
        assert!(!log.contains(complaint), "{log}");
    }
    let report = postfix.send("postscreen", Need::Authenticate, &message).await;
    postfix.assert_taken("postscreen", &report, &message);
}
