//! TLS for the API and the holders' page: a handshake proves that the client holds the key of its
//! certificate, and nothing else; whose it is, is decided later.
//!
//! # Architecture invariant
//! A certificate is an identity only where this very connection's handshake proved its key. No
//! session is ever resumed, for nothing is proven in a resumed one (RFC 8446 2.2, RFC 5246 7.3):
//! it outlives the card. `proven_certificate` is the one place that takes a certificate out.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerConnection};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, HandshakeKind, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use x509::read::Certificate;

mod holder;

use self::holder::KnownLater;

/// Why no TLS can be offered; the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate or the key is not PEM of the right kind.
    #[error("{what}: {problem}")]
    Pem {
        /// Which of the two.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Certificate and key do not go together, or TLS cannot use them.
    #[error("certificate and key: {0}")]
    Unusable(#[from] Error),
}

/// The certificate and key that a server shows, exchanged while it runs.
#[derive(Debug)]
pub struct ServerIdentity(RwLock<Arc<CertifiedKey>>);

impl ServerIdentity {
    /// The certificate chain and its key, both PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(certificate_pem: &[u8], key_pem: &[u8]) -> Result<Self, TlsError> {
        Ok(Self(RwLock::new(certified(certificate_pem, key_pem)?)))
    }

    /// Shows another from the next handshake on; connections that are open stay.
    ///
    /// # Errors
    /// [`TlsError`]: the one until now is shown.
    pub fn replace(&self, certificate_pem: &[u8], key_pem: &[u8]) -> Result<(), TlsError> {
        let certified = certified(certificate_pem, key_pem)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }
}

impl ResolvesServerCert for ServerIdentity {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certified(certificate_pem: &[u8], key_pem: &[u8]) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate_pem)
        .collect::<Result<_, _>>()
        .map_err(|error| pem_error("certificate", &error))?;
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|error| pem_error("key", &error))?;
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?))
}

/// TLS 1.2 and 1.3 with the server's certificate chain and key. Client certificates are asked for and
/// not required.
///
/// # Errors
/// [`TlsError`].
pub fn tls_config(identity: Arc<ServerIdentity>) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(PinnedLater { provider: Arc::clone(&provider) });
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    server_config(identity, provider, &versions, verifier)
}

/// TLS 1.2 alone, for the holders of cards: a card knows no other padding than PKCS#1 v1.5, with
/// which TLS 1.3 lets nobody authenticate (RFC 8446 4.2.3). Client certificates are asked for and
/// not required; `issuers` are the names (DER) that browsers look for among those they have.
///
/// # Errors
/// [`TlsError`].
pub fn holder_tls_config(
    identity: Arc<ServerIdentity>,
    issuers: Vec<Vec<u8>>,
) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(KnownLater::new(issuers));
    server_config(identity, provider, &[&rustls::version::TLS12], verifier)
}

fn server_config(
    identity: Arc<ServerIdentity>,
    provider: Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    verifier: Arc<dyn ClientCertVerifier>,
) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The client's certificate, DER, if the handshake of this connection proved its key.
pub(crate) fn proven_certificate(connection: &ServerConnection) -> Option<Arc<[u8]>> {
    let in_full = match connection.handshake_kind()? {
        HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest => true,
        HandshakeKind::Resumed => false,
    };
    let shown = connection.peer_certificates().filter(|_| in_full)?;
    shown.first().map(|certificate| Arc::from(certificate.as_ref()))
}

fn pem_error(what: &'static str, problem: &dyn std::fmt::Display) -> TlsError {
    TlsError::Pem { what, problem: problem.to_string() }
}

/// Accepts any client certificate whose private key the client proves to hold.
///
/// `danger`: at the handshake nothing is checked but that proof: neither issuer nor validity nor
/// revocation. Identity is decided later, in [`crate::access`], by comparing the SHA-256 of the
/// whole certificate with what was registered for an operator, which none of those checks could
/// add to. Nothing else may take an identity from a connection that this verifier let in.
#[derive(Debug)]
struct PinnedLater {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for PinnedLater {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // danger: see the type.
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    /// Reads the key with our own reader, because webpki's refuses certificates with a critical
    /// certificatePolicies extension, as those of JPKI have.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = Certificate::parse(certificate)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let key = SubjectPublicKeyInfoDer::from(certificate.tbs.subject_public_key_info);
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
