//! The card master key: one AES-256 key of which every card's own keys are derived.
//!
//! NIST SP 800-108 in counter mode with AES-CMAC: each block is the MAC of a counter (32 bits), the
//! name of the purpose, a zero octet, the card's number and the length in bits (32 bits).

pub(crate) mod backup;

use std::fmt;

use aws_lc_rs::cmac;
use zeroize::Zeroizing;

use crate::error::KeyError;

/// The octets of a MAC, and of a block of a derived key.
pub(crate) const BLOCK: usize = 16;

/// What a key of a card is for. Its name is bound into the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardKeyPurpose {
    /// SCP03's K-ENC.
    Encryption,
    /// SCP03's K-MAC.
    Mac,
    /// SCP03's K-DEK: a window's generator wraps under it.
    DataEncryption,
    /// The key under which the CA wraps a user's key to the card (A 6.2.6).
    Transport,
    /// No key: what tells one card master key from another. It is public.
    Check,
}

impl CardKeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 5] =
        [Self::Encryption, Self::Mac, Self::DataEncryption, Self::Transport, Self::Check];

    fn name(self) -> &'static str {
        match self {
            Self::Encryption => "jitsuin card encryption",
            Self::Mac => "jitsuin card mac",
            Self::DataEncryption => "jitsuin card data encryption",
            Self::Transport => "jitsuin card transport",
            Self::Check => "jitsuin card master check",
        }
    }
}

/// A key of one card, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct DerivedKey(Zeroizing<[u8; 32]>);

impl DerivedKey {
    /// The 256 bits.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(secret)")
    }
}

/// What tells one card master key from another: public, and bound to its backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardMasterCheck(pub [u8; 8]);

impl CardMasterCheck {
    /// Of the octets that are derived for [`CardKeyPurpose::Check`].
    pub(crate) fn of(derived: &DerivedKey) -> Self {
        Self(std::array::from_fn(|i| derived.0[i]))
    }
}

impl fmt::Display for CardMasterCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::hex::encode(&self.0))
    }
}

/// Derives a key of a card, wherever the master key makes its MACs.
pub(crate) fn derive<E>(
    purpose: CardKeyPurpose,
    number: &[u8; 10],
    mac: impl Fn(&[u8]) -> Result<[u8; BLOCK], E>,
) -> Result<DerivedKey, E> {
    let mut derived = Zeroizing::new([0; 32]);
    for (counter, block) in (1u32..).zip(derived.chunks_mut(BLOCK)) {
        let parts: [&[u8]; 5] = [
            &counter.to_be_bytes(),
            purpose.name().as_bytes(),
            &[0],
            number,
            &256u32.to_be_bytes(),
        ];
        block.copy_from_slice(&*Zeroizing::new(mac(&parts.concat())?));
    }
    Ok(DerivedKey(derived))
}

/// A card master key in the memory of a store that is open.
pub(crate) struct CardMasterKey(Zeroizing<[u8; 32]>);

impl CardMasterKey {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let mut octets = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(octets.as_mut_slice())
            .map_err(|_| KeyError::Provider("drawing a card master key"))?;
        Ok(Self(octets))
    }

    pub(crate) fn from_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(|octets| Self(Zeroizing::new(octets)))
    }

    /// The octets, for sealing and wrapping only.
    pub(crate) fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn derive(
        &self,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError> {
        let failed = || KeyError::Provider("deriving a card's key");
        let key = cmac::Key::new(cmac::AES_256, self.0.as_slice()).map_err(|_| failed())?;
        derive(purpose, number, |input| {
            let tag = cmac::sign(&key, input).map_err(|_| failed())?;
            tag.as_ref().try_into().map_err(|_| failed())
        })
    }

    pub(crate) fn check(&self) -> Result<CardMasterCheck, KeyError> {
        Ok(CardMasterCheck::of(&self.derive(CardKeyPurpose::Check, &[0; 10])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_derivation_is_that_of_openssl() {
        // openssl kdf -keylen 32 -kdfopt mac:CMAC -kdfopt cipher:AES-256-CBC -kdfopt mode:COUNTER
        // -kdfopt hexkey:000102..1f -kdfopt "salt:jitsuin card encryption" -kdfopt
        // hexinfo:00112233445566778899 KBKDF
        let key: [u8; 32] = std::array::from_fn(|i| i as u8);
        let number = [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99];
        let master = CardMasterKey::from_octets(&key).expect("a key");
        let derived = master.derive(CardKeyPurpose::Encryption, &number).expect("a key");
        let expected = "1d0f7c845cf7212f79689f49ec92bd571a6d3f76a900401d4e65a4b9f98a0595";
        assert_eq!(crate::hex::encode(derived.as_bytes()), expected);
    }

    #[test]
    fn k1_every_purpose_and_every_card_has_a_key_of_its_own() {
        let master = CardMasterKey::from_octets(&[7; 32]).expect("a key");
        let mut seen = std::collections::BTreeSet::new();
        for purpose in CardKeyPurpose::ALL {
            for card in 0..4 {
                let derived = master.derive(purpose, &[card; 10]).expect("a key");
                assert!(seen.insert(*derived.as_bytes()), "{purpose:?} {card}");
            }
        }
    }

    #[test]
    fn k1_a_derived_key_does_not_print_itself() {
        let master = CardMasterKey::from_octets(&[7; 32]).expect("a key");
        let derived = master.derive(CardKeyPurpose::Mac, &[0; 10]).expect("a key");
        assert_eq!(format!("{derived:?}"), "DerivedKey(secret)");
    }
}
