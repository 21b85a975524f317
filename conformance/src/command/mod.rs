//! The subcommands.

pub(crate) mod coverage;
pub(crate) mod run;
pub(crate) mod seeds;
pub(crate) mod testee;

use core::error::Error;
use std::process::ExitCode;

/// What a subcommand comes to: an exit status, or why it could not do its work.
pub(crate) type Outcome = Result<ExitCode, Box<dyn Error>>;
