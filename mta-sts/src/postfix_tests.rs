use std::format;
use std::string::ToString;

use super::*;

fn value(body: &str, form: PostfixForm) -> Result<String, PostfixError> {
    postfix_value(&"example.org".parse().unwrap(), &body.parse().unwrap(), form)
}

fn policy(mx: &str) -> String {
    format!("version: STSv1\nmode: enforce\n{mx}max_age: 1209600\n")
}

const TWO: &str = "mx: mx1.example.org\nmx: *.mail.example.net\n";

#[test]
fn s6_the_plain_form() {
    let expected = "secure match=mx1.example.org:.mail.example.net servername=hostname";
    assert_eq!(value(&policy(TWO), PostfixForm::Plain).unwrap(), expected);
    assert_eq!("OK ".len() + expected.len(), 69);
}

#[test]
fn s6_the_form_with_attributes() {
    let expected = "secure match=mx1.example.org:.mail.example.net servername=hostname \
        policy_type=sts policy_domain=example.org mx_host_pattern=mx1.example.org \
        mx_host_pattern=*.mail.example.net { policy_string = version: STSv1 } \
        { policy_string = mode: enforce } { policy_string = mx: mx1.example.org } \
        { policy_string = mx: *.mail.example.net } { policy_string = max_age: 1209600 }";
    assert_eq!(value(&policy(TWO), PostfixForm::WithAttributes).unwrap(), expected);
    assert_eq!("OK ".len() + expected.len(), 367);
}

#[test]
fn s6_instructions_and_addresses_are_no_matches() {
    let mx = "mx: HostName\nmx: nexthop\nmx: dot-nexthop\nmx: 192.0.2.1\n";
    let refused = value(&policy(mx), PostfixForm::WithAttributes).unwrap_err();
    assert_eq!((refused, refused.reason()), (PostfixError::NoUsablePattern, "no-usable-pattern"));
    let mx = format!("{mx}mx: *.nexthop\nmx: Mail\n");
    let expected = "secure match=.nexthop:mail servername=hostname";
    assert_eq!(value(&policy(&mx), PostfixForm::Plain).unwrap(), expected);
}

#[test]
fn s6_no_line_brings_in_an_instruction() {
    let mx = "mx: a.example\nx: } policy_failure=sts-policy-invalid {\ny: a\u{85}b\nz:\tq \t\n";
    let value = value(&policy(mx), PostfixForm::WithAttributes).unwrap();
    assert!(!value.contains("policy_failure") && !value.contains('\u{85}'));
    assert!(value.contains(" { policy_string = z: q } "));
    assert_eq!(value.matches('{').count(), 5);
    assert!(!value.chars().any(char::is_control));
}

#[test]
fn s6_a_line_with_either_brace_is_left_out_whole() {
    for line in ["x: {", "x: }", "x: a{b", "x: a}b"] {
        let mx = format!("mx: a.example\n{line}\n");
        let value = value(&policy(&mx), PostfixForm::WithAttributes).unwrap();
        assert!(!value.contains("policy_string = x"), "{line}");
    }
}

#[test]
fn s6_a_reply_has_100000_bytes() {
    let names =
        |count: usize| (0..count).map(|n| format!("mx: m{n}.example.org\n")).collect::<String>();
    let unknown = format!("x: {}\n", "y".repeat(40_000));
    let whole = value(&policy(&format!("{unknown}{}", names(10))), PostfixForm::WithAttributes);
    assert!(whole.unwrap().contains("policy_string = x"));
    let dropped = value(&policy(&format!("{unknown}{}", names(900))), PostfixForm::WithAttributes);
    let dropped = dropped.unwrap();
    assert!(!dropped.contains("policy_string = x") && dropped.contains("policy_string = mx"));
    let bare = value(&policy(&names(1_700)), PostfixForm::WithAttributes).unwrap();
    assert!(!bare.contains("policy_string = mx") && bare.contains("policy_string = mode"));
    let refused = value(&policy(&names(2_600)), PostfixForm::WithAttributes).unwrap_err();
    assert_eq!((refused, refused.reason()), (PostfixError::TooLong, "too-long"));
    assert!(refused.to_string().contains("100000"));
}
