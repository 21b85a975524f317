use std::collections::HashSet;
use std::format;

use super::*;

#[test]
fn s3_2_each_kind_has_its_own_word_and_number() {
    let words: HashSet<_> = FailureKind::ALL.iter().map(|kind| kind.reason()).collect();
    assert_eq!(words.len(), FailureKind::ALL.len());
    for &kind in FailureKind::ALL {
        assert_eq!(FailureKind::from_number(kind.number()), Some(kind));
        let with_cached = format!("{}+cached-policy", kind.reason());
        assert_eq!(kind.reason_with_cached_policy(), with_cached);
    }
    assert_eq!(FailureKind::from_number(0), None);
}

#[test]
fn s3_2_result_types_are_those_of_rfc_8460() {
    use FailureKind as K;
    let count = |result_type: &str| {
        FailureKind::ALL.iter().filter(|kind| kind.result_type() == result_type).count()
    };
    assert_eq!(K::ConnectionFailed.result_type(), "sts-policy-fetch-error");
    assert_eq!(K::Truncated.result_type(), "sts-policy-fetch-error");
    assert_eq!(K::CertificateInvalid.result_type(), "sts-webpki-invalid");
    assert_eq!(K::MissingMx.result_type(), "sts-policy-invalid");
    assert_eq!(count("sts-policy-fetch-error"), 10);
    assert_eq!(count("sts-webpki-invalid"), 4);
    assert_eq!(count("sts-policy-invalid"), 11);
}
