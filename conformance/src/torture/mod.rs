//! A hostile SMTP server that follows scripts: for clients that say they do STARTTLS.
//!
//! A [`Script`] is plain data: what the server sends and in which cuts, what it waits for, where TLS
//! begins or breaks, and the verdict that the RFCs ask for from a client that goes on without TLS if
//! need be, that needs TLS, or that needs an authenticated server. A [`Server`] plays scripts to
//! whoever connects and tells what the client did. Behind the hostile part it goes on as an ordinary
//! server, so that a client that should have left is seen to stay.
//!
//! ```
//! use conformance::torture::{Verdict, scripts};
//!
//! let all = scripts();
//! let script = all.iter().find(|script| script.id == "gap/one-reply-behind-220").unwrap();
//! assert_eq!(script.expected.opportunistic.verdict, Verdict::Refused);
//! ```

mod draft;
mod keys;
mod player;
mod script;
mod scripts;
mod serve;
mod server;
mod visit;
mod wire;

pub use keys::Keys;
pub use script::{
    ByRequirement, Certificate, ClientAuth, Evidence, Expected, MailFate, Script, Step, Tls,
    Verdict,
};
pub use scripts::scripts;
pub use server::{Event, Server};
pub use visit::{Channel, End, Line, SeenTls, Visit};

/// The name under which the server greets, and for which its honest certificate is.
pub const HOST: &str = "mx.torture.test";
