//! The notary: documents for others, signed by the audit key and kept beside the data.

use std::path::PathBuf;

use keys::SigningKey;
use store::journal::sign_note;
use web::desk::Notary;
use x509::fingerprint::sha256;

use crate::home::write_public;
use crate::join::AuditSigner;

/// Keeps signed notes in a directory.
pub(crate) struct SigningNotary {
    key: SigningKey,
    place: PathBuf,
}

impl SigningNotary {
    /// A notary who signs with the audit key and keeps documents in `place`.
    pub(crate) fn new(audit_key: SigningKey, place: PathBuf) -> Self {
        Self { key: audit_key, place }
    }
}

impl Notary for SigningNotary {
    fn keep(&self, name: &str, text: &str) -> Result<[u8; 32], String> {
        let keep = || -> anyhow::Result<[u8; 32]> {
            let path = self.place.join(format!("{name}.note"));
            std::fs::create_dir_all(&self.place)?;
            // Ed25519 gives the same signature again, so the same document is the same file.
            let note = sign_note(text, &AuditSigner::with(self.key.clone())?)?;
            write_public(&path, note.as_bytes())?;
            Ok(sha256(note.as_bytes()))
        };
        keep().map_err(|error| format!("{error:#}"))
    }
}
