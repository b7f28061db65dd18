//! Users' key pairs: made ahead, wrapped to a card, gone.

use domain::algorithm::KeyAlgorithm;

use super::PublicKey;
use crate::error::KeyError;
use crate::wrap::{TransportKey, WrappedPrivateKey};

/// Makes users' key pairs for cards; for the CA's issuance and the thread that makes them ahead.
///
/// # Contract
/// They have no label: nothing signs with them here, and no call names one. Each leaves once, wrapped.
pub trait UserKeys: Send + Sync {
    /// Makes users' key pairs ahead of need until `wanted` of them are ready; how many were made.
    ///
    /// Each is durable before the next is begun, so that this may be interrupted at any time. They
    /// have no label: nothing can sign with them here.
    ///
    /// # Errors
    /// [`KeyError::AlgorithmRefused`] for RSA-1024 and for Ed25519.
    fn prepare_user_keys(&self, algorithm: KeyAlgorithm, wanted: usize) -> Result<usize, KeyError>;

    /// How many users' key pairs are ready.
    ///
    /// # Errors
    /// [`KeyError::Storage`] or [`KeyError::Token`] where a backend has to ask.
    fn prepared_user_keys(&self, algorithm: KeyAlgorithm) -> Result<usize, KeyError>;

    /// Takes a user's key pair that is ready, or makes one now; wraps the private key to the card
    /// and deletes it (K5, A 6.1.1.2, A 6.2.6).
    ///
    /// The private key is PKCS#8 under AES-256 key wrap with padding (RFC 5649). This returns only
    /// after the deletion. A key is marked as leaving before it is wrapped, and what is so marked is
    /// never wrapped again: after a crash the next opening of the store destroys it.
    ///
    /// # Errors
    /// [`KeyError::AlgorithmRefused`] for RSA-1024 and for Ed25519.
    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError>;
}
