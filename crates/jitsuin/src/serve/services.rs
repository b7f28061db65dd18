//! The services that answer the world: HTTP for OCSP and the repository, LDAP, the API, the holders'
//! page.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use status::directory::{CaEntry, RepositoryDirectory};
use status::http::{HttpLimits, HttpServer, Publication, Repository, Services};
use status::known::Known;
use status::ldap::{self, ClearPasswords, LdapServer, Transport};
use status::ocsp::Responder;
use status::query_log::{LdapRecords, QueryLog};
use status::room::Room;
use status::verifier_auth::{VerifierAuth, Whence};
use store::segments::{Limits, QuerySegments};
use store::{HeardRequests, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;
use web::desk::Desk;
use web::hashing::{self, Caller};
use web::local::Socket;
use web::tls::ServerIdentity;

use super::descriptors::Connections;
use super::identity::Shown;
use super::listeners::Listeners;
use super::responders;
use super::threads::{self, LAST_WORK, Roll, Thread};
use crate::credentials::hashed;
use crate::evidence::records::next_number;
use crate::hold::Owned;
use crate::join::{SealedQueryLog, recalled};
use crate::random::random_text;
use crate::system::System;

/// How often the sums of refusals are looked at.
const REFUSALS: Duration = Duration::from_secs(5);

/// The threads of the services.
pub(super) struct Threads {
    threads: Vec<Thread>,
    desk: Arc<Desk>,
}

impl Threads {
    /// Waits for all of them, which were told to stop.
    pub(super) fn join(self) -> Result<()> {
        let ended = threads::join(self.threads, LAST_WORK);
        // Nobody is refused any more: the sums of the running minute are whole.
        self.desk.entrance().refusals().tell(true)?;
        ended
    }
}

/// The record of queries; segments that a crash left open are sealed first.
pub(crate) fn query_log(system: &System, _: &Owned) -> Result<Arc<SealedQueryLog>> {
    let memory = HeardRequests::open(&system.home.heard())?;
    let from = memory.0.next_segment()?.max(next_number(&*system.store)?);
    let (segments, left_over) =
        QuerySegments::open(system.home.queries(), Limits::default(), from)?;
    let heard = recalled(&system.home, memory)?;
    let store: Arc<dyn Store> = system.store.clone();
    let (clock, room) = (system.clock.clone(), system.room.clone());
    let log = SealedQueryLog::new(segments, heard, store, clock, room);
    for sealed in left_over {
        log.seal(Some(sealed))?;
    }
    Ok(Arc::new(log))
}

pub(super) fn start(
    system: &Arc<System>,
    listeners: Listeners,
    queries: Arc<SealedQueryLog>,
    connections: Connections,
    how: &Start<'_>,
) -> Result<Threads> {
    let known = Known::default();
    let verifiers = verifier_auth(system, &known)?;
    let shown = Shown::read(system)?;
    let identity = shown.identity.clone();
    let responder = responders::responder(system, &queries)?.with_known(known.clone());
    let queries: Arc<dyn QueryLog> = queries;
    let responder = Arc::new(responder);
    let http = http_server(system, &responder, &queries, &verifiers, connections.repository);
    let http = Arc::new(http.with_known(known.clone()));
    let tls = Arc::new(directory_tls(identity.clone())?);
    let ldap = Arc::new(
        ldap_server(system, &queries, &verifiers, tls, connections.ldap)?.with_known(known),
    );

    let mut threads = vec![start_responders(system, responder, how)?];
    threads.push(start_identity(system, shown, how)?);
    threads.extend(start_http(&http, &listeners.repository, how)?);
    for (listener, transport) in
        [(listeners.ldap, Transport::Plain), (listeners.ldaps, Transport::Tls)]
    {
        threads.push(start_ldap(&ldap, listener, transport, how)?);
    }

    let desk = Arc::new(system.desk()?);
    let api = Site {
        name: "api",
        listener: listeners.api,
        tls: web::tls::tls_config(identity.clone())?,
        router: web::api::router(desk.clone()),
        room: web::api::room(&desk, connections.api),
    };
    threads.push(start_local(system, desk.clone(), how)?);
    let holder = Site {
        name: "holder",
        listener: listeners.holder,
        tls: web::tls::holder_tls_config(identity, system.holders()?.issuers()?)?,
        router: web::holder::router(desk.clone()),
        room: Room::of_strangers(connections.holder),
    };
    for site in [api, holder] {
        threads.push(site.start(how)?);
    }
    threads.push(start_refusals(desk.clone(), how)?);
    Ok(Threads { threads, desk })
}

/// How the services' threads are started, and told to stop.
pub(super) struct Start<'a> {
    pub(super) roll: &'a Roll,
    pub(super) stopping: &'a watch::Receiver<bool>,
}

