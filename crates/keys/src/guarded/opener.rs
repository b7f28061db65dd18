//! How the custodians' secret becomes an open key store.

use std::path::PathBuf;
use std::sync::Arc;

use crate::embedded::EmbeddedKeyStore;
use crate::error::KeyError;
use crate::quorum::QuorumSecret;
use crate::store::KeyStore;

/// Opens one kind of store with what is derived from the custodians' secret.
pub trait Opener: Send + Sync {
    /// Opens the store that is there.
    ///
    /// # Errors
    /// As the store's opening; a secret of other custodians is told from a broken store.
    fn open(&self, secret: &QuorumSecret) -> Result<Arc<dyn KeyStore>, KeyError>;

    /// Makes a store where there is none, and opens it.
    ///
    /// # Errors
    /// As the store's making; an existing store is left alone.
    fn create(&self, secret: &QuorumSecret) -> Result<Arc<dyn KeyStore>, KeyError>;

    /// Puts the closed store under another secret, so that the old custodians' shares open nothing.
    ///
    /// Backups stay under the old secret's key: they have to be made anew, and the old destroyed.
    ///
    /// # Errors
    /// As the store's opening. After an interruption the same call finishes it.
    fn rekey(&self, from: &QuorumSecret, to: &QuorumSecret) -> Result<(), KeyError>;
}

/// Opens an embedded store whose master key is derived from the secret, and written nowhere.
#[derive(Debug, Clone)]
pub struct EmbeddedOpener {
    /// The directory of the store.
    pub directory: PathBuf,
}

impl Opener for EmbeddedOpener {
    fn open(&self, secret: &QuorumSecret) -> Result<Arc<dyn KeyStore>, KeyError> {
        Ok(Arc::new(EmbeddedKeyStore::open(&self.directory, secret.master_key()?)?))
    }

    fn create(&self, secret: &QuorumSecret) -> Result<Arc<dyn KeyStore>, KeyError> {
        Ok(Arc::new(EmbeddedKeyStore::init(&self.directory, secret.master_key()?)?))
    }

    fn rekey(&self, from: &QuorumSecret, to: &QuorumSecret) -> Result<(), KeyError> {
        EmbeddedKeyStore::rekey(&self.directory, &from.master_key()?, &to.master_key()?)
    }
}
