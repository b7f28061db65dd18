//! The key under which CA keys are backed up: only the custodians can put it together.

use std::fmt;

use zeroize::Zeroizing;

/// The key of a backup (A 6.2.4): AES-256, derived from the custodians' secret.
pub struct BackupKey(Zeroizing<[u8; 32]>);

impl BackupKey {
    /// The backup key with these 256 bits.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKey(secret)")
    }
}
