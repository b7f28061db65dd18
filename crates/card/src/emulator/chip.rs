//! What is in a card that works: its keys, its counter of channels, its slots.

use domain::algorithm::KeyAlgorithm;

use crate::emulator::slot::{CardKey, Delivered, Slot};
use crate::error::CardError;
use crate::private_key::{self, PrivateKey};
use crate::protocol::card_keys::CardKeys;
use crate::protocol::data_encryption::DataEncryptionKey;
use crate::protocol::digest_info::DigestInfo;
use crate::protocol::scp03::SequenceCounter;
use crate::protocol::slot::{CardSlot, SignatureKeys};

/// What is in a card that works.
#[derive(Clone)]
pub(crate) struct Chip {
    pub(crate) keys: CardKeys,
    /// How many channels were begun.
    pub(crate) sequence: SequenceCounter,
    pub(crate) signature_keys: SignatureKeys,
    pub(crate) authentication: Slot,
    pub(crate) signature: Slot,
}

/// The key under which a private key comes to the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// The CA's way (A 6.2.6).
    Transport,
    /// The way of the window's generator (S 6-1-2).
    DataEncryption,
}

impl Wrapping {
    /// The only way in which keys of a slot come through the channel: whoever may use one of the two
    /// wrapping keys does not reach the other's slot.
    pub(crate) fn of(slot: CardSlot) -> Self {
        match slot {
            CardSlot::Authentication => Self::Transport,
            CardSlot::Signature => Self::DataEncryption,
        }
    }
}

impl Chip {
    /// A blank chip.
    pub(crate) fn new(keys: CardKeys) -> Self {
        let [authentication, signature] = [Slot::default(), Slot::default()];
        Self {
            keys,
            sequence: [0; 3],
            signature_keys: SignatureKeys::default(),
            authentication,
            signature,
        }
    }

    pub(crate) fn slot(&self, slot: CardSlot) -> &Slot {
        match slot {
            CardSlot::Authentication => &self.authentication,
            CardSlot::Signature => &self.signature,
        }
    }

    pub(crate) fn slot_mut(&mut self, slot: CardSlot) -> &mut Slot {
        match slot {
            CardSlot::Authentication => &mut self.authentication,
            CardSlot::Signature => &mut self.signature,
        }
    }

    pub(crate) fn delivered(&self, slot: CardSlot) -> Result<&Delivered, CardError> {
        self.slot(slot).delivered.as_ref().ok_or(CardError::NotDelivered { slot })
    }

    pub(crate) fn delivered_mut(&mut self, slot: CardSlot) -> Result<&mut Delivered, CardError> {
        self.slot_mut(slot).delivered.as_mut().ok_or(CardError::NotDelivered { slot })
    }

    /// Counts one more channel, or `None` when the counter is at its end.
    pub(crate) fn next_sequence(&mut self) -> Option<SequenceCounter> {
        let [high, middle, low] = self.sequence;
        let next = u32::from_be_bytes([0, high, middle, low]) + 1;
        let [0, sequence @ ..] = next.to_be_bytes() else {
            return None;
        };
        self.sequence = sequence;
        Some(sequence)
    }

    /// A private key that came wrapped to the card: opened, checked, and kept under the transport
    /// key, whichever way it came.
    pub(crate) fn take_in(
        &self,
        slot: CardSlot,
        algorithm: KeyAlgorithm,
        wrapping: Wrapping,
        wrapped: &[u8],
    ) -> Result<CardKey, CardError> {
        private_key::expect_accepted(slot, algorithm)?;
        if !self.signature_keys.taken(slot).contains(&algorithm) {
            let rule = "this card takes RSA keys of 2048 bits alone";
            return Err(CardError::AlgorithmRefused { slot, algorithm, rule });
        }
        let refuse = |rule| CardError::KeyRefused { slot, rule };
        let pkcs8 = match wrapping {
            Wrapping::Transport => self.keys.transport.unwrap(wrapped),
            Wrapping::DataEncryption => {
                DataEncryptionKey::new(&self.keys.data_encryption).unwrap(wrapped)
            }
        };
        let pkcs8 = pkcs8.ok_or_else(|| refuse("it is not wrapped to this card"))?;
        let key = PrivateKey::from_pkcs8(algorithm, &pkcs8)
            .ok_or_else(|| refuse("it is not a sound private key of the stated algorithm"))?;
        let wrapped = match wrapping {
            Wrapping::Transport => wrapped.to_vec(),
            Wrapping::DataEncryption => self.keys.transport.wrap(&pkcs8)?,
        };
        Ok(CardKey { algorithm, spki_der: key.spki_der()?, wrapped })
    }

    /// Signs a message with sha256WithRSAEncryption.
    pub(crate) fn sign_with(
        &self,
        slot: CardSlot,
        key: &CardKey,
        message: &[u8],
    ) -> Result<Vec<u8>, CardError> {
        self.open(slot, key)?.sign(message)
    }

    /// Signs a hash with the delivered key.
    pub(crate) fn sign_digest(
        &self,
        slot: CardSlot,
        digest: &DigestInfo<'_>,
    ) -> Result<Vec<u8>, CardError> {
        self.open(slot, &self.delivered(slot)?.key)?.sign_digest(digest)
    }

    /// The private key in clear, for one operation.
    fn open(&self, slot: CardSlot, key: &CardKey) -> Result<PrivateKey, CardError> {
        let pkcs8 = self.keys.transport.unwrap(&key.wrapped);
        let opened = pkcs8.and_then(|pkcs8| PrivateKey::from_pkcs8(key.algorithm, &pkcs8));
        opened.ok_or(CardError::KeyRefused { slot, rule: "the card cannot open it any more" })
    }
}
