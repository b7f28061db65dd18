//! Signed notes: a text and signatures over it, as every tool for them reads them (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64ct::{Base64, Encoding};

use super::checkpoint::CheckpointSigner;
use super::hex;
use crate::{Error, Result};

/// The algorithm octet of Ed25519 in key ids and verifier keys (C2SP signed-note).
const ED25519_OCTET: u8 = 0x01;

/// A note is a few lines; more is not one of ours.
const MAX_NOTE: usize = 16 * 1024;

/// A text that is no signed note, or not of the kind that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a signed note: {0}")]
pub struct InvalidNote(pub(super) &'static str);

/// Signs `text`, which ends with a line feed; its first line says what kind of note it is, so that
/// no kind can stand in for another.
///
/// # Errors
/// [`Error::Unavailable`] when the signer cannot sign, or the text is not one of a note.
pub fn sign_note(text: &str, signer: &dyn CheckpointSigner) -> Result<String> {
    if !text.ends_with('\n') || text.starts_with('\n') || text.contains("\n\n") {
        return Err(Error::Unavailable("a note has no empty line in its text".into()));
    }
    let key = VerifierKey::new(signer.name(), signer.public_key())
        .map_err(|e| Error::Unavailable(e.to_string()))?;
    let signature = signer
        .sign(text.as_bytes())
        .map_err(|e| Error::Unavailable(format!("the audit key: {e}")))?;
    let blob = [&key.id()[..], &signature].concat();
    Ok(format!("{text}\n— {} {}\n", key.name, encode(&blob)))
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

    /// The text of a note that bears a valid signature of this key, with its last line end.
    ///
    /// # Errors
    /// [`InvalidNote`] when it is no note, or this key did not sign it.
    pub fn open<'a>(&self, note: &'a str) -> std::result::Result<&'a str, InvalidNote> {
        let (text, signatures) = parts(note)?;
        if !note.ends_with('\n') {
            return Err(InvalidNote("its last line is cut short"));
        }
        let valid = |line: &str| {
            let blob = line
                .strip_prefix("— ")
                .and_then(|rest| rest.strip_prefix(self.name.as_str()))
                .and_then(|rest| rest.strip_prefix(' '))
                .and_then(decode);
            blob.is_some_and(|blob| self.verifies(text.as_bytes(), &blob))
        };
        let signed = signatures.lines().any(valid);
        signed.then_some(text).ok_or(InvalidNote("it bears no valid signature of the key"))
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
        write!(f, "{}+{}+{}", self.name, hex::encode(&self.id()), encode(&key))
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
        let octets = decode(key).ok_or(InvalidNote("the key is not base64"))?;
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

/// The text with its last line end, and the lines of signatures.
pub(super) fn parts(note: &str) -> std::result::Result<(&str, &str), InvalidNote> {
    if note.len() > MAX_NOTE {
        return Err(InvalidNote("longer than 16 KiB"));
    }
    let end = note.rfind("\n\n").ok_or(InvalidNote("no empty line before the signatures"))?;
    Ok((&note[..=end], &note[end + 2..]))
}

pub(super) fn encode(octets: &[u8]) -> String {
    Base64::encode_string(octets)
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}
