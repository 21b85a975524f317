//! Domains with DANE (RFC 7672).

use super::plan::{Certificate, HostPlan, KeyOwner, Plan, PolicyPlan, Tlsa};
use super::{Expected, Security};
use crate::lab::TlsVersions;
use crate::lab::dns::{Fault, Signing};
use crate::lab::pki::{Matching, Selector};
use crate::lab::smtp::{Behaviour, StartTls};

/// `3 1 1`: the server's own key.
const DANE_EE: Tlsa =
    Tlsa::Of { usage: 3, selector: Selector::PublicKey, matching: Matching::Sha256, depth: 0 };
/// `2 0 1`: the authority at the top of the chain.
const DANE_TA: Tlsa =
    Tlsa::Of { usage: 2, selector: Selector::Certificate, matching: Matching::Sha256, depth: 2 };
/// `3 1 1` of some other key.
const MISMATCH: Tlsa = Tlsa::Octets(&[
    3, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 25, 26, 27, 28, 29, 30, 31,
]);

pub(super) const DOMAINS: &[Plan] = &[
    Plan {
        domain: "dane-ee.test",
        title: "DANE-EE, expired certificate of another name",
        what_it_shows: "A DANE-EE record names the key itself: neither dates nor names of the \
            certificate count (RFC 7672 section 3.1.1).",
        zones: &[("dane-ee.test", Signing::Signed)],
        mx: &[(10, "mx.dane-ee.test")],
        hosts: &[HostPlan {
            name: "mx.dane-ee.test",
            certificate: Certificate { names: &["another.example"], ..Certificate::EXPIRED },
            tlsa: &[DANE_EE],
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.dane-ee.test", Security::DaneEe),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-ta.test",
        title: "DANE-TA",
        what_it_shows: "A DANE-TA record names an authority that no trust store knows; it and an \
            intermediate come with the certificate.",
        zones: &[("dane-ta.test", Signing::Signed)],
        mx: &[(10, "mx.dane-ta.test")],
        hosts: &[HostPlan {
            name: "mx.dane-ta.test",
            certificate: Certificate::BY_ANCHOR,
            tlsa: &[DANE_TA],
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.dane-ta.test", Security::DaneTa),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-ta-name.test",
        title: "DANE-TA, certificate of another name",
        what_it_shows: "Under DANE-TA the name counts (RFC 7672 section 3.1.2).",
        zones: &[("dane-ta-name.test", Signing::Signed)],
        mx: &[(10, "mx.dane-ta-name.test")],
        hosts: &[HostPlan {
            name: "mx.dane-ta-name.test",
            certificate: Certificate { names: &["another.example"], ..Certificate::BY_ANCHOR },
            tlsa: &[DANE_TA],
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("certificate-host-mismatch"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-mismatch.test",
        title: "TLSA mismatch beside a good MTA-STS policy",
        what_it_shows: "The certificate fits the enforced MTA-STS policy, but not the TLSA record. \
            MTA-STS never overrides a failing DANE (RFC 8461 section 2).",
        zones: &[("dane-mismatch.test", Signing::Signed)],
        mx: &[(10, "mx.dane-mismatch.test")],
        hosts: &[HostPlan { name: "mx.dane-mismatch.test", tlsa: &[MISMATCH], ..HostPlan::HONEST }],
        policy: Some(PolicyPlan::serving(
            "version: STSv1\r\nmode: enforce\r\nmx: mx.dane-mismatch.test\r\nmax_age: 604800\r\n",
        )),
        expected: Expected::DEFERRED.reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-second-mx.test",
        title: "TLSA mismatch, second MX is good",
        what_it_shows: "The first MX host does not fit its TLSA record and is passed over; the \
            second one does.",
        zones: &[("dane-second-mx.test", Signing::Signed)],
        mx: &[(10, "mx1.dane-second-mx.test"), (20, "mx2.dane-second-mx.test")],
        hosts: &[
            HostPlan { name: "mx1.dane-second-mx.test", tlsa: &[MISMATCH], ..HostPlan::HONEST },
            HostPlan { name: "mx2.dane-second-mx.test", tlsa: &[DANE_EE], ..HostPlan::HONEST },
        ],
        expected: Expected::delivered("mx2.dane-second-mx.test", Security::DaneEe)
            .reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-rollover.test",
        title: "two TLSA records during a rollover",
        what_it_shows: "One record is for a key that is not in use yet; one match is enough \
            (RFC 7671 section 8.1).",
        zones: &[("dane-rollover.test", Signing::Signed)],
        mx: &[(10, "mx.dane-rollover.test")],
        hosts: &[HostPlan {
            name: "mx.dane-rollover.test",
            certificate: Certificate::SELF_SIGNED,
            tlsa: &[MISMATCH, DANE_EE],
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.dane-rollover.test", Security::DaneEe),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-unusable.test",
        title: "only unusable TLSA records",
        what_it_shows: "A digest that is too short and a PKIX usage: TLS is required, but nobody \
            can be authenticated (RFC 7672 section 2.2).",
        zones: &[("dane-unusable.test", Signing::Signed)],
        mx: &[(10, "mx.dane-unusable.test")],
        hosts: &[HostPlan {
            name: "mx.dane-unusable.test",
            certificate: Certificate::SELF_SIGNED,
            tlsa: &[
                Tlsa::Octets(&[3, 1, 1, 1, 2, 3, 4]),
                Tlsa::Of {
                    usage: 1,
                    selector: Selector::PublicKey,
                    matching: Matching::Sha256,
                    depth: 0,
                },
            ],
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.dane-unusable.test", Security::Unauthenticated)
            .reporting("tlsa-invalid"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-stripped.test",
        title: "DANE, STARTTLS missing",
        what_it_shows: "There are TLSA records, so TLS is required; the server does not offer it.",
        zones: &[("dane-stripped.test", Signing::Signed)],
        mx: &[(10, "mx.dane-stripped.test")],
        hosts: &[HostPlan {
            name: "mx.dane-stripped.test",
            server: Some(Behaviour { starttls: StartTls::Absent, ..Behaviour::DEFAULT }),
            tlsa: &[DANE_EE],
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("starttls-not-supported"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-wrong-key.test",
        title: "right chain, wrong key",
        what_it_shows: "The server shows the certificate that the TLSA record names, but signs the \
            handshake with another key: it is not the owner (TLS 1.3).",
        zones: &[("dane-wrong-key.test", Signing::Signed)],
        mx: &[(10, "mx.dane-wrong-key.test")],
        hosts: &[HostPlan {
            name: "mx.dane-wrong-key.test",
            certificate: Certificate { key: KeyOwner::SomebodyElse, ..Certificate::GOOD },
            tlsa: &[DANE_EE],
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-wrong-key-12.test",
        title: "right chain, wrong key, TLS 1.2",
        what_it_shows: "The same in TLS 1.2, where another message is signed, and under DANE-TA.",
        zones: &[("dane-wrong-key-12.test", Signing::Signed)],
        mx: &[(10, "mx.dane-wrong-key-12.test")],
        hosts: &[HostPlan {
            name: "mx.dane-wrong-key-12.test",
            server: Some(Behaviour { versions: TlsVersions::Only12, ..Behaviour::DEFAULT }),
            certificate: Certificate { key: KeyOwner::SomebodyElse, ..Certificate::BY_ANCHOR },
            tlsa: &[DANE_TA],
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-bogus.test",
        title: "bogus TLSA answer",
        what_it_shows: "The signature of the TLSA answer does not verify: this is not the same as \
            no TLSA records, and the host is not used (RFC 7672 section 2.1.2).",
        zones: &[("dane-bogus.test", Signing::Signed)],
        mx: &[(10, "mx.dane-bogus.test")],
        hosts: &[HostPlan {
            name: "mx.dane-bogus.test",
            tlsa: &[DANE_EE],
            tlsa_fault: Some(Fault::Tampered),
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("dnssec-invalid"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-old-signature.test",
        title: "TLSA answer with an expired signature",
        what_it_shows: "Somebody replays an old TLSA answer, or the zone was not signed anew: the \
            host is not used.",
        zones: &[("dane-old-signature.test", Signing::Signed)],
        mx: &[(10, "mx.dane-old-signature.test")],
        hosts: &[HostPlan {
            name: "mx.dane-old-signature.test",
            tlsa: &[DANE_EE],
            tlsa_fault: Some(Fault::ExpiredSignature),
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("dnssec-invalid"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-denied.test",
        title: "forged denial of TLSA",
        what_it_shows: "Somebody claims that there are no TLSA records, and cannot sign it.",
        zones: &[("dane-denied.test", Signing::Signed)],
        mx: &[(10, "mx.dane-denied.test")],
        hosts: &[HostPlan {
            name: "mx.dane-denied.test",
            tlsa_fault: Some(Fault::NoSignature),
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("dnssec-invalid"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-servfail.test",
        title: "TLSA look-up fails",
        what_it_shows: "SERVFAIL is not the absence of records: the host is not used.",
        zones: &[("dane-servfail.test", Signing::Signed)],
        mx: &[(10, "mx.dane-servfail.test")],
        hosts: &[HostPlan {
            name: "mx.dane-servfail.test",
            tlsa_fault: Some(Fault::ServFail),
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED,
        ..Plan::NOTHING
    },
    Plan {
        domain: "alias.dane-cname.test",
        title: "domain is a secure alias",
        what_it_shows: "The domain is a CNAME into another signed zone. The certificate names only \
            the domain behind it, which is a reference identifier too (RFC 7672 section 3.2.2).",
        zones: &[("dane-cname.test", Signing::Signed), ("dane-behind.test", Signing::Signed)],
        aliases: &[("alias.dane-cname.test", "dane-behind.test")],
        mx: &[(10, "mx.dane-behind.test")],
        hosts: &[HostPlan {
            name: "mx.dane-behind.test",
            certificate: Certificate { names: &["dane-behind.test"], ..Certificate::BY_ANCHOR },
            tlsa: &[DANE_TA],
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.dane-behind.test", Security::DaneTa),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-mx-cname.test",
        title: "MX host is a secure alias",
        what_it_shows: "The MX host is a CNAME into another signed zone, and the TLSA records are \
            found at the name behind it (RFC 7672 section 2.2.2).",
        zones: &[("dane-mx-cname.test", Signing::Signed), ("dane-hosting.test", Signing::Signed)],
        mx: &[(10, "mx.dane-mx-cname.test")],
        aliases: &[("mx.dane-mx-cname.test", "mail.dane-hosting.test")],
        hosts: &[HostPlan {
            name: "mail.dane-hosting.test",
            certificate: Certificate::BY_ANCHOR,
            tlsa: &[DANE_TA],
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.dane-mx-cname.test", Security::DaneTa),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-mx-out.test",
        title: "MX host is an alias into an insecure zone",
        what_it_shows: "The MX host is a secure CNAME into a zone that is not signed. The TLSA \
            records of the MX host name itself still count (RFC 7672 section 2.2.2).",
        zones: &[
            ("dane-mx-out.test", Signing::Signed),
            ("unsigned-hosting.test", Signing::Unsigned),
        ],
        mx: &[(10, "mx.dane-mx-out.test")],
        aliases: &[("mx.dane-mx-out.test", "mail.unsigned-hosting.test")],
        hosts: &[HostPlan {
            name: "mail.unsigned-hosting.test",
            certificate: Certificate::SELF_SIGNED,
            tlsa: &[DANE_EE],
            tlsa_base: Some("mx.dane-mx-out.test"),
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.dane-mx-out.test", Security::DaneEe),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-implicit-mx.test",
        title: "DANE without MX records",
        what_it_shows: "The absence of MX records is proved, so the domain itself is the host, with \
            its own TLSA records.",
        zones: &[("dane-implicit-mx.test", Signing::Signed)],
        hosts: &[HostPlan {
            name: "dane-implicit-mx.test",
            certificate: Certificate::SELF_SIGNED,
            tlsa: &[DANE_EE],
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("dane-implicit-mx.test", Security::DaneEe),
        ..Plan::NOTHING
    },
    Plan {
        domain: "half-dane.test",
        title: "insecure MX, DANE host",
        what_it_shows: "The domain is not signed, but its MX host is in a signed zone with TLSA \
            records: authenticated, though the way to the host was not.",
        zones: &[("half-dane.test", Signing::Unsigned), ("half-dane-host.test", Signing::Signed)],
        mx: &[(10, "mx.half-dane-host.test")],
        hosts: &[HostPlan {
            name: "mx.half-dane-host.test",
            certificate: Certificate::SELF_SIGNED,
            tlsa: &[DANE_EE],
            ..HostPlan::HONEST
        }],
        expected: Expected::delivered("mx.half-dane-host.test", Security::DaneEe).half_dane(),
        ..Plan::NOTHING
    },
    Plan {
        domain: "half-dane-mismatch.test",
        title: "insecure MX, DANE host does not fit",
        what_it_shows: "The same, and the host does not fit its TLSA records: it is not used.",
        zones: &[
            ("half-dane-mismatch.test", Signing::Unsigned),
            ("half-dane-other.test", Signing::Signed),
        ],
        mx: &[(10, "mx.half-dane-other.test")],
        hosts: &[HostPlan {
            name: "mx.half-dane-other.test",
            tlsa: &[MISMATCH],
            ..HostPlan::HONEST
        }],
        expected: Expected::DEFERRED.reporting("validation-failure"),
        ..Plan::NOTHING
    },
    Plan {
        domain: "dane-island.test",
        title: "TLSA records in an insecure zone",
        what_it_shows: "The zone is signed, but its parent does not vouch for it: its TLSA records, \
            which do not fit, count for nothing.",
        zones: &[("dane-island.test", Signing::Island)],
        mx: &[(10, "mx.dane-island.test")],
        hosts: &[HostPlan { name: "mx.dane-island.test", tlsa: &[MISMATCH], ..HostPlan::HONEST }],
        expected: Expected::delivered("mx.dane-island.test", Security::Unauthenticated),
        ..Plan::NOTHING
    },
];
