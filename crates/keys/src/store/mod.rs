//! What every key store promises, cut by who may do what.

mod administer;
mod card_masters;
mod sign;
mod signing_key;
mod user_keys;

use domain::algorithm::KeyAlgorithm;

pub use administer::Administer;
pub use card_masters::{CardMasters, MakeCardMasters};
pub use sign::Sign;
pub use signing_key::SigningKey;
pub use user_keys::UserKeys;

/// A place where private keys live and are used, and which they never leave (K1): all that can be done there.
///
/// # Contract
/// - **Who may call**: the CA, its ceremonies, and set-up. The services are given a [`SigningKey`] each.
///   The store knows no people; the quorum of custodians (K2) stands before the opening of it.
/// - **Never exports**: nothing returns a stored private key in clear. Wrapped, a key leaves once:
///   a CA's to its backup when it is made, a user's to its card when it is deleted.
/// - **Concurrency**: every method may be called from any thread.
/// - **Retries**: none here.
pub trait KeyStore: Sign + Administer + UserKeys + CardMasters + MakeCardMasters {}

impl<T: Sign + Administer + UserKeys + CardMasters + MakeCardMasters> KeyStore for T {}

/// A public key, as certificates carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The kind and size of the key.
    pub algorithm: KeyAlgorithm,
    /// The DER of SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    pub spki_der: Vec<u8>,
}
