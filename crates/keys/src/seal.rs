//! The master key, and what is sealed under it with AES-256-GCM.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::embedded::directory;
use crate::error::KeyError;
use crate::hex;

/// The key under which the embedded store seals every private key.
///
/// It lives in a file of mode 0600 for now; the quorum of custodians (K2) takes that file's place.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// The master key with these 256 bits, as custodians put it together.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// A new master key.
    ///
    /// # Errors
    /// [`KeyError::Provider`] when there is no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice())
            .map_err(|_| KeyError::Provider("drawing a master key"))?;
        Ok(Self(bytes))
    }

    /// Writes the key to a new file of mode 0600, durably.
    ///
    /// # Errors
    /// [`KeyError::MasterKeyFile`] when the file exists, for overwriting it would lose every key;
    /// [`KeyError::Storage`].
    pub fn write_file(&self, path: &Path) -> Result<(), KeyError> {
        if path.exists() {
            let rule = "it exists already and is never overwritten";
            return Err(KeyError::MasterKeyFile { path: path.to_owned(), rule });
        }
        directory::write_durably(path, self.0.as_slice())
    }

    /// Reads the key from its file.
    ///
    /// # Errors
    /// [`KeyError::MasterKeyFile`] when others may read the file, or it does not hold 32 bytes;
    /// [`KeyError::Storage`].
    pub fn read_file(path: &Path) -> Result<Self, KeyError> {
        let refuse = |rule| KeyError::MasterKeyFile { path: path.to_owned(), rule };
        let failed =
            |source| KeyError::Storage { action: "reading", path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(refuse("its mode must be 0600"));
        }
        if about.len() != 32 {
            return Err(refuse("it must hold 32 bytes"));
        }
        let mut bytes = Zeroizing::new([0; 32]);
        file.read_exact(bytes.as_mut_slice()).map_err(failed)?;
        Ok(Self(bytes))
    }

    /// The 256 bits, for a secret that a machine key was read as.
    pub(crate) fn into_octets(self) -> Zeroizing<[u8; 32]> {
        self.0
    }

    /// Seals `secret`, bound to `context`.
    pub(crate) fn seal(&self, secret: &[u8], context: &[u8]) -> Result<Sealed, KeyError> {
        let failed = |_| KeyError::Provider("sealing a private key");
        // The tag is appended in place: with room for it, no clear copy is left behind by a move.
        let mut text = Vec::with_capacity(secret.len() + AES_256_GCM.tag_len());
        text.extend_from_slice(secret);
        let nonce = RandomizedNonceKey::new(&AES_256_GCM, self.0.as_slice())
            .and_then(|key| key.seal_in_place_append_tag(Aad::from(context), &mut text))
            .map_err(failed)?;
        Ok(Sealed { nonce: nonce.as_ref().to_vec(), text })
    }

    /// Opens what was sealed with the same context, or says nothing about why it cannot.
    pub(crate) fn open(&self, sealed: &Sealed, context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; NONCE_LEN] = sealed.nonce.as_slice().try_into().ok()?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, self.0.as_slice()).ok()?;
        let mut text = Zeroizing::new(sealed.text.clone());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = key.open_in_place(nonce, Aad::from(context), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(secret)")
    }
}

/// A secret under AES-256-GCM, as the store's files hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sealed {
    /// The nonce, drawn at random for each sealing.
    #[serde(with = "hex")]
    nonce: Vec<u8>,
    /// The ciphertext, with the tag at its end.
    #[serde(with = "hex")]
    text: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_only_with_its_key_and_context() {
        let master = MasterKey::generate().expect("randomness");
        let sealed = master.seal(b"secret", b"here").expect("seals");
        assert_eq!(master.open(&sealed, b"here").as_deref(), Some(&b"secret".to_vec()));
        assert!(master.open(&sealed, b"there").is_none());
        assert!(MasterKey::new(&[7; 32]).open(&sealed, b"here").is_none());
    }
}
