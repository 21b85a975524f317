//! The domains, each with how a message to it must end.
//!
//! Each has zones of its own, and two mail servers that show one certificate. Where Postfix comes to
//! another end, the case says why.

use conformance::lab::TlsVersions;
use conformance::lab::pki::{Dates, Signed};
use conformance::lab::smtp::{Behaviour, StartTls};

use super::End::{self, Authenticated, Clear, Deferred, Encrypted, HalfAuthenticated, Refused};
use super::signed_dns::zones::{P256, Parent, Signing, Zone, zone};

/// A domain.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    /// What it shows.
    pub what: &'static str,
    /// The domain that the message goes to.
    pub domain: &'static str,
    /// Its own zone first.
    pub zones: Vec<Zone<'static>>,
    pub certificate: Certificate,
    pub server: Behaviour,
    pub end: End,
    /// The second server takes the message.
    pub at_second: bool,
    /// With mandatory DANE the second server takes it.
    pub mandatory_at_second: bool,
    /// Where Postfix comes to another end: which, and why both may be.
    pub postfix: Option<(End, &'static str)>,
}

/// What the servers of a domain show.
#[derive(Clone, Copy)]
pub struct Certificate {
    /// Its DNS names; `%` stands for the zone's name.
    pub names: &'static [&'static str],
    pub signed: Signed,
    pub dates: Dates,
    pub key: Owner,
    /// How many certificates of the chain are sent.
    pub sent: usize,
}

/// Whose key the servers sign the handshake with.
#[derive(Clone, Copy)]
pub enum Owner {
    Server,
    Stranger,
}

const SELF_SIGNED: Certificate = Certificate {
    names: &["mx.%"],
    signed: Signed::BySelf,
    dates: Dates::Current,
    key: Owner::Server,
    sent: usize::MAX,
};
/// Below an intermediate, at depth 1, and an anchor, at depth 2.
const ISSUED: Certificate = Certificate { signed: Signed::ByAnchor, ..SELF_SIGNED };

const SIGNED: Signing = Signing::With(P256, &[]);
const NSEC3: Signing = Signing::With(P256, &["-3", "-", "-H", "0"]);
const OPT_OUT: Signing = Signing::With(P256, &["-3", "-", "-H", "0", "-A"]);
const EXPIRED: Signing = Signing::With(P256, &["-s", "20200101000000", "-e", "20200201000000"]);

const NO_STARTTLS: Behaviour = Behaviour { starttls: StartTls::Absent, ..Behaviour::DEFAULT };
const ONLY_12: Behaviour = Behaviour { versions: TlsVersions::Only12, ..Behaviour::DEFAULT };

/// The domain of a signed zone.
fn case(name: &'static str, what: &'static str, records: &'static str, end: End) -> Case {
    Case {
        name,
        what,
        domain: name,
        zones: vec![zone(name, SIGNED, records)],
        certificate: SELF_SIGNED,
        server: Behaviour::DEFAULT,
        end,
        at_second: false,
        mandatory_at_second: false,
        postfix: None,
    }
}

impl Case {
    fn signed(mut self, signing: Signing) -> Self {
        self.zones[0].signing = signing;
        self
    }

    fn vouched_for(mut self, parent: Parent) -> Self {
        self.zones[0].parent = parent;
        self
    }

    /// With this text changed after the zone was signed.
    fn tampered(mut self, old: &'static str, new: &'static str) -> Self {
        self.zones[0].tampered = Some((old, new));
        self
    }

    fn and(mut self, name: &'static str, signing: Signing, records: &'static str) -> Self {
        self.zones.push(zone(name, signing, records));
        self
    }

    fn to(self, domain: &'static str) -> Self {
        Self { domain, ..self }
    }

    fn showing(self, certificate: Certificate) -> Self {
        Self { certificate, ..self }
    }

    fn by(self, server: Behaviour) -> Self {
        Self { server, ..self }
    }

