//! Members of JSON objects that somebody else wrote: names that were seen, values that are skipped.

use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::limits;

/// The names of an object's members that were seen.
#[derive(Default)]
pub(crate) struct Seen {
    known: u32,
    unknown: BTreeSet<String>,
}

impl Seen {
    /// Marks a known member, by its number below 32; tells whether it was seen before.
    pub(crate) fn again(&mut self, member: u32) -> bool {
        let seen = self.known & 1 << member != 0;
        self.known |= 1 << member;
        seen
    }

    /// Marks a member that is ignored; tells whether it was seen before, if it is among the first
    /// [`limits::UNKNOWN_MEMBERS`].
    #[cold]
    pub(crate) fn again_unknown(&mut self, name: &str) -> bool {
        if self.unknown.len() < limits::UNKNOWN_MEMBERS {
            !self.unknown.insert(name.into())
        } else {
            self.unknown.contains(name)
        }
    }
}

/// Whom a skipped value can offend, and how deep it may go.
pub(crate) trait Judge {
    /// Arrays and objects inside one another, at most.
    const DEPTH: usize;

    /// The value is nested deeper than that.
    fn too_deep<E: Error>(&mut self) -> E;

    /// A string has more than [`limits::STRING`] bytes.
    fn too_long<E: Error>(&mut self) -> E;

    /// A member of a skipped object.
    fn member<E: Error>(&mut self, seen: &mut Seen, name: &str) -> Result<(), E>;
}

/// A value of no interest, whose depth and strings are bounded all the same.
pub(crate) struct SkipSeed<'c, J> {
    pub(crate) context: &'c mut J,
    /// How many arrays and objects are around the value.
    pub(crate) depth: usize,
}

impl<J: Judge> SkipSeed<'_, J> {
    fn deeper<E: Error>(&mut self) -> Result<usize, E> {
        if self.depth >= J::DEPTH {
            return Err(self.context.too_deep());
        }
        Ok(self.depth + 1)
    }
}

impl<'de, J: Judge> DeserializeSeed<'de> for SkipSeed<'_, J> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, J: Judge> Visitor<'de> for SkipSeed<'_, J> {
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
        if text.len() > limits::STRING { Err(self.context.too_long()) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while seq.next_element_seed(SkipSeed { context: self.context, depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let mut seen = Seen::default();
        while map.next_key_seed(SkippedName(self.context, &mut seen))?.is_some() {
            map.next_value_seed(SkipSeed { context: self.context, depth })?;
        }
        Ok(())
    }
}

/// The name of a skipped value.
struct SkippedName<'c, J>(&'c mut J, &'c mut Seen);

impl<'de, J: Judge> DeserializeSeed<'de> for SkippedName<'_, J> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, J: Judge> Visitor<'de> for SkippedName<'_, J> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        let Self(judge, seen) = self;
        if name.len() > limits::STRING {
            return Err(judge.too_long());
        }
        judge.member(seen, name)
    }
}
