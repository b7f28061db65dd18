//! The listener: connections up to a number, each with its deadlines, and a good end for all.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::endpoint::Endpoint;
use super::repository::Repository;
use super::settings::{HttpLimits, MAX_HEAD_BYTES};
use super::stalling::Stalling;
use crate::askers::Askers;
use crate::crowd::Crowd;
use crate::known::Known;
use crate::ocsp::Responder;
use crate::room::Room;
use crate::unsent::Unsent;

/// What tells the time.
pub type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// What a server answers for.
#[derive(Clone, Default)]
pub struct Services {
    /// OCSP.
    pub ocsp: Option<Arc<Responder>>,
    /// The web repository.
    pub repository: Option<Arc<Repository>>,
}

/// The HTTP server. One value may serve several listeners, on one runtime or on one for each core;
/// the limits are theirs together.
pub struct HttpServer {
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    room: Room,
}

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) services: Services,
    pub(super) limits: HttpLimits,
    pub(super) clock: Arc<Clock>,
    pub(super) askers: Askers,
    pub(super) questions: Questions,
    pub(super) unsent: Unsent,
}

/// Places for OCSP questions.
pub(super) struct Questions {
    /// For those of strangers.
    pub(super) open: Crowd,
    /// For those that registered verifiers signed, each of which has a share.
    pub(super) verifiers: Crowd,
}

impl HttpServer {
    /// A server of `services`; with `tls` every connection begins with a handshake.
    pub fn new(
        services: Services,
        limits: HttpLimits,
        tls: Option<Arc<ServerConfig>>,
        clock: Arc<Clock>,
    ) -> Self {
        let room = Room::of(limits.connections);
        let askers = Askers::of(limits.repository_at_once);
        let questions = Questions {
            open: Crowd::of(limits.open_questions_at_once),
            verifiers: Crowd::of(limits.verifiers_questions_at_once),
        };
        let unsent = Unsent::new();
        let shared = Arc::new(Shared { services, limits, clock, askers, questions, unsent });
        Self { shared, tls: tls.map(TlsAcceptor::from), room }
    }

    /// Keeps places for the addresses from which verifiers came in lately.
    #[must_use]
    pub fn with_known(self, known: Known) -> Self {
        let clock = Arc::clone(&self.shared.clock);
        let is_known = move |from| known.has(from, clock());
        Self { room: Room::knowing(self.shared.limits.connections, is_known), ..self }
    }

    /// Serves `listener` until `shutdown` completes; then lets running answers finish for as long
    /// as the limits allow.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = async { self.room.calm().await; listener.accept().await } => {
                    self.accepted(accepted, &stopping, &mut connections).await;
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        drop(listener);
        stop.send_replace(true);
        let finished = async { while connections.join_next().await.is_some() {} };
        // What is still running after that is dropped with the set.
        let _ = timeout(self.shared.limits.shutdown, finished).await;
    }

    async fn accepted(
        &self,
        accepted: io::Result<(TcpStream, SocketAddr)>,
        stopping: &watch::Receiver<bool>,
        connections: &mut JoinSet<()>,
    ) {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Mostly "too many open files": wait for some to close instead of spinning.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                return;
            }
        };
        let Some(place) = self.room.admit(peer.ip()) else {
            tracing::debug!(%peer, "there is no room for a connection");
            turn_away(stream, self.tls.is_some());
            return;
        };
        let place = Arc::new(place);
        let endpoint = Endpoint {
            shared: Arc::clone(&self.shared),
            peer,
            encrypted: self.tls.is_some(),
            place: Arc::clone(&place),
        };
        let (tls, stopping) = (self.tls.clone(), stopping.clone());
        connections.spawn(async move {
            tokio::select! {
                outcome = run(stream, tls, endpoint, stopping) => if let Err(error) = outcome {
                    tracing::debug!(%peer, %error, "an HTTP connection ended");
                },
                () = place.evicted() => {
                    tracing::debug!(%peer, "a connection that waited made room for another");
                }
            }
        });
    }
}

async fn run(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    endpoint: Endpoint,
    stopping: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    if tls.is_none() {
        timeout(endpoint.shared.limits.first, stream.readable()).await??;
    }
    let stream = Stalling::new(stream, endpoint.shared.limits.sending);
    match tls {
        None => converse(stream, endpoint, stopping).await?,
        Some(tls) => {
            let handshake = endpoint.shared.limits.handshake;
            let stream = timeout(handshake, tls.accept(stream)).await??;
            converse(stream, endpoint, stopping).await?;
        }
    }
    Ok(())
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    endpoint: Endpoint,
    mut stopping: watch::Receiver<bool>,
) -> hyper::Result<()> {
    let head = endpoint.shared.limits.head;
    let service = service_fn(move |request| {
        let endpoint = endpoint.clone();
        async move { Ok::<_, Infallible>(endpoint.respond(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        outcome = connection.as_mut() => return outcome,
        // An error means that the server is gone, which is a stop as well.
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// Tells a client for whom there is no room to come back; who does not take it at once does not get
/// it, and within TLS nothing can be said before a handshake.
fn turn_away(stream: TcpStream, encrypted: bool) {
    const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
        connection: close\r\ncontent-length: 0\r\n\r\n";
    if let (false, Ok(mut stream)) = (encrypted, stream.into_std()) {
        let _ = stream.write(BUSY);
    }
}
