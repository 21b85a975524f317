//! Domains without a policy: opportunistic TLS.

use super::plan::{Certificate, HostPlan, Plan};
use super::{Expected, Security};
use crate::lab::dns::Signing;
use crate::lab::smtp::{Behaviour, StartTls};

const fn starttls(starttls: StartTls) -> Option<Behaviour> {
    Some(Behaviour { starttls, ..Behaviour::DEFAULT })
}

pub(super) const DOMAINS: &[Plan] = &[
    Plan {
        domain: "plain.test",
        title: "no STARTTLS",
        what_it_shows: "The server does not offer STARTTLS, and no policy asks for it: the message \
            goes in the clear.",
        zones: &[("plain.test", Signing::Unsigned)],
        mx: &[(10, "mx.plain.test")],
        hosts: &[HostPlan {
            name: "mx.plain.test",
            server: starttls(StartTls::Absent),
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.plain.test", Security::Plaintext)
            .reporting("starttls-not-supported"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "self-signed.test",
        title: "self-signed certificate",
        what_it_shows: "STARTTLS with a certificate that nobody vouches for: without a policy this \
            still keeps passive listeners out.",
        zones: &[("self-signed.test", Signing::Unsigned)],
        mx: &[(10, "mx.self-signed.test")],
        hosts: &[HostPlan {
            name: "mx.self-signed.test",
            certificate: Certificate::SELF_SIGNED,
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.self-signed.test", Security::Unauthenticated),
        ..Plan::NOTHING
    },
    Plan {
        domain: "masked.test",
        title: "STARTTLS overwritten, no policy",
        what_it_shows: "A middlebox overwrites STARTTLS by XXXXXXXA. Without a policy the sender \
            cannot tell this from a server without TLS; it can only report it.",
        zones: &[("masked.test", Signing::Unsigned)],
        mx: &[(10, "mx.masked.test")],
        hosts: &[HostPlan {
            name: "mx.masked.test",
            server: starttls(StartTls::Masked),
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.masked.test", Security::Plaintext)
            .reporting("starttls-not-supported"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "unavailable.test",
        title: "STARTTLS answered 454, no policy",
        what_it_shows: "The offer is there but the command is refused for now: a new connection \
            takes the message in the clear.",
        zones: &[("unavailable.test", Signing::Unsigned)],
        mx: &[(10, "mx.unavailable.test")],
        hosts: &[HostPlan {
            name: "mx.unavailable.test",
            server: starttls(StartTls::Unavailable),
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.unavailable.test", Security::Plaintext)
            .reporting("starttls-not-supported"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "broken-tls.test",
        title: "handshake fails, no policy",
        what_it_shows: "The handshake ends in an alert: a new connection takes the message in the \
            clear.",
        zones: &[("broken-tls.test", Signing::Unsigned)],
        mx: &[(10, "mx.broken-tls.test")],
        hosts: &[HostPlan {
            name: "mx.broken-tls.test",
            server: starttls(StartTls::Broken),
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.broken-tls.test", Security::Plaintext)
            .reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "injected.test",
        title: "plaintext behind the 220, no policy",
        what_it_shows: "Somebody puts a reply of his own behind the 220 to STARTTLS. This is an \
            attack and not a fault: the connection is given up, and there is no retry in the clear.",
        zones: &[("injected.test", Signing::Unsigned)],
        mx: &[(10, "mx.injected.test")],
        hosts: &[HostPlan {
            name: "mx.injected.test",
            server: starttls(StartTls::Injected(INJECTED)),
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "second-mx.test",
        title: "first MX down",
        what_it_shows: "Nothing listens at the first MX host; the second one takes the message.",
        zones: &[("second-mx.test", Signing::Unsigned)],
        mx: &[(20, "mx2.second-mx.test"), (10, "mx1.second-mx.test")],
        hosts: &[
            HostPlan { name: "mx1.second-mx.test", server: None, ..HostPlan::HONEST },
            HostPlan { name: "mx2.second-mx.test", ..HostPlan::HONEST },
        ],
        expected: Expected::delivered("mx2.second-mx.test", Security::Unauthenticated),
        ..Plan::NOTHING
    },
    Plan {
        domain: "implicit-mx.test",
        title: "no MX records",
        what_it_shows: "Without MX records the domain is its own mail host (RFC 5321 section 5.1).",
        zones: &[("implicit-mx.test", Signing::Unsigned)],
        hosts: &[HostPlan { name: "implicit-mx.test", ..HostPlan::HONEST }],
        expected: Expected::delivered("implicit-mx.test", Security::Unauthenticated),
        ..Plan::NOTHING
    },
];

/// A reply that a client which reads on inside TLS would take for the answer to its EHLO.
pub(super) const INJECTED: &str = "250-mx.injected.test\r\n250 AUTH PLAIN\r\n";
