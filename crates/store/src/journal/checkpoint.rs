//! Checkpoints: a tree's size and root, signed (C2SP tlog-checkpoint).

use super::merkle::Hash;
use super::note::{InvalidNote, VerifierKey, decode, encode, parts, sign_note};
use crate::{Error, Result};

/// Signs checkpoints with an Ed25519 key that the database's owner does not have.
pub trait CheckpointSigner: Send + Sync {
    /// The name of the key and the origin of the log: no spaces, no plus sign.
    fn name(&self) -> &str;

    /// The public key.
    fn public_key(&self) -> [u8; 32];

    /// Signs with Ed25519.
    ///
    /// # Errors
    /// In words, why the key cannot be used now.
    fn sign(&self, message: &[u8]) -> std::result::Result<[u8; 64], String>;
}

/// A checkpoint as it was read; [`Checkpoint::is_signed_by`] says whether to believe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log it is of.
    pub origin: String,
    /// How many entries it covers.
    pub size: u64,
    /// The Merkle tree hash over them.
    pub root: Hash,
    /// The whole signed note.
    pub note: String,
}

impl Checkpoint {
    /// Makes and signs a checkpoint.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the signer cannot sign.
    pub fn sign(size: u64, root: Hash, signer: &dyn CheckpointSigner) -> Result<Self> {
        let origin = signer.name().to_owned();
        let note = sign_note(&format!("{origin}\n{size}\n{}\n", encode(&root)), signer)?;
        Ok(Self { origin, size, root, note })
    }

    /// Reads a signed note.
    ///
    /// # Errors
    /// [`Error::Corrupt`]
    pub fn parse(note: String) -> Result<Self> {
        let (origin, size, root) = fields(&note)
            .map_err(|e| Error::Corrupt { what: "checkpoint".into(), reason: e.to_string() })?;
        Ok(Self { origin, size, root, note })
    }

    /// Whether the note is of this log and bears a valid signature of `key`.
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.origin == key.name() && key.open(&self.note).is_ok()
    }
}

fn fields(note: &str) -> std::result::Result<(String, u64, Hash), InvalidNote> {
    let (text, _) = parts(note)?;
    let mut lines = text.lines();
    let origin = lines.next().filter(|l| !l.is_empty()).ok_or(InvalidNote("no origin"))?;
    let written = lines.next().ok_or(InvalidNote("no size"))?;
    let size: u64 = written.parse().map_err(|_| InvalidNote("the size is no number"))?;
    if size.to_string() != written {
        return Err(InvalidNote("the size is not in its shortest form"));
    }
    let root = decode(lines.next().unwrap_or_default())
        .and_then(|root| Hash::try_from(root).ok())
        .ok_or(InvalidNote("the root is not the base64 of 32 octets"))?;
    Ok((origin.to_owned(), size, root))
}
