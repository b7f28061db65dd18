//! What the OpenAPI document says of an operation, read off its type.

use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{AllOf, Object, OneOf, Schema, SchemaType, Type};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required, ResponsesBuilder};

use super::in_place::InPlace;
use super::{Answer, Operation, Spec, Verb};
use crate::problem::Problem;

/// What an operation is told.
pub(super) enum Told {
    /// Fields, as serde reads them, of which the address tells some.
    Fields(Box<Object>),
    /// One of several forms, all of it in the body.
    OneOf(Box<OneOf>),
}

impl Told {
    pub(super) fn of<O: Operation>() -> Self {
        let (mut schemas, mut schema) = (Vec::new(), O::schema());
        O::schemas(&mut schemas);
        InPlace::among(schemas.iter().map(|(name, schema)| (name, schema))).put(&mut schema);
        match schema {
            RefOr::T(Schema::Object(object)) => Self::Fields(Box::new(with_comments(object))),
            RefOr::T(Schema::OneOf(forms)) => Self::OneOf(Box::new(forms)),
            _ => Self::Fields(Box::default()),
        }
    }

    /// The comment of the type.
    pub(super) fn comment(&self) -> &str {
        let comment = match self {
            Self::Fields(object) => object.description.as_deref(),
            Self::OneOf(forms) => forms.description.as_deref(),
        };
        comment.unwrap_or_default()
    }

    /// Each field with what is said of it, and whether it must be told.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &RefOr<Schema>, bool)> {
        let fields = match self {
            Self::Fields(fields) => Some(fields),
            Self::OneOf(_) => None,
        };
        fields.into_iter().flat_map(|fields| {
            let is_required = |name: &String| fields.required.contains(name);
            fields.properties.iter().map(move |(name, schema)| (&**name, schema, is_required(name)))
        })
    }

    /// Takes the fields that the address tells, as parameters.
    fn parameters(&mut self, spec: &Spec) -> Vec<Parameter> {
        let Self::Fields(fields) = self else { return Vec::new() };
        let in_path = spec.in_path();
        let mut parameters: Vec<_> =
            in_path.map(|name| parameter(fields, name, ParameterIn::Path)).collect();
        let names: Vec<_> = fields.properties.keys().cloned().collect();
        let in_query = names.iter().filter(|name| spec.is_in_address(name));
        parameters.extend(in_query.map(|name| parameter(fields, name, ParameterIn::Query)));
        parameters
    }

    /// What is left for the body, if anything is.
    fn body(self) -> Option<Schema> {
        match self {
            Self::Fields(fields) if fields.properties.is_empty() => None,
            Self::Fields(fields) => Some(Schema::Object(*fields)),
            Self::OneOf(forms) => Some(Schema::OneOf(*forms)),
        }
    }
}

/// Whether the body tells an operation something.
pub(super) fn has_body<O: Operation>() -> bool {
    match Told::of::<O>() {
        Told::Fields(fields) => fields.properties.keys().any(|name| !O::SPEC.is_in_address(name)),
        Told::OneOf(_) => true,
    }
}

/// Adds an operation to the document.
pub(crate) fn describe<O: Operation>(document: &mut OpenApi) {
    let Spec { operation, verb, path, group, done, .. } = O::SPEC;
    let mut told = Told::of::<O>();
    let (summary, rest) = words(told.comment());
    let parameters = told.parameters(&O::SPEC);
    let mut schemas = Vec::new();
    O::schemas(&mut schemas);
    let answer = O::Answer::described();
    schemas.extend(answer.schemas);
    let mut response = ResponseBuilder::new().description(done.words);
    for (media_type, content) in answer.contents {
        response = response.content(media_type, content);
    }
    let responses = ResponsesBuilder::new()
        .response(done.status.to_string(), response)
        .responses_from_into_responses::<Problem>();
    let mut described = OperationBuilder::new()
        .operation_id(Some(operation.name()))
        .tag(group)
        .summary(Some(summary))
        .description(rest)
        .responses(responses.build());
    if !parameters.is_empty() {
        described = described.parameters(Some(parameters));
    }
    if let Some(schema) = told.body() {
        let name = O::name();
        let content = Content::new(Some(Ref::from_schema_name(&*name)));
        let body = RequestBodyBuilder::new().content("application/json", content);
        described = described.request_body(Some(body.required(Some(Required::True)).build()));
        schemas.push((name.into_owned(), RefOr::T(schema)));
    }
    let components = document.components.get_or_insert_default();
    components.schemas.extend(schemas);
    let method = match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
    };
    document.paths.add_path_operation(path, vec![method], described.build());
}

/// Takes a field out of those of the body, and makes a parameter of it.
fn parameter(fields: &mut Object, name: &str, place: ParameterIn) -> Parameter {
    let is_required = fields.required.iter().any(|required| required == name);
    fields.required.retain(|required| required != name);
    let (schema, words) = fields.properties.remove(name).map(of_parameter).unzip();
    let required = if is_required { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(words.flatten())
        .schema(schema)
        .build()
}

/// The schema of a field as that of a parameter: what the field's comment says stands beside it, and what
/// may be left out is left out, and never null.
pub(super) fn of_parameter(schema: RefOr<Schema>) -> (RefOr<Schema>, Option<String>) {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            let words = object.description.take();
            if let SchemaType::Array(types) = &mut object.schema_type {
                types.retain(|one| *one != Type::Null);
                if let [one] = &types[..] {
                    object.schema_type = SchemaType::Type(one.clone());
                }
            }
            (RefOr::T(Schema::Object(object)), words)
        }
        RefOr::T(Schema::OneOf(OneOf { items, description, .. })) if !items.is_empty() => {
            let is_null = |one: &RefOr<Schema>| {
                let RefOr::T(Schema::Object(object)) = one else { return false };
                object.schema_type == SchemaType::Type(Type::Null)
            };
            let set = items.into_iter().find(|one| !is_null(one)).unwrap_or_default();
            (set, description)
        }
        RefOr::T(Schema::Array(mut array)) => {
            let words = array.description.take();
            (RefOr::T(Schema::Array(array)), words)
        }
        other => (other, None),
    }
}

/// The same, with every closed set among its fields as [`with_comment`] has it.
fn with_comments(mut object: Object) -> Object {
    let fields = std::mem::take(&mut object.properties).into_iter();
    object.properties = fields.map(|(name, schema)| (name, with_comment(schema))).collect();
    object
}

/// A closed set with the comment of its field. Both are parts of a whole for utoipa, of which the comment's
/// is an object: no text is both.
fn with_comment(schema: RefOr<Schema>) -> RefOr<Schema> {
    let RefOr::T(Schema::AllOf(AllOf { items, .. })) = &schema else { return schema };
    match &items[..] {
        [RefOr::T(Schema::Object(set)), RefOr::T(Schema::Object(comment))]
            if comment.properties.is_empty() =>
        {
            let mut set = set.clone();
            set.description.clone_from(&comment.description);
            RefOr::T(Schema::Object(set))
        }
        _ => schema,
    }
}

/// The first sentence or line of a comment, and the rest.
pub(super) fn words(comment: &str) -> (String, Option<String>) {
    let (first, rest) = comment.split_once("\n\n").unwrap_or((comment, ""));
    let rest = (!rest.is_empty()).then(|| rest.to_owned());
    (first.replace('\n', " "), rest)
}