impl Start<'_> {
    /// A runtime on a thread of its own.
    fn spawn(
        &self,
        name: &'static str,
        work: impl FnOnce(tokio::runtime::Runtime) -> Result<()> + Send + 'static,
    ) -> Result<Thread> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        self.roll.spawn(name, move || work(runtime))
    }

    /// Completes when the services are to stop.
    fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.clone();
        async move {
            // The sender gone means the same as told to stop.
            let _ = stopping.wait_for(|stop| *stop).await;
        }
    }
}

/// Writes strangers' refusals as the minutes end.
fn start_refusals(desk: Arc<Desk>, how: &Start<'_>) -> Result<Thread> {
    let stop = how.stopped();
    how.spawn("refusals", move |runtime| {
        runtime.block_on(async {
            tokio::pin!(stop);
            loop {
                tokio::select! {
                    () = &mut stop => return Ok(()),
                    () = tokio::time::sleep(REFUSALS) => {}
                }
                if let Err(error) = desk.entrance().refusals().tell(false) {
                    tracing::error!(%error, "the sums of refusals");
                }
            }
        })
    })
}

/// The API for commands of the machine's own, over a socket in the data directory.
fn start_local(system: &System, desk: Arc<Desk>, how: &Start<'_>) -> Result<Thread> {
    let path = system.home.socket();
    let socket = Socket::bind(&path).with_context(|| path.display().to_string())?;
    let stop = how.stopped();
    how.spawn("commands", move |runtime| {
        Ok(runtime.block_on(socket.serve(web::api::console_router(desk), stop))?)
    })
}

/// Exchanges the responders' certificates as they come.
fn start_responders(
    system: &Arc<System>,
    responder: Arc<Responder>,
    how: &Start<'_>,
) -> Result<Thread> {
    let (system, stop) = (system.clone(), how.stopped());
    how.spawn("responders", move |runtime| {
        runtime.block_on(responders::follow(&system, &responder, stop));
        Ok(())
    })
}

/// Takes the server's certificates up as they come.
fn start_identity(system: &Arc<System>, shown: Shown, how: &Start<'_>) -> Result<Thread> {
    let (system, stop) = (system.clone(), how.stopped());
    how.spawn("tls", move |runtime| {
        runtime.block_on(shown.follow(&system, stop));
        Ok(())
    })
}

/// OCSP is answered on the thread that serves the connection: one runtime for each core.
fn start_http(
    http: &Arc<HttpServer>,
    listener: &std::net::TcpListener,
    how: &Start<'_>,
) -> Result<Vec<Thread>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let start_one = |_| {
        let (http, stop) = (http.clone(), how.stopped());
        let listener = listener.try_clone()?;
        how.spawn("http", move |runtime| {
            runtime.block_on(async {
                http.serve(TcpListener::from_std(listener)?, stop).await;
                Ok(())
            })
        })
    };
    (0..cores).map(start_one).collect()
}

