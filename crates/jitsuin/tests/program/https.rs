//! A small HTTPS client for suites that ask thousands of times: it knows the server's own certificate
//! and trusts no other.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    SignatureScheme, StreamOwned,
};
use serde_json::Value;

/// What is sent over one connection.
#[derive(Clone)]
pub(crate) struct Https {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

impl Https {
    /// A client of the server at `address` with the certificate in this file.
    ///
    /// # Errors
    /// There is none in it.
    pub(crate) fn new(address: SocketAddr, certificate: &Path) -> Result<Self, String> {
        let own = CertificateDer::from_pem_file(certificate);
        let own = own.map_err(|error| format!("{}: {error}", certificate.display()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let pinned = Pinned { own, provider: provider.clone() };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned))
            .with_no_client_auth();
        Ok(Self { address, config: Arc::new(config) })
    }

    /// Sends one request on a connection of its own; status and body.
    ///
    /// # Errors
    /// There is no whole answer: whether the request took effect is not known.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
        timeout: Duration,
    ) -> io::Result<(u16, Value)> {
        let mut kept = self.keep(timeout)?;
        let more = [headers, &[("Connection", "close")]].concat();
        kept.ask(method, path, &more, body)
    }

    /// A connection that stays.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn keep(&self, timeout: Duration) -> io::Result<Kept> {
        let socket = TcpStream::connect_timeout(&self.address, timeout)?;
        socket.set_read_timeout(Some(timeout))?;
        socket.set_write_timeout(Some(timeout))?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        let session = ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)?;
        Ok(Kept(StreamOwned::new(session, socket)))
    }

    /// How it speaks TLS, for whoever speaks it over a socket of their own.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }
}

/// A connection over which several requests go.
pub(crate) struct Kept(StreamOwned<ClientConnection, TcpStream>);

impl Kept {
    /// Sends one request; status and body.
    ///
    /// # Errors
    /// There is no whole answer: whether the request took effect is not known.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> io::Result<(u16, Value)> {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if method == "POST" {
            head +=
                &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        self.0.write_all(format!("{head}\r\n{body}").as_bytes())?;
        let (mut answer, mut part) = (Vec::new(), [0; 16384]);
        loop {
            let count = self.0.read(&mut part)?;
            answer.extend(&part[..count]);
            match read(&answer) {
                Some(whole) => return Ok(whole),
                None if count == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => {}
            }
        }
    }
}

/// The status and the body of a whole answer, which says how long it is.
fn read(answer: &[u8]) -> Option<(u16, Value)> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let lengths = head.lines().filter_map(|line| line.split_once(": "));
    let length = lengths
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.parse::<usize>().ok())?;
    (body.len() == length).then(|| (status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

/// Trusts one certificate.
struct Pinned {
    own: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pinned")
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match *shown == self.own {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
