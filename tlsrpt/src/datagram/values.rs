//! Visitors for the values of a datagram: strict, and bounded.

use alloc::borrow::{Cow, ToOwned};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::DatagramError;
use crate::limits;
use crate::members::{Judge, Seen};

/// Why a visitor gave up, and what it found odd.
#[derive(Default)]
pub(super) struct Context {
    pub(super) error: Option<DatagramError>,
    pub(super) count_differs: bool,
}

impl Context {
    #[cold]
    pub(super) fn fail<E: Error>(&mut self, error: DatagramError) -> E {
        self.error.get_or_insert(error);
        E::custom("")
    }

    /// Refuses a member that was there before.
    pub(super) fn once<E: Error>(&mut self, again: bool) -> Result<(), E> {
        if again { Err(self.fail(DatagramError::DuplicateMember)) } else { Ok(()) }
    }
}

impl Judge for Context {
    const DEPTH: usize = limits::DATAGRAM_DEPTH;

    fn too_deep<E: Error>(&mut self) -> E {
        self.fail(DatagramError::TooDeep)
    }

    fn too_long<E: Error>(&mut self) -> E {
        self.fail(DatagramError::StringTooLong)
    }

    fn member<E: Error>(&mut self, seen: &mut Seen, name: &str) -> Result<(), E> {
        let again = seen.again_unknown(name);
        self.once(again)
    }
}

/// A string, and nothing else.
pub(super) struct TextSeed<'c>(pub(super) &'c mut Context);

impl<'de> DeserializeSeed<'de> for TextSeed<'_> {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        if text.len() > limits::STRING {
            return Err(self.0.fail(DatagramError::StringTooLong));
        }
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.len() > limits::STRING {
            return Err(self.0.fail(DatagramError::StringTooLong));
        }
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A list of strings.
pub(super) struct TextsSeed<'c>(pub(super) &'c mut Context);

impl<'de> DeserializeSeed<'de> for TextsSeed<'_> {
    type Value = Vec<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TextsSeed<'_> {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element_seed(TextSeed(self.0))? {
            if texts.len() >= limits::DATAGRAM_STRINGS {
                return Err(self.0.fail(DatagramError::TooMany));
            }
            texts.push(text);
        }
        Ok(texts)
    }
}

/// Elements of a list, read one after the other by a function.
pub(super) struct EachSeed<'c, F> {
    pub(super) context: &'c mut Context,
    pub(super) max: usize,
    pub(super) each: F,
}

/// An object, read by a function.
pub(super) struct ObjectSeed<'c, 'f, F> {
    context: &'c mut Context,
    object: &'f mut F,
}

/// What reads an object's members.
pub(super) trait Object<'de> {
    fn read<A: MapAccess<'de>>(&mut self, context: &mut Context, map: A) -> Result<(), A::Error>;
}

impl<'de, F: Object<'de>> DeserializeSeed<'de> for EachSeed<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: Object<'de>> Visitor<'de> for EachSeed<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut count = 0;
        loop {
            let seed = ObjectSeed { context: self.context, object: &mut self.each };
            if seq.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
            count += 1;
            if count > self.max {
                return Err(self.context.fail(DatagramError::TooMany));
            }
        }
    }
}

impl<'de, F: Object<'de>> DeserializeSeed<'de> for ObjectSeed<'_, '_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Object<'de>> Visitor<'de> for ObjectSeed<'_, '_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.object.read(self.context, map)
    }
}
