//! The command line of `policy-host`.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Serves the MTA-STS policies of many domains over HTTPS.
///
/// The policy of a domain is the file POLICIES/DOMAIN.txt, its certificate chain and key the file
/// CERTIFICATES/DOMAIN.pem. Both are read again when they change. A file that cannot be used leaves
/// what was served before; a file that is removed ends it.
///
/// Write a new file beside and rename it, so that none is read by half. One that is written in place is taken
/// when it has not changed for a second.
#[derive(Debug, Parser)]
#[command(
    name = "policy-host",
    after_help = "Exit status:\n  0   --check: no error was found\n  1   --check: errors were found\n  \
                  64  wrong usage\n  66  a folder cannot be read, or the address cannot be used"
)]
pub(crate) struct Args {
    /// The folder of policies: DOMAIN.txt.
    #[arg(long, value_name = "POLICIES")]
    pub(crate) policies: PathBuf,

    /// The folder of certificates: DOMAIN.pem, the chain for mta-sts.DOMAIN and its key.
    #[arg(long, value_name = "CERTIFICATES")]
    pub(crate) certificates: PathBuf,

    /// Where to listen.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "[::]:443")]
    pub(crate) listen: SocketAddr,

    /// Only read the files and print what is found.
    #[arg(long)]
    pub(crate) check: bool,

    /// Root certificates in PEM by which to judge the certificates, in place of those of the system.
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,

    /// Ask this resolver what the domains publish now, in place of the system's first one if no address is
    /// given: MX hosts against the mx lines, the records of MTA-STS and TLSRPT, the policy host.
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1)]
    pub(crate) dns: Option<Option<SocketAddr>>,

    /// Connections at a time; further ones wait.
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,

    /// Seconds that a connection may last in all. Senders give up after 60.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) time_limit: u64,
}
