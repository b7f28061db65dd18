//! The municipality's key pair generator (鍵ペア生成装置), where holders make signature keys (S 6-1-2).

use domain::algorithm::KeyAlgorithm;
use zeroize::Zeroizing;

use super::load::LoadedKey;
use crate::error::CardError;
use crate::private_key::{self, PrivateKey};
use crate::protocol::data_encryption::DataEncryptionKey;
use crate::protocol::slot::CardSlot;

/// Makes a key pair and hands out the private key wrapped to the card that is to hold it; in clear
/// it ends with this function (S 6-1-2, 6-2-2-4). The public key is asked of the card.
///
/// # Errors
/// [`CardError::AlgorithmRefused`] for what is none for a signature slot; [`CardError::Provider`].
pub fn generate(algorithm: KeyAlgorithm, card: &DataEncryptionKey) -> Result<LoadedKey, CardError> {
    private_key::expect_accepted(CardSlot::Signature, algorithm)?;
    let key = PrivateKey::generate(algorithm)?.ok_or_else(|| not_made(algorithm))?;
    let wrapped = Zeroizing::new(card.wrap(&key.to_pkcs8()?)?);
    Ok(LoadedKey::Generated { algorithm, wrapped })
}

fn not_made(algorithm: KeyAlgorithm) -> CardError {
    let rule = "the generator makes RSA keys of 1024 or 2048 bits";
    CardError::AlgorithmRefused { slot: CardSlot::Signature, algorithm, rule }
}
