use std::format;
use std::string::ToString;

use super::*;

fn matches(pattern: &str, host: &str) -> bool {
    let host: HostName = host.parse().unwrap();
    MxPattern::try_from(pattern).unwrap().matches(&host)
}

fn refused(pattern: &str) -> PatternError {
    MxPattern::try_from(pattern).unwrap_err()
}

#[test]
fn v01_whole_names_match_without_regard_to_case() {
    assert!(matches("mx1.example.org", "MX1.Example.ORG"));
    assert!(matches("MX1.example.org", "mx1.example.org."));
    assert!(!matches("mx1.example.org", "mx1xexample.org"));
    assert!(!matches("mx1.example.org", "mx1.example.org.evil.test"));
    assert!(!matches("mx1.example.org", "mail.example.com"));
    assert!(!matches("mx1.example.org", "amx1.example.org"));
}

#[test]
fn v02_a_wildcard_is_one_label() {
    assert!(matches("*.example.org", "mx1.example.org"));
    assert!(matches("*.example.org", "xn--mller-kva.example.org"));
    assert!(matches("*.example.org", "mx_1.example.org"));
    assert!(!matches("*.example.org", "example.org"));
    assert!(!matches("*.example.org", "a.mx1.example.org"));
    assert!(!matches("*.example.org", "mx1.example.com"));
    assert!(matches("*.org", "example.org"));
    assert!(!matches("*.org", "org"));
}

#[test]
fn p06_addresses_match_nothing() {
    assert!(!matches("192.0.2.1", "192.0.2.1"));
    assert!(!matches("*.0.2.1", "192.0.2.1"));
    assert!(!matches("*.1", "a.1"));
    assert!(MxPattern::try_from("*.0.2.1").unwrap().is_address());
    assert!(!MxPattern::try_from("1.example.0x1").unwrap().is_address());
    assert!(matches("1.2.3.4a", "1.2.3.4a"));
}

#[test]
fn v08_an_asterisk_is_the_whole_first_label_or_nothing() {
    assert_eq!(refused("*"), PatternError::InvalidByte(0));
    assert_eq!(refused("*."), PatternError::EmptyLabel(2));
    assert_eq!(refused("*.*.x"), PatternError::InvalidByte(2));
    assert_eq!(refused("a.*.x"), PatternError::InvalidByte(2));
    assert_eq!(refused("*a.x"), PatternError::InvalidByte(0));
    assert_eq!(refused("a*.x"), PatternError::InvalidByte(1));
}

#[test]
fn p06_each_fault_of_a_pattern_is_told() {
    assert_eq!(refused(""), PatternError::EmptyLabel(0));
    assert_eq!(refused(".example.org"), PatternError::EmptyLabel(0));
    assert_eq!(refused("mx..example.org"), PatternError::EmptyLabel(3));
    assert_eq!(refused("mx1.example.org."), PatternError::EmptyLabel(16));
    assert_eq!(refused("mx1.example.org:25"), PatternError::InvalidByte(15));
    assert_eq!(refused("mx_1.example.org"), PatternError::InvalidByte(2));
    assert_eq!(refused("_mx.example.org"), PatternError::InvalidByte(0));
    assert_eq!(refused("müller.example.org"), PatternError::InvalidByte(1));
    assert_eq!(refused("-mx.example.org"), PatternError::Hyphen(3));
    assert_eq!(refused("*.mx-.example.org"), PatternError::Hyphen(5));
    assert_eq!(refused("-"), PatternError::Hyphen(1));
    assert_eq!(refused("a b"), PatternError::InvalidByte(1));
    assert_eq!(refused("[192.0.2.1]"), PatternError::InvalidByte(0));
}

#[test]
fn p06_labels_have_63_bytes_and_domains_253() {
    let label = "a".repeat(63);
    assert!(MxPattern::try_from(label.as_str()).is_ok());
    assert_eq!(refused(&format!("b.{label}a")), PatternError::LabelTooLong(66));
    let name = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert!(matches(&name, &name));
    assert!(MxPattern::try_from(format!("*.{name}").as_str()).is_ok());
    assert_eq!(refused(&format!("{name}b")), PatternError::TooLong(254));
}

#[test]
fn a_pattern_is_what_it_writes() {
    for (text, canonical) in [("*.Example.ORG", "*.example.org"), ("MX.example", "mx.example")] {
        let pattern: MxPattern<'static> = text.parse().unwrap();
        assert_eq!(pattern.to_string(), canonical);
        assert_eq!(canonical.parse::<MxPattern<'_>>().unwrap(), pattern);
    }
    let host: MxPattern<'_> = "example.org".parse().unwrap();
    assert_ne!(host, "*.example.org".parse().unwrap());
}

#[test]
fn p06_the_fast_reader_agrees_with_the_slow_one() {
    // All texts of up to six of these bytes, and these in the middle of longer ones.
    let bytes = b"a9Z-.*\xe9";
    for len in 0..=6_u32 {
        for number in 0..bytes.len().pow(len) {
            let text: std::vec::Vec<u8> =
                (0..len).map(|at| bytes[number / bytes.len().pow(at) % bytes.len()]).collect();
            assert_eq!(scan_domain(&text), check_domain(&text), "{text:?}");
            let longer = [b"mx.exa", &text[..], b"b.org\r\nmode: none"].concat();
            assert_eq!(scan_domain(&longer), check_domain(&longer), "{longer:?}");
        }
    }
    for byte in 0..=255 {
        for at in 0..9 {
            let mut text = *b"aaaaaaaaa.org";
            text[at] = byte;
            assert_eq!(scan_domain(&text), check_domain(&text), "{text:?}");
        }
    }
}
