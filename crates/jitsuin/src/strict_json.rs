//! JSON that a person wrote: what stands in it twice would be read once.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads JSON in which no object has a member twice.
///
/// # Errors
/// It is none, or a member stands in it twice.
pub(crate) fn read(text: &str) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Once.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// A value whose objects have each member once.
struct Once;

impl<'de> DeserializeSeed<'de> for Once {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("it is no number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(row) = rows.next_element_seed(Once)? {
            all.push(row);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if all.contains_key(&name) {
                return Err(A::Error::custom(format_args!("`{name}` stands in it twice")));
            }
            let value = members.next_value_seed(Once)?;
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A doubt that stood in the record of an identity check was taken back by a second one below it.
    #[test]
    fn l5_a_member_that_stands_in_it_twice_is_refused_wherever_it_lies() {
        for text in [
            r#"{"doubt": "another face", "doubt": null}"#,
            r#"{"items": [{"kind": "a", "kind": "b"}]}"#,
        ] {
            let error = read(text).expect_err("twice").to_string();
            assert!(error.contains("stands in it twice"), "{error}");
        }
        assert!(read("{} {}").is_err());
        let all = json!({ "a": [1, -1, 1.5, true, null, "x"], "b": { "a": 18_446_744_073_709_551_615_u64 } });
        assert_eq!(read(&all.to_string()).expect("JSON"), all);
    }
}
