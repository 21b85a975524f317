//! Domains where the failure has nothing to do with TLS.

use hickory_proto::rr::RecordType;

use super::Expected;
use super::plan::{HostPlan, Plan};
use crate::lab::dns::{Fault, Signing};
use crate::lab::smtp::{Behaviour, Greeting, Message, Recipient};

pub(super) const DOMAINS: &[Plan] = &[
    Plan {
        domain: "null-mx.test",
        title: "null MX",
        what_it_shows: "The domain says that it takes no mail (RFC 7505).",
        zones: &[("null-mx.test", Signing::Unsigned)],
        mx: &[(0, ".")],
        expected: Expected::REFUSED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "no-such-domain.unsigned.test",
        title: "no such domain",
        what_it_shows: "NXDOMAIN: the message goes back.",
        zones: &[("unsigned.test", Signing::Unsigned)],
        expected: Expected::REFUSED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "no-such-domain.test",
        title: "no such domain, proved",
        what_it_shows: "The same in a signed zone, which proves it.",
        expected: Expected::REFUSED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "no-such-domain.compact.test",
        title: "no such domain, denied compactly",
        what_it_shows: "The zone says NOERROR, and that the name does not exist in the proof alone \
            (RFC 9824): no records and no address, so the message goes back.",
        zones: &[("compact.test", Signing::Signed)],
        expected: Expected::REFUSED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "mx-servfail.test",
        title: "MX look-up fails",
        what_it_shows: "SERVFAIL at the MX records: the message waits.",
        zones: &[("mx-servfail.test", Signing::Unsigned)],
        mx: &[(10, "mx.mx-servfail.test")],
        hosts: &[HostPlan { name: "mx.mx-servfail.test", ..HostPlan::HONEST }],
        faults: &[("mx-servfail.test", RecordType::MX, Fault::ServFail)],
        expected: Expected::DEFERRED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "mx-bogus.test",
        title: "bogus MX answer",
        what_it_shows: "The signature of the MX answer does not verify: no host of it is used.",
        zones: &[("mx-bogus.test", Signing::Signed)],
        mx: &[(10, "mx.mx-bogus.test")],
        hosts: &[HostPlan { name: "mx.mx-bogus.test", ..HostPlan::HONEST }],
        faults: &[("mx-bogus.test", RecordType::MX, Fault::Tampered)],
        expected: Expected::DEFERRED.reporting("dnssec-invalid"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "mx-down.test",
        title: "only MX down",
        what_it_shows: "Nothing listens at the only MX host.",
        zones: &[("mx-down.test", Signing::Unsigned)],
        mx: &[(10, "mx.mx-down.test")],
        hosts: &[HostPlan { name: "mx.mx-down.test", server: None, ..HostPlan::HONEST }],
        expected: Expected::DEFERRED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "greeting-554.test",
        title: "greeting 554",
        what_it_shows: "The only host has no service: another one might have been there, so the \
            message waits.",
        zones: &[("greeting-554.test", Signing::Unsigned)],
        mx: &[(10, "mx.greeting-554.test")],
        hosts: &[HostPlan {
            name: "mx.greeting-554.test",
            server: Some(Behaviour { greeting: Greeting::Refused, ..Behaviour::DEFAULT }),
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "rejected.test",
        title: "recipient rejected",
        what_it_shows: "550 to the recipient: the message goes back.",
        zones: &[("rejected.test", Signing::Unsigned)],
        mx: &[(10, "mx.rejected.test")],
        hosts: &[HostPlan {
            name: "mx.rejected.test",
            server: Some(Behaviour { recipient: Recipient::Rejected, ..Behaviour::DEFAULT }),
            ..HostPlan::HONEST
        }],
        expected: Expected::REFUSED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "greylisted.test",
        title: "recipient deferred",
        what_it_shows: "451 to the recipient: the message waits.",
        zones: &[("greylisted.test", Signing::Unsigned)],
        mx: &[(10, "mx.greylisted.test")],
        hosts: &[HostPlan {
            name: "mx.greylisted.test",
            server: Some(Behaviour { recipient: Recipient::Deferred, ..Behaviour::DEFAULT }),
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "closed.test",
        title: "connection lost within the message",
        what_it_shows: "The server goes away in the middle of the message: it waits.",
        zones: &[("closed.test", Signing::Unsigned)],
        mx: &[(10, "mx.closed.test")],
        hosts: &[HostPlan {
            name: "mx.closed.test",
            server: Some(Behaviour { message: Message::ClosedMidway, ..Behaviour::DEFAULT }),
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED,
        ..Plan::NOTHING
    },
];
