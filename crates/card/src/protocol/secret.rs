//! What the holder knows: the authentication PIN and the signature password (C3).

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::protocol::slot::CardSlot;

/// Why a text cannot be the secret of a slot; the text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {} must be {}", .slot.secret_name(), .slot.secret_rule())]
pub struct InvalidSecret {
    /// The slot the secret is for.
    pub slot: CardSlot,
}

/// It tells the slot alone.
impl domain::rule::Closed for InvalidSecret {
    fn words(&self) -> domain::rule::Rule {
        domain::rule::Closed::words(&domain::rule::Plain(*self))
    }
}

/// The PIN of the authentication slot: 4 digits (C3).
#[derive(Clone)]
pub struct AuthenticationPin(Zeroizing<String>);

/// The password of the signature slot: 6 to 16 of A–Z and 0–9 (C3).
///
/// The card knows no lower case: screens turn it into upper case before they get here.
#[derive(Clone)]
pub struct SignaturePassword(Zeroizing<String>);

impl FromStr for AuthenticationPin {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let valid = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        let pin = || Self(Zeroizing::new(text.to_owned()));
        valid.then(pin).ok_or(InvalidSecret { slot: CardSlot::Authentication })
    }
}

impl FromStr for SignaturePassword {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        let valid = (6..=16).contains(&text.len()) && text.bytes().all(allowed);
        let password = || Self(Zeroizing::new(text.to_owned()));
        valid.then(password).ok_or(InvalidSecret { slot: CardSlot::Signature })
    }
}

impl fmt::Debug for AuthenticationPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticationPin(secret)")
    }
}

impl fmt::Debug for SignaturePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignaturePassword(secret)")
    }
}

/// The secret of one slot.
#[derive(Debug, Clone)]
pub enum HolderSecret {
    /// Of the authentication slot.
    Authentication(AuthenticationPin),
    /// Of the signature slot.
    Signature(SignaturePassword),
}

impl HolderSecret {
    /// Reads the secret of a slot.
    ///
    /// # Errors
    /// [`InvalidSecret`] with the rule of C3 that the text breaks.
    pub fn parse(slot: CardSlot, text: &str) -> Result<Self, InvalidSecret> {
        match slot {
            CardSlot::Authentication => text.parse().map(Self::Authentication),
            CardSlot::Signature => text.parse().map(Self::Signature),
        }
    }

    /// Reads the secret of a slot as it comes to the card.
    pub(crate) fn from_octets(slot: CardSlot, octets: &[u8]) -> Result<Self, InvalidSecret> {
        let text = std::str::from_utf8(octets).map_err(|_| InvalidSecret { slot })?;
        Self::parse(slot, text)
    }

    /// The slot it guards.
    pub fn slot(&self) -> CardSlot {
        match self {
            Self::Authentication(_) => CardSlot::Authentication,
            Self::Signature(_) => CardSlot::Signature,
        }
    }

    /// The text, for the card alone.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Authentication(pin) => &pin.0,
            Self::Signature(password) => &password.0,
        }
    }
}

/// What the holder sets at delivery: a secret for each slot delivered for the first time.
#[derive(Debug, Clone, Default)]
pub struct HolderSecrets {
    /// For the authentication slot.
    pub authentication: Option<AuthenticationPin>,
    /// For the signature slot.
    pub signature: Option<SignaturePassword>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c3_the_authentication_pin_is_four_digits() {
        assert!("0000".parse::<AuthenticationPin>().is_ok());
        for text in ["", "123", "12345", "12a4", "１２３４", " 123"] {
            let refused = text.parse::<AuthenticationPin>().expect_err(text);
            assert_eq!(refused.to_string(), "the authentication PIN must be 4 digits");
        }
    }

    #[test]
    fn c3_the_signature_password_is_6_to_16_of_capitals_and_digits() {
        for text in ["ABC123", "000000", "ABCDEFGH12345678"] {
            assert!(text.parse::<SignaturePassword>().is_ok(), "{text}");
        }
        for text in ["", "ABC12", "ABCDEFGH123456789", "abc123", "ABC 123", "ＡＢＣ１２３"] {
            let refused = text.parse::<SignaturePassword>().expect_err(text);
            let rule = "the signature password must be 6 to 16 of the characters A-Z and 0-9";
            assert_eq!(refused.to_string(), rule);
        }
    }
}