    fn but_postfix(self, end: End, why: &'static str) -> Self {
        Self { postfix: Some((end, why)), ..self }
    }

    fn at_second(self) -> Self {
        Self { at_second: true, ..self }
    }

    fn mandatory_at_second(self) -> Self {
        Self { mandatory_at_second: true, ..self }
    }
}

pub fn all() -> Vec<Case> {
    [records(), anchors(), agility(), dnssec(), aliases(), hosts()].concat()
}

/// One MX host with these TLSA records.
macro_rules! mx {
    ($($tlsa:literal),*) => {
        concat!("@ MX 10 mx\nmx A {first}\n", $("_25._tcp.mx ", $tlsa, "\n"),*)
    };
}

/// Two MX hosts with these TLSA records.
macro_rules! two {
    ($first:literal, $second:literal) => {
        concat!(
            "@ MX 10 mx1\n@ MX 20 mx\nmx1 A {first}\nmx A {second}\n",
            "_25._tcp.mx1 ",
            $first,
            "\n_25._tcp.mx ",
            $second,
            "\n"
        )
    };
}

/// RFC 7672 section 2.2: what records there are, and whether they can be used.
fn records() -> Vec<Case> {
    let elsewhere = Certificate { names: &["elsewhere.test"], ..SELF_SIGNED };
    let old = Certificate { dates: Dates::Past, ..elsewhere };
    let stolen = Certificate { key: Owner::Stranger, ..SELF_SIGNED };
    vec![
        case("ee.test", "3 1 1", mx!("<3 1 1>"), Authenticated),
        case("ee-12.test", "3 1 1, TLS 1.2", mx!("<3 1 1>"), Authenticated).by(ONLY_12),
        case("ee-cert.test", "3 0 1", mx!("<3 0 1>"), Authenticated),
        case("ee-512.test", "3 1 2", mx!("<3 1 2>"), Authenticated),
        case("ee-full-key.test", "3 1 0", mx!("<3 1 0>"), Authenticated),
        case("ee-full.test", "3 0 0", mx!("<3 0 0>"), Authenticated),
        case("ee-old.test", "neither dates nor names count", mx!("<3 1 1>"), Authenticated)
            .showing(old),
        case("ee-wrong.test", "wrong digest", mx!("<3 1 1 wrong>"), Deferred),
        case("ee-roll.test", "one of two matches", mx!("<3 1 1 wrong>", "<3 1 1>"), Authenticated),
        case("ee-issuer.test", "the issuer's key as 3 1 1", mx!("<3 1 1 @1>"), Deferred)
            .showing(ISSUED),
        case("ee-stolen.test", "the handshake is another key's", mx!("<3 1 1>"), Deferred)
            .showing(stolen),
        case("ee-stolen-12.test", "the same in TLS 1.2", mx!("<3 1 1>"), Deferred)
            .showing(stolen)
            .by(ONLY_12),
        case("ee-clear.test", "no STARTTLS", mx!("<3 1 1>"), Deferred).by(NO_STARTTLS),
        case("none.test", "no records, signed denial", mx!(), Encrypted),
        case("none-clear.test", "no records, no STARTTLS", mx!(), Clear).by(NO_STARTTLS),
        case("other-type.test", "no TLSA among the records", mx!("TXT \"x\""), Encrypted),
        case(
            "other-port.test",
            "records of another port",
            concat!(mx!(), "_465._tcp.mx <3 1 1 wrong>\n"),
            Encrypted,
        ),
        case("short.test", "only an unusable record", mx!("<3 1 1 short>"), Encrypted),
        case("short-clear.test", "the same, no STARTTLS", mx!("<3 1 1 short>"), Deferred)
            .by(NO_STARTTLS),
        case(
            "short-good.test",
            "an unusable and a good one",
            mx!("<3 1 1 short>", "<3 1 1>"),
            Authenticated,
        ),
        case(
            "short-wrong.test",
            "an unusable and a wrong one",
            mx!("<3 1 1 short>", "<3 0 1 wrong>"),
            Deferred,
        ),
        case(
            "numbers.test",
            "numbers that nobody knows",
            mx!("TLSA 3 1 9 00", "TLSA 3 9 1 00", "TLSA 9 1 1 00"),
            Encrypted,
        ),
        case("garbage.test", "whole data that is no key", mx!("TLSA 3 1 0 010203"), Encrypted),
        case("pkix-ee.test", "usage 1 is not for mail", mx!("<1 1 1>"), Encrypted),
        case("pkix-ta.test", "usage 0 is not for mail", mx!("<0 1 1 @2>"), Encrypted)
            .showing(ISSUED),
        case("pkix-clear.test", "usage 1, no STARTTLS", mx!("<1 1 1>"), Deferred).by(NO_STARTTLS),
        case(
            "pkix-good.test",
            "usage 1 beside usage 3",
            mx!("<1 1 1 wrong>", "<3 1 1>"),
            Authenticated,
        ),
        case(
            "wildcard.test",
            "records of a wildcard",
            "@ MX 10 mx\nmx A {first}\n*._tcp.mx <3 1 1>\n",
            Authenticated,
        ),
        case(
            "wildcard-host.test",
            "a host of a wildcard",
            "@ MX 10 any.in\n*.in A {first}\n",
            Encrypted,
        ),
    ]
}

