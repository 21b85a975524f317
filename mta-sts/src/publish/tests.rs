use std::format;
use std::string::ToString;
use std::vec::Vec;

use super::*;
use crate::mx::PatternError;
use crate::name::HostName;
use crate::policy::{Mode, Policy, PolicyError};
use crate::profile::Profile;
use crate::record::{PolicyId, Record};
use crate::severity::Severity;

fn mx(patterns: &[&str]) -> MxList {
    MxList::parse(patterns.iter().copied()).unwrap()
}

fn publication(promise: Promise) -> Publication {
    Publication::new(&promise, MaxAge::DAY, IdFrom::Content).unwrap()
}

#[test]
fn h01_what_is_written_obeys_the_grammar() {
    for promise in [
        Promise::Enforce(mx(&["MX1.example.org", "*.example.net"])),
        Promise::Testing(mx(&["mx1.example.org"])),
        Promise::None,
    ] {
        let publication = publication(promise);
        let text = publication.policy().to_string();
        assert_eq!(Policy::parse(text.as_bytes(), Profile::Rfc).as_ref(), Ok(publication.policy()));
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        assert_eq!(text, text.to_ascii_lowercase().replace("stsv1", "STSv1"));
        let record = publication.record().to_string();
        let read = Record::from_answer([[record]], Profile::Rfc).unwrap();
        assert_eq!(read, *publication.record());
    }
}

#[test]
fn h01_extension_fields_that_break_the_grammar_cannot_be_made() {
    let refused = |name: &str, value: &str| Extension::new(name, value).unwrap_err();
    let (long, longest) = ("a".repeat(33), "a".repeat(32));
    for name in ["", "-a", "_a", ".a", "a b", "a:", "ä", &long] {
        assert_eq!(refused(name, "x"), ExtensionError::Name, "{name}");
    }
    for name in ["version", "mode", "max_age", "mx", "Mode", "MX"] {
        assert_eq!(refused(name, "x"), ExtensionError::Reserved, "{name}");
    }
    for (value, at) in
        [("", 0), (" x", 0), ("x ", 1), ("x\ty", 1), ("x\r\nmode: none", 1), ("ä\u{7f}", 2)]
    {
        assert_eq!(refused("name", value), ExtensionError::Value(at), "{value:?}");
    }
    assert!(refused(&longest, "").reason().starts_with("extension-"));
    let fields = [
        Extension::new("owner", "Postmaster M\u{fc}ller\u{85} x: y").unwrap(),
        Extension::new(&longest, "!").unwrap(),
    ];
    let id = IdFrom::Content;
    let publish = |fields: &[Extension]| {
        let promise = Promise::NoneNaming(mx(&["a.example"]));
        Publication::with_extensions(&promise, MaxAge::DAY, fields, id).unwrap()
    };
    let publication = publish(&fields);
    let lines: Vec<_> = publication.policy().lines().collect();
    let own: Vec<_> = fields.iter().map(ToString::to_string).collect();
    assert_eq!(lines[..4], ["version: STSv1", "mode: none", "mx: a.example", "max_age: 86400"]);
    assert_eq!(lines[4..], own);
    assert_eq!(publication.policy().deviations(), []);
    assert_ne!(publication.record(), publish(&[]).record(), "they are content");
}

#[test]
fn h01_equal_content_has_an_equal_id() {
    let first = publication(Promise::Enforce(mx(&["a.example"])));
    assert_eq!(first, publication(Promise::Enforce(mx(&["A.example"]))));
    assert_ne!(first.record(), publication(Promise::Testing(mx(&["a.example"]))).record());
    // Vectors of FNV-1a with 128 bits; they pin the hash.
    assert_eq!(content_id("").as_str(), "6c62272e07bb014262b821756295c58d");
    assert_eq!(content_id("a").as_str(), "d228cb696f1a8caf78912b704e4a8964");
    assert_eq!(content_id("foobar").as_str(), "343e1662793c64bf6f0d3597ba446f18");
}

