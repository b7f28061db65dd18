//! The card's transport key: what is wrapped to it, only this card opens (A 6.2.6, RFC 5649).

use std::fmt;

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use zeroize::Zeroizing;

use crate::error::CardError;

/// A card's own AES-256 key, put in at manufacture and known to the personalisation bureau.
#[derive(Clone)]
pub struct TransportKey(Zeroizing<[u8; 32]>);

impl TransportKey {
    /// The transport key with these 256 bits.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// A new transport key.
    ///
    /// # Errors
    /// [`CardError::Provider`] when there is no randomness.
    pub fn generate() -> Result<Self, CardError> {
        let mut bytes = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice())
            .map_err(|_| CardError::Provider("drawing a transport key"))?;
        Ok(Self(bytes))
    }

    /// The 256 bits, for the personalisation bureau, which hands them to the maker of keys.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Wraps a PKCS#8 document to this card.
    pub(crate) fn wrap(&self, pkcs8: &[u8]) -> Result<Vec<u8>, CardError> {
        let failed = |_| CardError::Provider("wrapping a private key");
        let wrapping_key = AesKek::new(&AES_256, self.0.as_slice()).map_err(failed)?;
        // RFC 5649 adds 8 octets and pads to a multiple of 8.
        let mut output = vec![0; pkcs8.len() + 15];
        let length = wrapping_key.wrap_with_padding(pkcs8, &mut output).map_err(failed)?.len();
        output.truncate(length);
        Ok(output)
    }

    /// Unwraps a PKCS#8 document, or `None` when it was not wrapped to this card.
    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let wrapping_key = AesKek::new(&AES_256, self.0.as_slice()).ok()?;
        let mut output = Zeroizing::new(vec![0; wrapped.len()]);
        let length = wrapping_key.unwrap_with_padding(wrapped, &mut output).ok()?.len();
        output.truncate(length);
        Some(output)
    }
}

impl fmt::Debug for TransportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportKey(secret)")
    }
}
