//! Bytes as text: base64 and hexadecimal.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that travel as standard base64 with padding.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Base64(pub Vec<u8>);

impl Base64 {
    /// The text of these bytes.
    #[must_use]
    pub fn text(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(|_| D::Error::custom("not standard base64"))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Self::text(&self.0))
    }
}

/// Bytes that travel as hexadecimal digits, read in both cases and written in lower case.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hex(pub Vec<u8>);

impl Hex {
    /// The bytes of an even number of hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn bytes(text: &str) -> Option<Vec<u8>> {
        let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
        let pairs = digits.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return None;
        }
        pairs
            .map(|pair| match pair {
                [high, low] => u8::try_from(high * 16 + low).ok(),
                _ => None,
            })
            .collect()
    }

    /// The digits of these bytes.
    #[must_use]
    pub fn text(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::bytes(&text).map(Self).ok_or_else(|| D::Error::custom("not hexadecimal"))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Self::text(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_refused_with_an_odd_count_or_another_character() {
        assert_eq!(Hex::bytes("abc"), None);
        assert_eq!(Hex::bytes("0g"), None);
        assert_eq!(Hex::bytes("é0"), None);
    }

    #[test]
    fn hexadecimal_is_read_in_both_cases() {
        assert_eq!(Hex::bytes("00ffAb"), Some(vec![0, 255, 0xab]));
        assert_eq!(Hex::text(&[0, 255, 0xab]), "00ffab");
        assert_eq!(Hex::bytes(""), Some(Vec::new()));
    }

    #[test]
    fn base64_needs_its_padding() {
        assert!(serde_json::from_str::<Base64>("\"AA\"").is_err());
        assert_eq!(serde_json::from_str::<Base64>("\"AA==\"").unwrap(), Base64(vec![0]));
    }
}
