//! Where the values of a YAML file stand. The file is read again for it once there is a mistake to
//! tell, so that the entries themselves need not know.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// The values of a file, without their content, and the lines at which they begin.
pub(super) struct Places(Spanned<Value>);

enum Value {
    Fields(Vec<(String, Spanned<Value>)>),
    List(Vec<Spanned<Value>>),
    Scalar,
}

impl Places {
    /// The line of the value at a path such as `instances[2].password`, or else of the nearest one
    /// that it would stand in.
    pub(super) fn line(&self, path: &str) -> u64 {
        let mut found = &self.0;
        let steps = path
            .split(['.', '['])
            .map(|step| step.trim_end_matches(']'));
        for step in steps {
            let next = match &found.value {
                Value::Fields(fields) => {
                    let mut fields = fields.iter();
                    fields
                        .find(|(name, _)| name == step)
                        .map(|(_, value)| value)
                }
                Value::List(list) => step.parse().ok().and_then(|index: usize| list.get(index)),
                Value::Scalar => None,
            };
            match next {
                Some(next) => found = next,
                None => break,
            }
        }
        found.referenced.line()
    }
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape)
    }
}

struct Shape;

impl<'de> Visitor<'de> for Shape {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Value::Fields(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = sequence.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Scalar)
    }
}
