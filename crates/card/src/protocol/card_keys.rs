//! The four keys that are put into a card when it is made.

use std::fmt;

use zeroize::Zeroizing;

use crate::protocol::transport::TransportKey;

/// The keys of one card, each AES-256, derived from the card master key for this card alone.
#[derive(Clone)]
pub struct CardKeys {
    /// The static key of SCP03 for encryption (K-ENC).
    pub encryption: Zeroizing<[u8; 32]>,
    /// The static key of SCP03 for authentication (K-MAC).
    pub mac: Zeroizing<[u8; 32]>,
    /// The key under which the window's generator wraps private keys (K-DEK; RFC 5649).
    pub data_encryption: Zeroizing<[u8; 32]>,
    /// The key under which the CA wraps private keys (A 6.2.6; RFC 5649).
    pub transport: TransportKey,
}

impl fmt::Debug for CardKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardKeys(secret)")
    }
}
