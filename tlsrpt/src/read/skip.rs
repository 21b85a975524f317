//! Members that are ignored: their depth and strings are bounded all the same.

use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::context::Context;
use super::error::ReadError;
use super::value::NameSeed;
use crate::limits;

/// A value of no interest.
pub(super) struct SkipSeed<'c, 'de> {
    pub(super) context: &'c mut Context<'de>,
    /// How many arrays and objects are around the value.
    pub(super) depth: usize,
}

impl SkipSeed<'_, '_> {
    fn deeper<E: Error>(&mut self) -> Result<usize, E> {
        if self.depth >= limits::DEPTH {
            return Err(self.context.fail(ReadError::TooDeep));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> DeserializeSeed<'de> for SkipSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SkipSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.len() > limits::STRING {
            return Err(self.context.fail(ReadError::StringTooLong));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while seq.next_element_seed(SkipSeed { context: self.context, depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while map.next_key_seed(NameSeed(self.context))?.is_some() {
            map.next_value_seed(SkipSeed { context: self.context, depth })?;
        }
        Ok(())
    }
}