#[test]
fn s5_4_an_id_may_come_from_a_time() {
    let id = |seconds: u64| {
        let time = pki_types::UnixTime::since_unix_epoch(core::time::Duration::from_secs(seconds));
        let publication = Publication::new(&Promise::None, MaxAge::DAY, IdFrom::Time(time));
        publication.unwrap().record().id().to_string()
    };
    assert_eq!(id(0), "19700101000000Z");
    assert_eq!(id(1_472_633_820), "20160831085700Z");
    assert_eq!(id(951_782_399), "20000228235959Z");
    assert_eq!(id(951_782_400), "20000229000000Z");
    assert_eq!(id(951_868_800), "20000301000000Z");
    assert_eq!(id(4_107_542_399), "21000228235959Z");
    assert_eq!(id(4_107_542_400), "21000301000000Z");
    assert_eq!(id(253_402_300_799), "99991231235959Z");
    assert_eq!(id(u64::MAX), "99991231235959Z");
    let given: PolicyId = "abc".parse().unwrap();
    let publication = Publication::new(&Promise::None, MaxAge::DAY, IdFrom::Given(given)).unwrap();
    assert_eq!(*publication.record().id(), given);
}

#[test]
fn h04_none_can_be_published() {
    let publication = publication(Promise::None);
    assert_eq!(publication.policy().mode(), Mode::None);
    let expected = "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n";
    assert_eq!(publication.policy().to_string(), expected);
}

#[test]
fn s5_4_an_invalid_policy_cannot_be_written() {
    assert_eq!(MxList::parse([]), Err(PublishError::NoPattern));
    let cause = PatternError::InvalidByte(0);
    let refused = MxList::parse(["a.example", "*"]).unwrap_err();
    assert_eq!(refused, PublishError::Pattern { index: 1, cause });
    assert_eq!(refused.reason(), "invalid-pattern");
    assert_eq!(MaxAge::try_from(31_557_600).map(MaxAge::as_secs), Ok(31_557_600));
    assert_eq!(MaxAge::try_from(31_557_601), Err(MaxAgeError(31_557_601)));
    let names: Vec<_> = (0..5_000).map(|n| format!("m{n}.example")).collect();
    let list = MxList::parse(names.iter().map(|name| &**name)).unwrap();
    let refused = Publication::new(&Promise::Enforce(list), MaxAge::DAY, IdFrom::Content);
    assert!(matches!(refused, Err(PublishError::Policy(PolicyError::TooLarge { .. }))));
}

#[cfg(not(feature = "idna"))]
#[test]
fn h01_u_labels_need_the_feature() {
    let refused = MxList::parse(["*.müller.example"]).unwrap_err();
    assert_eq!((refused, refused.reason()), (PublishError::ULabel { index: 0 }, "u-label"));
}

#[cfg(feature = "idna")]
#[test]
fn h01_u_labels_are_converted() {
    let list = mx(&["*.Müller.example"]);
    let written: Vec<_> = list.iter().map(ToString::to_string).collect();
    assert_eq!(written, ["*.xn--mller-kva.example"]);
    let refused = MxList::parse(["\u{ffff}.example"]).unwrap_err();
    assert_eq!(refused, PublishError::ULabel { index: 0 });
}

const CLEAN: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmax_age: 86400\r\n";
const RECORD: &[u8] = b"v=STSv1; id=1;";

fn words(
    body: &str,
    hosts: &[&str],
    records: &[&[u8]],
    old: Option<(&str, &str)>,
) -> Vec<&'static str> {
    let hosts: Vec<HostName> = hosts.iter().map(|host| host.parse().unwrap()).collect();
    let id = old.map(|(id, _)| id.parse::<PolicyId>().unwrap());
    let findings = lint(&Hosting {
        domain: &"example.org".parse().unwrap(),
        mx_hosts: Some(&hosts),
        records: Some(records),
        body: body.as_bytes(),
        previous: id.as_ref().zip(old.map(|(_, body)| body.as_bytes())),
        is_public_suffix: |name| !name.contains('.'),
    });
    assert!(findings.is_sorted_by_key(|finding| core::cmp::Reverse(finding.severity())));
    for finding in &findings {
        assert!(!finding.remedy().is_empty() && !finding.to_string().is_empty());
    }
    findings.iter().map(Lint::word).collect()
}

fn lint_body(body: &str) -> Vec<&'static str> {
    words(body, &["mx1.example.org"], &[RECORD], None)
}