fn start_ldap(
    ldap: &Arc<LdapServer>,
    listener: std::net::TcpListener,
    transport: Transport,
    how: &Start<'_>,
) -> Result<Thread> {
    let (ldap, stop) = (ldap.clone(), how.stopped());
    how.spawn("ldap", move |runtime| {
        runtime.block_on(async {
            Ok(ldap.serve(TcpListener::from_std(listener)?, transport, stop).await?)
        })
    })
}

/// A site of `web` on a socket of its own.
struct Site {
    name: &'static str,
    listener: std::net::TcpListener,
    tls: ServerConfig,
    router: web::Router,
    room: Room,
}

impl Site {
    fn start(self, how: &Start<'_>) -> Result<Thread> {
        let Self { name, listener, tls, router, room } = self;
        let stop = how.stopped();
        how.spawn(name, move |runtime| {
            runtime.block_on(async {
                let (listener, tls) = (TcpListener::from_std(listener)?, Arc::new(tls));
                web::server::serve(listener, tls, router, room, stop).await;
                Ok(())
            })
        })
    }
}

fn verifier_auth(system: &System, known: &Known) -> Result<VerifierAuth> {
    let decoy = hashed(&random_text(24)?)?;
    let check = |password: &[u8], hash: &str, whence| {
        let caller = match whence {
            Whence::Home => Caller::VerifierAtHome,
            Whence::Elsewhere => Caller::Verifier,
        };
        hashing::fits(caller, password, hash).ok()
    };
    Ok(VerifierAuth::new(system.store.clone(), Arc::new(check), decoy, known.clone()))
}

/// TLS for the directory: the server alone shows a certificate, verifiers bind with a password.
fn directory_tls(identity: Arc<ServerIdentity>) -> Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(identity);
    Ok(config)
}

/// Passwords may cross the wire in clear only where it does not leave the machine.
fn clear_passwords(address: std::net::SocketAddr) -> ClearPasswords {
    if address.ip().is_loopback() { ClearPasswords::Accepted } else { ClearPasswords::Refused }
}

fn http_server(
    system: &System,
    responder: &Arc<Responder>,
    queries: &Arc<dyn QueryLog>,
    verifiers: &VerifierAuth,
    connections: usize,
) -> HttpServer {
    let publications = system.authorities.values().map(|ca| Publication {
        policy: Arc::new(ca.policy().clone()),
        cross_certified: Vec::new(),
    });
    let repository = Repository::new(
        system.store.clone(),
        verifiers.clone(),
        clear_passwords(system.config.listen.repository),
        queries.clone(),
        publications.collect(),
    );
    let repository = repository.for_hosts(system.config.listen.host_names.clone());
    let services =
        Services { ocsp: Some(responder.clone()), repository: Some(Arc::new(repository)) };
    let limits = HttpLimits { connections, ..HttpLimits::default() };
    HttpServer::new(services, limits, None, system.clock.clone())
}

fn ldap_server(
    system: &Arc<System>,
    queries: &Arc<dyn QueryLog>,
    verifiers: &VerifierAuth,
    tls: Arc<ServerConfig>,
    connections: usize,
) -> Result<LdapServer> {
    let cas = system.authorities.values().map(|ca| CaEntry {
        ca: ca.id().clone(),
        name: ca.policy().issuer.name.clone(),
        cross_certificate_pairs: Vec::new(),
    });
    let points = {
        let system = system.clone();
        move || system.distribution_points().map_err(|error| error.to_string())
    };
    let directory = RepositoryDirectory::new(
        system.store.clone(),
        verifiers.clone(),
        cas.collect(),
        Arc::new(points),
        system.clock.clone(),
    );
    let settings = ldap::Settings {
        clear_passwords: clear_passwords(system.config.listen.ldap),
        limits: ldap::Limits { connections, ..ldap::Limits::default() },
    };
    let records = Arc::new(LdapRecords(queries.clone()));
    Ok(LdapServer::new(settings, Arc::new(directory), Some(tls), records, system.clock.clone()))
}
