//! What a custodian types to open a share.

use std::fmt;

use zeroize::Zeroizing;

use crate::quorum::error::QuorumError;

/// The fewest characters of a passphrase: too many for guessing against Argon2id.
pub const MINIMUM_PASSPHRASE_LENGTH: usize = 16;

/// The most octets of one: nobody types more, and hashing has a bound.
const MAXIMUM_OCTETS: usize = 1024;

/// A custodian's passphrase: the octets as they were given, but for one newline at their end.
///
/// No form of Unicode is preferred: what is typed at the ceremony must be typed again.
#[derive(PartialEq, Eq)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// A passphrase of what was read from a terminal or a file.
    ///
    /// # Errors
    /// [`QuorumError::WeakPassphrase`] below 16 characters or above 1024 octets.
    pub fn new(given: &[u8]) -> Result<Self, QuorumError> {
        let octets = given.strip_suffix(b"\n").unwrap_or(given);
        // Octets that are no text are counted one by one.
        let length = std::str::from_utf8(octets).map_or(octets.len(), |text| text.chars().count());
        if length < MINIMUM_PASSPHRASE_LENGTH {
            return Err(QuorumError::WeakPassphrase("it needs at least 16 characters"));
        }
        if octets.len() > MAXIMUM_OCTETS {
            return Err(QuorumError::WeakPassphrase("it may have at most 1024 octets"));
        }
        Ok(Self(Zeroizing::new(octets.to_vec())))
    }

    /// The octets, for the derivation of the sealing key.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k2_a_passphrase_has_sixteen_characters_and_loses_one_newline() {
        assert!(Passphrase::new(b"fifteen letters").is_err());
        assert!(Passphrase::new(b"fifteen letters\n").is_err());
        let plain = Passphrase::new(b"sixteen letters!").expect("long enough");
        assert_eq!(Passphrase::new(b"sixteen letters!\n").expect("long enough"), plain);
        assert_ne!(Passphrase::new(b"sixteen letters!\n\n").expect("long enough"), plain);
        assert!(Passphrase::new("鍵".repeat(15).as_bytes()).is_err(), "characters, not octets");
        assert!(Passphrase::new("鍵".repeat(16).as_bytes()).is_ok());
        assert!(Passphrase::new(&[b'x'; 1025]).is_err());
        assert_eq!(format!("{plain:?}"), "Passphrase(secret)");
    }
}
