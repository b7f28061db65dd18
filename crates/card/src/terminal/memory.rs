//! The in-memory twin of a card master: it knows every card's keys, and how far each has counted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use domain::act::Act;

use super::{CardMaster, CardMasterError, Handshake, SessionGrant};
use crate::protocol::card_keys::CardKeys;
use crate::protocol::card_number::CardNumber;
use crate::protocol::data_encryption::DataEncryptionKey;
use crate::protocol::scp03::StaticKeys;

/// A card master that ends with the process, and has no journal.
pub struct MemoryCardMaster {
    keys: Box<dyn Fn(CardNumber) -> CardKeys + Send + Sync>,
    granted: Mutex<BTreeMap<CardNumber, u32>>,
}

impl MemoryCardMaster {
    /// A master of cards whose keys are `keys`'.
    pub fn new(keys: impl Fn(CardNumber) -> CardKeys + Send + Sync + 'static) -> Self {
        Self { keys: Box::new(keys), granted: Mutex::default() }
    }
}

impl CardMaster for MemoryCardMaster {
    fn open_session(
        &self,
        _act: &Act,
        handshake: &Handshake,
    ) -> Result<SessionGrant, CardMasterError> {
        let of_card = (self.keys)(handshake.number);
        let keys = handshake.session_keys(&StaticKeys::from(&of_card))?;
        let count = handshake.count();
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if granted.get(&handshake.number).is_some_and(|last| *last >= count) {
            return Err(CardMasterError::SetBack);
        }
        granted.insert(handshake.number, count);
        Ok(SessionGrant { keys, dek: DataEncryptionKey::new(&of_card.data_encryption) })
    }
}

impl fmt::Debug for MemoryCardMaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryCardMaster(secret)")
    }
}
