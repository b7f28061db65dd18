//! Checkpoints: a tree's size and root, signed (C2SP tlog-checkpoint and signed-note).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64ct::{Base64, Encoding};

use super::hex;
use super::merkle::Hash;
use crate::{Error, Result};

/// The algorithm octet of Ed25519 in key ids and verifier keys (C2SP signed-note).
const ED25519_OCTET: u8 = 0x01;

/// A note is a few lines; more is not one of ours.
const MAX_NOTE: usize = 16 * 1024;

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

/// A text that is no signed note, or not of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint: {0}")]
pub struct InvalidNote(&'static str);

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
        let key = VerifierKey::new(signer.name(), signer.public_key())
            .map_err(|e| Error::Unavailable(e.to_string()))?;
        let text = format!("{}\n{size}\n{}\n", key.name, Base64::encode_string(&root));
        let signature = signer
            .sign(text.as_bytes())
            .map_err(|e| Error::Unavailable(format!("the checkpoint key: {e}")))?;
        let blob = [&key.id()[..], &signature].concat();
        let note = format!("{text}\n— {} {}\n", key.name, Base64::encode_string(&blob));
        Ok(Self { origin: key.name, size, root, note })
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
        let Ok((text, signatures)) = parts(&self.note) else { return false };
        let valid = |line: &str| {
            let blob = line
                .strip_prefix("— ")
                .and_then(|rest| rest.strip_prefix(key.name.as_str()))
                .and_then(|rest| rest.strip_prefix(' '))
                .and_then(|base64| Base64::decode_vec(base64).ok());
            blob.is_some_and(|blob| key.verifies(text.as_bytes(), &blob))
        };
        self.origin == key.name && signatures.lines().any(valid)
    }
}

/// The text with its last line end, and the lines of signatures.
fn parts(note: &str) -> std::result::Result<(&str, &str), InvalidNote> {
    if note.len() > MAX_NOTE {
        return Err(InvalidNote("longer than 16 KiB"));
    }
    let end = note.rfind("\n\n").ok_or(InvalidNote("no empty line before the signatures"))?;
    Ok((&note[..=end], &note[end + 2..]))
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
    let root = Base64::decode_vec(lines.next().unwrap_or_default())
        .ok()
        .and_then(|root| Hash::try_from(root).ok())
        .ok_or(InvalidNote("the root is not the base64 of 32 octets"))?;
    Ok((origin.to_owned(), size, root))
}

/// What an auditor needs to verify: the key's name and its public half.
///
/// Written `name+id+base64`, as every tool for signed notes reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public_key: [u8; 32],
}

impl VerifierKey {
    /// The key of this name.
    ///
    /// # Errors
    /// [`InvalidNote`] for a name that is empty or has white space or a plus sign.
    pub fn new(
        name: impl Into<String>,
        public_key: [u8; 32],
    ) -> std::result::Result<Self, InvalidNote> {
        let name = name.into();
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
            return Err(InvalidNote("a key name has no white space and no plus sign"));
        }
        Ok(Self { name, public_key })
    }

    /// The key's name, which is the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four octets of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
    fn id(&self) -> [u8; 4] {
        let mut context = Context::new(&SHA256);
        context.update(self.name.as_bytes());
        context.update(&[b'\n', ED25519_OCTET]);
        context.update(&self.public_key);
        let mut id = [0; 4];
        id.copy_from_slice(&context.finish().as_ref()[..4]);
        id
    }

    pub(super) fn verifies(&self, text: &[u8], blob: &[u8]) -> bool {
        let Some((id, signature)) = blob.split_at_checked(4) else { return false };
        id == self.id()
            && UnparsedPublicKey::new(&ED25519, self.public_key).verify(text, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519_OCTET][..], &self.public_key].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(&self.id()), Base64::encode_string(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidNote;

    fn from_str(text: &str) -> std::result::Result<Self, InvalidNote> {
        let mut fields = text.trim_end().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next())
        else {
            return Err(InvalidNote("a verifier key is name+id+base64"));
        };
        let octets = Base64::decode_vec(key).map_err(|_| InvalidNote("the key is not base64"))?;
        let public_key = match octets.split_first() {
            Some((&ED25519_OCTET, rest)) => rest.try_into().ok(),
            _ => None,
        };
        let public_key = public_key.ok_or(InvalidNote("the key is not an Ed25519 key"))?;
        let key = Self::new(name, public_key)?;
        if hex::decode(id) != Some(key.id()) {
            return Err(InvalidNote("the key id does not fit name and key"));
        }
        Ok(key)
    }
}
