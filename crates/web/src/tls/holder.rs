//! Client certificates of cards, in TLS 1.2.

use domain::algorithm::SignatureAlgorithm;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible,
    SignatureScheme,
};
use x509::read::Certificate;

/// Accepts any client certificate whose private key the client proves to hold.
///
/// `danger`: at the handshake nothing is checked but that proof. Identity is decided later, by
/// [`ra::holder::Holders::identify`], which knows every certificate octet for octet; so whoever is
/// refused reads on a page why. Nothing else may take an identity from a connection that this
/// verifier let in.
#[derive(Debug)]
pub(super) struct KnownLater {
    issuers: Vec<DistinguishedName>,
}

/// What cards sign with, in the order in which it is asked for: clients take the first that they
/// can, and with a card that is PKCS#1 v1.5 (RFC 5246 7.4.4). RSASSA-PSS is not asked for at all:
/// software that finds it listed believes that the card can do it.
const SCHEMES: [(SignatureScheme, SignatureAlgorithm); 4] = [
    (SignatureScheme::RSA_PKCS1_SHA256, SignatureAlgorithm::RsaSha256),
    (SignatureScheme::RSA_PKCS1_SHA384, SignatureAlgorithm::RsaSha384),
    (SignatureScheme::ECDSA_NISTP256_SHA256, SignatureAlgorithm::EcdsaSha256),
    (SignatureScheme::ECDSA_NISTP384_SHA384, SignatureAlgorithm::EcdsaSha384),
];

impl KnownLater {
    pub(super) fn new(issuers: Vec<Vec<u8>>) -> Self {
        Self { issuers: issuers.into_iter().map(DistinguishedName::from).collect() }
    }
}

impl ClientCertVerifier for KnownLater {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.issuers
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

    /// Verified with our own reader and verifier: webpki's reader refuses a critical
    /// certificatePolicies extension, which every certificate of JPKI has.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let refused = |error| move |_| Error::InvalidCertificate(error);
        let certificate =
            Certificate::parse(certificate).map_err(refused(CertificateError::BadEncoding))?;
        let known = SCHEMES.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let (_, algorithm) = known.ok_or(PeerIncompatible::NoSignatureSchemesInCommon)?;
        let key = &certificate.tbs.subject_public_key_info;
        x509::signature::verify("TLS handshake", key, *algorithm, message, signed.signature())
            .map_err(refused(CertificateError::BadSignature))?;
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // Not reached: TLS 1.3 is not offered.
        Err(PeerIncompatible::NoSignatureSchemesInCommon.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.map(|(scheme, _)| scheme).to_vec()
    }
}
