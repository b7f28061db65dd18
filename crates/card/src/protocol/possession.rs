//! What a card signs to prove that it holds a key, so that the CA knows it before the delivery.

use domain::id::CardId;

use crate::protocol::slot::CardSlot;

/// What a card signs to prove that it holds the key of a slot: never anything a holder would sign.
///
/// The card's id and the slot stand in it, so that one card cannot speak for another.
pub fn possession_statement(card: &CardId, slot: CardSlot, nonce: &[u8; 32]) -> Vec<u8> {
    let parts: [&[u8]; 4] =
        [b"jitsuin proof of possession 1", card.as_str().as_bytes(), slot.name().as_bytes(), nonce];
    parts.join(&0)
}