/// RFC 7672 section 3.1.2: DANE-TA.
fn anchors() -> Vec<Case> {
    let named = |names| Certificate { names, ..ISSUED };
    let old = Certificate { dates: Dates::Past, ..ISSUED };
    let early = Certificate { dates: Dates::Future, ..ISSUED };
    let stolen = Certificate { key: Owner::Stranger, ..ISSUED };
    let without_anchor = Certificate { sent: 2, ..ISSUED };
    let alone = Certificate { sent: 1, ..ISSUED };
    vec![
        case("ta.test", "2 1 1 of the anchor", mx!("<2 1 1 @2>"), Authenticated).showing(ISSUED),
        case("ta-cert.test", "2 0 1 of the anchor", mx!("<2 0 1 @2>"), Authenticated)
            .showing(ISSUED),
        case("ta-512.test", "2 0 2 of the anchor", mx!("<2 0 2 @2>"), Authenticated)
            .showing(ISSUED),
        case("ta-middle.test", "2 1 1 of the intermediate", mx!("<2 1 1 @1>"), Authenticated)
            .showing(ISSUED),
        case("ta-wrong.test", "2 1 1, wrong digest", mx!("<2 1 1 @2 wrong>"), Deferred)
            .showing(ISSUED),
        case("ta-name.test", "another name", mx!("<2 1 1 @2>"), Deferred)
            .showing(named(&["elsewhere.test"])),
        case("ta-domain.test", "the domain's name", mx!("<2 1 1 @2>"), Authenticated)
            .showing(named(&["%"])),
        case("ta-second-name.test", "the second name", mx!("<2 1 1 @2>"), Authenticated)
            .showing(named(&["elsewhere.test", "mx.%"])),
        case("ta-wildcard.test", "a wildcard name", mx!("<2 1 1 @2>"), Authenticated)
            .showing(named(&["*.%"])),
        case(
            "ta-deep.test",
            "a wildcard is one label",
            "@ MX 10 mx.deep\nmx.deep A {first}\n_25._tcp.mx.deep <2 1 1 @2>\n",
            Deferred,
        )
        .showing(named(&["*.%"])),
        case("ta-old.test", "expired", mx!("<2 1 1 @2>"), Deferred).showing(old),
        case("ta-early.test", "not yet valid", mx!("<2 1 1 @2>"), Deferred).showing(early),
        case("ta-stolen.test", "the handshake is another key's", mx!("<2 1 1 @2>"), Deferred)
            .showing(stolen),
        case("ta-12.test", "TLS 1.2", mx!("<2 1 1 @2>"), Authenticated).showing(ISSUED).by(ONLY_12),
        case("ta-unsent.test", "2 1 1, anchor not sent", mx!("<2 1 1 @2>"), Deferred)
            .showing(without_anchor),
        case("ta-full.test", "2 0 0, anchor not sent", mx!("<2 0 0 @2>"), Authenticated)
            .showing(without_anchor),
        case("ta-full-key.test", "2 1 0, anchor not sent", mx!("<2 1 0 @2>"), Authenticated)
            .showing(without_anchor),
        case(
            "ta-full-middle.test",
            "2 0 0 of the intermediate, lone leaf",
            mx!("<2 0 0 @1>"),
            Authenticated,
        )
        .showing(alone),
        case("ta-gap.test", "2 0 0 of the anchor, lone leaf", mx!("<2 0 0 @2>"), Deferred)
            .showing(alone),
        case("ta-leaf.test", "2 0 1 of the leaf itself", mx!("<2 0 1>"), Deferred).showing(ISSUED),
        case("ta-self.test", "2 0 1 of a self-signed leaf", mx!("<2 0 1>"), Deferred),
        case(
            "ta-or-ee.test",
            "a wrong 3 1 1 and a good 2 1 1",
            mx!("<3 1 1 wrong>", "<2 1 1 @2>"),
            Authenticated,
        )
        .showing(ISSUED),
    ]
}

