//! Schemas of the OpenAPI document that stand where they are referred to, and have no name in it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use utoipa::openapi::schema::{ArrayItems, Object, OneOf, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};

/// With what the name of a schema begins that stands where it is referred to.
const IN_PLACE: &str = "text ";

/// The schemas that stand where they are referred to, by the place that a reference names.
pub(crate) struct InPlace(BTreeMap<String, Object>);

impl InPlace {
    /// The name of one of them, for the document to be made with.
    pub(crate) fn name(name: &str) -> Cow<'static, str> {
        format!("{IN_PLACE}{name}").into()
    }

    /// Those among `schemas`.
    pub(crate) fn among<'a>(
        schemas: impl IntoIterator<Item = (&'a String, &'a RefOr<Schema>)>,
    ) -> Self {
        let of_text = schemas.into_iter().filter(|(name, _)| Self::has(name));
        let objects = of_text.filter_map(|(name, schema)| match schema {
            RefOr::T(Schema::Object(object)) => {
                Some((Ref::from_schema_name(name).ref_location, object.clone()))
            }
            _ => None,
        });
        Self(objects.collect())
    }

    /// Whether a schema of this name is one of them.
    pub(crate) fn has(name: &str) -> bool {
        name.starts_with(IN_PLACE)
    }

    /// Puts them where they are referred to in `schema`.
    pub(crate) fn put(&self, schema: &mut RefOr<Schema>) {
        match schema {
            RefOr::Ref(reference) => {
                let object = self.0.get(&reference.ref_location).cloned();
                if let Some(mut object) = object {
                    let words = std::mem::take(&mut reference.description);
                    object.description = Some(words).filter(|words| !words.is_empty());
                    *schema = RefOr::T(Schema::Object(object));
                }
            }
            RefOr::T(Schema::Object(object)) => {
                object.properties.values_mut().for_each(|field| self.put(field));
            }
            RefOr::T(Schema::Array(array)) => {
                if let ArrayItems::RefOrSchema(items) = &mut array.items {
                    self.put(items);
                }
            }
            RefOr::T(Schema::OneOf(forms)) => {
                forms.items.iter_mut().for_each(|form| self.put(form));
                match or_null(forms) {
                    Some(text) => *schema = RefOr::T(Schema::Object(text)),
                    None => forms.description = forms.description.take().or_else(|| comment(forms)),
                }
            }
            RefOr::T(_) => {}
        }
    }
}

/// Takes the comment of a field off the form in which it came.
fn comment(forms: &mut OneOf) -> Option<String> {
    forms.items.iter_mut().find_map(|form| match form {
        RefOr::T(Schema::Object(object)) if object.enum_values.is_some() => {
            object.description.take()
        }
        _ => None,
    })
}

/// The plain text that may be null, where these forms are that.
fn or_null(forms: &OneOf) -> Option<Object> {
    let is_null = |form: &RefOr<Schema>| {
        let RefOr::T(Schema::Object(object)) = form else { return false };
        object.schema_type == SchemaType::Type(Type::Null)
    };
    let [one, other] = &forms.items[..] else { return None };
    let RefOr::T(Schema::Object(text)) = (if is_null(one) { other } else { one }) else {
        return None;
    };
    let is_text = text.schema_type == SchemaType::Type(Type::String) && text.enum_values.is_none();
    let both = is_text && (is_null(one) || is_null(other));
    both.then(|| {
        let mut text = text.clone();
        text.schema_type = SchemaType::Array(vec![Type::String, Type::Null]);
        text
    })
}
