//! What a window does to a card, with a card master that knows its keys.

use domain::act::Act;
use jitsuin_card::scp03::StaticKeys;
use jitsuin_card::terminal::{
    CardMaster, CardMasterError, CardTerminal, Handshake, Load, SecuredCard, SessionGrant,
};
use jitsuin_card::{CardSlot, DataEncryptionKey};
use testkit::{Clock, act};

use super::holder::{Holder, OPERATION, secrets};
use super::reader::{DATA_ENCRYPTION, Reader, keys};

const NONCE: [u8; 32] = [9; 32];

pub(crate) struct Office {
    act: Act,
    master: Master,
}

struct Master(StaticKeys);

impl CardMaster for Master {
    fn open_session(&self, _: &Act, heard: &Handshake) -> Result<SessionGrant, CardMasterError> {
        let keys = heard.session_keys(&self.0)?;
        Ok(SessionGrant { keys, dek: DataEncryptionKey::new(&DATA_ENCRYPTION) })
    }
}

impl Office {
    pub(crate) fn new() -> Self {
        let master = Master(StaticKeys::from(&keys()));
        Self { act: act(&Clock::at("2026-11-22T03:00:00Z")), master }
    }

    /// Keys and certificates of both slots at once, and a proof of each key.
    pub(crate) fn issue_both(&self, reader: &Reader, holder: &Holder) {
        let mut card = self.at_reader(reader);
        card.store(&CardSlot::ALL.map(|slot| holder.load(slot))).unwrap();
        for slot in CardSlot::ALL {
            card.prove_possession(slot, &NONCE).unwrap();
        }
    }

    /// Both secrets at once, and each key proven and delivered.
    pub(crate) fn deliver_both(&self, reader: &Reader) {
        self.deliver_slots(reader, &CardSlot::ALL);
    }

    /// One certificate as the window has it issued: the holder's key must prove itself before its
    /// certificate is made, that of the CA comes with it.
    pub(crate) fn issue(&self, reader: &Reader, holder: &Holder, slot: CardSlot) {
        let mut card = self.at_reader(reader);
        match slot {
            CardSlot::Authentication => card.store(&[holder.load(slot)]).unwrap(),
            CardSlot::Signature => {
                let load = holder.load(slot);
                card.store(&[Load { certificates: None, ..load.clone() }]).unwrap();
                card.loading_public_key(slot).unwrap();
                card.prove_possession(slot, &NONCE).unwrap();
                card.store(&[Load { key: None, ..load }]).unwrap();
            }
        }
        card.prove_possession(slot, &NONCE).unwrap();
    }

    /// One certificate as the window delivers it.
    pub(crate) fn deliver(&self, reader: &Reader, slot: CardSlot) {
        self.deliver_slots(reader, &[slot]);
    }

    fn deliver_slots(&self, reader: &Reader, slots: &[CardSlot]) {
        let mut card = self.at_reader(reader);
        card.stage_secrets(&OPERATION, &secrets(slots)).unwrap();
        for slot in slots {
            card.prove_possession(*slot, &NONCE).unwrap();
        }
        for slot in slots {
            card.deliver(*slot, &OPERATION).unwrap();
        }
    }

    /// The card in a channel, its report read.
    fn at_reader(&self, reader: &Reader) -> SecuredCard {
        let terminal = CardTerminal::select(reader.connect()).unwrap();
        let mut card = terminal.authenticate(&self.act, &self.master).unwrap();
        card.report().unwrap();
        card
    }
}
