//! How an operation is asked for at a command line, read off its type: the words of a command come from the
//! table of permissions, its arguments from the fields.

use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayItems, Object, Schema, SchemaType, Type};

use super::described::{Told, of_parameter, words};
use super::{Needs, Operation, Spec, list};
use crate::client::{Client, ClientError, Reply};

/// The field that names a second person.
const APPROVER: &str = "approver";

/// A command that asks for one operation.
#[derive(Debug)]
pub struct Command {
    /// Its words, as the table of permissions has them.
    pub words: &'static str,
    /// What it does.
    pub about: String,
    /// What it is told: by its place first, then by name.
    pub arguments: Vec<Argument>,
    /// The file that tells fields, if one does.
    pub file: Option<FromFile>,
    /// The second person who approves it by the same command, where one may or must.
    pub second: Option<SecondPerson>,
    fixed: Option<(&'static str, &'static str)>,
    spec: Spec,
    ask: fn(&Client, Value) -> Result<Reply, ClientError>,
}

/// The second person of an operation, whom its field `approver` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondPerson {
    /// There may be one: it depends on what is asked.
    May,
    /// Nobody does it alone.
    Must,
}

/// What one argument tells.
#[derive(Debug)]
pub struct Argument {
    /// The field.
    pub field: String,
    /// What it is, in words.
    pub about: String,
    /// Its form.
    pub form: Form,
    /// Whether there may be several.
    pub is_list: bool,
    /// Whether it must be told.
    pub is_required: bool,
    /// Whether it is known by its place, and not by a name.
    pub has_place: bool,
}

/// What an argument may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// Said, or not.
    Flag,
    /// One of a closed set.
    Choice(Vec<String>),
    /// A secret, which a file has.
    Secret,
}

/// A file in JSON that tells fields which are no arguments.
#[derive(Debug, Clone, Copy)]
pub struct FromFile {
    /// What it is called.
    pub name: &'static str,
    /// What it is, in words.
    pub about: &'static str,
    /// The fields; all that the operation has when there are none.
    pub(crate) fields: &'static [&'static str],
}

/// One of several commands for an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    /// Its words.
    pub(crate) words: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// The field that it tells by itself.
    pub(crate) fixed: (&'static str, &'static str),
    /// The fields that it is told.
    pub(crate) told: &'static [&'static str],
    /// Those of them without which it means nothing, whatever the operation says.
    pub(crate) needed: &'static [&'static str],
}

/// What a command says of an operation that is approved by a second person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Approved {
    /// What is approved, as [`ApproveOperation`](crate::desk::ApproveOperation) names it.
    pub(crate) what: &'static str,
    /// A field that an approval knows under another name, and that name.
    pub(crate) renamed: Option<(&'static str, &'static str)>,
}

/// Every command that asks for an operation, in the order of the list.
pub fn commands() -> Vec<Command> {
    list::all().flat_map(|one| (one.commands)()).collect()
}

/// The commands of an operation, by the table of permissions.
pub(super) fn of<O: Operation>() -> Vec<Command> {
    let named = O::SPEC.operation.commands().iter().filter(|words| !words.starts_with('-'));
    named.map(|words| Command::of::<O>(words)).collect()
}

impl Command {
    fn of<O: Operation>(called: &'static str) -> Self {
        let spec = O::SPEC;
        let told = Told::of::<O>();
        let variant = spec.variants.iter().find(|variant| variant.words == called);
        let about = match variant {
            Some(variant) => variant.about.to_owned(),
            None => words(told.comment()).0,
        };
        let places: Vec<_> = spec.in_path().chain(spec.places.iter().copied()).collect();
        let place = |field: &str| places.iter().position(|name| *name == field);
        let is_told = |field: &str| {
            variant.is_none_or(|variant| variant.told.contains(&field))
                && !spec.file.is_some_and(|file| file.tells(field))
        };
        let (mut arguments, mut second) = (Vec::new(), None);
        for (field, schema, is_required) in told.fields().filter(|(field, ..)| is_told(field)) {
            if field == APPROVER && spec.approved.is_some() {
                second = Some(if is_required { SecondPerson::Must } else { SecondPerson::May });
                continue;
            }
            let is_required =
                is_required || variant.is_some_and(|variant| variant.needed.contains(&field));
            arguments.extend(Argument::of(field, schema, is_required, place(field).is_some()));
        }
        arguments.sort_by_key(|argument| place(&argument.field).unwrap_or(usize::MAX));
        let fixed = variant.map(|variant| variant.fixed);
        let ask = |client: &Client, fields| client.ask::<O>(fields);
        Self { words: called, about, arguments, file: spec.file, second, fixed, spec, ask }
    }

