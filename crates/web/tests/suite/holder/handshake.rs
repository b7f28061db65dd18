//! TLS as a card needs it, and as nobody else gets it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};
use testkit::run;

use super::cards::*;
use crate::suite::client::Proof;
use crate::suite::world::World;

#[test]
fn w9_the_page_speaks_tls_1_2_alone_and_asks_for_pkcs1_first() {
    let world = World::new();
    let card = world.hanako();
    let address = world.holders.to_string();
    let (certificate, key) = (format!("{}.pem", card.name), format!("{}.key", card.name));
    let asked = ["s_client", "-connect", &address, "-CAfile", "ca.pem"];
    let with = ["-cert", &certificate, "-key", &key, "-tls1_2"];
    let said = run(world.scratch.path(), "openssl", &[&asked[..], &with].concat()).text;
    assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
    let line = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
    let schemes = line("Requested Signature Algorithms: ");
    assert!(schemes.starts_with("RSA+SHA256:"), "{said}");
    assert!(!schemes.contains("PSS"), "{schemes}");
    assert!(said.contains("C = JP, O = JPKI, OU = JPKI for user authentication"), "{said}");
    for other in ["-tls1_3", "-tls1_1"] {
        let said = run(world.scratch.path(), "openssl", &[&asked[..], &[other]].concat());
        assert!(!said.success && said.text.contains("SSL alert number"), "{}", said.text);
    }
}

#[test]
fn w9_the_api_keeps_tls_1_3() {
    let world = World::new();
    let path = ("GET", "/api/v1/health");
    let reply = world.ask_at(world.address.port(), Proof::Nothing, path, None, &["--tlsv1.3"]);
    assert_eq!(reply.status, 200);
}

#[test]
fn w9_who_does_not_hold_the_key_does_not_come_in() {
    let world = World::new();
    let (card, other) = (world.hanako(), world.hanako());
    let honest = converse(&world, &card.name, &card.name).expect("a conversation");
    assert!(honest.starts_with("HTTP/1.1 200 OK"), "{honest}");
    let error = converse(&world, &card.name, &other.name).expect_err("the key of another card");
    assert!(error.to_string().contains("alert"), "{error}");
}

#[test]
fn w9_without_a_certificate_the_page_says_how_to_come() {
    let world = World::new();
    let reply = world.at_the_page(None, ("GET", "/"), None, &[]);
    assert_eq!(reply.status, 403);
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let page = String::from_utf8(reply.body).expect("UTF-8");
    assert!(
        page.contains("利用者証明用電子証明書") && page.contains("certificate-needed"),
        "{page}"
    );
    assert_eq!(code(world.visit(None, "/"), 403), "certificate-needed");
    assert_eq!(code(world.visit(None, "/nowhere"), 404), "unknown");
    assert_eq!(code(world.visit(None, "/revocations"), 405), "no-such-method");
    let style = world.at_the_page(None, ("GET", "/style.css"), None, &[]);
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, Some("text/css; charset=utf-8"))
    );
}

/// Asks for the page with one card's certificate and another's key: as no foreign client would.
fn converse(world: &World, certificate: &str, key: &str) -> std::io::Result<String> {
    let file = |name: String| std::fs::read(world.scratch.path().join(name)).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(&file(format!("{key}.key"))).expect("a key");
    let key = any_supported_type(&key).expect("an RSA key");
    let chain = vec![CertificateDer::from(world.der(certificate))];
    let shown = Arc::new(Shown(Arc::new(CertifiedKey::new(chain, key))));
    let provider = Arc::new(default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("TLS 1.2")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
        .with_client_cert_resolver(shown);
    let name = ServerName::try_from("localhost").expect("a name");
    let mut session = ClientConnection::new(Arc::new(config), name).expect("a session");
    let mut socket = TcpStream::connect(world.holders)?;
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// Shows this certificate and signs with this key, whether they belong together or not.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Believes any server; the server is what is tested.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
