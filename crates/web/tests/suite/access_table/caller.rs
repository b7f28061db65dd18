//! A client that asks thousands of times over connections that it keeps.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::{ResolvesClientCert, WantsClientCert};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
};
use serde_json::Value;

use crate::suite::world::World;

/// What is sent.
#[derive(Clone)]
pub(super) struct Question<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) host: &'a str,
    pub(super) headers: Vec<(&'a str, String)>,
    pub(super) body: String,
}

impl<'a> Question<'a> {
    /// A request with what every program sends: the host, and that its body is JSON.
    pub(super) fn new(method: &'a str, path: &'a str) -> Self {
        let headers = vec![("Content-Type", "application/json".to_owned())];
        Self { method, path, host: "localhost", headers, body: String::new() }
    }

    /// The same with a token.
    pub(super) fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// The same with a header in the place of the one of that name.
    pub(super) fn header(mut self, name: &'a str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same with a body.
    pub(super) fn body(self, body: String) -> Self {
        Self { body, ..self }
    }

    fn octets(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.path, self.host);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.method == "POST" {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        format!("{head}\r\n{}", self.body).into_bytes()
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A client with a certificate or without.
pub(super) struct Caller<'a> {
    world: &'a World,
    at: SocketAddr,
    config: Arc<ClientConfig>,
    stream: Cell<Option<Stream>>,
}

impl<'a> Caller<'a> {
    /// One who has no certificate.
    pub(super) fn new(world: &'a World) -> Self {
        let config = trusting(world, rustls::DEFAULT_VERSIONS).with_no_client_auth();
        Self { world, at: world.address, config: Arc::new(config), stream: Cell::default() }
    }

    /// One who shows the certificate in `<name>.pem` while `shows` is set, and resumes every session of
    /// TLS that the server lets them resume.
    pub(super) fn certified(
        world: &'a World,
        name: &str,
        version: &'static SupportedProtocolVersion,
        shows: Arc<AtomicBool>,
    ) -> Self {
        let identity = Identity { certified: certified(world, name), shows };
        let config = trusting(world, &[version]).with_client_cert_resolver(Arc::new(identity));
        Self { world, at: world.address, config: Arc::new(config), stream: Cell::default() }
    }

    /// The same, at the holders' page.
    pub(super) fn at_the_page(self) -> Self {
        Self { at: self.world.holders, ..self }
    }

    /// Asks, over the connection that is open if the server keeps it.
    pub(super) fn ask(&self, question: &Question<'_>) -> Answer {
        let octets = question.octets();
        let kept = self.stream.take().and_then(|stream| exchange(stream, &octets));
        let answered = kept.or_else(|| exchange(self.connected(), &octets));
        let (answer, stream) = answered.expect("an answer");
        self.stream.set(stream);
        answer
    }

    /// Closes the connection.
    pub(super) fn leave(&self) {
        self.stream.take();
    }

    fn connected(&self) -> Stream {
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(self.config.clone(), name).expect("a session");
        let socket = TcpStream::connect(self.at).expect("a connection");
        socket.set_nodelay(true).expect("a socket");
        StreamOwned::new(session, socket)
    }
}

/// One request and its answer, and the connection if it stays; nothing where the server closed it
/// before.
fn exchange(mut stream: Stream, octets: &[u8]) -> Option<(Answer, Option<Stream>)> {
    stream.write_all(octets).ok()?;
    let (mut read, mut part) = (Vec::new(), [0; 16384]);
    loop {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return None,
            Ok(count) => read.extend(&part[..count]),
        }
        if let Some((answer, stays)) = parsed(&read) {
            return Some((answer, stays.then_some(stream)));
        }
    }
}

/// A whole answer, and whether the connection stays.
fn parsed(read: &[u8]) -> Option<(Answer, bool)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&read[..end]).expect("a head of ASCII").to_ascii_lowercase();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let length = header("content-length:").map(|length| length.parse::<usize>().expect("a number"));
    let body = &read[end + 4..];
    let is_whole = match length {
        Some(length) => body.len() == length,
        // What is made while it is sent comes in chunks; none is held against anything here.
        None => body.ends_with(b"0\r\n\r\n"),
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let answer = Answer {
        status: status.expect("a status"),
        body: serde_json::from_slice(body).unwrap_or_default(),
    };
    is_whole.then(|| (answer, header("connection:") != Some("close")))
}

fn trusting(
    world: &World,
    versions: &[&'static SupportedProtocolVersion],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let root = CertificateDer::from_pem_file(world.scratch.path().join("ca.pem"));
    let mut roots = RootCertStore::empty();
    roots.add(root.expect("a certificate")).expect("a root");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions);
    builder.expect("versions").with_root_certificates(roots)
}

fn certified(world: &World, name: &str) -> Arc<CertifiedKey> {
    let path = |ending: &str| world.scratch.path().join(format!("{name}.{ending}"));
    let chain = vec![CertificateDer::from_pem_file(path("pem")).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(path("key")).expect("a key");
    let key = aws_lc_rs::sign::any_supported_type(&key).expect("a key of a kind");
    // Not held against each other: webpki reads no critical policies, which holders' certificates have.
    Arc::new(CertifiedKey::new(chain, key))
}

/// A certificate that is shown for a while.
#[derive(Debug)]
struct Identity {
    certified: Arc<CertifiedKey>,
    shows: Arc<AtomicBool>,
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.shows.load(Ordering::SeqCst).then(|| self.certified.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
