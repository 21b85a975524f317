//! Domains with MTA-STS (RFC 8461).

use core::time::Duration;

use super::plain::INJECTED;
use super::plan::{Certificate, HostPlan, PagePlan, Plan, PolicyPlan, Reach};
use super::{CachedPolicy, Expected, Security};
use crate::lab::TlsVersions;
use crate::lab::dns::Signing;
use crate::lab::smtp::{Behaviour, StartTls};

macro_rules! policy {
    ($mode:literal, $($mx:literal),+) => {
        concat!(
            "version: STSv1\r\nmode: ", $mode, "\r\n", $("mx: ", $mx, "\r\n",)+
            "max_age: 604800\r\n"
        )
    };
}

pub(super) const DOMAINS: &[Plan] = &[
    Plan {
        domain: "sts.test",
        title: "MTA-STS enforced",
        what_it_shows: "The policy lists the MX host, and its certificate is good: the message goes \
            over an authenticated session.",
        zones: &[("sts.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts.test")],
        hosts: &[HostPlan { name: "mx.sts.test", ..HostPlan::HONEST }],
        policy: Some(PolicyPlan::serving(policy!("enforce", "mx.sts.test"))),
        expected: Expected::delivered("mx.sts.test", Security::MtaSts),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-wildcard.test",
        title: "MTA-STS with a wildcard, TLS 1.2",
        what_it_shows: "The pattern *.sts-wildcard.test allows the MX host; the server speaks TLS \
            1.2 alone, which is enough (RFC 8461 section 7.2).",
        zones: &[("sts-wildcard.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-wildcard.test")],
        hosts: &[HostPlan {
            name: "mx.sts-wildcard.test",
            server: Some(Behaviour { versions: TlsVersions::Only12, ..Behaviour::DEFAULT }),
            ..HostPlan::HONEST
        }],
        policy: Some(PolicyPlan::serving(policy!("enforce", "*.sts-wildcard.test"))),
        expected: Expected::delivered("mx.sts-wildcard.test", Security::MtaSts),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-signed.test",
        title: "MTA-STS in a signed zone",
        what_it_shows: "The zone is signed and proves that there are no TLSA records: DANE does not \
            apply, and the MTA-STS policy does.",
        zones: &[("sts-signed.test", Signing::Signed)],
        mx: &[(10, "mx.sts-signed.test")],
        hosts: &[HostPlan { name: "mx.sts-signed.test", ..HostPlan::HONEST }],
        policy: Some(PolicyPlan::serving(policy!("enforce", "mx.sts-signed.test"))),
        expected: Expected::delivered("mx.sts-signed.test", Security::MtaSts),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-none.test",
        title: "MTA-STS in mode none",
        what_it_shows: "The domain is leaving MTA-STS: as if it had no policy (RFC 8461 section \
            8.3).",
        zones: &[("sts-none.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-none.test")],
        hosts: &[HostPlan {
            name: "mx.sts-none.test",
            certificate: Certificate::SELF_SIGNED,
            ..HostPlan::HONEST
        }],
        policy: Some(PolicyPlan::serving(policy!("none", "mx.sts-none.test"))),
        expected: Expected::delivered("mx.sts-none.test", Security::Unauthenticated),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-masked.test",
        title: "MTA-STS, STARTTLS overwritten",
        what_it_shows: "A middlebox overwrites STARTTLS by XXXXXXXA, but the policy asks for TLS: \
            the message waits instead of going in the clear.",
        zones: &[("sts-masked.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-masked.test")],
        hosts: &[HostPlan {
            name: "mx.sts-masked.test",
            server: Some(Behaviour { starttls: StartTls::Masked, ..Behaviour::DEFAULT }),
            ..HostPlan::HONEST
        }],
        policy: Some(PolicyPlan::serving(policy!("enforce", "mx.sts-masked.test"))),
        expected: Expected::DEFERRED.reporting("starttls-not-supported"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-injected.test",
        title: "MTA-STS, plaintext behind the 220",
        what_it_shows: "As injected.test, under an enforced policy.",
        zones: &[("sts-injected.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-injected.test")],
        hosts: &[HostPlan {
            name: "mx.sts-injected.test",
            server: Some(Behaviour {
                starttls: StartTls::Injected(INJECTED),
                ..Behaviour::DEFAULT
            }),
            ..HostPlan::HONEST
        }],
        policy: Some(PolicyPlan::serving(policy!("enforce", "mx.sts-injected.test"))),
        expected: Expected::DEFERRED.reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-unlisted.test",
        title: "MTA-STS, MX not in the policy",
        what_it_shows: "Forged DNS leads to a host with a good certificate of its own, which the \
            policy does not list.",
        zones: &[("sts-unlisted.test", Signing::Unsigned), ("intruder.test", Signing::Unsigned)],
        mx: &[(10, "mx.intruder.test")],
        hosts: &[HostPlan { name: "mx.intruder.test", ..HostPlan::HONEST }],
        policy: Some(PolicyPlan::serving(policy!("enforce", "mx.sts-unlisted.test"))),
        expected: Expected::DEFERRED.reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-expired.test",
        title: "MTA-STS, expired certificate",
        what_it_shows: "The MX host's certificate has expired.",
        zones: &[("sts-expired.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-expired.test")],
        hosts: &[HostPlan {
            name: "mx.sts-expired.test",
            certificate: Certificate::EXPIRED,
            ..HostPlan::HONEST
        }],
        policy: Some(PolicyPlan::serving(policy!("enforce", "mx.sts-expired.test"))),
        expected: Expected::DEFERRED.reporting("certificate-expired"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-second-mx.test",
        title: "MTA-STS, second MX is good",
        what_it_shows: "The first MX host shows a self-signed certificate and is treated like one \
            that cannot be reached; the second takes the message.",
        zones: &[("sts-second-mx.test", Signing::Unsigned)],
        mx: &[(10, "mx1.sts-second-mx.test"), (20, "mx2.sts-second-mx.test")],
        hosts: &[
            HostPlan {
                name: "mx1.sts-second-mx.test",
                certificate: Certificate::SELF_SIGNED,
                ..HostPlan::HONEST
            },
            HostPlan { name: "mx2.sts-second-mx.test", ..HostPlan::HONEST },
        ],
        policy: Some(PolicyPlan::serving(policy!(
            "enforce",
            "mx1.sts-second-mx.test",
            "mx2.sts-second-mx.test"
        ))),
        expected: Expected::delivered("mx2.sts-second-mx.test", Security::MtaSts)
            .reporting("certificate-not-trusted"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-testing.test",
        title: "MTA-STS in testing mode",
        what_it_shows: "The certificate is for another name. In testing mode the message is \
            delivered all the same and the failure reported.",
        zones: &[("sts-testing.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-testing.test")],
        hosts: &[HostPlan {
            name: "mx.sts-testing.test",
            certificate: Certificate::OTHER_NAME,
            ..HostPlan::HONEST
        }],
        policy: Some(PolicyPlan::serving(policy!("testing", "mx.sts-testing.test"))),
        expected: Expected::delivered("mx.sts-testing.test", Security::Unauthenticated)
            .reporting("certificate-host-mismatch"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "reports.test",
        title: "TLSRPT record and failures",
        what_it_shows: "The domain asks for reports. The failure of its host, an expired \
            certificate in testing mode, belongs into the report of the day.",
        zones: &[("reports.test", Signing::Unsigned)],
        mx: &[(10, "mx.reports.test")],
        hosts: &[HostPlan {
            name: "mx.reports.test",
            certificate: Certificate::EXPIRED,
            ..HostPlan::HONEST
        }],
        policy: Some(PolicyPlan::serving(policy!("testing", "mx.reports.test"))),
        report_to: Some("v=TLSRPTv1; rua=mailto:tls-reports@reports.test"),
        expected: Expected::delivered("mx.reports.test", Security::Unauthenticated)
            .reporting("certificate-expired"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-cached.test",
        title: "cached policy, host down",
        what_it_shows: "The record shows a new id, but the policy host is down: the cached policy \
            goes on, and the host fits it.",
        zones: &[("sts-cached.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-cached.test")],
        hosts: &[HostPlan { name: "mx.sts-cached.test", ..HostPlan::HONEST }],
        policy: Some(PolicyPlan {
            record: Some("v=STSv1; id=2;"),
            reach: Reach::Down,
            ..PolicyPlan::serving(policy!("enforce", "mx.sts-cached.test"))
        }),
        cached_policy: Some(CachedPolicy {
            id: "1",
            body: policy!("enforce", "mx.sts-cached.test"),
            age: A_DAY,
        }),
        expected: Expected::delivered("mx.sts-cached.test", Security::MtaSts)
            .reporting("sts-policy-fetch-error"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-hidden.test",
        title: "cached policy, record hidden",
        what_it_shows: "An attacker hides the record, blocks the policy host and strips STARTTLS. \
            The policy seen before is not forgotten: the message waits.",
        zones: &[("sts-hidden.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-hidden.test")],
        hosts: &[HostPlan {
            name: "mx.sts-hidden.test",
            server: Some(Behaviour { starttls: StartTls::Absent, ..Behaviour::DEFAULT }),
            ..HostPlan::HONEST
        }],
        policy: Some(PolicyPlan {
            record: None,
            reach: Reach::Down,
            ..PolicyPlan::serving(policy!("enforce", "mx.sts-hidden.test"))
        }),
        cached_policy: Some(CachedPolicy {
            id: "1",
            body: policy!("enforce", "mx.sts-hidden.test"),
            age: A_DAY,
        }),
        expected: Expected::DEFERRED.reporting("starttls-not-supported"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-redirect.test",
        title: "policy behind a redirect",
        what_it_shows: "A redirect is never followed (RFC 8461 section 3.3): no policy, and the \
            failed fetch is reported.",
        zones: &[("sts-redirect.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-redirect.test")],
        hosts: &[HostPlan { name: "mx.sts-redirect.test", ..HostPlan::HONEST }],
        policy: Some(PolicyPlan {
            page: PagePlan::Redirect("https://mta-sts.sts.test/.well-known/mta-sts.txt"),
            ..PolicyPlan::serving("")
        }),
        expected: Expected::delivered("mx.sts-redirect.test", Security::Unauthenticated)
            .reporting("sts-policy-fetch-error"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-missing.test",
        title: "no policy file",
        what_it_shows: "The record announces a policy, but the host answers 404.",
        zones: &[("sts-missing.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-missing.test")],
        hosts: &[HostPlan { name: "mx.sts-missing.test", ..HostPlan::HONEST }],
        policy: Some(PolicyPlan { page: PagePlan::Status(404), ..PolicyPlan::serving("") }),
        expected: Expected::delivered("mx.sts-missing.test", Security::Unauthenticated)
            .reporting("sts-policy-fetch-error"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-invalid.test",
        title: "policy file without max_age",
        what_it_shows: "The policy file lacks a required field: nothing is filled in, there is no \
            policy.",
        zones: &[("sts-invalid.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-invalid.test")],
        hosts: &[HostPlan { name: "mx.sts-invalid.test", ..HostPlan::HONEST }],
        policy: Some(PolicyPlan::serving(
            "version: STSv1\r\nmode: enforce\r\nmx: mx.sts-invalid.test\r\n",
        )),
        expected: Expected::delivered("mx.sts-invalid.test", Security::Unauthenticated)
            .reporting("sts-policy-invalid"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "sts-webpki.test",
        title: "policy host with a bad certificate",
        what_it_shows: "The policy host's certificate is for another name: its policy is not read.",
        zones: &[("sts-webpki.test", Signing::Unsigned)],
        mx: &[(10, "mx.sts-webpki.test")],
        hosts: &[HostPlan { name: "mx.sts-webpki.test", ..HostPlan::HONEST }],
        policy: Some(PolicyPlan {
            certificate: Certificate::OTHER_NAME,
            ..PolicyPlan::serving(policy!("enforce", "mx.sts-webpki.test"))
        }),
        expected: Expected::delivered("mx.sts-webpki.test", Security::Unauthenticated)
            .reporting("sts-webpki-invalid"),
        ..Plan::NOTHING
    },
];

const A_DAY: Duration = Duration::from_secs(86_400);
