//! The command line of `tlsa`.

use core::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use dane::{Name, Tlsa};

use crate::kind::RecordKind;
use crate::network::Network;

const EXIT_STATUS: &str = "\
Exit status:
  0   done; check: senders that obey DANE authenticate every server
  1   check: they do not, or will not for long, or mail does not go there: see the findings
  64  wrong usage
  65  what a file holds is no certificate or key, or has no such record
  66  a file cannot be read
  69  check: a server cannot be reached at one of its addresses, or does not get as far as TLS
  75  check: a DNS look-up failed, try again later
  76  check: a DNS answer failed DNSSEC validation, and will until its zone is mended
Of several hosts and addresses the worst counts, in the order 1, 76, 69, 75. An address to which this
machine has no route counts only if there is no other.";

/// Makes TLSA records, holds them against what a server sends, and plans a change of certificates.
#[derive(Debug, Parser)]
#[command(name = "tlsa", after_help = EXIT_STATUS)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints the records of a certificate, a chain or a key.
    Make(Make),
    /// Connects to a server, or to all that take a domain's mail, at each of their addresses, and holds
    /// what they send against their records.
    #[command(after_help = EXIT_STATUS)]
    Check(Box<Check>),
    /// Prints which records must stand when, while a server's certificate, CA or records change.
    Rollover(Rollover),
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Make {
    /// In PEM: a certificate, a chain with the server's certificate first, a public or private key.
    pub(crate) file: PathBuf,

    /// Usage, selector and matching type; may be given several times.
    #[arg(long, value_name = "U S M", default_value = "3 1 1")]
    pub(crate) record: Vec<RecordKind>,

    /// Which certificate of a chain, 0 being the first; if absent, the first one for usages 1 and 3, the
    /// last one for usages 0 and 2.
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<usize>,

    /// Make records of usages 0 and 2 also of a certificate that is no CA's. Clients find nothing that
    /// matches them, and keep the mail.
    #[arg(long)]
    pub(crate) danger_no_ca: bool,

    #[command(flatten)]
    pub(crate) owner: Owner,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where records stand.
#[derive(ClapArgs, Debug)]
pub(crate) struct Owner {
    /// The host, for lines as in a zone file; without it the data alone is printed.
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) host: Option<Name>,

    /// The port of the service.
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Check {
    /// The host: the name in the MX record. Without it, all hosts that take the domain's mail.
    #[arg(value_parser = name, required_unless_present = "domain")]
    pub(crate) host: Option<Name>,

    /// The port that is connected to, and the port of the records.
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,

    /// How TLS begins; if absent, at once at port 465, else after STARTTLS.
    #[arg(long, value_enum)]
    pub(crate) tls: Option<Tls>,

    /// Connect to this address in place of the host's own.
    #[arg(long, value_name = "ADDRESS", requires = "host")]
    pub(crate) address: Option<IpAddr>,

    /// The domain whose mail is concerned: its MX records are asked for. Where they are secure, its name
    /// may stand in the certificate too (RFC 7672 section 3.2.2). With --record they are taken to be so.
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) domain: Option<Name>,

    /// Take this record, and do not ask the DNS for any; may be given several times.
    #[arg(long, value_name = "U S M DATA", requires = "host")]
    pub(crate) record: Vec<Tlsa>,

    /// What the server is to send next, a certificate or chain in PEM, or its public or private key: is
    /// it published already? Of a key, only records 3 1 x tell.
    #[arg(long, value_name = "FILE")]
    pub(crate) next: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) dns: Dns,

    /// The name by which to greet the server.
    #[arg(long, value_name = "NAME", default_value = "localhost.localdomain")]
    pub(crate) ehlo: String,

    /// Seconds for each DNS question, and for the connection with its TLS handshake.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) time_limit: u64,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whom to ask for records and addresses.
#[derive(ClapArgs, Debug)]
pub(crate) struct Dns {
    /// A validating resolver whose AD bit is trusted. Without it, answers are validated in this
    /// process.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "record")]
    pub(crate) dns: Option<SocketAddr>,

    /// Trust the AD bit of a resolver that is not on loopback: whoever is in the path can forge it.
    #[arg(long, requires = "dns")]
    pub(crate) danger_trust_remote_dns: bool,

    /// The plain resolver that validation in this process asks, in place of those of
    /// /etc/resolv.conf.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with_all = ["dns", "record"])]
    pub(crate) upstream: Option<SocketAddr>,

    /// DS or DNSKEY records to trust, as in a zone file, in place of those of the root zone.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dns", "record"])]
    pub(crate) trust_anchor: Option<PathBuf>,
}

impl Dns {
    pub(crate) fn network(&self) -> Network<'_> {
        Network {
            dns: self.dns,
            danger_trust_remote_dns: self.danger_trust_remote_dns,
            upstream: self.upstream,
            trust_anchor: self.trust_anchor.as_deref(),
        }
    }
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Tls {
    /// After the command STARTTLS of SMTP.
    Starttls,
    /// At once.
    Implicit,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Rollover {
    /// The chain that the server sends now, its own certificate first, in PEM; or its public or private
    /// key.
    #[arg(long, alias = "old", value_name = "FILE", required_unless_present = "first")]
    pub(crate) old_chain: Option<PathBuf>,

    /// The chain that it is to send, or the key that it is to have: its record can be published before
    /// there is a certificate.
    #[arg(long, alias = "new", value_name = "FILE", required_unless_present = "withdraw")]
    pub(crate) new_chain: Option<PathBuf>,

    /// A record that stands now; may be given several times. If absent, the old certificate's 3 1 1.
    #[arg(long, value_name = "U S M DATA")]
    pub(crate) record: Vec<Tlsa>,

    /// Usage, selector and matching type of a record that is to stand in the end, made of the new chain;
    /// may be given several times. If absent, those of the records that stand now.
    #[arg(long, value_name = "U S M")]
    pub(crate) next: Vec<RecordKind>,

    /// No records stand now.
    #[arg(long, conflicts_with_all = ["record", "withdraw"])]
    pub(crate) first: bool,

    /// No records are to stand in the end.
    #[arg(long, conflicts_with = "next")]
    pub(crate) withdraw: bool,

    /// The time to live of the records, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(..=0x7fff_ffff))]
    pub(crate) ttl: u32,

    /// Seconds until all servers of the zone have a change.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub(crate) propagation: u32,

    #[command(flatten)]
    pub(crate) owner: Owner,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

fn name(text: &str) -> Result<Name, dane::NameError> {
    text.parse()
}
