//! Why a card refused, naming the slot and the rule.

use domain::algorithm::KeyAlgorithm;
use domain::id::CardId;

use crate::protocol::secret::InvalidSecret;
use crate::protocol::slot::CardSlot;

/// Why a card refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The card is destroyed and does nothing any more.
    #[error("card {0} is destroyed")]
    Destroyed(CardId),
    /// The slot takes no key of this algorithm.
    #[error("the {slot} slot takes no {algorithm} key: {rule}")]
    AlgorithmRefused {
        /// The slot.
        slot: CardSlot,
        /// The algorithm of the key.
        algorithm: KeyAlgorithm,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// What was sent as a private key is none for this card.
    #[error("the key for the {slot} slot is refused: {rule}")]
    KeyRefused {
        /// The slot.
        slot: CardSlot,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// What was sent as a certificate does not go with the key.
    #[error("the {certificate} for the {slot} slot is refused: {rule}")]
    CertificateRefused {
        /// The slot.
        slot: CardSlot,
        /// Which of the two certificates.
        certificate: &'static str,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// Another key or certificate is being loaded into the slot.
    #[error("the {slot} slot is being loaded with another {what}; discard that first")]
    LoadingAnother {
        /// The slot.
        slot: CardSlot,
        /// What is there already.
        what: &'static str,
    },
    /// The slot has no key on its way to the holder.
    #[error("no key is being loaded into the {slot} slot")]
    NothingLoading {
        /// The slot.
        slot: CardSlot,
    },
    /// The slot has a key but no certificates yet.
    #[error("the {slot} slot cannot be delivered without its certificates")]
    CertificatesMissing {
        /// The slot.
        slot: CardSlot,
    },
    /// No slot has anything to deliver.
    #[error("there is nothing to deliver on card {0}")]
    NothingToDeliver(CardId),
    /// The holder has to set the secret of the slot at its first delivery (C3).
    #[error("the {slot} slot cannot be delivered before the holder sets its {}", .slot.secret_name())]
    SecretMissing {
        /// The slot.
        slot: CardSlot,
    },
    /// A secret was set for a slot of which nothing is delivered.
    #[error("no {} can be set: nothing is being delivered in the {slot} slot", .slot.secret_name())]
    SecretUnwanted {
        /// The slot.
        slot: CardSlot,
    },
    /// The operation has delivered its key already.
    #[error("the operation has delivered its key in the {slot} slot already")]
    AlreadyDelivered {
        /// The slot.
        slot: CardSlot,
    },
    /// What was sent to be loaded is not put together as it must be.
    #[error("what was sent to be loaded is refused: {0}")]
    GroupsRefused(&'static str),
    /// A secret breaks the rule of its slot (C3).
    #[error(transparent)]
    SecretRefused(#[from] InvalidSecret),
    /// The slot has no delivered key.
    #[error("the {slot} slot has no delivered key")]
    NotDelivered {
        /// The slot.
        slot: CardSlot,
    },
    /// The secret was wrong; the try is spent.
    #[error("the {} is wrong; {tries_left} tries left", .slot.secret_name())]
    SecretWrong {
        /// The slot.
        slot: CardSlot,
        /// How many tries are left; at 0 the slot is blocked.
        tries_left: u8,
    },
    /// All tries are spent; the window unlocks it (C3).
    #[error("the {} is blocked; the window has to unlock it", .slot.secret_name())]
    SecretBlocked {
        /// The slot.
        slot: CardSlot,
    },
    /// The sealed card was made under another vault key, or was changed since.
    #[error("the sealed card does not open: another vault key, or changed bytes")]
    SealBroken,
    /// The bytes are not a sealed card.
    #[error("the sealed card is malformed: {0}")]
    Malformed(&'static str),
    /// The cryptographic library failed.
    #[error("the cryptographic provider failed at {0}")]
    Provider(&'static str),
}
