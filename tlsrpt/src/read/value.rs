//! Visitors for single values: text, counts, dates, lists of text.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use super::context::Context;
use super::error::ReadError;
use super::quirk::Quirk;
use crate::limits;
use crate::report::Address;
use crate::time;

type Text<'de> = Cow<'de, str>;

/// A string, or nothing where it is null. What is no string is of the wrong type, unless a quirk
/// stands for taking the text of a number or truth value.
pub(super) struct TextSeed<'c, 'de> {
    pub(super) context: &'c mut Context<'de>,
    pub(super) not_string: Option<Quirk>,
}

impl TextSeed<'_, '_> {
    fn scalar<'de, E: Error>(self, text: &dyn ToString) -> Result<Option<Text<'de>>, E> {
        match self.not_string {
            Some(quirk) => {
                self.context.quirk(quirk);
                Ok(Some(Cow::Owned(text.to_string())))
            }
            None => Err(E::custom("expected a string")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for TextSeed<'_, 'de> {
    type Value = Option<Text<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextSeed<'_, 'de> {
    type Value = Option<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        if text.len() > limits::STRING {
            return Err(self.context.fail(ReadError::StringTooLong));
        }
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.len() > limits::STRING {
            return Err(self.context.fail(ReadError::StringTooLong));
        }
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.scalar(&number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.scalar(&number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        self.scalar(&number)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        self.scalar(&truth)
    }
}

/// A string, or nothing where it is null.
pub(super) fn text<'c, 'de>(context: &'c mut Context<'de>) -> TextSeed<'c, 'de> {
    TextSeed { context, not_string: None }
}

/// The name of a member.
pub(super) struct NameSeed<'c, 'de>(pub(super) &'c mut Context<'de>);

impl<'de> DeserializeSeed<'de> for NameSeed<'_, 'de> {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let text = TextSeed { context: self.0, not_string: None };
        Ok(deserializer.deserialize_str(text)?.unwrap_or_default())
    }
}

/// A count of sessions, or nothing where it is null.
pub(super) struct CountSeed<'c, 'de>(pub(super) &'c mut Context<'de>);

impl CountSeed<'_, '_> {
    fn large<E: Error>(self, count: u64) -> Result<Option<u64>, E> {
        if count > EXACT {
            self.0.quirk(Quirk::CountTooLarge);
        }
        Ok(Some(count.min(LARGEST)))
    }

    fn bad<E: Error>(self) -> Result<Option<u64>, E> {
        Err(self.0.fail(ReadError::BadCount))
    }
}

impl<'de> DeserializeSeed<'de> for CountSeed<'_, 'de> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.in_count = true;
        let count = deserializer.deserialize_any(CountSeed(self.0))?;
        self.0.in_count = false;
        Ok(count)
    }
}

impl<'de> Visitor<'de> for CountSeed<'_, 'de> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count")
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Self::Value, E> {
        if count <= EXACT { Ok(Some(count)) } else { self.large(count) }
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        self.bad()
    }

    fn visit_f64<E: Error>(self, count: f64) -> Result<Self::Value, E> {
        // A float below 2^63 that a conversion gives back has no fraction.
        let whole = count as u64;
        if count < 0.0 || (count < TWO_63 && whole as f64 != count) {
            return self.bad();
        }
        // Whole numbers past 64 bits come as floats too.
        if count < TWO_64 {
            self.0.quirk(Quirk::CountNotInteger);
        }
        self.large(whole)
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<Self::Value, E> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.bad();
        }
        self.0.quirk(Quirk::CountNotInteger);
        let count = digits.bytes().fold(0_u64, |count, digit| {
            count.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        });
        self.large(count)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        self.bad()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.bad()
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.bad()
    }
}

/// A date as seconds since 1970, or nothing where it is null.
pub(super) struct DateSeed<'c, 'de>(pub(super) &'c mut Context<'de>);

impl<'de> DeserializeSeed<'de> for DateSeed<'_, 'de> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DateSeed<'_, 'de> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let Some((seconds, form)) = time::parse(text) else {
            return Err(self.0.fail(ReadError::BadDate));
        };
        for (departs, quirk) in [
            (form.space_separator, Quirk::DateSpaceSeparator),
            (form.hour_24, Quirk::DateHour24),
            (form.without_zone, Quirk::DateWithoutZone),
        ] {
            if departs {
                self.0.quirk(quirk);
            }
        }
        Ok(Some(seconds))
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Self::Value, E> {
        self.0.quirk(Quirk::DateEpochNumber);
        Ok(Some(seconds))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(self.0.fail(ReadError::BadDate))
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Self::Value, E> {
        // Fractions are cut, as those of text are.
        if seconds < 0.0 {
            return Err(self.0.fail(ReadError::BadDate));
        }
        self.visit_u64(seconds as u64)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// A list of strings, put at the end of the context's strings.
pub(super) struct ListSeed<'c, 'de> {
    pub(super) context: &'c mut Context<'de>,
    /// What to tell of one string that is no array.
    pub(super) not_array: Quirk,
    /// Whether the list is a policy's strings, which may come unsplit or packed.
    pub(super) policy_strings: bool,
}

/// Whether a list was there, whole.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum List {
    Missing,
    There,
}

impl<'de> DeserializeSeed<'de> for ListSeed<'_, 'de> {
    type Value = List;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_, 'de> {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let start = self.context.strings.len();
        let mut list = List::There;
        while let Some(text) =
            seq.next_element_seed(TextSeed { context: self.context, not_string: None })?
        {
            match text {
                Some(text) => self.context.string(text)?,
                None => list = List::Missing,
            }
        }
        if let (true, [only]) =
            (self.policy_strings, self.context.strings.get(start..).unwrap_or_default())
            && let Some(texts) = nested(only)
        {
            self.context.quirk(Quirk::PolicyStringNestedJson);
            self.context.strings.truncate(start);
            texts.into_iter().try_for_each(|text| self.context.string(Cow::Owned(text)))?;
        }
        Ok(list)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        self.one(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.one(Cow::Owned(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(List::Missing)
    }
}

impl<'de> ListSeed<'_, 'de> {
    fn one<E: Error>(self, text: Text<'de>) -> Result<List, E> {
        if text.len() > limits::STRING {
            return Err(self.context.fail(ReadError::StringTooLong));
        }
        self.context.quirk(self.not_array);
        let context = self.context;
        if !self.policy_strings {
            context.string(text)?;
        } else if let Some(texts) = nested(&text) {
            context.quirk(Quirk::PolicyStringNestedJson);
            texts.into_iter().try_for_each(|text| context.string(Cow::Owned(text)))?;
        } else {
            match text {
                Cow::Borrowed(text) => {
                    lines(text).try_for_each(|line| context.string(Cow::Borrowed(line)))?;
                }
                Cow::Owned(text) => {
                    lines(&text)
                        .try_for_each(|line| context.string(Cow::Owned(line.to_owned())))?;
                }
            }
        }
        Ok(List::There)
    }
}

/// The older text of RFC 8460 section 4 has one string with semicolons.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n', ';']).map(str::trim).filter(|line| !line.is_empty())
}

/// The strings of a JSON array inside a string.
fn nested(text: &str) -> Option<Vec<String>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// An address out of a text; an empty one counts as absent.
pub(super) fn address<'de>(
    context: &mut Context<'de>,
    text: Option<Text<'de>>,
) -> Option<Address<'de>> {
    let text = text?;
    if let Some(ip) = Address::exact(&text) {
        return Some(ip);
    }
    context.quirk(Quirk::IpNotAddress);
    if text.is_empty() {
        return None;
    }
    Some(Address::clear(&text).unwrap_or(Address::Text(text)))
}

/// The largest whole number that every JSON reader keeps exact: RFC 7493 section 2.2.
const EXACT: u64 = (1 << 53) - 1;
/// Where counts are cut.
const LARGEST: u64 = (1 << 63) - 1;
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_64: f64 = 18_446_744_073_709_551_616.0;