    /// What its operation needs opened of an installation.
    pub fn needs(&self) -> Needs {
        self.spec.needs
    }

    /// Has the operation done that is told these fields.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn ask(
        &self,
        client: &Client,
        mut fields: Map<String, Value>,
    ) -> Result<Reply, ClientError> {
        if let Some((field, value)) = self.fixed {
            fields.insert(field.to_owned(), value.into());
        }
        (self.ask)(client, fields.into())
    }

    /// What a second person says who approves what these fields tell: what it is, and its fields.
    pub fn approval(
        &self,
        mut fields: Map<String, Value>,
    ) -> Option<(&'static str, Map<String, Value>)> {
        let Approved { what, renamed } = self.spec.approved?;
        if let Some((field, name)) = renamed
            && let Some(value) = fields.remove(field)
        {
            fields.insert(name.to_owned(), value);
        }
        Some((what, fields))
    }
}

impl Argument {
    /// Of a field, unless it is no text, number, or closed set.
    fn of(field: &str, schema: &RefOr<Schema>, is_required: bool, has_place: bool) -> Option<Self> {
        let (schema, about) = of_parameter(schema.clone());
        let RefOr::T(schema) = schema else { return None };
        let (form, is_list) = match schema {
            Schema::Object(object) => (Form::of(&object)?, false),
            Schema::Array(array) => match array.items {
                ArrayItems::RefOrSchema(items) => match *items {
                    RefOr::T(Schema::Object(object)) => (Form::of(&object)?, true),
                    _ => return None,
                },
                ArrayItems::False => return None,
            },
            _ => return None,
        };
        let is_required = is_required && form != Form::Flag;
        let (field, about) = (field.to_owned(), about.unwrap_or_default().replace('\n', " "));
        Some(Self { field, about, form, is_list, is_required, has_place })
    }
}

impl Form {
    fn of(schema: &Object) -> Option<Self> {
        if let Some(values) = &schema.enum_values {
            let names = values.iter().filter_map(Value::as_str).map(ToOwned::to_owned);
            return Some(Self::Choice(names.collect()));
        }
        let SchemaType::Type(kind) = &schema.schema_type else { return None };
        match kind {
            Type::String if schema.write_only == Some(true) => Some(Self::Secret),
            Type::String => Some(Self::Text),
            Type::Integer => Some(Self::Number),
            Type::Boolean => Some(Self::Flag),
            _ => None,
        }
    }
}

impl FromFile {
    /// Whether the file tells a field.
    pub fn tells(&self, field: &str) -> bool {
        self.fields.is_empty() || self.fields.contains(&field)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::openapi;

    /// A word that no row has would have been a command without what it tells by itself.
    #[test]
    fn w3_the_commands_of_an_operation_with_several_are_those_of_its_row() {
        let mut several = 0;
        for spec in list::all().map(|one| one.spec).filter(|spec| !spec.variants.is_empty()) {
            several += 1;
            let words: BTreeSet<_> = spec.variants.iter().map(|variant| variant.words).collect();
            assert_eq!(words, spec.operation.commands().iter().copied().collect());
        }
        assert!(several > 0);
    }

    /// Whoever logged in with a password could not change it by the document, and no value was a cause.
    #[test]
    fn w3_the_document_has_every_field_that_is_read_and_no_set_that_is_an_object() {
        let document: Value = serde_json::from_str(&openapi()).expect("JSON");
        let fields = &document["components"]["schemas"]["PasswordBody"]["properties"];
        assert!(fields["current"].is_object() && fields["new"].is_object(), "{fields}");
        let text = document["components"]["schemas"]["ApprovedBody"].to_string();
        assert!(text.contains("key-compromised") && !text.contains("allOf"), "{text}");
    }
}
