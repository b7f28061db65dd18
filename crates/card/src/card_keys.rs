//! The four keys that are put into a card when it is made.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::transport::TransportKey;

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

impl CardKeys {
    /// The keys of a card that is never on a reader: those of the channel follow from the other.
    pub(crate) fn of_transport_key_alone(transport: TransportKey) -> Self {
        let key = |label: &[u8]| {
            let hash = digest(&SHA256, &[label, transport.as_bytes()].concat());
            let mut key = Zeroizing::new([0; 32]);
            key.iter_mut().zip(hash.as_ref()).for_each(|(octet, hashed)| *octet = *hashed);
            key
        };
        let [encryption, mac, data_encryption] = [key(b"enc"), key(b"mac"), key(b"dek")];
        Self { encryption, mac, data_encryption, transport }
    }
}

impl fmt::Debug for CardKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardKeys(secret)")
    }
}
