//! A client of the API, as the command line is one: of the process that serves an installation, over the
//! socket in its data directory, or of a router in this process where nobody serves; or of a server elsewhere,
//! over TLS.
//!
//! What is shown and sent is copied on its way (headers, JSON, bodies); the program's allocator wipes what is
//! freed.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use domain::journal::EventKind;
use http_body_util::{BodyExt, Limited};
use hyper::Method;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::request::Builder;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::access::{self, OPERATION_ID};
use crate::api::LOGIN;
use crate::local;
use crate::operation::{Asked, Operation};
use crate::peer::Peer;
use crate::wire::{ProblemBody, SecretText};

mod elsewhere;
mod waiting;

use self::elsewhere::Elsewhere;

/// How long there may be no place for a connection; whoever has one waits for as long as the operation takes.
const CONNECTING: Duration = Duration::from_secs(5);

/// How often what is not answered yet is asked how far it has come.
const PACE: Duration = Duration::from_secs(1);

/// After how long somebody hears that there is no answer yet.
const SLOW: Duration = Duration::from_secs(10);

/// After how long another machine, which answers within five minutes, is not there any more.
const SILENCE: Duration = Duration::from_secs(420);

/// Before what is at work elsewhere is asked after again.
const PAUSE: Duration = Duration::from_secs(1);

/// Octets of the largest answer: a list of twenty million entries is the largest, in PEM.
const MAX_ANSWER_BYTES: usize = 2 << 30;

/// Where operations are asked for, and by whom. A session that it opened ends with it.
pub struct Client {
    site: Site,
    runtime: Runtime,
    host: String,
    shown: Option<HeaderValue>,
    operation: Option<String>,
    pace: Duration,
    told: Box<dyn Fn(&str)>,
}

enum Site {
    /// In this process.
    Here(Router),
    /// Of a server, by the way to it and the connection that is open.
    There(Way, Mutex<Option<http1::SendRequest<Body>>>),
}

/// The way to a server.
enum Way {
    /// The socket of the process that serves on this machine.
    Socket(PathBuf),
    /// TLS, to another machine.
    Tls(Box<Elsewhere>),
}

/// What an operation answered.
#[derive(Debug)]
pub struct Reply(Bytes);

/// Why there is no answer.
#[derive(Debug)]
pub enum ClientError {
    /// It was refused, or failed.
    Problem(Box<ProblemBody>),
    /// Nothing was asked.
    Unsent(String),
    /// Whether it was done is not known.
    Lost(io::Error),
    /// It was answered, and the answer could not be written here.
    Unwritten(io::Error),
}

impl Client {
    /// Of the process that serves at `socket`, if one does.
    ///
    /// # Errors
    /// It has no place for a connection, or the socket cannot be reached.
    pub fn of_server(socket: &Path, host: &str) -> io::Result<Option<Self>> {
        let runtime = runtime()?;
        let sender = match runtime.block_on(connected(socket)) {
            Err(error) if is_nobody(&error) => return Ok(None),
            connected => connected?,
        };
        let site = Site::There(Way::Socket(socket.to_owned()), Mutex::new(Some(sender)));
        Ok(Some(Self::of(site, runtime, host)))
    }

    /// Of the server at `url` (`https://HOST[:PORT]`), whose certificate must lead to one of the `roots` (PEM).
    /// It is reached once something is asked.
    ///
    /// # Errors
    /// It is no such URL; there is no root; the operating system gives no event loop.
    pub fn elsewhere(url: &str, roots: &[u8]) -> io::Result<Self> {
        let way = Elsewhere::new(url, roots).map_err(io::Error::other)?;
        let host = way.authority.clone();
        let site = Site::There(Way::Tls(Box::new(way)), Mutex::new(None));
        Ok(Self::of(site, runtime()?, &host))
    }

    /// Of a router in this process.
    ///
    /// # Errors
    /// The operating system gives no event loop.
    pub fn here(router: Router, host: &str) -> io::Result<Self> {
        Ok(Self::of(Site::Here(router), runtime()?, host))
    }

