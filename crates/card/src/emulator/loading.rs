//! Loading a card: the data groups of one STORE DATA, applied all at once or not at all.

use aws_lc_rs::digest::{SHA256, digest};

use crate::emulator::card::Card;
use crate::emulator::chip::{Chip, Wrapping};
use crate::emulator::slot::{Delivered, Slot};
use crate::error::CardError;
use crate::protocol::data_group::{DataGroup, GroupKind, split_wrapped_key};
use crate::protocol::jpki::OperationTag;
use crate::protocol::report::{CardReport, DeliveredReport, LoadingReport, SlotReport};
use crate::protocol::secret::HolderSecret;
use crate::protocol::slot::{CardSlot, Certificates};

/// What the groups say of one slot.
#[derive(Default)]
struct SlotGroups<'a> {
    operation: Option<OperationTag>,
    key: Option<(Wrapping, &'a [u8])>,
    holder: Option<&'a [u8]>,
    ca: Option<&'a [u8]>,
    secret: Option<&'a [u8]>,
}

impl Card {
    /// Loads what the groups hold and returns the public keys (SPKI DER) of the private keys among
    /// them.
    ///
    /// What is loaded already changes nothing. An error leaves the card as it was.
    pub(crate) fn load(&mut self, groups: &[DataGroup]) -> Result<Vec<u8>, CardError> {
        let mut changed = self.live()?.clone();
        let mut public_keys = Vec::new();
        for slot in CardSlot::ALL {
            let groups = SlotGroups::of(slot, groups)?;
            public_keys.extend(changed.load(slot, &groups)?.unwrap_or_default());
        }
        self.chip = Some(changed);
        Ok(public_keys)
    }

    /// Gives what an operation loaded to its holder; again, it changes nothing.
    pub(crate) fn deliver_loaded(
        &mut self,
        slot: CardSlot,
        operation: OperationTag,
    ) -> Result<(), CardError> {
        let loaded = self.live_mut()?.slot_mut(slot);
        let is_delivered = |delivered: &Delivered| delivered.operation == operation;
        match &loaded.loading {
            Some(loading) if loading.operation == operation => {
                *loaded = Slot { delivered: loaded.deliverable(slot, None)?, loading: None };
                Ok(())
            }
            _ if loaded.delivered.as_ref().is_some_and(is_delivered) => Ok(()),
            Some(_) => Err(CardError::LoadingAnother { slot, what: "key, by another operation" }),
            None => Err(CardError::NothingLoading { slot }),
        }
    }

    /// What is on the card, without any secret.
    pub(crate) fn report(&self) -> Result<CardReport, CardError> {
        let chip = self.live()?;
        let [authentication, signature] = CardSlot::ALL.map(|slot| report_of(chip.slot(slot)));
        Ok(CardReport { signature_keys: chip.signature_keys, authentication, signature })
    }
}

impl<'a> SlotGroups<'a> {
    /// Sorts the groups of a slot; each may come once.
    fn of(slot: CardSlot, groups: &'a [DataGroup]) -> Result<Self, CardError> {
        let mut sorted = Self::default();
        for group in groups.iter().filter(|group| group.slot == slot) {
            let value = group.value.as_slice();
            let again = match group.kind {
                GroupKind::Operation => {
                    let tag = value.try_into().map(OperationTag);
                    let tag = tag.map_err(|_| refused("an operation tag has 16 octets"))?;
                    sorted.operation.replace(tag).is_some()
                }
                GroupKind::TransportedKey => {
                    sorted.key.replace((Wrapping::Transport, value)).is_some()
                }
                GroupKind::GeneratedKey => {
                    sorted.key.replace((Wrapping::DataEncryption, value)).is_some()
                }
                GroupKind::HolderCertificate => sorted.holder.replace(value).is_some(),
                GroupKind::CaCertificate => sorted.ca.replace(value).is_some(),
                GroupKind::Secret => sorted.secret.replace(value).is_some(),
            };
            if again {
                return Err(refused("a group comes twice"));
            }
        }
        Ok(sorted)
    }

    fn is_empty(&self) -> bool {
        self.operation.is_none()
            && self.key.is_none()
            && self.holder.is_none()
            && self.ca.is_none()
            && self.secret.is_none()
    }

    fn certificates(&self) -> Result<Option<Certificates>, CardError> {
        match (self.holder, self.ca) {
            (None, None) => Ok(None),
            (Some(holder), Some(ca)) => {
                Ok(Some(Certificates { holder: holder.to_vec(), ca: ca.to_vec() }))
            }
            _ => Err(refused("the two certificates come together")),
        }
    }
}

impl Chip {
    /// Loads one slot and returns the public key when a private key is among the groups.
    fn load(
        &mut self,
        slot: CardSlot,
        groups: &SlotGroups<'_>,
    ) -> Result<Option<Vec<u8>>, CardError> {
        let public_key = match groups.key {
            Some((wrapping, value)) => {
                Some(self.load_key(slot, groups.operation, wrapping, value)?)
            }
            None => None,
        };
        let loaded = self.slot_mut(slot);
        match groups.operation {
            None if groups.is_empty() => return Ok(None),
            None => return Err(refused("what is loaded comes with its operation tag")),
            Some(operation) => loaded.expect_loading_by(slot, operation)?,
        }
        if let Some(certificates) = groups.certificates()? {
            loaded.load_certificates(slot, certificates)?;
        }
        match groups.secret {
            None => {}
            Some([]) => loaded.clear_staged(slot)?,
            Some(typed) => loaded.stage(HolderSecret::from_octets(slot, typed)?)?,
        }
        Ok(public_key)
    }

    fn load_key(
        &mut self,
        slot: CardSlot,
        operation: Option<OperationTag>,
        wrapping: Wrapping,
        value: &[u8],
    ) -> Result<Vec<u8>, CardError> {
        let operation = operation.ok_or(refused("a key comes with its operation tag"))?;
        let (algorithm, wrapped) =
            split_wrapped_key(value).ok_or(refused("the algorithm of a key is not known"))?;
        let delivered = self.slot(slot).delivered.as_ref();
        if delivered.is_some_and(|delivered| delivered.operation == operation) {
            return Err(CardError::AlreadyDelivered { slot });
        }
        self.slot(slot).expect_operation(slot, operation)?;
        if wrapping != Wrapping::of(slot) {
            let rule = "it comes another way than the keys of this slot do (A 6.2.6, S 6-1-2)";
            return Err(CardError::KeyRefused { slot, rule });
        }
        let key = self.take_in(slot, algorithm, wrapping, wrapped)?;
        let spki_der = key.spki_der.clone();
        self.slot_mut(slot).load_key(slot, operation, key)?;
        Ok(spki_der)
    }
}

fn report_of(slot: &Slot) -> SlotReport {
    SlotReport {
        delivered: slot.delivered.as_ref().map(|delivered| DeliveredReport {
            operation: delivered.operation,
            key_hash: hash(&delivered.key.spki_der),
            tries_left: delivered.secret.tries_left(),
        }),
        loading: slot.loading.as_ref().map(|loading| LoadingReport {
            operation: loading.operation,
            key_hash: hash(&loading.key.spki_der),
            has_certificates: loading.certificates.is_some(),
            has_secret: loading.staged.is_some(),
        }),
    }
}

fn hash(spki_der: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    let digest = digest(&SHA256, spki_der);
    hash.iter_mut().zip(digest.as_ref()).for_each(|(octet, hashed)| *octet = *hashed);
    hash
}

fn refused(rule: &'static str) -> CardError {
    CardError::GroupsRefused(rule)
}
