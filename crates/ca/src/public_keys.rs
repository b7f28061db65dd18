//! The public halves of a CA's keys: whether each is there, and awake.

use std::sync::Arc;

use keys::{KeyError, KeyLabel, KeyStore, PublicKey};

/// The hand of those who must know whether a key can be used, and never use one.
#[derive(Clone)]
pub(crate) struct PublicKeys(Arc<dyn KeyStore>);

impl PublicKeys {
    pub(crate) fn new(keys: Arc<dyn KeyStore>) -> Self {
        Self(keys)
    }

    /// The public key of a label.
    ///
    /// # Errors
    /// What the key store says: the key is unknown, damaged or asleep.
    pub(crate) fn of(&self, label: &KeyLabel) -> Result<PublicKey, KeyError> {
        self.0.public_key(label)
    }

    /// Has the key store look for keys that another process made. While they sleep there is nothing to
    /// look into, and what fails shows at the next use.
    pub(crate) fn look_again(&self) {
        let _ = self.0.refresh();
    }
}
