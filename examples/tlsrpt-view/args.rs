//! The command line of `tlsrpt-view`.

use std::path::PathBuf;

use clap::Parser;

/// Shows what TLS reports (RFC 8460) say about one's mail domains.
///
/// Reads reports as JSON or gzip, mail that carries them, and Maildir folders of such mail. Reports
/// are shown as what they are, claims: nothing here verifies who sent them.
#[derive(Debug, Parser)]
#[command(
    name = "tlsrpt-view",
    after_help = "Exit status:\n  0   all files were read\n  1   some files or reports could not be \
                  read\n  2   none could be read\n  64  wrong usage\n  73  the output could not be \
                  written"
)]
pub(crate) struct Args {
    /// Reports as JSON or gzip, mail, or Maildir folders.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Print one JSON object, in ASCII.
    #[arg(long)]
    pub(crate) json: bool,

    /// Write a page that stands alone: no script, nothing from elsewhere.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}
