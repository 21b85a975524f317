//! The client: in clear, across the upgrade, inside TLS.

mod banner;
mod clear;
mod config;
mod facts;
mod hello;
mod notice;
mod observation;
mod outcome;
mod reuse;
mod sealed;
mod session;
mod upgrade;
mod wait;

pub use banner::BannerName;
pub use clear::Clear;
pub use config::{ClearNotAllowed, Config, FirstLine, MessageNeed, MxTrust, Protocol, Requirement};
pub use facts::{TlsFacts, TlsFailure, TlsVersion, Verification, VerifiedBy};
pub use hello::HelloLine;
pub use notice::Notice;
pub use observation::{Listed, Observation};
pub use outcome::Outcome;
pub use reuse::{ReuseKey, Utf8Need};
pub use sealed::Sealed;
pub use session::{Action, Channel, Input, Session};
pub use upgrade::{PlaintextAfter220, Upgrade, UpgradeError};
pub use wait::{Phase, WaitLimit};
