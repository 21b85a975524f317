//! Visiting objects, and what may stand in the place of one.

/// Visits an object, and what else may stand in its place.
macro_rules! object_seed {
    ($seed:ident => $value:ty, $what:literal, { $($other:tt)* }) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_, 'de> {
            type Value = $value;

            fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
                d.deserialize_any(self)
            }
        }

        impl<'de> Visitor<'de> for $seed<'_, 'de> {
            type Value = $value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($what)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                self.object(map)
            }

            $($other)*
        }
    };
}

pub(super) use object_seed;
