//! A holder's private key on its way to the card: AES-256 key wrap with padding (RFC 5649).

use std::fmt;

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use zeroize::Zeroizing;

use crate::error::KeyError;

/// A card's own transport key (A 6.2.6): what is wrapped to it, only that card can unwrap.
pub struct TransportKey(Zeroizing<[u8; 32]>);

impl TransportKey {
    /// The transport key with these 256 bits.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The octets of the key, for a token that wraps by itself.
    pub(crate) fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// Wraps a PKCS#8 document.
    pub(crate) fn wrap(&self, pkcs8: &[u8]) -> Result<WrappedPrivateKey, KeyError> {
        let failed = |_| KeyError::Provider("wrapping a private key to a card");
        let wrapping_key = AesKek::new(&AES_256, self.0.as_slice()).map_err(failed)?;
        // RFC 5649 adds 8 octets and pads to a multiple of 8.
        let mut output = vec![0; pkcs8.len() + 15];
        let length = wrapping_key.wrap_with_padding(pkcs8, &mut output).map_err(failed)?.len();
        output.truncate(length);
        Ok(WrappedPrivateKey(Zeroizing::new(output)))
    }
}

impl fmt::Debug for TransportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportKey(secret)")
    }
}

/// A PKCS#8 private key under a card's transport key; it is wiped when it is dropped, since nothing
/// of it may be left here once it was sent (A 6.2.7.2).
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedPrivateKey(Zeroizing<Vec<u8>>);

impl WrappedPrivateKey {
    /// What a token has wrapped.
    pub(crate) fn from_octets(octets: Vec<u8>) -> Self {
        Self(Zeroizing::new(octets))
    }

    /// The octets of the RFC 5649 wrapping.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same octets, to be sent.
    pub fn into_octets(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

impl fmt::Debug for WrappedPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedPrivateKey({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k5_wrapping_is_rfc_5649_as_openssl_does_it() {
        // openssl enc -id-aes256-wrap-pad -K 000102..1f -iv A65959A6, over the bytes 0 to 19.
        let expected = "22d7fffc96b7adad9391ac9230d46b810e82e0f101f19e83e358f32ac9d407b6";
        let key: [u8; 32] = std::array::from_fn(|i| i as u8);
        let plain: Vec<u8> = (0..20).collect();
        let wrapped = TransportKey::new(&key).wrap(&plain).expect("wraps");
        let text: String = wrapped.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn a_transport_key_does_not_print_itself() {
        let text = format!("{:?}", TransportKey::new(&[0xab; 32]));
        assert!(!text.contains("ab, ") && !text.contains("171"), "{text}");
    }
}
