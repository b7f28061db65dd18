//! The accept loop: TLS, the client's certificate handed on as an extension, bounds on connections.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use status::http::Stalling;
use status::room::{Place, Room};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::peer::{Peer, Taken};
use crate::tls;

/// Open connections of the API: windows keep one each. The program gives fewer where it may open few
/// files.
pub const API_CONNECTIONS: usize = 192;

/// Open connections of the holders' page: each stays for a look and a request.
pub const HOLDER_CONNECTIONS: usize = 64;

/// Time until the first message of a TLS handshake is here: one round trip, of which whoever says
/// nothing takes no more.
const HELLO: Duration = Duration::from_secs(2);

/// Time for the rest of the handshake, in which holders type the PIN of their card.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Time for a request's head, counted from the end of the answer before, so it also ends idle
/// connections; while there is no room, they end earlier.
const HEAD: Duration = Duration::from_secs(30);

/// Octets of a head: a token, an operation id and what browsers and proxies add.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// Time after which a connection takes no more requests; programs that stay open another.
const LIFETIME: Duration = Duration::from_secs(300);

/// Time that a running operation gets once its connection's lifetime is over: as long as any has
/// ([`crate::api`]), and to read the answer; again as long while one is taken that is made meanwhile.
const LAST_ANSWER: Duration = Duration::from_secs(330);

/// Time that running operations get when the server stops.
pub(crate) const SHUTDOWN: Duration = Duration::from_secs(30);

/// Time without progress while sending, as the web repository gives: what is made stays in memory until it
/// is taken.
pub(crate) const SENDING: Duration = Duration::from_secs(30);

/// Serves `router` ([`crate::api::router`], [`crate::holder::router`]) on `listener` over TLS until
/// `shutdown` completes, to as many at once as `room` has places; running operations are let finish.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    room: Room,
    shutdown: impl Future<Output = ()>,
) {
    serve_patiently(listener, tls, router, room, SENDING, shutdown).await;
}

/// As [`serve`]; whoever takes nothing of an answer for as long as `sending` is cut off.
pub async fn serve_patiently(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    room: Room,
    sending: Duration,
    shutdown: impl Future<Output = ()>,
) {
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &room) => {
                let Some((stream, peer, place)) = accepted else { continue };
                let (tls, router, stopping) = (tls.clone(), router.clone(), stopping.clone());
                let stream = Stalling::new(stream, sending);
                connections.spawn(async move {
                    let place = Arc::new(place);
                    let talk = converse(stream, peer, &place, tls, router, stopping);
                    tokio::select! {
                        outcome = talk => if let Err(error) = outcome {
                            tracing::debug!(%peer, %error, "a connection ended");
                        },
                        () = place.evicted() => {
                            tracing::debug!(%peer, "a connection that waited made room for another");
                        }
                    }
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    stop.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    // What is still running after that is dropped with the set.
    let _ = timeout(SHUTDOWN, finished).await;
}

/// The next connection and its place. One for which there is no room is closed at once.
async fn accept(listener: &TcpListener, room: &Room) -> Option<(TcpStream, SocketAddr, Place)> {
    room.calm().await;
    match listener.accept().await {
        Ok((stream, peer)) => {
            let Some(place) = room.admit(peer.ip()) else {
                tracing::debug!(%peer, "there is no room for a connection");
                return None;
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%peer, %error, "a connection ended");
                return None;
            }
            Some((stream, peer, place))
        }
        Err(error) => {
            // Mostly "too many open files": wait for some to close instead of spinning.
            tracing::warn!(%error, "a connection could not be accepted");
            sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn converse(
    stream: Stalling<TcpStream>,
    address: SocketAddr,
    place: &Arc<Place>,
    tls_config: Arc<ServerConfig>,
    router: Router,
    stopping: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let stream = shake_hands(stream, tls_config).await?;
    let certificate = tls::proven_certificate(stream.get_ref().1);
    let peer = Peer { address, certificate, place: Some(Arc::clone(place)), is_console: false };
    talk(stream, peer, router, LIFETIME, stopping).await
}

/// Answers what `peer` asks over a connection, until it ends, is told to, or its `lifetime` is over.
///
/// # Errors
/// Those of the connection; running operations took too long after its end.
pub(crate) async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: Peer,
    router: Router,
    lifetime: Duration,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (router, taken) = (TowerToHyperService::new(router), Taken::default());
    let noted = taken.clone();
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        if let Some(place) = &peer.place {
            place.asked();
        }
        request.extensions_mut().insert(peer.clone());
        request.extensions_mut().insert(noted.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        outcome = connection.as_mut() => return Ok(outcome?),
        // An error means that the server is gone, which is a stop as well.
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = sleep(lifetime) => {}
    }
    connection.as_mut().graceful_shutdown();
    loop {
        let before = taken.count();
        match timeout(LAST_ANSWER, connection.as_mut()).await {
            Ok(ended) => return Ok(ended?),
            // It is made while it is sent, and takes as long as it is large.
            Err(_) if taken.count() > before => {}
            Err(late) => return Err(io::Error::from(late).into()),
        }
    }
}

async fn shake_hands(
    stream: Stalling<TcpStream>,
    tls: Arc<ServerConfig>,
) -> io::Result<TlsStream<Stalling<TcpStream>>> {
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
    let hello = timeout(HELLO, hello).await??;
    timeout(HANDSHAKE, hello.into_stream(tls)).await?
}