/// RFC 7671 section 9, which RFC 7672 section 5 demands: the strongest digest counts.
fn agility() -> Vec<Case> {
    vec![
        case(
            "agile.test",
            "sha2-256 right, sha2-512 wrong",
            mx!("<3 1 1>", "<3 1 2 wrong>"),
            Deferred,
        ),
        case(
            "agile-512.test",
            "sha2-512 right, sha2-256 wrong",
            mx!("<3 1 2>", "<3 1 1 wrong>"),
            Authenticated,
        ),
        case(
            "agile-selector.test",
            "the other selector's sha2-512 is wrong",
            mx!("<3 1 1>", "<3 0 2 wrong>"),
            Authenticated,
        ),
        case(
            "agile-usage.test",
            "the other usage's sha2-512 is wrong",
            mx!("<2 1 1 @2>", "<3 1 2 wrong>"),
            Authenticated,
        )
        .showing(ISSUED),
        case(
            "agile-short.test",
            "an unusable sha2-512 record",
            mx!("<3 1 1>", "<3 1 2 short>"),
            Authenticated,
        ),
        case("agile-full.test", "whole data stays", mx!("<3 1 0>", "<3 1 2 wrong>"), Authenticated),
    ]
}

/// RFC 7672 section 2.1: what DNSSEC says.
fn dnssec() -> Vec<Case> {
    vec![
        case("nsec3.test", "a zone with NSEC3", mx!("<3 1 1>"), Authenticated).signed(NSEC3),
        case("nsec3-none.test", "denied by NSEC3", mx!(), Encrypted).signed(NSEC3),
        case("opt-out.test", "a zone with opt-out", mx!("<3 1 1>"), Authenticated).signed(OPT_OUT),
        case("opt-out-none.test", "denied by opt-out", mx!(), Encrypted).signed(OPT_OUT),
        case("rsa.test", "a zone with RSA", mx!("<3 1 1>"), Authenticated)
            .signed(Signing::With("RSASHA256", &[])),
        case(
            "plain.test",
            "an unsigned zone: records count for nothing",
            mx!("<3 1 1 wrong>"),
            Encrypted,
        )
        .signed(Signing::Not),
        case("plain-clear.test", "an unsigned zone, no STARTTLS", mx!("<3 1 1>"), Clear)
            .signed(Signing::Not)
            .by(NO_STARTTLS),
        case(
            "island.test",
            "signed, and the parent does not say so",
            mx!("<3 1 1 wrong>"),
            Encrypted,
        )
        .vouched_for(Parent::Silent),
        case("wrong-ds.test", "the parent vouches for another key", mx!("<3 1 1>"), Deferred)
            .vouched_for(Parent::Errs),
        case("old-zone.test", "the signatures have expired", mx!("<3 1 1>"), Deferred)
            .signed(EXPIRED),
        case("bogus-tlsa.test", "the TLSA answer is bogus", mx!("<3 1 1>"), Deferred)
            .tampered("TLSA\t3 1 1 ", "TLSA\t3 0 1 "),
        case("bogus-clear.test", "the same, no STARTTLS", mx!("<3 1 1>"), Deferred)
            .tampered("TLSA\t3 1 1 ", "TLSA\t3 0 1 ")
            .by(NO_STARTTLS),
        case("bogus-denial.test", "the denial of TLSA is bogus", mx!(), Deferred)
            .tampered("A RRSIG NSEC", "A TXT RRSIG NSEC"),
        case("bogus-mx.test", "the MX answer is bogus", mx!("<3 1 1>"), Deferred)
            .tampered("MX\t\t10 ", "MX\t\t11 "),
        case("bogus-a.test", "the address is bogus", mx!("<3 1 1>"), Deferred)
            .tampered("A\t\t127.0.25.", "A\t\t127.0.26."),
        case(
            "bogus-first.test",
            "the first host's TLSA answer is bogus",
            two!("<3 1 1>", "<3 0 1>"),
            Authenticated,
        )
        .tampered("TLSA\t3 1 1 ", "TLSA\t3 1 2 ")
        .at_second(),
        case(
            "half.test",
            "insecure MX, secure host",
            "@ MX 10 mx.half-host.test.\n",
            HalfAuthenticated,
        )
        .signed(Signing::Not)
        .and("half-host.test", SIGNED, "mx A {first}\n_25._tcp.mx <3 1 1>\n"),
        case(
            "half-wrong.test",
            "insecure MX, secure host, wrong",
            "@ MX 10 mx.half-host2.test.\n",
            Deferred,
        )
        .signed(Signing::Not)
        .and("half-host2.test", SIGNED, "mx A {first}\n_25._tcp.mx <3 1 1 wrong>\n"),
        case(
            "half-name.test",
            "insecure MX: the domain is no reference name",
            "@ MX 10 mx.half-host3.test.\n",
            Deferred,
        )
        .signed(Signing::Not)
        .and("half-host3.test", SIGNED, "mx A {first}\n_25._tcp.mx <2 1 1 @2>\n")
        .showing(Certificate { names: &["%"], ..ISSUED })
        .but_postfix(
            HalfAuthenticated,
            "RFC 7672 section 2.2.1 leaves it to the client what it makes of a host found insecurely; \
             here the names of section 3.2.2 count nevertheless",
        ),
        case(
            "to-plain.test",
            "secure MX, insecure host",
            "@ MX 10 mx.plain-host.test.\n",
            Encrypted,
        )
        .and("plain-host.test", Signing::Not, "mx A {first}\n_25._tcp.mx <3 1 1 wrong>\n"),
    ]
}

