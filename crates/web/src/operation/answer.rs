//! What an operation answers: JSON, or octets of a media type.

use axum::Json;
use axum::response::{IntoResponse, Response};
use hyper::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Content, Ref, RefOr};

/// What an operation answers.
pub trait Answer: Send + 'static {
    /// The answer with its media type.
    fn respond(self) -> Response;

    /// Its media types with what is in each, and all the schemas that these name.
    fn described() -> Described;
}

/// What the OpenAPI document says of an answer.
#[derive(Default)]
pub struct Described {
    pub(super) contents: Vec<(&'static str, Content)>,
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

impl<T: Serialize + ToSchema + Send + 'static> Answer for T {
    fn respond(self) -> Response {
        Json(self).into_response()
    }

    fn described() -> Described {
        let name = T::name();
        let contents =
            vec![("application/json", Content::new(Some(Ref::from_schema_name(&*name))))];
        let mut schemas = vec![(name.into_owned(), T::schema())];
        T::schemas(&mut schemas);
        Described { contents, schemas }
    }
}

/// Octets, in one of the forms in which they are handed out.
#[derive(Debug)]
pub struct Octets<F> {
    /// The form.
    pub form: F,
    /// In that form.
    pub octets: Vec<u8>,
}

/// The forms in which octets are handed out.
pub trait Form: Copy + Send + 'static {
    /// Every form, with the schema of its octets.
    fn all() -> Vec<(Self, RefOr<Schema>)>;

    /// Its media type.
    fn media_type(self) -> &'static str;
}

impl<F: Form> Answer for Octets<F> {
    fn respond(self) -> Response {
        ([(CONTENT_TYPE, self.form.media_type())], self.octets).into_response()
    }

    fn described() -> Described {
        forms::<F>()
    }
}

/// What the OpenAPI document says of octets in these forms.
pub(super) fn forms<F: Form>() -> Described {
    let content = |(form, schema): (F, _)| (form.media_type(), Content::new(Some(schema)));
    Described { contents: F::all().into_iter().map(content).collect(), schemas: Vec::new() }
}
