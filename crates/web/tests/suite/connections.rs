//! Connections: whoever keeps many open shuts no door for the others.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::client::Proof;
use super::world::{CONNECTIONS, World};

/// A connection that says no more once it is encrypted.
struct Idle {
    socket: TcpStream,
    _session: ClientConnection,
}

#[test]
fn v6_one_address_gets_a_quarter_of_the_connections_and_others_get_in() {
    let world = World::new();
    for site in [world.address, world.holders] {
        let share = CONNECTIONS / 4;
        let idle: Vec<_> = (0..CONNECTIONS + 2).map(|_| encrypted(&world, site)).collect();
        let open = idle.into_iter().filter_map(Result::ok).filter(Idle::is_open).count();
        assert!(open <= share, "its own longest idle ones went: {open}");
        // Sockets that say nothing at all are no better.
        let silent: Vec<_> = (0..CONNECTIONS).map(|_| TcpStream::connect(site)).collect();
        let path = ("GET", "/api/v1/health");
        for from in ["127.0.0.1", "127.0.0.2"] {
            let other = ["--interface", from];
            let reply = world.ask_at(site.port(), Proof::Nothing, path, None, &other);
            assert!([200, 404].contains(&reply.status), "{reply:?}");
        }
        drop(silent);
    }
}

/// Log-ins from three addresses, which waited for their turn, once closed every new connection of the
/// staff; and one clerk from four, who said nothing any more, did as well.
#[test]
fn v6_e1_the_staff_gets_in_while_others_wait_for_answers_or_hold_what_they_may() {
    let world = World::new();
    let guess = r#"{"id":"nobody-9","password":"wrong-guess-1"}"#;
    let log_in = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{guess}",
        guess.len()
    );
    let asks = "GET /api/v1/cas HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sato\r\n\r\n";
    let staff_gets_in = |from: std::ops::Range<u8>| {
        for from in from {
            let from = format!("127.0.0.{from}");
            let reply = world.ask(
                Proof::Token("staff"),
                "GET",
                "/api/v1/cas",
                None,
                &["--interface", &from],
            );
            assert_eq!(reply.status, 200, "{from}");
        }
    };
    // Many more than are answered while this goes on, one after the other.
    let crowd = sent(&world, CONNECTIONS * 3 / 4, 3, &log_in.repeat(40));
    staff_gets_in(9..13);
    drop(crowd);
    let hoard = sent(&world, CONNECTIONS, 4, asks);
    // Nobody has come in from here yet.
    staff_gets_in(13..17);
    drop(hoard);
}

/// So many connections from so many addresses, over which this was sent.
fn sent(
    world: &World,
    count: usize,
    addresses: usize,
    octets: &str,
) -> Vec<StreamOwned<ClientConnection, TcpStream>> {
    let send = |at: usize| {
        let from = [127, 0, 0, 101 + (at % addresses) as u8];
        let mut stream = connected_from(world, world.address, from).expect("a handshake");
        // Whoever lost its place meanwhile is no matter here.
        let _ = stream.write_all(octets.as_bytes()).and_then(|()| stream.flush());
        if octets.starts_with("GET") {
            // Who they are is known once they are answered.
            let _ = stream.read_exact(&mut [0; 12]);
        }
        stream
    };
    (0..count).map(send).collect()
}

/// A page as the API makes them, whole in memory, and who is told when it is there no more.
struct Page {
    octets: Vec<u8>,
    gone: Sender<()>,
}

impl AsRef<[u8]> for Page {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // After the test nobody asks.
        let _ = self.gone.send(());
    }
}

/// Whoever takes nothing of an answer keeps it in the server's memory, for as long as that is patient: it
/// was until the connection's lifetime was over.
#[test]
fn v6_an_answer_that_nobody_takes_is_let_go() {
    let world = World::new();
    let (gone, is_gone) = channel();
    // More than the sockets of both sides take.
    let page = move || async move { Bytes::from_owner(Page { octets: vec![0; 64 << 20], gone }) };
    let router = Router::new().route("/", get(page));
    let site = world.serve_elsewhere(router, Duration::from_millis(500));
    let mut stream = connected(&world, site).expect("a handshake");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    stream.flush().expect("sent");
    stream.read_exact(&mut [0; 12]).expect("an answer that begins");
    is_gone.recv_timeout(Duration::from_secs(60)).expect("the answer is let go");
    drop(stream);
}

impl Idle {
    /// Whether the server has not closed it.
    fn is_open(&self) -> bool {
        let socket = &self.socket;
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
        // What TLS said last may lie there still; an end comes behind it.
        let mut octets = [0; 16384];
        loop {
            match (&mut &*socket).read(&mut octets) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => {
                    return matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                }
            }
        }
    }
}

/// Shakes hands with the server from 127.0.0.1, to the last of its messages.
fn encrypted(world: &World, site: SocketAddr) -> std::io::Result<Idle> {
    connected(world, site).map(|stream| Idle { socket: stream.sock, _session: stream.conn })
}

/// The same, to be spoken over.
pub(super) fn connected(
    world: &World,
    site: SocketAddr,
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    connected_from(world, site, [127, 0, 0, 1])
}

/// The same from another address.
fn connected_from(
    world: &World,
    site: SocketAddr,
    from: [u8; 4],
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let pem = std::fs::read(world.scratch.path().join("ca.pem")).expect("PEM");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("a root");
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let mut session = ClientConnection::new(Arc::new(config), name).expect("a session");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut socket = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        socket.connect(site).await?.into_std()
    })?;
    socket.set_nonblocking(false)?;
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(session, socket))
}
