//! The listener: accepts connections up to a number, and lets them end well when the server stops.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::connection::{self, Connection, Work};
use super::directory::Directory;
use super::query_log::QueryLog;
use super::session::{Clock, Service};
use super::settings::Settings;
use crate::known::Known;
use crate::room::Room;

/// How a listener is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `ldap://`: in the clear, with StartTLS where TLS is configured.
    Plain,
    /// `ldaps://`: TLS from the first octet.
    Tls,
}

/// The operator's fault: `ldaps://` was asked for without a TLS configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ldaps needs a TLS certificate, and none is configured")]
pub struct NoTls;

/// The LDAP server. One value may serve several listeners; the connection limit is theirs together.
pub struct LdapServer {
    service: Arc<Service>,
    tls: Option<TlsAcceptor>,
    room: Room,
    work: Arc<Work>,
}

impl LdapServer {
    /// A server over `directory`; with `tls` it offers StartTLS and may serve `ldaps://`.
    pub fn new(
        settings: Settings,
        directory: Arc<dyn Directory>,
        tls: Option<Arc<ServerConfig>>,
        log: Arc<dyn QueryLog>,
        clock: Arc<Clock>,
    ) -> Self {
        let room = Room::of(settings.limits.connections);
        let work = Arc::new(Work::of(&settings.limits));
        let start_tls = tls.is_some();
        let service = Arc::new(Service { directory, log, clock, settings, start_tls });
        Self { service, tls: tls.map(TlsAcceptor::from), room, work }
    }

    /// Keeps places for the addresses from which verifiers came in lately.
    #[must_use]
    pub fn with_known(self, known: Known) -> Self {
        let clock = Arc::clone(&self.service.clock);
        let is_known = move |from| known.has(from, clock());
        Self { room: Room::knowing(self.service.settings.limits.connections, is_known), ..self }
    }

    /// Serves `listener` until `shutdown` completes; then lets running answers finish for as long as
    /// the limits allow.
    ///
    /// # Errors
    /// [`NoTls`] at once when the transport cannot be served.
    pub async fn serve(
        &self,
        listener: TcpListener,
        transport: Transport,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), NoTls> {
        if transport == Transport::Tls && self.tls.is_none() {
            return Err(NoTls);
        }
        let (stop, stopping) = watch::channel(false);
        let mut sessions = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = async { self.room.calm().await; listener.accept().await } => {
                    self.accepted(accepted, transport, &stopping, &mut sessions).await;
                }
                Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
            }
        }
        drop(listener);
        stop.send_replace(true);
        let finished = async { while sessions.join_next().await.is_some() {} };
        // What is still running after that is dropped with the set.
        let _ = tokio::time::timeout(self.service.settings.limits.shutdown, finished).await;
        Ok(())
    }

    async fn accepted(
        &self,
        accepted: io::Result<(TcpStream, SocketAddr)>,
        transport: Transport,
        stopping: &watch::Receiver<bool>,
        sessions: &mut JoinSet<()>,
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
            connection::turn_away(stream, transport);
            return;
        };
        let connection = Connection {
            service: Arc::clone(&self.service),
            tls: self.tls.clone(),
            peer,
            stopping: stopping.clone(),
            place: Arc::new(place),
            work: Arc::clone(&self.work),
        };
        sessions.spawn(async move {
            let place = Arc::clone(&connection.place);
            tokio::select! {
                outcome = connection.run(stream, transport) => if let Err(error) = outcome {
                    tracing::debug!(%peer, %error, "an LDAP connection ended");
                },
                () = place.evicted() => {
                    tracing::debug!(%peer, "a connection that waited made room for another");
                }
            }
        });
    }
}