#[test]
fn h06_a_sound_publication_has_no_finding() {
    assert_eq!(lint_body(CLEAN), [""; 0]);
    let none = "version: STSv1\r\nmode: none\r\nmax_age: 60\r\n";
    assert_eq!(lint_body(none), [""; 0]);
}

#[test]
fn h06_hosts_and_patterns_belong_together() {
    let hosts = ["mx1.example.org", "mx2.example.org"];
    assert_eq!(words(CLEAN, &hosts, &[RECORD], None), ["mx-not-covered"]);
    assert_eq!(words(CLEAN, &[], &[RECORD], None), ["mx-unused"]);
    let wide = CLEAN.replace("mx1.example.org", "*.example.org");
    assert_eq!(lint_body(&wide), ["wildcard-broad"]);
    let suffix = CLEAN.replace("mx1.example.org", "*.ORG");
    assert_eq!(words(&suffix, &["a.org"], &[RECORD], None), ["wildcard-broad"]);
    let narrow = CLEAN.replace("mx1.example.org", "*.mx.example.org");
    assert_eq!(words(&narrow, &["a.mx.example.org"], &[RECORD], None), [""; 0]);
}

#[test]
fn h06_lifetime_and_mode() {
    assert_eq!(lint_body(&CLEAN.replace("86400", "86399")), ["max-age-short"]);
    assert_eq!(lint_body(&CLEAN.replace("86400", "31557600")), [""; 0]);
    assert_eq!(lint_body(&CLEAN.replace("86400", "31557601")), ["max-age-too-long"]);
    assert_eq!(lint_body(&CLEAN.replace("enforce", "testing")), ["mode-testing"]);
}

#[test]
fn h06_the_file() {
    assert_eq!(lint_body(&CLEAN.replace("\r\n", "\n")), ["line-end"]);
    assert_eq!(lint_body(CLEAN.trim_end()), [""; 0]);
    let u_label = CLEAN.replace("mx1", "mü1");
    assert_eq!(lint_body(&u_label), ["u-label", "policy-invalid"]);
    assert_eq!(lint_body(&format!("{CLEAN}\r\n")), ["policy-invalid"]);
    assert_eq!(lint_body("<html>"), ["policy-invalid"]);
}

#[test]
fn h06_the_record() {
    let with = |records: &[&[u8]]| words(CLEAN, &["mx1.example.org"], records, None);
    assert_eq!(with(&[]), ["record-invalid"]);
    assert_eq!(with(&[b"v=spf1 -all", RECORD]), [""; 0]);
    assert_eq!(with(&[RECORD, b"v=STSv1; id=2"]), ["stray-record", "record-invalid"]);
    assert_eq!(with(&[RECORD, b"v=STSv1 ; id=2"]), ["stray-record"]);
    let old = |id, body| words(CLEAN, &["mx1.example.org"], &[RECORD], Some((id, body)));
    assert_eq!(old("1", "other"), ["id-unchanged"]);
    assert_eq!(old("0", "other"), [""; 0]);
    assert_eq!(old("1", CLEAN), [""; 0]);
}

#[test]
fn h06_what_is_not_known_is_not_complained_of() {
    let hosting = Hosting {
        domain: &"example.org".parse().unwrap(),
        mx_hosts: None,
        records: None,
        body: CLEAN.as_bytes(),
        previous: Some((&"1".parse().unwrap(), b"other")),
        is_public_suffix: |name| !name.contains('.'),
    };
    assert_eq!(lint(&hosting), []);
    let body = CLEAN.replace("mx1.", "*.");
    let findings = lint(&Hosting { body: body.as_bytes(), ..hosting });
    assert_eq!(findings, [Lint::WildcardBroad("*.example.org".into())]);
}

#[test]
fn h06_severities() {
    let severity = |lint: Lint| lint.severity().word();
    assert_eq!(severity(Lint::LineEnd), "notice");
    assert_eq!(severity(Lint::MaxAgeShort), "warning");
    assert_eq!(severity(Lint::IdUnchanged), "error");
    assert!(Severity::Notice < Severity::Warning && Severity::Warning < Severity::Error);
}
