//! OCSP responses written: the part to be signed, then the whole (RFC 6960 4.2).

use domain::algorithm::SignatureAlgorithm;
use jiff::Timestamp;

use crate::algorithm::identifier;
use crate::der_writer::{DerWriter, tag};
use crate::oid;

/// What is said about one certificate (RFC 6960 2.2).
///
/// A held certificate is `Revoked` with reason 6, certificateHold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStatus {
    /// Issued, and neither revoked nor held.
    Good,
    /// Revoked or held.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// The CRLReason code, if it is to be stated.
        reason: Option<u8>,
    },
    /// Never issued, or another issuer's.
    Unknown,
}

/// The answer about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleResponse {
    /// The CertID as it was received.
    pub cert_id: Vec<u8>,
    /// The status.
    pub status: CertificateStatus,
    /// As of when the status is known to be right.
    pub this_update: Timestamp,
    /// When newer information is there; `None` for "ask any time".
    pub next_update: Option<Timestamp>,
}

/// Everything a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseTemplate {
    /// The SHA-1 of the responder's public key: responderID byKey.
    pub responder_key_hash: [u8; 20],
    /// When the response was made.
    pub produced_at: Timestamp,
    /// The answers.
    pub singles: Vec<SingleResponse>,
    /// The value of the request's nonce extension, echoed.
    pub nonce: Option<Vec<u8>>,
}

/// Why there is no answer (RFC 6960 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorStatus {
    /// The request is not one.
    MalformedRequest = 1,
    /// The responder is in an inconsistent state.
    InternalError = 2,
    /// The responder is there but cannot answer now.
    TryLater = 3,
    /// The request must be signed.
    SigRequired = 5,
    /// Whoever asks may not ask this.
    Unauthorized = 6,
}

impl ResponseTemplate {
    /// The octets to be signed: ResponseData.
    pub fn to_tbs(&self) -> Vec<u8> {
        let mut writer = DerWriter::with_capacity(128 + 192 * self.singles.len());
        writer.sequence(|w| {
            w.context(2, |w| w.octet_string(&self.responder_key_hash));
            w.generalized_time(self.produced_at);
            w.sequence(|w| self.singles.iter().for_each(|single| single.write(w)));
            if let Some(nonce) = &self.nonce {
                w.context(1, |w| {
                    w.sequence(|w| {
                        w.sequence(|w| {
                            w.oid(oid::OCSP_NONCE);
                            w.octet_string(nonce);
                        });
                    });
                });
            }
        });
        writer.into_bytes()
    }
}

impl SingleResponse {
    fn write(&self, w: &mut DerWriter) {
        w.sequence(|w| {
            w.raw(&self.cert_id);
            match self.status {
                CertificateStatus::Good => w.context_primitive(0, &[]),
                CertificateStatus::Revoked { at, reason } => w.context(1, |w| {
                    w.generalized_time(at);
                    if let Some(code) = reason {
                        w.context(0, |w| w.enumerated(code));
                    }
                }),
                CertificateStatus::Unknown => w.context_primitive(2, &[]),
            }
            w.generalized_time(self.this_update);
            if let Some(at) = self.next_update {
                w.context(0, |w| w.generalized_time(at));
            }
        });
    }
}

/// The whole OCSPResponse around a signed ResponseData, with the responder's certificates (DER).
pub fn assemble_basic(
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
    signature: &[u8],
    certificates: &[impl AsRef<[u8]>],
) -> Vec<u8> {
    let brought: usize = certificates.iter().map(|certificate| certificate.as_ref().len()).sum();
    let mut writer = DerWriter::with_capacity(tbs.len() + signature.len() + brought + 128);
    writer.sequence(|w| {
        w.enumerated(0);
        w.context(0, |w| {
            w.sequence(|w| {
                w.oid(oid::OCSP_BASIC);
                w.nested(tag::OCTET_STRING, |w| {
                    w.sequence(|w| write_basic(w, tbs, algorithm, signature, certificates));
                });
            });
        });
    });
    writer.into_bytes()
}

/// An OCSPResponse that only says why there is no answer; it is not signed (RFC 6960 2.3).
pub fn error_response(status: ErrorStatus) -> Vec<u8> {
    let mut writer = DerWriter::with_capacity(8);
    writer.sequence(|w| w.enumerated(status as u8));
    writer.into_bytes()
}

fn write_basic(
    w: &mut DerWriter,
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
    signature: &[u8],
    certificates: &[impl AsRef<[u8]>],
) {
    w.raw(tbs);
    w.raw(&identifier(algorithm));
    w.bit_string(signature);
    if !certificates.is_empty() {
        w.context(0, |w| w.sequence(|w| certificates.iter().for_each(|c| w.raw(c.as_ref()))));
    }
}
