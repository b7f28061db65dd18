//! What a ceremony needs of the keys and CAs it is about, and what it is told of each step.

use std::collections::BTreeMap;

use domain::act::Act;
use domain::ceremony::RestoreTarget;
use domain::id::CaId;

use super::account::Occurrence;
use super::medium_fact::MediumFact;
use crate::renewal::Renewal;

/// Carries the steps out.
///
/// Contract: each call comes with an [`Act`] whose operation id names ceremony and step. A call
/// that is repeated under the same id, in this run or a later one, has no further effect and tells
/// the same facts: keys and certificates are found again by label and key. What a call returns is
/// on stable storage. An error means that people may put something right and go on from this step;
/// a secret never stands in it.
pub trait Stage {
    /// Makes the CA's first key pair. Facts: its key.
    ///
    /// # Errors
    /// [`StageError`], as of every step.
    fn generate_ca_key(&mut self, act: &Act, ca: &CaId) -> Result<StepFacts, StageError>;

    /// Has the CA certify its own key. Facts: the self-signed certificate.
    ///
    /// # Errors
    /// [`StageError`]
    fn self_sign(&mut self, act: &Act, ca: &CaId) -> Result<StepFacts, StageError>;

    /// Makes the responder's key and has it certified. Facts: key and certificate.
    ///
    /// # Errors
    /// [`StageError`]
    fn responder_certificate(&mut self, act: &Act, ca: &CaId) -> Result<StepFacts, StageError>;

    /// Certifies a server's key, from the PKCS#10 request in this file. Facts: the certificate.
    ///
    /// # Errors
    /// [`StageError`]
    fn tls_certificate(
        &mut self,
        act: &Act,
        ca: &CaId,
        request: &str,
    ) -> Result<StepFacts, StageError>;

    /// Writes the wrapped CA keys into this directory. Facts: the keys, and the files with hashes.
    ///
    /// # Errors
    /// [`StageError`]
    fn back_up(&mut self, act: &Act, directory: &str) -> Result<StepFacts, StageError>;

    /// Restores the keys of this directory and has each prove itself by signing. Facts: the keys
    /// that did.
    ///
    /// # Errors
    /// [`StageError`]
    fn restore(
        &mut self,
        act: &Act,
        directory: &str,
        into: &RestoreTarget,
    ) -> Result<StepFacts, StageError>;

    /// Makes the CA's next key pair. Facts: the key; its self-signed and both link certificates.
    ///
    /// # Errors
    /// [`StageError`]
    fn renew_ca_key(
        &mut self,
        act: &Act,
        ca: &CaId,
        renewal: &Renewal,
    ) -> Result<StepFacts, StageError>;

    /// Destroys a key for good, with every copy of it that was ever written; `gone` names those that
    /// cannot be brought, with what became of each. Facts: the key that is gone, and a statement how
    /// that was proven.
    ///
    /// # Errors
    /// [`StageError`]
    fn destroy_ca_key(
        &mut self,
        act: &Act,
        ca: &CaId,
        generation: u32,
        gone: &BTreeMap<String, String>,
    ) -> Result<StepFacts, StageError>;

    /// Hears of everything once it is on disk, to show it to the people present.
    fn record(&mut self, occurrence: &Occurrence) {
        let _ = occurrence;
    }
}

/// Why a step could not be carried out, in one line for the people present and for the minutes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StageError(pub String);

impl StageError {
    /// An error in the words of whatever failed.
    pub fn new(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }
}

/// What a step leaves behind, as the minutes tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepFacts {
    /// The keys that were made, kept, restored or destroyed.
    pub keys: Vec<KeyFact>,
    /// The certificates that were issued, DER.
    pub certificates: Vec<Vec<u8>>,
    /// The files that were written or read.
    pub files: Vec<FileFact>,
    /// The media that they lie on, as far as these have an identity.
    pub media: Vec<MediumFact>,
    /// Whatever else was seen, in a sentence each.
    pub statements: Vec<String>,
}

/// A key, by what may be known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFact {
    /// Its label in the key store.
    pub label: String,
    /// Its algorithm, by name.
    pub algorithm: String,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
}

/// A file, by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFact {
    /// Where it is.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
}
