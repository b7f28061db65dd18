//! A holder's secret on the card, with the tries that are left (C3).

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::error::CardError;
use crate::protocol::secret::HolderSecret;

/// A secret on the card with the tries that are left.
#[derive(Debug, Clone)]
pub(crate) struct GuardedSecret {
    secret: HolderSecret,
    tries_left: u8,
}

impl GuardedSecret {
    /// A secret with all its tries.
    pub(crate) fn new(secret: HolderSecret) -> Self {
        let tries_left = secret.slot().tries();
        Self { secret, tries_left }
    }

    /// A secret as it was stored, or `None` for more tries than the slot has.
    pub(crate) fn restore(secret: HolderSecret, tries_left: u8) -> Option<Self> {
        (tries_left <= secret.slot().tries()).then_some(Self { secret, tries_left })
    }

    /// Spends the try that the next comparison needs.
    ///
    /// Whoever keeps the card stores it before the comparison, so that a cut of the power after a
    /// wrong text gives no try back.
    pub(crate) fn spend(&mut self) -> Result<(), CardError> {
        let blocked = CardError::SecretBlocked { slot: self.secret.slot() };
        self.tries_left = self.tries_left.checked_sub(1).ok_or(blocked)?;
        Ok(())
    }

    /// Compares what the holder typed, a try having been spent: the right text restores them all.
    pub(crate) fn compare(&mut self, typed: &[u8]) -> Result<(), CardError> {
        let slot = self.secret.slot();
        if verify_slices_are_equal(self.secret.text().as_bytes(), typed).is_ok() {
            self.tries_left = slot.tries();
            return Ok(());
        }
        Err(CardError::SecretWrong { slot, tries_left: self.tries_left })
    }

    /// Spends a try and compares.
    pub(crate) fn verify(&mut self, typed: &str) -> Result<(), CardError> {
        self.spend()?;
        self.compare(typed.as_bytes())
    }

    /// How many tries are left.
    pub(crate) fn tries_left(&self) -> u8 {
        self.tries_left
    }

    /// The text, for the sealed form only.
    pub(crate) fn text(&self) -> &str {
        self.secret.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::slot::CardSlot;

    #[test]
    fn secrets_do_not_print_themselves() {
        let secret = HolderSecret::parse(CardSlot::Signature, "ABC123").expect("valid");
        assert!(!format!("{:?}", GuardedSecret::new(secret)).contains("ABC123"));
    }
}