    fn of(site: Site, runtime: Runtime, host: &str) -> Self {
        let host = host.to_owned();
        let (shown, operation) = (None, None);
        Self { site, runtime, host, shown, operation, pace: PACE, told: Box::new(|_| ()) }
    }

    /// Tells `told` how far an operation has come that takes long, and is asked for under an id and with a
    /// token: the steps that it tells, as far as they last for a second.
    #[must_use]
    pub fn telling(self, told: impl Fn(&str) + 'static) -> Self {
        Self { told: Box::new(told), ..self }
    }

    /// Asks under this operation id, by which a repetition is recognised.
    #[must_use]
    pub fn under(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Asks with a token, or the secret of an enrolment.
    ///
    /// # Errors
    /// It has characters that no header has.
    pub fn with_token(self, token: &SecretText) -> io::Result<Self> {
        self.showing(&format!("Bearer {}", token.expose()))
    }

    /// Asks with an id and its password. Another machine takes no password with a request: there a session is
    /// opened. It ends by itself, a quarter of an hour after it was used last, since to end sessions ends all
    /// of a person, those of a browser too.
    ///
    /// # Errors
    /// As [`with_token`](Self::with_token); those of the session.
    pub fn with_password(mut self, id: &str, password: &SecretText) -> Result<Self, ClientError> {
        if !matches!(self.site, Site::There(Way::Tls(_), _)) {
            return Ok(self.showing(&access::basic(id, password))?);
        }
        let login = json!({ "id": id, "password": password.expose() });
        let asked = Request::post(LOGIN);
        let opened =
            self.send(asked, Some(&login)).and_then(|answer| self.whole(answer))?.json()?;
        let token = opened["token"].as_str().ok_or_else(|| lost("a session without a token"))?;
        self = self.with_token(&SecretText::new(token))?;
        Ok(self)
    }

    /// Whether a token is shown: whoever shows a password has it hashed with each request.
    fn is_let_in_by_a_token(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.as_bytes().starts_with(b"Bearer "))
    }

    fn showing(mut self, shown: &str) -> io::Result<Self> {
        let rule = "what is shown has characters that no header has";
        let mut shown = HeaderValue::try_from(shown).map_err(|_| io::Error::other(rule))?;
        shown.set_sensitive(true);
        self.shown = Some(shown);
        Ok(self)
    }

