//! A client of the API, as the command line is one: of the process that serves an installation, over the
//! socket in its data directory, or of a router in this process where nobody serves.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::access::{OPERATION_ID, Peer};
use crate::api::LOGIN;
use crate::local;
use crate::operation::{Asked, Operation};
use crate::wire::{ProblemBody, SecretText};

/// How long the process that serves may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// Where operations are asked for, and by whom.
pub struct Client {
    site: Site,
    runtime: Runtime,
    host: String,
    token: Option<HeaderValue>,
    operation: Option<String>,
}

enum Site {
    /// In this process.
    Here(Router),
    /// Of the process that serves.
    There(Connection),
}

type Connection = tokio::sync::Mutex<http1::SendRequest<Body>>;

/// What an operation answered.
#[derive(Debug)]
pub struct Told(Bytes);

/// Why there is no answer.
#[derive(Debug)]
pub enum NotTold {
    /// It was refused, or failed.
    Problem(Box<ProblemBody>),
    /// Whether it was done is not known.
    Lost(io::Error),
}

impl Client {
    /// Of the process that serves at `socket`; none where nobody does.
    ///
    /// # Errors
    /// Somebody is there who does not answer, or the socket cannot be reached.
    pub fn of_server(socket: &Path, host: &str) -> io::Result<Option<Self>> {
        let runtime = runtime()?;
        let connecting = async { timeout(CONNECTING, local::connect(socket)).await };
        let stream = match runtime.block_on(connecting)? {
            Err(error) if is_nobody(&error) => return Ok(None),
            connected => connected?,
        };
        let sender = runtime.block_on(converse(stream)).map_err(io::Error::other)?;
        let site = Site::There(tokio::sync::Mutex::new(sender));
        Ok(Some(Self { site, runtime, host: host.to_owned(), token: None, operation: None }))
    }

    /// Of a router in this process.
    ///
    /// # Errors
    /// The operating system gives no event loop.
    pub fn here(router: Router, host: &str) -> io::Result<Self> {
        let site = Site::Here(router);
        let runtime = runtime()?;
        Ok(Self { site, runtime, host: host.to_owned(), token: None, operation: None })
    }

    /// Asks under this operation id, by which a repetition is recognised.
    #[must_use]
    pub fn under(self, operation: &str) -> Self {
        Self { operation: Some(operation.to_owned()), ..self }
    }

    /// Asks with a token, or the secret of an enrolment.
    ///
    /// # Errors
    /// It has characters that no header has.
    pub fn with_token(self, token: &SecretText) -> io::Result<Self> {
        let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
        let mut value = value.map_err(|_| io::Error::other("the token has other characters"))?;
        value.set_sensitive(true);
        Ok(Self { token: Some(value), ..self })
    }

    /// Opens a session with a password and asks in it.
    ///
    /// # Errors
    /// [`NotTold`].
    pub fn logged_in(self, person: &str, password: &SecretText) -> Result<Self, NotTold> {
        let fields = serde_json::json!({ "id": person, "password": password.expose() });
        let opened = self.send(Request::post(LOGIN), Some(&fields))?.json()?;
        let token = opened["token"].as_str().unwrap_or_default();
        self.with_token(&SecretText::new(token)).map_err(NotTold::Lost)
    }

    /// Has an operation done that is told these fields; those that are null are left out.
    ///
    /// # Errors
    /// [`NotTold`].
    pub fn ask<O: Operation>(&self, fields: Value) -> Result<Told, NotTold> {
        let Value::Object(fields) = fields else {
            return Err(NotTold::Lost(io::Error::other("what is asked is no object")));
        };
        let told = fields.into_iter().filter(|(_, value)| !value.is_null());
        let Asked { method, address, body } = Asked::of::<O>(told.collect());
        self.send(Request::builder().method(method).uri(address), body.as_ref())
    }

    /// Sends JSON to an address of the API.
    ///
    /// # Errors
    /// [`NotTold`].
    pub fn post(&self, address: &str, fields: &Value) -> Result<Told, NotTold> {
        self.send(Request::post(address), Some(fields))
    }

    fn send(
        &self,
        mut request: hyper::http::request::Builder,
        body: Option<&Value>,
    ) -> Result<Told, NotTold> {
        request = request.header(HOST, &self.host);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        if let Some(operation) = &self.operation {
            request = request.header(OPERATION_ID, operation);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(lost)?;
        self.runtime.block_on(async {
            let answer = self.site.answer(request).await?;
            let status = answer.status();
            let octets = answer.into_body().collect().await.map_err(lost)?.to_bytes();
            match status.is_success() {
                true => Ok(Told(octets)),
                false => Err(NotTold::Problem(serde_json::from_slice(&octets).map_err(lost)?)),
            }
        })
    }
}

impl Site {
    async fn answer(&self, mut request: Request<Body>) -> Result<Response<Body>, NotTold> {
        match self {
            Self::Here(router) => {
                request.extensions_mut().insert(Peer::local());
                let site = TowerToHyperService::new(router.clone());
                site.call(request).await.map_err(lost)
            }
            Self::There(sender) => {
                let answer = sender.lock().await.send_request(request).await.map_err(lost)?;
                Ok(answer.map(Body::new))
            }
        }
    }
}

impl Told {
    /// As JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> Result<Value, NotTold> {
        serde_json::from_slice(&self.0).map_err(lost)
    }

    /// As octets.
    pub fn octets(self) -> Bytes {
        self.0
    }
}

impl fmt::Display for NotTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => match &problem.incident {
                Some(incident) => {
                    write!(f, "{}: {} ({incident})", problem.title, problem.detail)
                }
                None => f.write_str(&problem.detail),
            },
            Self::Lost(error) => write!(f, "the answer was lost: {error}"),
        }
    }
}

impl std::error::Error for NotTold {}

fn lost(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> NotTold {
    NotTold::Lost(io::Error::other(error))
}

/// Whether nobody serves: no socket, or one that was left.
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

async fn converse(stream: UnixStream) -> hyper::Result<http1::SendRequest<Body>> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the server ended");
        }
    });
    Ok(sender)
}