/// RFC 7672 sections 2.1.3, 2.2.2 and 2.2.3: aliases.
fn aliases() -> Vec<Case> {
    vec![
        case("cname.test", "host is an alias, TLSA at its target", "@ MX 10 mx\nmx CNAME mx.cname-at.test.\n", Authenticated)
            .and("cname-at.test", SIGNED, "mx A {first}\n_25._tcp.mx <3 1 1>\n"),
        case("cname-own.test", "host is an alias, TLSA at its own name", "@ MX 10 mx\nmx CNAME mx.cname-at2.test.\n_25._tcp.mx <3 1 1>\n", Authenticated)
            .and("cname-at2.test", SIGNED, "mx A {first}\n"),
        case("cname-both.test", "TLSA at both: the target's count", "@ MX 10 mx\nmx CNAME mx.cname-at3.test.\n_25._tcp.mx <3 1 1 wrong>\n", Authenticated)
            .and("cname-at3.test", SIGNED, "mx A {first}\n_25._tcp.mx <3 1 1>\n"),
        case("cname-wrong.test", "TLSA at both, the target's are wrong", "@ MX 10 mx\nmx CNAME mx.cname-at4.test.\n_25._tcp.mx <3 1 1>\n", Deferred)
            .and("cname-at4.test", SIGNED, "mx A {first}\n_25._tcp.mx <3 1 1 wrong>\n"),
        case("cname-out.test", "alias into an unsigned zone, TLSA at its own name", "@ MX 10 mx\nmx CNAME mx.cname-at5.test.\n_25._tcp.mx <3 1 1>\n", Authenticated)
            .and("cname-at5.test", Signing::Not, "mx A {first}\n"),
        case("cname-out-wrong.test", "the same, wrong", "@ MX 10 mx\nmx CNAME mx.cname-at6.test.\n_25._tcp.mx <3 1 1 wrong>\n", Deferred)
            .and("cname-at6.test", Signing::Not, "mx A {first}\n_25._tcp.mx <3 1 1>\n"),
        case("cname-out-none.test", "alias into an unsigned zone, TLSA only there", "@ MX 10 mx\nmx CNAME mx.cname-at7.test.\n", Encrypted)
            .and("cname-at7.test", Signing::Not, "mx A {first}\n_25._tcp.mx <3 1 1 wrong>\n"),
        case("cname-in.test", "alias of an unsigned zone into a signed one", "@ MX 10 mx.cname-at8.test.\n", Encrypted)
            .and("cname-at8.test", Signing::Not, "mx CNAME mx.cname-at9.test.\n")
            .and("cname-at9.test", SIGNED, "mx A {first}\n_25._tcp.mx <3 1 1 wrong>\n"),
        case("cname-bogus.test", "the target's TLSA answer is bogus", "@ MX 10 mx\nmx CNAME two\ntwo A {first}\n_25._tcp.two <3 1 1>\n_25._tcp.mx <3 0 1>\n", Deferred)
            .tampered("TLSA\t3 1 1 ", "TLSA\t3 1 2 "),
        case("cname-twice.test", "an alias of an alias", "@ MX 10 mx\nmx CNAME two\ntwo CNAME three\nthree A {first}\n_25._tcp.two <3 1 1 wrong>\n_25._tcp.three <3 1 1>\n", Authenticated),
        case("tlsa-cname.test", "the TLSA name is an alias", "@ MX 10 mx\nmx A {first}\n_25._tcp.mx CNAME _dane\n_dane <3 1 1>\n", Authenticated),
        case("tlsa-cname-wrong.test", "the same, wrong", "@ MX 10 mx\nmx A {first}\n_25._tcp.mx CNAME _dane\n_dane <3 1 1 wrong>\n", Deferred),
        case("tlsa-cname-out.test", "the TLSA name is an alias into an unsigned zone", "@ MX 10 mx\nmx A {first}\n_25._tcp.mx CNAME _dane.cname-at10.test.\n", Encrypted)
            .and("cname-at10.test", Signing::Not, "_dane <3 1 1 wrong>\n"),
        case("tlsa-cname-none.test", "the TLSA name is an alias of nothing", "@ MX 10 mx\nmx A {first}\n_25._tcp.mx CNAME nothing\n", Encrypted),
        case("tlsa-cname-bogus.test", "the TLSA name is an alias of a bogus record", "@ MX 10 mx\nmx A {first}\n_25._tcp.mx CNAME _dane\n_dane <3 1 1>\n", Deferred)
            .tampered("TLSA\t3 1 1 ", "TLSA\t3 0 1 "),
        case("tlsa-cname-name.test", "the host's name counts, not the alias's", "@ MX 10 mx\nmx A {first}\n_25._tcp.mx CNAME _25._tcp.other\n_25._tcp.other <2 1 1 @2>\n", Deferred)
            .showing(Certificate { names: &["other.%"], ..ISSUED }),
        case("dname.test", "the host is below a DNAME", "@ MX 10 mx.away\naway DNAME dname-at.test.\n", Authenticated)
            .and("dname-at.test", SIGNED, "mx A {first}\n_25._tcp.mx <3 1 1>\n"),
        case("domain-cname.test", "the domain is an alias; its target's name counts", "old CNAME domain-at.test.\n", Authenticated)
            .to("old.domain-cname.test")
            .and("domain-at.test", SIGNED, "@ MX 10 mx\nmx A {first}\n_25._tcp.mx <2 1 1 @2>\n")
            .showing(Certificate { names: &["domain-at.test"], ..ISSUED }),
        case("domain-own.test", "the domain is an alias; its own name counts too", "old CNAME domain-at2.test.\n", Authenticated)
            .to("old.domain-own.test")
            .and("domain-at2.test", SIGNED, "@ MX 10 mx\nmx A {first}\n_25._tcp.mx <2 1 1 @2>\n")
            .showing(Certificate { names: &["old.%"], ..ISSUED }),
    ]
}

