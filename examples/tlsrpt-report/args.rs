//! The command line of `tlsrpt-report`.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use tlsrpt::{Reporter, UtcDay};

use crate::host_name::node_name;
use crate::network::Network;
use crate::stopped::Stopped;
use crate::store::Store;

/// Makes the daily SMTP TLS reports (RFC 8460) from what tlsrpt-collector has counted: as files, or sent to
/// the domains that ask for them.
///
/// For Postfix 3.10 and later, main.cf has smtp_tlsrpt_enable = yes and smtp_tlsrpt_socket_name = the socket
/// of tlsrpt-collector; then, once a day by a timer, or with --follow as a service:
///
///   tlsrpt-report --store sqlite:/var/lib/tlsrpt/counts.sqlite \
///       --organization "Example Ltd" --contact tls-reports@example.org \
///       send --log /var/lib/tlsrpt/sent.sqlite --relay 127.0.0.1:25 \
///       --dkim-key /etc/tlsrpt/dkim.pem --dkim-selector tlsrpt2026
#[derive(Debug, Parser)]
#[command(
    name = "tlsrpt-report",
    verbatim_doc_comment,
    after_help = "Exit status:\n  0   all was done\n  1   send: some reports were given up in this run, by each of their addresses\n  64  wrong usage\n  \
                  66  the store or a file cannot be read\n  69  send: another process works with this log\n  \
                  73  a file cannot be written\n  75  send: ended by a signal before all was done, or the store is away"
)]
pub(crate) struct Args {
    /// The collector's store: sqlite:FILE, postgres:CONNECTION, or @FILE with that text in it.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,

    /// Who reports: the organization's name.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    /// Who reports: a mail address. Its domain is the one that signs, and mail comes from the address.
    #[arg(long, value_name = "ADDRESS")]
    contact: Option<String>,

    /// The name of this node, by which the reports of nodes with counts of their own are told apart; an empty
    /// one is none. By default the host's name with sqlite:, and none with postgres:, from which any host
    /// makes the same reports.
    #[arg(long, value_name = "NAME")]
    node: Option<String>,

    #[command(subcommand)]
    pub(crate) what: What,
}

#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Write a day's reports into a folder.
    Files(Files),
    /// Send the reports of the last two days that are closed, and try again until each is taken or given up.
    Send(Box<Send>),
    /// Print what was sent, and what came of each attempt.
    Log(ShowLog),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Files {
    /// The folder. A file of the same name is replaced.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: PathBuf,

    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Gzip)]
    pub(crate) format: Format,

    /// The day, such as 2026-11-20; the last that is closed if absent.
    #[arg(long, value_name = "DAY")]
    pub(crate) day: Option<UtcDay>,

    #[command(flatten)]
    pub(crate) dkim: Dkim,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// JSON.
    Json,
    /// Gzipped JSON, as it is posted.
    Gzip,
    /// Mail, a file for each address of the record; signed if there is a key.
    Mail,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    /// Where it is kept what was sent: an SQLite file of this program's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,

    /// Hand mail to this server. Without it, mail goes to the MX hosts of the recipients.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) relay: Option<String>,

    /// Do not end when all is done, but go on with the next day. Without it the days are those that are
    /// closed at the start, and the run ends when each report is taken or given up, after a day or so at
    /// the latest, and not before the four hours of first attempts are over.
    #[arg(long)]
    pub(crate) follow: bool,

    /// Make first attempts at once, not spread over four hours.
    #[arg(long)]
    pub(crate) at_once: bool,

    /// The relay signs mail; without it a key is needed, because receivers ignore unsigned reports.
    #[arg(long, requires = "relay", conflicts_with = "dkim_key")]
    pub(crate) relay_signs: bool,

    #[command(flatten)]
    pub(crate) dkim: Dkim,

    /// A validating resolver whose AD bit is trusted. Without it, answers are validated in this
    /// process.
    #[arg(long, value_name = "ADDRESS:PORT")]
    dns: Option<SocketAddr>,

    /// Trust the AD bit of a resolver that is not on loopback: whoever is in the path can forge it.
    #[arg(long, requires = "dns")]
    danger_trust_remote_dns: bool,

    /// The plain resolver that validation in this process asks, in place of those of
    /// /etc/resolv.conf.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "dns")]
    upstream: Option<SocketAddr>,

    /// DS or DNSKEY records to trust, as in a zone file, in place of those of the root zone.
    #[arg(long, value_name = "FILE", conflicts_with = "dns")]
    trust_anchor: Option<PathBuf>,

    /// Root certificates in PEM, in place of those of the system.
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,

    /// Seconds that one attempt may take. The default is the longest single wait of SMTP.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=3600))]
    attempt_limit: u64,

    /// The port of SMTP at MX hosts, for tests.
    #[arg(long, value_name = "N", default_value_t = 25)]
    pub(crate) port: u16,

    /// The name by which this host greets; its own host name if absent.
    #[arg(long, value_name = "NAME")]
    pub(crate) ehlo: Option<String>,
}

impl Send {
    pub(crate) const fn attempt_limit(&self) -> Duration {
        Duration::from_secs(self.attempt_limit)
    }

    pub(crate) fn network(&self) -> Network<'_> {
        Network {
            dns: self.dns,
            danger_trust_remote_dns: self.danger_trust_remote_dns,
            upstream: self.upstream,
            trust_anchor: self.trust_anchor.as_deref(),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Dkim {
    /// The private key of the contact's domain, in PEM: RSA, or Ed25519 in PKCS#8.
    #[arg(long, value_name = "FILE", requires = "dkim_selector")]
    pub(crate) dkim_key: Option<PathBuf>,

    /// The selector under which the public key is published.
    #[arg(long, value_name = "NAME", requires = "dkim_key")]
    pub(crate) dkim_selector: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowLog {
    /// The file that `send` was given.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
}

impl Args {
    pub(crate) fn store(&self) -> Result<String, Stopped> {
        self.store.clone().ok_or_else(|| Stopped::new(64, "--store is missing"))
    }

    /// Who reports on the counts of this store.
    pub(crate) fn reporter(&self, store: &Store) -> Result<Reporter, Stopped> {
        let (Some(organization), Some(contact)) = (&self.organization, &self.contact) else {
            return Err(Stopped::new(64, "--organization and --contact tell who reports"));
        };
        let reporter = Reporter::new(organization, contact, &self.node(store)?);
        reporter.map_err(|error| Stopped::new(64, error))
    }

    /// A report has one id, whichever of the hosts that share its counts makes it (RFC 8460 section 4.4).
    fn node(&self, store: &Store) -> Result<String, Stopped> {
        match (self.node.as_deref(), store) {
            (Some(""), _) | (None, Store::Postgres(_)) => Ok(String::new()),
            (argument, _) => node_name(argument),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // checks: tlsrpt/J5
    #[test]
    fn rfc8460_4_4_hosts_that_share_a_store_have_no_names_by_default() {
        let shared = Store::open_existing("postgres:host=127.0.0.1 user=x").unwrap();
        let node = |more: &[&str]| {
            let args = [&["tlsrpt-report"], more, &["files", "--to", "x"]].concat();
            Args::try_parse_from(args).unwrap().node(&shared).map_err(|stopped| stopped.code)
        };
        assert_eq!(node(&[]), Ok(String::new()));
        assert_eq!(node(&["--node", ""]), Ok(String::new()));
        assert_eq!(node(&["--node", "a"]), Ok("a".to_owned()));
        assert_eq!(node(&["--node", &"a".repeat(255)]), Ok("a".repeat(255)));
        assert_eq!(node(&["--node", &"a".repeat(256)]), Err(64));
    }
}
