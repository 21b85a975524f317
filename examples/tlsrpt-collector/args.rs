//! The command line of `tlsrpt-collector`.

use core::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;

use crate::host_name::node_name;
use crate::stopped::Stopped;

/// Counts the TLS sessions that mail servers report to a Unix datagram socket, for SMTP TLS reports
/// (RFC 8460).
///
/// For Postfix 3.10 and later, put two lines into main.cf, where a name without a leading slash is below
/// the queue directory, and give that socket to this program:
///
///   smtp_tlsrpt_enable = yes
///   smtp_tlsrpt_socket_name = tlsrpt/tlsrpt.sock
///
///   tlsrpt-collector --socket /var/spool/postfix/tlsrpt/tlsrpt.sock \
///       --owner tlsrpt:postfix --mode 0660 --store sqlite:/var/lib/tlsrpt/counts.sqlite
///
/// tlsrpt-report makes and sends the reports from the same store. For the report daemon of another
/// maker, configure as its fetcher: tlsrpt-collector --store STORE --fetch
#[derive(Debug, Parser)]
#[command(
    name = "tlsrpt-collector",
    verbatim_doc_comment,
    after_help = "Exit status:\n  0   ended by SIGTERM or SIGINT, all counts saved; or --fetch has printed\n  \
                  64  wrong usage\n  66  the store cannot be used\n  69  the socket is in use or cannot be made\n  \
                  75  ended with counts that could not be saved"
)]
pub(crate) struct Args {
    /// The Unix datagram socket to make.
    #[arg(long, value_name = "PATH", required_unless_present = "fetch")]
    pub(crate) socket: Option<PathBuf>,

    /// The socket's mode, in octal digits. Who may write to the socket may report.
    #[arg(long, value_name = "MODE", default_value = "0660", value_parser = mode)]
    pub(crate) mode: u32,

    /// The socket's owner and group, by name or number.
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(crate) owner: Option<String>,

    /// Where counts are kept: sqlite:FILE, or postgres:CONNECTION, such as
    /// "postgres:host=/run/postgresql dbname=tlsrpt". @FILE takes this text from a file, so that a
    /// password does not show in the process list.
    #[arg(long, value_name = "STORE")]
    pub(crate) store: String,

    /// The name of this node; of the nodes of one database each has its own. By default the host's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<String>,

    /// Where metrics are served in Prometheus text, at /metrics; "none" for nowhere.
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = Listen::default(), value_parser = listen)]
    pub(crate) metrics: Listen,

    /// Bytes that the counters of one day may take.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    pub(crate) room: usize,

    /// Days that are kept in the store.
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(3..=3650))]
    pub(crate) keep: u32,

    /// Print the domains of a day, or the counts of one of them, as a fetcher; see above.
    #[arg(long, num_args = 1..=2, value_names = ["DAY", "DOMAIN"], conflicts_with = "socket")]
    pub(crate) fetch: Option<Vec<String>>,
}

impl Args {
    pub(crate) fn node(&self) -> Result<String, Stopped> {
        node_name(self.node.as_deref())
    }
}

/// Where to serve metrics, if anywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listen(pub(crate) Option<SocketAddr>);

impl Default for Listen {
    fn default() -> Self {
        Self(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9460))))
    }
}

impl core::fmt::Display for Listen {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("none"),
        }
    }
}

fn listen(text: &str) -> Result<Listen, String> {
    if text == "none" {
        return Ok(Listen(None));
    }
    let address = text.parse().map_err(|_| "neither an address with a port nor \"none\"")?;
    Ok(Listen(Some(address)))
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "not three octal digits".to_owned())
}
