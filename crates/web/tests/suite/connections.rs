//! Connections: whoever keeps many open shuts no door for the others.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

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
    let pem = std::fs::read(world.scratch.path().join("ca.pem")).expect("PEM");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("a root");
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let mut session = ClientConnection::new(Arc::new(config), name).expect("a session");
    let mut socket = TcpStream::connect(site)?;
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(session, socket))
}
