//! The card as an object: its life, its slots, what it does in each state and what it refuses.

use std::fmt;

use domain::algorithm::KeyAlgorithm;
use domain::id::CardId;

use crate::emulator::chip::{Chip, Wrapping};
use crate::emulator::guarded_secret::GuardedSecret;
use crate::emulator::slot::Slot;
use crate::error::CardError;
use crate::private_key;
use crate::protocol::card_keys::CardKeys;
use crate::protocol::card_number::CardNumber;
use crate::protocol::jpki::OperationTag;
use crate::protocol::life::LifeState;
use crate::protocol::possession::possession_statement;
use crate::protocol::secret::{HolderSecret, HolderSecrets};
use crate::protocol::slot::{CardSlot, Certificates, SignatureKeys};

/// A card.
///
/// Every method that takes `&mut self` changes what has to be kept, also when it refuses: a wrong
/// PIN spends a try. Whoever holds the card seals and stores it afterwards.
#[derive(Clone)]
pub struct Card {
    pub(crate) id: CardId,
    /// Absent once the card is destroyed.
    pub(crate) chip: Option<Chip>,
}

impl Card {
    /// A blank card with its number and keys, as it comes from its maker.
    pub fn make(number: CardNumber, keys: CardKeys) -> Self {
        Self { id: number.id(), chip: Some(Chip::new(keys)) }
    }

    /// The card with another choice of signature keys, while it is blank.
    #[must_use]
    pub fn with_signature_keys(mut self, keys: SignatureKeys) -> Self {
        if let Some(chip) = self.chip.as_mut() {
            chip.signature_keys = keys;
        }
        self
    }

    /// The card's number.
    pub fn id(&self) -> &CardId {
        &self.id
    }

    /// Where the card is in its life.
    pub fn life(&self) -> LifeState {
        let Some(chip) = &self.chip else {
            return LifeState::Destroyed;
        };
        LifeState::of_slots(CardSlot::ALL.map(|slot| {
            let slot = chip.slot(slot);
            (slot.delivered.is_some(), slot.loading.is_some())
        }))
    }

