use std::format;
use std::string::ToString;

use super::*;

fn host(name: &str) -> Result<HostName, NameError> {
    name.parse()
}

#[test]
fn v03_names_are_made_comparable() {
    assert_eq!(host("MX1.Example.ORG.").unwrap().as_str(), "mx1.example.org");
    assert_eq!(host("mx_1.example.org").unwrap().as_str(), "mx_1.example.org");
    assert_eq!(host("localhost").unwrap().parent(), None);
    assert_eq!(host("mx1.example.org").unwrap().parent(), Some(&b"example.org"[..]));
}

#[test]
fn each_fault_of_a_name_is_told() {
    assert_eq!(host(""), Err(NameError::Empty));
    assert_eq!(host("."), Err(NameError::Empty));
    assert_eq!(host(".example.org"), Err(NameError::EmptyLabel(0)));
    assert_eq!(host("a..org"), Err(NameError::EmptyLabel(2)));
    assert_eq!(host("example.org.."), Err(NameError::EmptyLabel(12)));
    assert_eq!(host("a b"), Err(NameError::InvalidByte(1)));
    assert_eq!(host("*.example.org"), Err(NameError::InvalidByte(0)));
    assert_eq!(host("mx1.example.org:25"), Err(NameError::InvalidByte(15)));
    assert_eq!(host("[192.0.2.1]"), Err(NameError::AddressLiteral));
    assert_eq!(host("[IPv6:2001:db8::1]"), Err(NameError::AddressLiteral));
    assert_eq!(host("2001:db8::1"), Err(NameError::AddressLiteral));
}

#[test]
fn labels_have_63_bytes_and_names_253() {
    let label = "a".repeat(63);
    assert!(host(&label).is_ok());
    assert_eq!(host(&format!("b.{label}a")), Err(NameError::LabelTooLong(2)));
    let name = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(host(&name).unwrap().as_str().len(), 253);
    assert_eq!(host(&format!("{name}b")), Err(NameError::TooLong(254)));
    assert!(host(&format!("{name}.")).is_ok());
}

#[test]
fn d01_f01_names_asked_for() {
    let domain: PolicyDomain = "Example.org".parse().unwrap();
    assert_eq!(domain.to_string(), "example.org");
    assert_eq!(domain.record_name(), Some("_mta-sts.example.org"));
    assert_eq!(domain.policy_host(), Some("mta-sts.example.org"));
}

#[test]
fn d01_a_name_that_grows_too_long_is_not_asked_for() {
    let label = "a".repeat(63);
    let domain = |last: usize| -> PolicyDomain {
        format!("{label}.{label}.{label}.{}", "a".repeat(last)).parse().unwrap()
    };
    assert_eq!(domain(52).record_name().unwrap().len(), 253);
    assert_eq!(domain(53).record_name(), None);
    assert_eq!(domain(53).policy_host().unwrap().len(), 253);
    assert_eq!(domain(54).policy_host(), None);
}

#[test]
fn f13_address_literals_have_no_policy() {
    assert_eq!("[192.0.2.1]".parse::<PolicyDomain>(), Err(NameError::AddressLiteral));
    let address: PolicyDomain = "192.0.2.1".parse().unwrap();
    assert_eq!(address.record_name(), None);
    assert_eq!(address.policy_host(), None);
}

#[cfg(not(feature = "idna"))]
#[test]
fn v03_u_labels_need_the_feature() {
    assert_eq!(host("müller.example.org"), Err(NameError::ULabel));
}

#[cfg(feature = "idna")]
#[test]
fn v03_u_labels_are_converted() {
    assert_eq!(host("müller.example.org").unwrap().as_str(), "xn--mller-kva.example.org");
    assert_eq!(host("MÜLLER.example.org").unwrap().as_str(), "xn--mller-kva.example.org");
    assert_eq!(host("\u{ffff}.example.org"), Err(NameError::ULabel));
    // The dot of the root is one however it is written, and there is one at most.
    for root in [".", "\u{3002}", "\u{ff0e}", "\u{ff61}"] {
        let name = host(&format!("müller\u{3002}example{root}"));
        assert_eq!(name.unwrap().as_str(), "xn--mller-kva.example", "{root:?}");
        for second in [".", "\u{3002}"] {
            let name = host(&format!("müller.example{root}{second}"));
            assert_eq!(name, Err(NameError::EmptyLabel(22)), "{root:?}{second:?}");
        }
    }
    let domain: PolicyDomain = "müller.example".parse().unwrap();
    assert_eq!(domain.record_name(), Some("_mta-sts.xn--mller-kva.example"));
}
