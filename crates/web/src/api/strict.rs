//! JSON as the description has it: an object where one is described, never its values in a list; and
//! text in which everything can be seen, whatever its field.

use std::cell::Cell;
use std::fmt;

use domain::text::unseen;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, Visitor,
};

/// Where a text has a character that cannot be seen, in Unicode scalar values.
#[derive(Debug, Default)]
pub(crate) struct Unseen(Cell<Option<usize>>);

impl Unseen {
    /// The first, once reading broke off over it.
    pub(crate) fn found(&self) -> Option<usize> {
        self.0.get()
    }

    fn check<E: Error>(&self, text: &str) -> Result<(), E> {
        // PEM comes with the line ends of its sender; a line end counts as one character.
        let found = match text.contains("\r\n") {
            true => unseen(&text.replace("\r\n", "\n"), true),
            false => unseen(text, true),
        };
        match found {
            None => Ok(()),
            Some(index) => {
                self.0.set(Some(index));
                Err(E::custom("a character that cannot be seen"))
            }
        }
    }
}

/// A deserializer, visitor, seed or access under the two rules.
pub(crate) struct Strict<'a, T> {
    inner: T,
    unseen: &'a Unseen,
    takes_list: bool,
}

impl<'a, T> Strict<'a, T> {
    /// `inner`, which notes in `unseen` over what it broke off.
    pub(crate) fn new(inner: T, unseen: &'a Unseen) -> Self {
        Self { inner, unseen, takes_list: true }
    }

    fn about<U>(&self, inner: U) -> Strict<'a, U> {
        Strict::new(inner, self.unseen)
    }

    fn no_list<U>(&self, inner: U) -> Strict<'a, U> {
        Strict { takes_list: false, ..self.about(inner) }
    }
}

macro_rules! deserialize {
    ($($method:ident $wrapped:ident ($($name:ident: $kind:ty),*);)*) => { $(
        fn $method<V: Visitor<'de>>(self, $($name: $kind,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.$wrapped(visitor);
            self.inner.$method($($name,)* visitor)
        }
    )* };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    deserialize! {
        // An enum with a tag is read so.
        deserialize_any no_list ();
        deserialize_struct no_list (name: &'static str, fields: &'static [&'static str]);
        deserialize_bool about ();
        deserialize_i8 about ();
        deserialize_i16 about ();
        deserialize_i32 about ();
        deserialize_i64 about ();
        deserialize_u8 about ();
        deserialize_u16 about ();
        deserialize_u32 about ();
        deserialize_u64 about ();
        deserialize_f32 about ();
        deserialize_f64 about ();
        deserialize_char about ();
        deserialize_str about ();
        deserialize_string about ();
        deserialize_bytes about ();
        deserialize_byte_buf about ();
        deserialize_option about ();
        deserialize_unit about ();
        deserialize_unit_struct about (name: &'static str);
        deserialize_newtype_struct about (name: &'static str);
        deserialize_seq about ();
        deserialize_tuple about (len: usize);
        deserialize_tuple_struct about (name: &'static str, len: usize);
        deserialize_map about ();
        deserialize_enum about (name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier about ();
        deserialize_ignored_any about ();
    }
}

macro_rules! visit {
    ($($method:ident $kind:ty;)*) => { $(
        fn $method<E: Error>(self, value: $kind) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )* };
}

macro_rules! visit_text {
    ($($method:ident $kind:ty;)*) => { $(
        fn $method<E: Error>(self, text: $kind) -> Result<V::Value, E> {
            self.unseen.check(&text)?;
            self.inner.$method(text)
        }
    )* };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool bool;
        visit_i64 i64;
        visit_u64 u64;
        visit_f64 f64;
    }

    visit_text! {
        visit_str &str;
        visit_borrowed_str &'de str;
        visit_string String;
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, given: D) -> Result<V::Value, D::Error> {
        let given = self.about(given);
        self.inner.visit_some(given)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, given: D) -> Result<V::Value, D::Error> {
        let given = self.about(given);
        self.inner.visit_newtype_struct(given)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        if !self.takes_list {
            return Err(A::Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        let list = self.about(list);
        self.inner.visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Value, A::Error> {
        let object = self.about(object);
        self.inner.visit_map(object)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, name: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(name)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let seed = self.about(seed);
        self.inner.next_element_seed(seed)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let seed = self.about(seed);
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.about(seed);
        self.inner.next_value_seed(seed)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, given: D) -> Result<S::Value, D::Error> {
        let given = self.about(given);
        self.inner.deserialize(given)
    }
}
