//! The server: in clear, across the upgrade, inside TLS.

mod answer;
mod command;
mod config;
mod session;
mod text;
mod types;
mod unstuff;
mod upgrade;

pub use command::Command;
pub use config::{ClearUse, ServerConfig, TlsOffer};
pub use session::Server;
pub use text::{ReplyText, ReplyTextError, ServerReply};
pub use types::{AnswerError, InClear, InTls, ServerAction, ServerChannel, ServerEnd};
pub use unstuff::{DotUnstuffer, MessageBroken, Unstuffed};
pub use upgrade::{ServerUpgrade, ServerUpgradeError};
