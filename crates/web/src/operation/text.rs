//! Fields that are written as text and are of a type of their own: ids, numbers in an address.

use std::cell::RefCell;
use std::fmt::Display;
use std::marker::PhantomData;
use std::num::ParseIntError;
use std::str::FromStr;

use domain::id::InvalidId;
use domain::named::{Named, UnknownName};
use domain::rule::Rule;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

thread_local! {
    /// The rule that the last text broke on this thread. An error of serde carries text alone, and a rule
    /// must not be made of text.
    static BROKEN: RefCell<Option<Rule>> = const { RefCell::new(None) };
}

/// Why a text is not what it should be.
pub(crate) trait Unfit: Display {
    /// The rule that it breaks, if it is of the right form.
    fn rule(&self) -> Option<Rule>;
}

impl Unfit for InvalidId {
    fn rule(&self) -> Option<Rule> {
        Some(Rule::from(self.rule))
    }
}

impl Unfit for UnknownName {
    fn rule(&self) -> Option<Rule> {
        Some(Rule::of(self))
    }
}

/// Of a day: a moment, whose error is the same, is of a type of its own.
impl Unfit for jiff::Error {
    fn rule(&self) -> Option<Rule> {
        Some(Rule::from("it must be a day, YYYY-MM-DD"))
    }
}

impl Unfit for ParseIntError {
    fn rule(&self) -> Option<Rule> {
        None
    }
}

/// The schema of a field that is of a closed set: `#[schema(value_type = …, inline)]`, by a name
/// of its own, since utoipa composes the schemas of generic types by itself.
pub(crate) struct Closed<T>(PhantomData<T>);

impl<T: Named> PartialSchema for Closed<T> {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.enum_values(Some(T::NAMES.iter().copied())).into()
    }
}

impl<T: Named> ToSchema for Closed<T> {}

/// The rule that broke the reading off since the last time this was asked, if one did.
pub(crate) fn broken() -> Option<Rule> {
    BROKEN.take()
}

/// Writes it as text.
///
/// # Errors
/// Those of the serializer.
pub(crate) fn serialize<T: Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Writes that there is nothing, of a field by which no repetition is known.
///
/// # Errors
/// Those of the serializer.
pub(crate) fn nothing<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// Reads it from text.
///
/// # Errors
/// Those of the deserializer, and of a text that is none.
pub(crate) fn deserialize<'de, T, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr,
    T::Err: Unfit,
{
    parsed(String::deserialize(deserializer)?)
}

fn parsed<T: FromStr<Err: Unfit>, E: Error>(text: String) -> Result<T, E> {
    text.parse().map_err(|error: T::Err| {
        BROKEN.set(error.rule());
        E::custom(error)
    })
}

/// The same for several of a list.
pub(crate) mod each {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer, Unfit};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(crate) fn deserialize<'de, T, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error>
    where
        T: FromStr,
        T::Err: Unfit,
    {
        Vec::<String>::deserialize(deserializer)?.into_iter().map(super::parsed).collect()
    }
}

/// The same for what may be left out, or be null in a body.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer, Unfit};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error>
    where
        T: FromStr,
        T::Err: Unfit,
    {
        Option::<String>::deserialize(deserializer)?.map(super::parsed).transpose()
    }
}
