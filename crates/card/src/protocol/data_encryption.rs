//! The key under which a window's generator wraps a signature key to the card (SCP03: K-DEK).

use std::fmt;

use zeroize::Zeroizing;

use crate::error::CardError;
use crate::protocol::transport::TransportKey;

/// A card's K-DEK, in the hands of a window for one session.
///
/// The transport key of the CA's deliveries is another one, which no window ever sees.
#[derive(Clone)]
pub struct DataEncryptionKey(TransportKey);

impl DataEncryptionKey {
    /// The key with these 256 bits.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(TransportKey::new(bytes))
    }

    /// Wraps a PKCS#8 document to the card (RFC 5649).
    pub(crate) fn wrap(&self, pkcs8: &[u8]) -> Result<Vec<u8>, CardError> {
        self.0.wrap(pkcs8)
    }

    /// Unwraps a PKCS#8 document, or `None` when it was wrapped under another key.
    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0.unwrap(wrapped)
    }
}

impl fmt::Debug for DataEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataEncryptionKey(secret)")
    }
}
