//! The whole policy, from DNS to verdict, beside Postfix: both deliver to the same domains, in namespaces
//! with signed zones, a validating resolver at port 53 and mail servers at port 25.
//!
//! It needs root, for the namespaces, and Debian's `postfix` package: installed, or unpacked in
//! `target/peers/postfix`, where `./test` puts it. Nothing is installed and no trace is left.
#![cfg(all(feature = "domain", feature = "hickory", feature = "https"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub
)]

mod cases;
mod deliver;
mod mta;
mod namespace;
mod network;
#[path = "../signed_dns/mod.rs"]
mod signed_dns;

use core::fmt;
use core::net::Ipv4Addr;

use cases::Case;
use network::Network;

/// How a message to a domain ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// Delivered to a server that its TLSA records authenticate.
    Authenticated,
    /// The same, but whether it is a server of the domain is not proven: its MX records are insecure.
    HalfAuthenticated,
    /// Delivered over TLS, and nobody checked to whom.
    Encrypted,
    /// Delivered in clear.
    Clear,
    /// Kept in the queue.
    Deferred,
    /// Back to its sender.
    Refused,
}

impl End {
    /// What it is where DANE is mandatory: whatever else would do waits (RFC 7672 section 6).
    const fn under(self, level: Level) -> Self {
        match (level, self) {
            (Level::Opportunistic, end) => end,
            (Level::Mandatory, Self::Authenticated | Self::Refused) => self,
            (Level::Mandatory, _) => Self::Deferred,
        }
    }
}

/// Whether mail may go without DANE where it does not apply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    Opportunistic,
    Mandatory,
}

impl Level {
    /// The recipient in each domain by whom Postfix tells the level.
    pub const fn recipient(self) -> &'static str {
        match self {
            Self::Opportunistic => "postmaster",
            Self::Mandatory => "mandatory",
        }
    }
}

/// An end, and the address of the server that took the message.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Ended {
    pub end: End,
    pub at: Option<Ipv4Addr>,
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{:?} at {at}", self.end),
            None => write!(f, "{:?}", self.end),
        }
    }
}

#[test]
#[ignore = "needs root and Debian's Postfix packages"]
fn the_whole_policy_beside_postfix() {
    if !namespace::is_inside() {
        return namespace::run_inside("the_whole_policy_beside_postfix");
    }
    let cases = cases::all();
    assert!(cases.len() >= 30, "{} domains", cases.len());
    namespace::prepare();
    let network = Network::start(&cases);
    let postfix = mta::deliver(&cases);

    let mut wrong = Vec::new();
    for level in [Level::Opportunistic, Level::Mandatory] {
        let by_ad_bit = deliver::by_ad_bit(&cases, level, network.resolver());
        let anchor = network.anchor();
        let validated = deliver::validated(&cases, level, network.resolver(), anchor);
        for (number, case) in cases.iter().enumerate() {
            let mut compare = |who: &str, found: &Ended, expected: Ended| {
                if *found != expected {
                    let Case { name, what, .. } = case;
                    let text = format!("{level:?}: {who}: {found:?}, expected {expected:?}");
                    wrong.push(format!("{name} ({what}): {text}"));
                }
            };
            let expected = network.expected(number, case, level);
            compare("by the AD bit", &by_ad_bit[number], expected);
            compare("validated here", &validated[number], expected);
            let theirs = |(end, _): (End, _)| network.ended(number, end.under(level));
            let theirs = case.postfix.map_or(expected, theirs);
            compare("postfix", &postfix(level, case), theirs);
        }
    }
    for case in &cases {
        if let Some((end, why)) = case.postfix {
            assert_ne!(end, case.end, "{}: no difference to give a reason for", case.name);
            println!("{}: {:?} here, {end:?} there: {why}", case.name, case.end);
        }
    }
    println!("{} domains, two levels", cases.len());
    assert!(wrong.is_empty(), "\n{}\n{}", wrong.join("\n"), mta::log());
}