    /// Takes in a private key wrapped to this card, unusable, and returns its public key (SPKI DER).
    ///
    /// The card opens it, checks that it is what it is said to be, and keeps it wrapped. The same
    /// key again changes nothing.
    ///
    /// # Errors
    /// [`CardError::AlgorithmRefused`], [`CardError::KeyRefused`], [`CardError::LoadingAnother`],
    /// [`CardError::Destroyed`].
    pub fn load_private_key(
        &mut self,
        slot: CardSlot,
        algorithm: KeyAlgorithm,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, CardError> {
        private_key::expect_accepted(slot, algorithm)?;
        let chip = self.live_mut()?;
        let key = chip.take_in(slot, algorithm, Wrapping::Transport, wrapped)?;
        let spki_der = key.spki_der.clone();
        chip.slot_mut(slot).load_key(slot, OperationTag::NONE, key)?;
        Ok(spki_der)
    }

    /// Signs [`possession_statement`] with the key being loaded, so that the CA knows before
    /// delivery that the card holds it.
    ///
    /// # Errors
    /// [`CardError::NothingLoading`]: a delivered key signs for its holder only;
    /// [`CardError::Destroyed`].
    pub fn prove_possession(&self, slot: CardSlot, nonce: &[u8; 32]) -> Result<Vec<u8>, CardError> {
        let chip = self.live()?;
        let loading = chip.slot(slot).loading.as_ref().ok_or(CardError::NothingLoading { slot })?;
        chip.sign_with(slot, &loading.key, &possession_statement(&self.id, slot, nonce))
    }

    /// Takes in the certificates of the key being loaded. The same ones again change nothing.
    ///
    /// # Errors
    /// [`CardError::NothingLoading`], [`CardError::CertificateRefused`] for one of another key or
    /// form, [`CardError::LoadingAnother`], [`CardError::Destroyed`].
    pub fn load_certificates(
        &mut self,
        slot: CardSlot,
        certificates: Certificates,
    ) -> Result<(), CardError> {
        self.live_mut()?.slot_mut(slot).load_certificates(slot, certificates)
    }

    /// Gives what is loaded to its holder: all of it, or nothing.
    ///
    /// A slot delivered for the first time needs the secret its holder sets (C3). At a renewal the
    /// new key replaces the old one, and the secret stays unless a new one is set.
    ///
    /// # Errors
    /// [`CardError::NothingToDeliver`], [`CardError::CertificatesMissing`],
    /// [`CardError::SecretMissing`], [`CardError::SecretUnwanted`], [`CardError::Destroyed`].
    pub fn deliver(&mut self, secrets: HolderSecrets) -> Result<(), CardError> {
        let id = self.id.clone();
        let chip = self.live_mut()?;
        let pin = secrets.authentication.map(HolderSecret::Authentication);
        let password = secrets.signature.map(HolderSecret::Signature);
        let delivered = [(CardSlot::Authentication, pin), (CardSlot::Signature, password)]
            .map(|(slot, new)| chip.slot(slot).deliverable(slot, new.map(GuardedSecret::new)));
        let [authentication, signature] = delivered;
        let (authentication, signature) = (authentication?, signature?);
        if authentication.is_none() && signature.is_none() {
            return Err(CardError::NothingToDeliver(id));
        }
        for (slot, delivered) in CardSlot::ALL.into_iter().zip([authentication, signature]) {
            if delivered.is_some() {
                *chip.slot_mut(slot) = Slot { delivered, loading: None };
            }
        }
        Ok(())
    }

    /// Signs for the holder: sha256WithRSAEncryption, PKCS#1 v1.5, over `message`.
    ///
    /// `typed` is whatever the holder typed; any wrong text costs a try.
    ///
    /// # Errors
    /// [`CardError::NotDelivered`], [`CardError::SecretWrong`], [`CardError::SecretBlocked`],
    /// [`CardError::Destroyed`].
    pub fn sign(
        &mut self,
        slot: CardSlot,
        typed: &str,
        message: &[u8],
    ) -> Result<Vec<u8>, CardError> {
        let chip = self.live_mut()?;
        chip.delivered_mut(slot)?.secret.verify(typed)?;
        let key = chip.delivered(slot)?.key.clone();
        chip.sign_with(slot, &key, message)
    }

    /// How many tries the secret of a slot has left; 0 is blocked.
    ///
    /// # Errors
    /// [`CardError::NotDelivered`], [`CardError::Destroyed`].
    pub fn tries_left(&self, slot: CardSlot) -> Result<u8, CardError> {
        Ok(self.live()?.delivered(slot)?.secret.tries_left())
    }

    /// Sets a secret anew at the window, which has checked the holder's identity, and unlocks the
    /// slot (C3).
    ///
    /// # Errors
    /// [`CardError::NotDelivered`], [`CardError::Destroyed`].
    pub fn reset_secret(&mut self, new: HolderSecret) -> Result<(), CardError> {
        let delivered = self.live_mut()?.delivered_mut(new.slot())?;
        delivered.secret = GuardedSecret::new(new);
        Ok(())
    }

    /// The certificates of the delivered key.
    ///
    /// The card application lets a reader have the signature certificate only after its password.
    ///
    /// # Errors
    /// [`CardError::NotDelivered`], [`CardError::Destroyed`].
    pub fn certificates(&self, slot: CardSlot) -> Result<&Certificates, CardError> {
        Ok(&self.live()?.delivered(slot)?.certificates)
    }

    /// The public key (SPKI DER) being loaded into a slot, if any.
    ///
    /// # Errors
    /// [`CardError::Destroyed`].
    pub fn loading_public_key(&self, slot: CardSlot) -> Result<Option<&[u8]>, CardError> {
        let loading = self.live()?.slot(slot).loading.as_ref();
        Ok(loading.map(|loading| loading.key.spki_der.as_slice()))
    }

    /// Gives up what is being loaded into a slot; a delivered key stays as it is.
    ///
    /// # Errors
    /// [`CardError::NothingLoading`], [`CardError::Destroyed`].
    pub fn discard_loading(&mut self, slot: CardSlot) -> Result<(), CardError> {
        let loading = self.live_mut()?.slot_mut(slot).loading.take();
        loading.map(drop).ok_or(CardError::NothingLoading { slot })
    }

    /// Erases a slot: keys, certificates and secret (W1).
    ///
    /// # Errors
    /// [`CardError::Destroyed`].
    pub fn erase(&mut self, slot: CardSlot) -> Result<(), CardError> {
        *self.live_mut()?.slot_mut(slot) = Slot::default();
        Ok(())
    }

    /// Destroys the card: keys, secrets and transport key are gone, its number stays.
    ///
    /// # Errors
    /// [`CardError::Destroyed`] when it is already.
    pub fn destroy(&mut self) -> Result<(), CardError> {
        self.chip.take().map(drop).ok_or_else(|| CardError::Destroyed(self.id.clone()))
    }

    pub(crate) fn live(&self) -> Result<&Chip, CardError> {
        self.chip.as_ref().ok_or_else(|| CardError::Destroyed(self.id.clone()))
    }

    pub(crate) fn live_mut(&mut self) -> Result<&mut Chip, CardError> {
        self.chip.as_mut().ok_or_else(|| CardError::Destroyed(self.id.clone()))
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card({}, {:?})", self.id, self.life())
    }
}
