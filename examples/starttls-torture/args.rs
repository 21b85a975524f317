//! The command line.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// A hostile SMTP server for judging any SMTP client that does STARTTLS.
///
/// Each script is one way to be hostile, or honest in an unusual way. A client that connects gets the
/// next script; connections that follow one another within the settling time belong to the same try
/// and get the same script. What the client did is printed, and for each requirement what the RFCs ask
/// for; the comparison is left to the reader.
///
/// Exit status: 0 all scripts played, 1 no client came in time, 64 wrong usage or an unknown script,
/// 69 the address cannot be listened at, 70 the server could not be made, 73 output cannot be written.
#[derive(Debug, Parser)]
#[command(name = "starttls-torture", version)]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one, which is printed.
    #[arg(long, default_value = "127.0.0.1:2525", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,
    /// Play this script only; may be given more than once.
    #[arg(long = "script", value_name = "ID")]
    pub(crate) scripts: Vec<String>,
    /// List the scripts and end.
    #[arg(long)]
    pub(crate) list: bool,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// The name in the honest certificate.
    #[arg(long, default_value = conformance::torture::HOST, value_name = "NAME")]
    pub(crate) name: String,
    /// Write the root certificate here, as PEM, for clients that are to trust the server.
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Option<PathBuf>,
    /// How long after a connection another one still belongs to the same try.
    #[arg(long, default_value_t = 2000, value_name = "MILLISECONDS")]
    pub(crate) settle: u64,
    /// Give up if no client comes for so long; without it, wait for ever.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}
