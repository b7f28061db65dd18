//! A secret on its way in: never shown, wiped when it is dropped.

use std::borrow::Cow;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

use crate::operation::in_place::InPlace;

/// What is said of anything but a text.
const RULE: &str = "a secret must be a JSON string";

/// What is written in the place of any secret.
const MARK: &str = "…";

/// A PIN or password as a holder typed it.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the one who sets the secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl Serialize for SecretText {
    /// Writes that there is one, and nothing of it: no repetition is recognised by a secret.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MARK)
    }
}

impl PartialSchema for SecretText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).write_only(true).into()
    }
}

impl ToSchema for SecretText {
    fn name() -> Cow<'static, str> {
        InPlace::name("secret")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What was found in its place may be the secret, and an error would repeat it.
        String::deserialize(deserializer).map(Self::new).map_err(|_| D::Error::custom(RULE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c3_what_is_written_of_a_secret_is_the_same_for_all() {
        let written = |text: &str| serde_json::to_string(&SecretText::new(text)).expect("JSON");
        assert_eq!(written("4321"), "\"…\"");
        assert_eq!(written("4321"), written("a longer one"));
    }
}
