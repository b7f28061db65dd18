//! The one secret of a quorum, and what is derived from it for each purpose.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::backup::BackupKey;
use crate::error::KeyError;
use crate::seal::MasterKey;

/// 256 random bits that open a key store, and are held together by no single person (A 6.2.2).
///
/// It is derived from, never used itself, so that what a token is told says nothing of the backup key.
pub struct QuorumSecret(Zeroizing<[u8; 32]>);

impl QuorumSecret {
    /// A new secret.
    ///
    /// Only a ceremony that shares it out at once has a use for it; see
    /// [`CustodySet::establish`](crate::quorum::CustodySet::establish).
    ///
    /// # Errors
    /// [`KeyError::Provider`] when there is no randomness.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let mut octets = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(octets.as_mut_slice())
            .map_err(|_| KeyError::Provider("drawing the custodians' secret"))?;
        Ok(Self(octets))
    }

    /// The secret of these 256 bits, where no people hold it together.
    pub(crate) fn new(octets: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*octets))
    }

    /// The secret that shares gave, if it has 256 bits.
    pub(crate) fn from_octets(octets: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(octets.try_into().ok()?)))
    }

    /// The octets, for sharing alone.
    pub(crate) fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a custody record of `set` holds to know the secret again, and which tells nothing of it.
    pub(crate) fn check(&self, set: &[u8]) -> [u8; 32] {
        let text = Zeroizing::new([b"jitsuin custody check 1\0", set, self.0.as_slice()].concat());
        let mut check = [0; 32];
        check.copy_from_slice(digest(&SHA256, &text).as_ref());
        check
    }

    /// Whether this is the secret that `check` was made of.
    pub(crate) fn fits(&self, set: &[u8], check: &[u8]) -> bool {
        verify_slices_are_equal(&self.check(set), check).is_ok()
    }

    /// The PIN of a token's user, which opens its private keys.
    ///
    /// # Errors
    /// [`KeyError::Provider`].
    pub fn user_pin(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(pin_text(&*self.derive(b"jitsuin token user PIN 1")?))
    }

    /// The PIN of a token's security officer, which initialises it.
    ///
    /// # Errors
    /// [`KeyError::Provider`].
    pub fn so_pin(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(pin_text(&*self.derive(b"jitsuin token SO PIN 1")?))
    }

    /// The key under which an embedded store seals its keys.
    ///
    /// # Errors
    /// [`KeyError::Provider`].
    pub fn master_key(&self) -> Result<MasterKey, KeyError> {
        Ok(MasterKey::new(&*self.derive(b"jitsuin embedded master key 1")?))
    }

    /// The key under which CA keys are backed up (A 6.2.4).
    ///
    /// # Errors
    /// [`KeyError::Provider`].
    pub fn backup_key(&self) -> Result<BackupKey, KeyError> {
        Ok(BackupKey::new(&*self.derive(b"jitsuin backup key 1")?))
    }

    /// The key under which the list of holders is sealed.
    pub(super) fn roster_key(&self) -> Result<MasterKey, KeyError> {
        Ok(MasterKey::new(&*self.derive(b"jitsuin custody roster 1")?))
    }

    /// HKDF-SHA-256 (RFC 5869) with the purpose as info; the secret is uniform, so no salt is needed.
    fn derive(&self, purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let failed = |_| KeyError::Provider("deriving from the custodians' secret");
        let mut derived = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, &[])
            .extract(self.0.as_slice())
            .expand(&[purpose], ThirtyTwo)
            .and_then(|output| output.fill(derived.as_mut_slice()))
            .map_err(failed)?;
        Ok(derived)
    }
}

impl fmt::Debug for QuorumSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QuorumSecret(secret)")
    }
}

/// The length of every derivation, for HKDF.
struct ThirtyTwo;

impl KeyType for ThirtyTwo {
    fn len(&self) -> usize {
        32
    }
}

/// 32 letters and digits of 120 bits: every token takes that many, and some ask for each class.
///
/// The alphabets have 16 or 8 characters, so that every octet maps evenly.
fn pin_text(derived: &[u8; 32]) -> Zeroizing<String> {
    const CLASSES: [&[u8]; 4] =
        [b"abcdefghjkmnpqrs", b"ABCDEFGHJKMNPQRS", b"cdefghjkmnpqrstu", b"23456789"];
    let mut pin = Zeroizing::new(String::with_capacity(derived.len()));
    for (octet, class) in derived.iter().zip(CLASSES.iter().cycle()) {
        pin.push(char::from(class[usize::from(*octet) % class.len()]));
    }
    pin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> QuorumSecret {
        let octets: [u8; 32] = std::array::from_fn(|i| i as u8);
        QuorumSecret::from_octets(&octets).expect("32 octets")
    }

    #[test]
    fn k2_what_is_derived_is_hkdf_as_openssl_does_it() {
        // openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:000102..1f
        //   -kdfopt info:'jitsuin backup key 1' HKDF
        let derived = secret().derive(b"jitsuin backup key 1").expect("derives");
        let text: String = derived.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(text, "95c5976a8553ef9d7bdaca607a4f9c28fde61c94fcff2656b9338174f9335322");
    }

    #[test]
    fn k2_each_purpose_has_its_own_derivation_and_pins_are_plain_text() {
        let pins = [secret().user_pin().expect("a PIN"), secret().so_pin().expect("a PIN")];
        assert_ne!(pins[0], pins[1]);
        for pin in &pins {
            assert_eq!(pin.len(), 32);
            assert!(pin.bytes().all(|b| b.is_ascii_alphanumeric()));
            assert!(pin.bytes().any(|b| b.is_ascii_digit()));
        }
        assert_eq!(secret().user_pin().expect("a PIN"), pins[0]);
    }

    #[test]
    fn k2_the_secret_does_not_print_itself() {
        assert_eq!(format!("{:?}", secret()), "QuorumSecret(secret)");
        assert!(QuorumSecret::from_octets(&[1; 31]).is_none());
    }
}