/// RFC 7672 section 2.2.1, RFC 5321 section 5.1, RFC 7505: which hosts there are.
fn hosts() -> Vec<Case> {
    vec![
        case("null-mx.test", "takes no mail", "@ MX 0 .\n@ A {first}\n", Refused),
        case("implicit.test", "no MX: the domain is the host", "@ A {first}\n_25._tcp <3 1 1>\n", Authenticated),
        case("implicit-wrong.test", "the same, wrong", "@ A {first}\n_25._tcp <3 1 1 wrong>\n", Deferred),
        case("implicit-cname.test", "no MX: an alias, TLSA at its target", "old CNAME implicit-at.test.\n", Authenticated)
            .to("old.implicit-cname.test")
            .and("implicit-at.test", SIGNED, "@ A {first}\n_25._tcp <3 1 1>\n"),
        case("two.test", "both good", two!("<3 1 1>", "<3 1 1>"), Authenticated),
        case("two-bad.test", "the first is wrong, the second good", two!("<3 1 1 wrong>", "<3 1 1>"), Authenticated)
            .at_second(),
        case("two-wrong.test", "both wrong", two!("<3 1 1 wrong>", "<3 1 1 wrong>"), Deferred),
        case("two-none.test", "the first has no records: preference before security", two!("TXT \"x\"", "<3 1 1>"), Encrypted)
        .mandatory_at_second(),
        case("two-fallback.test", "the first is wrong, the second has no records", two!("<3 1 1 wrong>", "TXT \"x\""), Encrypted)
            .at_second(),
        case("two-down.test", "the first is down, the second good", "@ MX 10 mx1\n@ MX 20 mx\nmx1 A {nobody}\nmx A {second}\n_25._tcp.mx1 <3 1 1>\n_25._tcp.mx <3 1 1>\n", Authenticated)
            .at_second(),
        case("two-gone.test", "the first has no address", "@ MX 10 mx1\n@ MX 20 mx\nmx A {second}\n_25._tcp.mx <3 1 1>\n", Authenticated)
            .at_second(),
        case("one-gone.test", "the only host has no address", "@ MX 10 mx\n", Deferred).but_postfix(
            Refused,
            "RFC 5321 section 5.1 asks for an error where no MX host is usable, and leaves open \
             whether at once or after trying again",
        ),
        case("two-addresses.test", "the host's first address is down", "@ MX 10 mx\nmx A {nobody}\nmx A {first}\n_25._tcp.mx <3 1 1>\n", Authenticated),
    ]
}
