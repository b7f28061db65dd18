//! The note over a ceremony's minutes: what was signed, in lines that a person can read.

use anyhow::{Context, Result, ensure};
use ca::ceremony::Record;
use store::journal::{CheckpointSigner, VerifierKey, sign_note};

/// The first line: no checkpoint begins with it, as none of these begins with a log's name.
const KIND: &str = "jitsuin ceremony minutes v1";

/// What the note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attested {
    /// The ceremony.
    pub(crate) ceremony: String,
    /// `completed` or `abandoned`.
    pub(crate) state: String,
    /// Whether it was a `ceremony` or a `rehearsal`.
    pub(crate) sort: String,
    /// SHA-256 of the HTML.
    pub(crate) html_sha256: String,
    /// SHA-256 of the PDF.
    pub(crate) pdf_sha256: String,
    /// SHA-256 of the script.
    pub(crate) script_sha256: String,
    /// The place of the ceremony's last journal entry.
    pub(crate) last_entry: u64,
}

impl Attested {
    /// What there is to say of these minutes.
    pub(super) fn of(record: &Record, html: &[u8], pdf: &[u8]) -> Self {
        Self {
            ceremony: record.script.id.to_string(),
            state: record.state.to_string(),
            sort: if record.rehearsal { "rehearsal" } else { "ceremony" }.to_owned(),
            html_sha256: sha256_hex(html),
            pdf_sha256: sha256_hex(pdf),
            script_sha256: domain::hexadecimal::hex(&record.script_sha256),
            last_entry: record.last_sequence().unwrap_or_default(),
        }
    }

    /// Signs it.
    pub(super) fn sign(&self, signer: &dyn CheckpointSigner) -> Result<String> {
        Ok(sign_note(&self.text(), signer)?)
    }

    /// Reads a note that bears a valid signature of `key`.
    ///
    /// # Errors
    /// It is not signed by the key, or is no note over minutes.
    pub(super) fn open(note: &str, key: &VerifierKey) -> Result<Self> {
        let text = key.open(note)?;
        let mut lines = text.lines();
        ensure!(lines.next() == Some(KIND), "it is signed, but no note over minutes");
        let mut value = |name: &str| {
            let line = lines.next().and_then(|line| line.strip_prefix(name));
            let value = line.and_then(|rest| rest.strip_prefix(' ')).map(ToOwned::to_owned);
            value.with_context(|| format!("the line {name:?} is missing"))
        };
        let attested = Self {
            ceremony: value("ceremony")?,
            state: value("state")?,
            sort: value("sort")?,
            html_sha256: value("html-sha256")?,
            pdf_sha256: value("pdf-sha256")?,
            script_sha256: value("script-sha256")?,
            last_entry: value("last-entry")?.parse().context("last-entry is no number")?,
        };
        ensure!(attested.text() == text, "the note has further lines");
        Ok(attested)
    }

    fn text(&self) -> String {
        format!(
            "{KIND}\nceremony {}\nstate {}\nsort {}\nhtml-sha256 {}\npdf-sha256 {}\n\
             script-sha256 {}\nlast-entry {}\n",
            self.ceremony,
            self.state,
            self.sort,
            self.html_sha256,
            self.pdf_sha256,
            self.script_sha256,
            self.last_entry
        )
    }
}

/// The SHA-256 of `octets` in hexadecimal, as sha256sum prints it.
pub(super) fn sha256_hex(octets: &[u8]) -> String {
    domain::hexadecimal::hex(&x509::digest::sha256(octets))
}