    /// Has an operation done that is told these fields; those that are null are left out.
    ///
    /// What takes longer than the server may take to answer is asked for again under its id, and waited for;
    /// what only reads would begin anew, so of that is told that it goes on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn ask<O: Operation>(&self, fields: Value) -> Result<Reply, ClientError> {
        self.answer_of::<O>(fields).and_then(|answer| self.whole(answer))
    }

    /// The same, whose answer is written as it comes, however large it is.
    ///
    /// # Errors
    /// [`ClientError`]; then what was written is a part, or nothing.
    pub fn write<O: Operation>(
        &self,
        fields: Value,
        into: &mut dyn Write,
    ) -> Result<(), ClientError> {
        let mut body = self.answer_of::<O>(fields)?.into_body();
        let mut next = || {
            let frame = self.runtime.block_on(async { timeout(SILENCE, body.frame()).await });
            frame.map_err(|_| lost("the server says nothing any more"))
        };
        while let Some(frame) = next()? {
            if let Some(octets) = frame.map_err(lost)?.data_ref() {
                into.write_all(octets).map_err(ClientError::Unwritten)?;
            }
        }
        Ok(())
    }

    /// All of an answer.
    fn whole(&self, answer: Response<Body>) -> Result<Reply, ClientError> {
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES);
        Ok(Reply(self.runtime.block_on(body.collect()).map_err(lost)?.to_bytes()))
    }

    /// The answer of an operation that was done, of which nothing was read.
    fn answer_of<O: Operation>(&self, fields: Value) -> Result<Response<Body>, ClientError> {
        let Value::Object(fields) = fields else {
            return Err(ClientError::Unsent("what is asked is no object".to_owned()));
        };
        let told = fields.into_iter().filter(|(_, value)| !value.is_null());
        let asked = Asked::of::<O>(told.collect()).map_err(ClientError::Unsent)?;
        let is_done_once =
            self.operation.is_some() && O::SPEC.operation.kind() != EventKind::RecordsRead;
        let mut goes_on = false;
        loop {
            let mut request = asked.begun();
            if let Some(operation) = &self.operation {
                request = request.header(OPERATION_ID, operation);
            }
            match self.send(request, asked.body.as_ref()) {
                Err(ClientError::Problem(problem)) if is_done_once && problem.is_at_work() => {
                    goes_on = true;
                    std::thread::sleep(PAUSE);
                }
                // Whatever this says, the operation was at work, and nobody knows what came of it.
                Err(error) if goes_on && !error.is_answer() => return Err(lost(error.to_string())),
                answered => return answered,
            }
        }
    }

    fn send(&self, request: Builder, body: Option<&Value>) -> Result<Response<Body>, ClientError> {
        let request = self.request(request, body)?;
        // What only reads tells no steps.
        let tells = request.method() == Method::POST && self.is_let_in_by_a_token();
        self.runtime.block_on(async {
            let answering = std::pin::pin!(self.site.answer(request));
            let answer = self.patiently(answering, tells).await?;
            let status = answer.status();
            if status.is_success() {
                return Ok(answer);
            }
            let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES);
            let octets = body.collect().await.map_err(lost)?.to_bytes();
            // Something between here and the server may answer for it, in another form.
            let problem = serde_json::from_slice(&octets);
            let foreign = |_| lost(format!("{status}, and nothing of the API's"));
            Err(ClientError::Problem(problem.map_err(foreign)?))
        })
    }

    /// A request with its headers and its body.
    fn request(
        &self,
        mut request: Builder,
        body: Option<&Value>,
    ) -> Result<Request<Body>, ClientError> {
        request = request.header(HOST, &self.host);
        if let Some(shown) = &self.shown {
            request = request.header(AUTHORIZATION, shown);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        request.body(body).map_err(|error| ClientError::Unsent(error.to_string()))
    }
}

/// What came of a request.
type Answered = Result<Response<Body>, ClientError>;

async fn here(router: &Router, mut request: Request<Body>) -> Answered {
    request.extensions_mut().insert(Peer::local());
    let site = TowerToHyperService::new(router.clone());
    site.call(request).await.map_err(lost)
}

impl Site {
    async fn answer(&self, request: Request<Body>) -> Answered {
        match self {
            Self::Here(router) => here(router, request).await,
            Self::There(way, open) => {
                let mut open = open.lock().await;
                let mut known = open.take();
                let is_ready = match &mut known {
                    Some(sender) => sender.ready().await.is_ok(),
                    None => false,
                };
                let mut sender = match known.filter(|_| is_ready) {
                    Some(sender) => sender,
                    // The server closes what nobody asks over; nothing was sent by it.
                    None => way.connected().await.map_err(ClientError::Unsent)?,
                };
                let answer = sender.send_request(request).await.map_err(lost)?;
                *open = Some(sender);
                Ok(answer.map(Body::new))
            }
        }
    }
}

impl Way {
    /// A connection to the server; why there is none, in words.
    async fn connected(&self) -> Result<http1::SendRequest<Body>, String> {
        let connected = match self {
            Self::Socket(socket) => connected(socket).await,
            Self::Tls(elsewhere) => talking(elsewhere.connect().await?).await,
        };
        connected.map_err(|error| error.to_string())
    }
}

