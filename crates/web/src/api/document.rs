//! The OpenAPI document of the API, made from the handlers themselves.

use std::collections::{BTreeMap, HashMap};

use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use hyper::Method;
use hyper::header::CONTENT_TYPE;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::{Api, sessions};
use crate::access::OPERATION_ID;
use crate::desk::{Gravity, permission};
use crate::operation;
use crate::operation::in_place::InPlace;
use crate::problem::{Fault, Problem};
use crate::wire::ProblemBody;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "jitsuin",
        description = "The Japanese citizen PKI: windows, certification authorities, revocation \
            lists, resident register, journal. Who asks proves it with a bearer token (a session's, a \
            console's or a program's) or a client certificate. A request with an Operation-Id can be repeated without a second effect."
    ),
    paths(
        sessions::open, sessions::begin_passkey, sessions::open_with_passkey, show, health,
    ),
    components(schemas(ProblemBody)),
    security(("bearer" = []), ("client_certificate" = [])),
    modifiers(&Listed, &Texts, &Schemes, &OperationIds),
)]
struct Document;

/// What is described at each address of the API, by the method and the path as its route names it.
pub(crate) struct Operations(HashMap<(Method, String), Described>);

/// What the document says of who may ask at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Described {
    /// Whom the table of permissions admits.
    Permitted(permission::Operation),
    /// Everybody: it says that nothing needs to be shown.
    Open,
}

impl Operations {
    /// As the document describes them, so that what is described and what is permitted are one.
    pub(crate) fn described() -> Self {
        let mut operations = HashMap::new();
        for (path, item) in Document::openapi().paths.paths {
            for (method, operation) in [(Method::GET, item.get), (Method::POST, item.post)] {
                if let Some(described) = operation.as_ref().and_then(Described::of) {
                    operations.insert((method, path.clone()), described);
                }
            }
        }
        Self(operations)
    }

    /// What is described at an address.
    pub(crate) fn at(&self, method: &Method, path: &str) -> Option<Described> {
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        self.0.get(&(method, path.to_owned())).copied()
    }
}

impl Described {
    fn of(operation: &Operation) -> Option<Self> {
        let is_it = |known: &&permission::Operation| {
            operation.operation_id.as_deref() == Some(known.name())
        };
        let permitted = permission::Operation::ALL.iter().find(is_it).copied();
        let open = operation.security.is_some().then_some(Self::Open);
        permitted.map(Self::Permitted).or(open)
    }
}

/// The OpenAPI document, JSON.
pub fn openapi() -> String {
    // The document is made of constants: it has no map with keys that JSON could not express.
    Document::openapi().to_pretty_json().unwrap_or_default()
}

/// The OpenAPI document of this API.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "show_openapi",
    tag = "about",
    responses((status = 200, description = "The document.", body = Object), Problem),
)]
pub(super) async fn show() -> ([(HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, "application/json")], openapi())
}

/// Says that somebody is there, and how the installation is: `ok`, or the names of the conditions
/// that stand. What they are about is for those who may ask for the check.
#[utoipa::path(
    get,
    path = "/api/v1/health",
    operation_id = "health",
    tag = "about",
    security(()),
    responses(
        (
            status = 200,
            description = "`ok`, or `warning: ` and names.",
            body = String,
            content_type = "text/plain",
        ),
        (
            status = 503,
            description = "`failing: ` and names: something that is owed is not done.",
            body = String,
            content_type = "text/plain",
        ),
    ),
)]
pub(super) async fn health(State(api): State<Api>) -> (StatusCode, String) {
    let (gravest, line) = api.desk.health().line();
    let status = match gravest {
        Some(Gravity::Failing) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Gravity::Warning) | None => StatusCode::OK,
    };
    (status, line)
}

/// The operations of the list.
struct Listed;

impl Modify for Listed {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        operation::all().for_each(|one| (one.describe)(document));
    }
}

/// What is written as text, where it is referred to.
struct Texts;

impl Modify for Texts {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let schemas = &mut document.components.get_or_insert_default().schemas;
        let in_place = InPlace::among(&*schemas);
        schemas.retain(|name, _| !InPlace::has(name));
        schemas.values_mut().for_each(|schema| in_place.put(schema));
    }
}

/// How somebody proves who they are.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", bearer);
        let description = Some("A client certificate that is pinned for its operator.".to_owned());
        let tls = SecurityScheme::MutualTls { description, deprecated: None, extensions: None };
        components.add_security_scheme("client_certificate", tls);
    }
}

/// The header by which a repetition is recognised, on everything that changes something.
struct OperationIds;

impl Modify for OperationIds {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            if let Some(operation) = &mut item.post {
                add_operation_id(operation);
            }
        }
    }
}

fn add_operation_id(operation: &mut Operation) {
    let text = || ObjectBuilder::new().schema_type(Type::String).max_length(Some(64)).build();
    let parameter = ParameterBuilder::new()
        .name(OPERATION_ID)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Repeating a request with the same id has no second effect."))
        .schema(Some(text()))
        .build();
    operation.parameters.get_or_insert_default().push(parameter.into());
    let header = HeaderBuilder::new()
        .schema(Some(text()))
        .description(Some("The id of this operation, given or fresh."))
        .build();
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.headers.insert(OPERATION_ID.to_owned(), header.clone().into());
        }
    }
}

/// Every way in which an operation may be refused, from the one table of faults.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = |fault: Fault| {
            let (status, _, title) = fault.words();
            let content = Content::new(Some(Ref::from_schema_name("ProblemBody")));
            let response = ResponseBuilder::new()
                .description(title)
                .content("application/problem+json", content)
                .build();
            (status.to_string(), response.into())
        };
        // An operation that is described exists, with its method.
        let faults = Fault::ALL.into_iter().filter(|fault| *fault != Fault::NoSuchMethod);
        faults.map(response).collect()
    }
}
