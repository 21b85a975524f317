//! What a host must reach: every combination of what can be known, against a table of its own.

use mta_sts::TlsRequiredNo;
use smtp_starttls::{MessageNeed, MxTrust, Requirement};

use super::super::{DaneFailure, InsecureMx, LocalLevel, MessageTerms};
use super::script::{DOMAIN, World, unusable_tlsa, usable_tlsa};
use crate::plan::Check;
use crate::resolve::{Kind, LookUpError, Outcome, Record, Security};

const HOST: &str = "mx.d.test";

/// What the DNS says of the host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Found {
    Usable,
    Unusable,
    SecurelyNone,
    Unsigned,
    InsecureAddress,
    Bogus,
    ServerFailure,
    TooMany,
    AddressFails,
    AddressUnreadable,
    NoAddress,
}

const FOUND: [Found; 11] = [
    Found::Usable,
    Found::Unusable,
    Found::SecurelyNone,
    Found::Unsigned,
    Found::InsecureAddress,
    Found::Bogus,
    Found::ServerFailure,
    Found::TooMany,
    Found::AddressFails,
    Found::AddressUnreadable,
    Found::NoAddress,
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sts {
    Nothing,
    FetchFails,
    None,
    Testing { listed: bool },
    Enforce { listed: bool },
}

const STS: [Sts; 7] = [
    Sts::Nothing,
    Sts::FetchFails,
    Sts::None,
    Sts::Testing { listed: true },
    Sts::Testing { listed: false },
    Sts::Enforce { listed: true },
    Sts::Enforce { listed: false },
];

const LEVELS: [LocalLevel; 3] = [LocalLevel::Opportunistic, LocalLevel::Encrypt, LocalLevel::Dane];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Asks {
    Nothing,
    No,
    NoButIgnored,
    Report,
    RequireTls,
}

const ASKS: [Asks; 5] =
    [Asks::Nothing, Asks::No, Asks::NoButIgnored, Asks::Report, Asks::RequireTls];

#[derive(Clone, Copy, Debug)]
struct Case {
    found: Found,
    mx: Security,
    sts: Sts,
    level: LocalLevel,
    asks: Asks,
    insecure_mx: InsecureMx,
    dane_failure: DaneFailure,
}

fn cases() -> impl Iterator<Item = Case> {
    let security = [Security::Secure, Security::Insecure];
    let insecure_mx = [InsecureMx::UseTlsa, InsecureMx::DangerIgnoreTlsa];
    let dane_failure = [DaneFailure::SkipsHost, DaneFailure::DangerReportOnly];
    let mut cases = Vec::new();
    for found in FOUND {
        for mx in security {
            for sts in STS {
                for level in LEVELS {
                    for asks in ASKS {
                        for insecure_mx in insecure_mx {
                            for dane_failure in dane_failure {
                                let case =
                                    Case { found, mx, sts, level, asks, insecure_mx, dane_failure };
                                cases.push(case);
                            }
                        }
                    }
                }
            }
        }
    }
    cases.into_iter()
}

fn world(case: &Case) -> World {
    let mut world = World::with_hosts(case.mx, &[HOST]);
    world.address(HOST, Security::Secure);
    let tlsa = "_25._tcp.mx.d.test";
    match case.found {
        Found::Usable => world.tlsa(HOST, vec![usable_tlsa(), unusable_tlsa()]),
        Found::Unusable => world.tlsa(HOST, vec![unusable_tlsa()]),
        Found::SecurelyNone => world.set(tlsa, Kind::Tlsa, Outcome::NoData, Security::Secure),
        Found::Unsigned => {
            let records = Outcome::Records(vec![usable_tlsa()]);
            world.set(tlsa, Kind::Tlsa, records, Security::Insecure);
        }
        Found::InsecureAddress => world.address(HOST, Security::Insecure),
        Found::Bogus => {
            world.answer(tlsa, Kind::Tlsa, Err(LookUpError::Bogus { extended: None }));
        }
        Found::ServerFailure => {
            world.answer(tlsa, Kind::Tlsa, Err(LookUpError::ServFail { extended: None }));
        }
        Found::TooMany => world.tlsa(HOST, vec![usable_tlsa(); 65]),
        Found::AddressFails => {
            world.answer(HOST, Kind::A, Err(LookUpError::Timeout));
        }
        Found::AddressUnreadable => {
            let records = Outcome::Records(vec![Record::Unreadable(vec![1])]);
            world.set(HOST, Kind::A, records, Security::Insecure);
            world.set(HOST, Kind::Aaaa, Outcome::NoData, Security::Insecure);
        }
        Found::NoAddress => world.set(HOST, Kind::A, Outcome::NoData, Security::Secure),
    }
    let pattern = |listed: bool| if listed { HOST } else { "other.d.test" };
    match case.sts {
        Sts::Nothing => {}
        Sts::FetchFails => world.record(),
        Sts::None => world.policy("none", HOST),
        Sts::Testing { listed } => world.policy("testing", pattern(listed)),
        Sts::Enforce { listed } => world.policy("enforce", pattern(listed)),
    }
    world.settings.level = case.level;
    world.settings.insecure_mx = case.insecure_mx;
    world.settings.dane_failure = case.dane_failure;
    world.settings.mta_sts.tls_required_no = match case.asks {
        Asks::NoButIgnored => TlsRequiredNo::Ignore,
        _ => TlsRequiredNo::Honour,
    };
    world.message = match case.asks {
        Asks::Nothing => MessageTerms::default(),
        Asks::No | Asks::NoButIgnored => MessageTerms::tls_required_no(),
        Asks::Report => MessageTerms::report_delivery(),
        Asks::RequireTls => MessageTerms::require_tls(),
    };
    world
}

/// What the machine wants, in a line.
fn found(world: &World) -> String {
    let played = world.play();
    let assessment = &played.report.tries[0].assessment;
    match &assessment.verdict {
        Err(skip) => {
            assert!(played.attempts.is_empty());
            assert_eq!(played.report.fates[0].word(), "deferred");
            format!("skip {}", skip.reason())
        }
        Ok(plan) => {
            assert_eq!(played.attempts[0].0.plan.requirement, plan.requirement);
            let check = match plan.check {
                Check::Nothing => "nothing",
                Check::Pkix => "pkix",
                Check::Dane(_) => "dane",
            };
            let requirement = match plan.requirement {
                Requirement::Opportunistic => "opportunistic",
                Requirement::Encrypt => "encrypt",
                Requirement::Authenticate => "authenticate",
            };
            let need = match plan.need {
                MessageNeed::Nothing => "",
                MessageNeed::RequireTls(MxTrust::Authenticated) => " requiretls",
                MessageNeed::RequireTls(MxTrust::NotAuthenticated) => " requiretls-unproven",
            };
            format!("{requirement} {check}{need}")
        }
    }
}

/// The table, row by row from the top; the first that fits counts.
fn expected(case: &Case) -> String {
    let insists_on_dane = case.level == LocalLevel::Dane;
    let unproven = case.mx == Security::Insecure;
    let exempt = matches!(case.asks, Asks::No | Asks::Report) && !insists_on_dane;
    let binding =
        insists_on_dane || !(exempt || case.dane_failure == DaneFailure::DangerReportOnly);
    let asks_for_tlsa = !(unproven && case.insecure_mx == InsecureMx::DangerIgnoreTlsa);
    let found = match case.found {
        found @ (Found::AddressFails | Found::AddressUnreadable | Found::NoAddress) => found,
        found if asks_for_tlsa => found,
        _ => Found::Unsigned,
    };
    let sts_listed =
        matches!(case.sts, Sts::Testing { listed: true } | Sts::Enforce { listed: true });
    let row = match (found, case.sts) {
        _ if insists_on_dane && unproven => "skip dane-required",
        (Found::AddressFails, _) => "skip address-lookup-failure",
        (Found::AddressUnreadable, _) if insists_on_dane => "skip dane-required",
        (Found::AddressUnreadable, _) => "skip address-lookup-failure",
        (Found::NoAddress, _) => "skip no-address",
        (Found::Bogus | Found::ServerFailure, _) if !exempt => "skip tlsa-lookup-failure",
        (Found::TooMany, _) if !exempt => "skip too-many-records",
        (Found::Usable, _) if binding => "authenticate dane",
        _ if insists_on_dane => "skip dane-required",
        (_, Sts::Enforce { listed: false }) if !exempt => "skip mx-not-in-policy",
        (_, Sts::Enforce { listed: true }) if !exempt => "authenticate pkix",
        (Found::Usable, _) => "local dane",
        (Found::Unusable, Sts::Testing { .. }) if binding => "encrypt pkix",
        (Found::Unusable, _) if binding => "encrypt nothing",
        (_, Sts::Testing { .. } | Sts::Enforce { .. }) => "local pkix",
        _ => "local nothing",
    };
    if row.starts_with("skip") {
        return row.to_owned();
    }
    let local = if case.level == LocalLevel::Encrypt { "encrypt" } else { "opportunistic" };
    let row = row.replace("local", local);
    if case.asks != Asks::RequireTls {
        return row;
    }
    let row = row.replace("opportunistic", "encrypt").replace("nothing", "pkix");
    let unproven = if unproven && !sts_listed { "-unproven" } else { "" };
    format!("{row} requiretls{unproven}")
}

// checks: dane/A2, dane/M2, dane/DANE-R3, dane/DANE-R4, dane/DANE-T4, dane/DANE-T6, dane/DANE-T7
// checks: dane/DANE-T8, dane/DANE-T9, mta-sts/A01, mta-sts/A02, mta-sts/A07, mta-sts/A12
// checks: smtp-starttls/SMTP-R3
#[test]
fn every_combination_comes_to_its_row() {
    let mut count = 0;
    for case in cases() {
        assert_eq!(found(&world(&case)), expected(&case), "{case:?}");
        count += 1;
    }
    assert_eq!(count, 11 * 2 * 7 * 3 * 5 * 2 * 2);
}

// checks: dane/DANE-R3, mta-sts/A07, mta-sts/I5
#[test]
fn rfc8461_2_mta_sts_never_lowers_what_dane_demands() {
    for case in cases() {
        let with = found(&world(&case));
        let without = found(&world(&Case { sts: Sts::Nothing, ..case }));
        if without.starts_with("authenticate dane") || without.starts_with("skip") {
            // A policy may prove the host to be the domain's; it changes nothing else.
            let without = without.trim_end_matches("-unproven");
            assert_eq!(with.trim_end_matches("-unproven"), without, "{case:?}");
        }
        if without.starts_with("encrypt") {
            assert!(!with.starts_with("opportunistic"), "{case:?}");
        }
    }
}

// checks: dane/D1, dane/D3, dane/M1, dane/A2, dane/DANE-T4
#[test]
fn no_look_up_that_failed_is_taken_for_an_answer() {
    let failures = [
        LookUpError::Bogus { extended: None },
        LookUpError::Indeterminate { extended: None },
        LookUpError::ServFail { extended: None },
        LookUpError::Timeout,
        LookUpError::Malformed,
        LookUpError::Truncated,
        LookUpError::Referral,
        LookUpError::ResponseCode(5),
    ];
    for failure in failures {
        for (at, kind) in [(DOMAIN, Kind::Mx), (HOST, Kind::A), ("_25._tcp.mx.d.test", Kind::Tlsa)]
        {
            let mut world = World::with_hosts(Security::Secure, &[HOST]);
            world.answer(at, kind, Err(failure.clone()));
            let played = world.play();
            assert!(played.attempts.is_empty(), "{kind} {failure}");
            assert_eq!(played.report.fates[0].word(), "deferred", "{kind} {failure}");
        }
    }
}

// checks: dane/DANE-S1, mta-sts/V06
/// RFC 7672 sections 2.2.1 and 8.1, RFC 8461 section 7.1.
#[test]
fn the_name_asked_for_is_the_base_domain_under_dane_and_else_the_mx_host() {
    use super::script::{alias, answer};

    for (record, policy, sni) in [
        (Some(usable_tlsa()), None, "real.d.test"),
        (Some(unusable_tlsa()), None, "real.d.test"),
        (Some(unusable_tlsa()), Some("enforce"), HOST),
        (Some(unusable_tlsa()), Some("testing"), HOST),
        (None, Some("enforce"), HOST),
        (None, None, HOST),
    ] {
        let mut world = World::with_hosts(Security::Secure, &[HOST]);
        let mut found =
            answer(Outcome::Records(vec![Record::A([192, 0, 2, 1].into())]), Security::Secure);
        found.chain = vec![alias(HOST, "real.d.test", Security::Secure)];
        world.answer(HOST, Kind::A, Ok(found));
        if let Some(record) = record {
            world.tlsa("real.d.test", vec![record]);
        }
        if let Some(mode) = policy {
            world.policy(mode, HOST);
        }
        let played = world.play();
        assert_eq!(played.attempts[0].0.plan.sni.as_str(), sni, "{policy:?}");
    }
}