impl Reply {
    /// As JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> Result<Value, ClientError> {
        serde_json::from_slice(&self.0).map_err(lost)
    }

    /// As octets.
    pub fn octets(self) -> Bytes {
        self.0
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => match &problem.incident {
                Some(incident) => {
                    write!(f, "{}: {} ({incident})", problem.title, problem.detail)
                }
                None => f.write_str(&problem.detail),
            },
            Self::Unsent(why) => f.write_str(why),
            Self::Lost(error) => write!(f, "the answer was lost: {error}"),
            Self::Unwritten(error) => write!(f, "the answer cannot be written: {error}"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<io::Error> for ClientError {
    /// Of what happens before anything is asked.
    fn from(error: io::Error) -> Self {
        Self::Unsent(error.to_string())
    }
}

impl ClientError {
    /// Whether it is the operation's own word, and not that of who lets in, of a state that passes or of the
    /// connection.
    fn is_answer(&self) -> bool {
        match self {
            Self::Problem(problem) => !matches!(problem.status, 401 | 408 | 409 | 500..),
            Self::Unsent(_) | Self::Lost(_) => false,
            Self::Unwritten(_) => true,
        }
    }

    /// Whether it may have been done all the same.
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.incident.is_some(),
            Self::Unsent(_) | Self::Unwritten(_) => false,
            Self::Lost(_) => true,
        }
    }
}

fn lost(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ClientError {
    ClientError::Lost(io::Error::other(error))
}

/// Whether nobody serves: no socket, or one that was left.
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

async fn connected(socket: &Path) -> io::Result<http1::SendRequest<Body>> {
    talking(timeout(CONNECTING, local::connect(socket)).await??).await
}

/// HTTP over a connection.
async fn talking(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> io::Result<http1::SendRequest<Body>> {
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the server ended");
        }
    });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::desk::authorities::ListAuthorities;
    use crate::desk::lists::PublishDueLists;
    use crate::problem::Problem;

    use super::*;

    /// An API that is still at work twice, how often it was asked, and its client.
    fn slow() -> (Arc<AtomicUsize>, Client) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let answer = move || async move {
            match counted.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => Err(Problem::at_work(&"late")),
                _ => Ok("{}"),
            }
        };
        (asked, Client::here(Router::new().fallback(answer), "localhost").expect("a client"))
    }

    #[test]
    fn w3_what_is_still_at_work_is_waited_for_under_its_id_and_nothing_else_is_asked_twice() {
        let (asked, client) = slow();
        client.under("op-1").ask::<PublishDueLists>(json!({})).expect("in the end");
        assert_eq!(asked.load(Ordering::SeqCst), 3);
        let (asked, client) = slow();
        let late = client.ask::<PublishDueLists>(json!({})).expect_err("without an id");
        assert!(late.is_outcome_unknown() && asked.load(Ordering::SeqCst) == 1, "{late}");
        let (asked, client) = slow();
        client.under("op-1").ask::<ListAuthorities>(json!({})).expect_err("a reading");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn w3_the_steps_of_what_takes_long_are_told_each_once() {
        let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
        let steps = Arc::new(AtomicUsize::new(0));
        let progress = move || {
            let step = steps.fetch_add(1, Ordering::SeqCst) / 2;
            async move { format!("{{\"step\": \"list {step}\"}}") }
        };
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            "{}"
        };
        let router = Router::new().fallback(slow);
        let router = router.route("/api/v1/me/operations/op-1", axum::routing::get(progress));
        let told = heard.clone();
        let client = Client::here(router, "localhost").expect("a client").under("op-1");
        let client = client.with_token(&SecretText::new("a token")).expect("a header");
        let client = client.telling(move |step| told.lock().expect("a list").push(step.to_owned()));
        let client = Client { pace: Duration::from_millis(20), ..client };
        client.ask::<PublishDueLists>(json!({})).expect("in the end");
        let heard = heard.lock().expect("a list");
        let each: Vec<_> = (0..heard.len()).map(|step| format!("list {step}")).collect();
        assert!(heard.len() > 1 && *heard == each, "{heard:?}");
    }

    #[test]
    fn w3_an_answer_that_is_none_of_the_api_is_told_with_its_status() {
        let answer = || async { (hyper::StatusCode::BAD_GATEWAY, "<h1>Bad gateway</h1>") };
        let client = Client::here(Router::new().fallback(answer), "localhost").expect("a client");
        let lost = client.ask::<ListAuthorities>(json!({})).expect_err("no answer");
        assert!(lost.to_string().contains("502 Bad Gateway"), "{lost}");
        assert!(lost.is_outcome_unknown());
    }
}
