//! The command line of `deliver`.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Delivers mail as an outbound mail server would, with DANE, MTA-STS and STARTTLS, and shows what
/// was found and decided.
///
/// Without `--to` it starts the lab, a small Internet on loopback, in its own process and delivers
/// one message to every domain there; it fails if one verdict is not the expected one.
///
/// With `--to` it delivers a message to a real destination.
#[derive(Debug, Parser)]
#[command(
    name = "deliver",
    after_help = "Exit status:\n  0   all delivered (lab: every verdict as expected)\n  1   lab: a \
                  verdict is not the expected one\n  64  wrong usage, an address that is none\n  65  \
                  the message cannot be sent as it is\n  66  a file cannot be read\n  69  refused for \
                  good by or for a recipient\n  70  the lab could not be started\n  75  deferred: \
                  nothing wrong for good, try again later"
)]
pub(crate) struct Args {
    /// The sender's address; `<>` for the empty one of a bounce.
    #[arg(long, value_name = "ADDRESS", requires = "to")]
    pub(crate) from: Option<String>,

    /// A recipient's address; may be given several times.
    #[arg(long, value_name = "ADDRESS", requires = "from")]
    pub(crate) to: Vec<String>,

    /// The message, header and body; standard input if absent or `-`.
    #[arg(long, value_name = "FILE", requires = "to")]
    pub(crate) message: Option<PathBuf>,

    /// The message has the line ends of Unix: send CRLF for LF.
    #[arg(long, requires = "to")]
    pub(crate) unix_line_ends: bool,

    /// A validating resolver whose AD bit is trusted. Without it, answers are validated in this
    /// process.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "to")]
    pub(crate) dns: Option<SocketAddr>,

    /// Trust the AD bit of a resolver that is not on loopback: whoever is in the path can forge it.
    #[arg(long, requires = "dns")]
    pub(crate) danger_trust_remote_dns: bool,

    /// The plain resolver that validation in this process asks, in place of those of
    /// /etc/resolv.conf.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "to", conflicts_with = "dns")]
    pub(crate) upstream: Option<SocketAddr>,

    /// DS or DNSKEY records to trust, as in a zone file, in place of those of the root zone.
    #[arg(long, value_name = "FILE", requires = "to", conflicts_with = "dns")]
    pub(crate) trust_anchor: Option<PathBuf>,

    /// Root certificates in PEM, in place of those of the system.
    #[arg(long, value_name = "FILE", requires = "to")]
    pub(crate) roots: Option<PathBuf>,

    /// The port of SMTP.
    #[arg(long, value_name = "N", default_value_t = 25, requires = "to")]
    pub(crate) port: u16,

    /// The port of HTTPS on policy hosts, for tests.
    #[arg(long, value_name = "N", default_value_t = 443, requires = "to")]
    pub(crate) https_port: u16,

    /// The name by which this host greets; its own host name if absent.
    #[arg(long, value_name = "NAME")]
    pub(crate) ehlo: Option<String>,

    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}
