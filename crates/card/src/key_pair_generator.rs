//! The municipality's key pair generator (鍵ペア生成装置), where holders make signature keys (S 6-1-2).

use domain::algorithm::KeyAlgorithm;
use zeroize::Zeroizing;

use crate::card::Card;
use crate::data_encryption::DataEncryptionKey;
use crate::error::CardError;
use crate::private_key::{self, PrivateKey};
use crate::slot::CardSlot;
use crate::terminal::LoadedKey;

/// What leaves the generator: only the public key travels (K5), with the proof that the card holds
/// the private one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedKey {
    /// The kind and size of the key.
    pub algorithm: KeyAlgorithm,
    /// The DER of SubjectPublicKeyInfo.
    pub spki_der: Vec<u8>,
    /// The card's signature over [`possession_statement`](crate::possession_statement) with the
    /// challenge: sha256WithRSAEncryption.
    pub proof: Vec<u8>,
}

/// Makes a key pair, puts the private key into the card's signature slot, unusable, and wipes its
/// own copy.
///
/// # Errors
/// [`CardError::AlgorithmRefused`], [`CardError::LoadingAnother`] when a key is on its way already,
/// [`CardError::Destroyed`].
pub fn generate_onto_card(
    card: &mut Card,
    algorithm: KeyAlgorithm,
    challenge: &[u8; 32],
) -> Result<GeneratedKey, CardError> {
    let slot = CardSlot::Signature;
    private_key::expect_accepted(slot, algorithm)?;
    if card.loading_public_key(slot)?.is_some() {
        return Err(CardError::LoadingAnother { slot, what: "key" });
    }
    let wrapped = generate_wrapped(card, algorithm)?;
    let spki_der = card.load_private_key(slot, algorithm, &wrapped)?;
    // The proof comes from the card, not from the generator's copy: it shows what is on the card.
    let proof = card.prove_possession(slot, challenge)?;
    Ok(GeneratedKey { algorithm, spki_der, proof })
}

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

/// A new private key under the card's transport key; in clear it ends with this function.
fn generate_wrapped(card: &Card, algorithm: KeyAlgorithm) -> Result<Vec<u8>, CardError> {
    let transport_key = card.transport_key_for_bureau()?;
    let key = PrivateKey::generate(algorithm)?.ok_or_else(|| not_made(algorithm))?;
    transport_key.wrap(&key.to_pkcs8()?)
}

fn not_made(algorithm: KeyAlgorithm) -> CardError {
    let rule = "the generator makes RSA keys of 1024 or 2048 bits";
    CardError::AlgorithmRefused { slot: CardSlot::Signature, algorithm, rule }
}
