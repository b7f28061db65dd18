//! The municipality's key pair generator (鍵ペア生成装置), where holders make signature keys (S 6-1-2).

use domain::algorithm::KeyAlgorithm;

use crate::card::Card;
use crate::error::CardError;
use crate::private_key::{self, PrivateKey};
use crate::slot::CardSlot;

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

/// A new private key under the card's transport key; in clear it ends with this function.
fn generate_wrapped(card: &Card, algorithm: KeyAlgorithm) -> Result<Vec<u8>, CardError> {
    let transport_key = card.transport_key_for_bureau()?;
    let key = PrivateKey::generate(algorithm)?.ok_or(CardError::AlgorithmRefused {
        slot: CardSlot::Signature,
        algorithm,
        rule: "the generator makes RSA keys of 1024 or 2048 bits",
    })?;
    transport_key.wrap(&key.to_pkcs8()?)
}
