//! The notary: documents for others, signed by the audit key and kept beside the data.

use ca::ceremony::Record;
use keys::SigningKey;
use store::journal::sign_note;
use web::desk::Notary;
use x509::digest::sha256;

use crate::home::{Home, write_public};
use crate::join::AuditSigner;
use crate::minutes::{self, expect_drawable};

/// Keeps signed notes and minutes where an installation lies.
pub(crate) struct SigningNotary {
    key: SigningKey,
    home: Home,
}

impl SigningNotary {
    /// A notary who signs with the audit key.
    pub(crate) fn new(audit_key: SigningKey, home: Home) -> Self {
        Self { key: audit_key, home }
    }
}

impl Notary for SigningNotary {
    fn keep(&self, name: &str, text: &str) -> Result<[u8; 32], String> {
        let keep = || -> anyhow::Result<[u8; 32]> {
            let place = self.home.notifications();
            let path = place.join(format!("{name}.note"));
            std::fs::create_dir_all(&place)?;
            // Ed25519 gives the same signature again, so the same document is the same file.
            let note = sign_note(text, &AuditSigner::with(self.key.clone())?)?;
            write_public(&path, note.as_bytes())?;
            Ok(sha256(note.as_bytes()))
        };
        keep().map_err(|error| format!("{error:#}"))
    }

    fn expect_drawable(&self) -> Result<(), String> {
        expect_drawable().map_err(|error| format!("{error:#}"))
    }

    fn draw_up(&self, record: &Record) -> Result<Vec<String>, String> {
        let place = self.home.ceremonies().join(record.script.id.as_str());
        let files = AuditSigner::with(self.key.clone())
            .and_then(|signer| minutes::keep(record, &signer, &place));
        files.map(Into::into).map_err(|error| format!("{error:#}"))
    }
}
