//! What the office knows of a card: whose it is, until when, and what was put onto it.

use card::{CardSlot, LifeState};
use domain::id::{ApplicationId, CardId, MunicipalityCode, ResidentCode, SerialNumber};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use store::{CardRow, Change};

use crate::error::{Result, WindowError};

/// The only version of the stored shape so far.
const VERSION: u8 = 1;

const WHAT: &str = "the stored record of a card";

/// A card as the office knows it; what is really on it, the card says when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRecord {
    /// Its number.
    pub id: CardId,
    /// Whose it is.
    pub holder: ResidentCode,
    /// The municipality that hands it out.
    pub municipality: MunicipalityCode,
    /// The last civil day of its validity, in Japan (P4: certificates end with the card).
    pub expires_on: Date,
    /// Whether its holder has received it.
    pub is_handed_out: bool,
    /// Whether it is out of use for good. A card that could not be reached then still has to be
    /// destroyed when it turns up.
    pub is_destroyed: bool,
    /// The slot for user authentication.
    pub authentication: SlotRecord,
    /// The slot for signatures.
    pub signature: SlotRecord,
}

/// What the office knows of a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotRecord {
    /// What its holder received.
    pub delivered: Option<OnSlot>,
    /// The application that the slot is bound to until it is delivered or given up.
    pub loading: Option<OnSlot>,
}

/// What fills a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnSlot {
    /// The application it comes from.
    pub application: ApplicationId,
    /// The certificate, once it is on the card.
    pub serial: Option<SerialNumber>,
}

impl CardRecord {
    /// One slot.
    pub fn slot(&self, slot: CardSlot) -> &SlotRecord {
        match slot {
            CardSlot::Authentication => &self.authentication,
            CardSlot::Signature => &self.signature,
        }
    }

    /// One slot, to change it.
    pub(crate) fn slot_mut(&mut self, slot: CardSlot) -> &mut SlotRecord {
        match slot {
            CardSlot::Authentication => &mut self.authentication,
            CardSlot::Signature => &mut self.signature,
        }
    }

    /// Where the card is in its life, as the office knows it.
    pub fn life(&self) -> LifeState {
        if self.is_destroyed {
            return LifeState::Destroyed;
        }
        LifeState::of_slots(CardSlot::ALL.map(|slot| {
            let slot = self.slot(slot);
            (slot.delivered.is_some(), slot.loading.is_some())
        }))
    }

    /// The change that stores it.
    pub(crate) fn put(&self) -> Result<Change> {
        let stored = StoredCard {
            version: VERSION,
            expires_on: self.expires_on.to_string(),
            is_handed_out: self.is_handed_out,
            is_destroyed: self.is_destroyed,
            authentication: StoredSlot::from(&self.authentication),
            signature: StoredSlot::from(&self.signature),
        };
        Ok(Change::PutCard(CardRow {
            id: self.id.clone(),
            holder: self.holder.clone(),
            municipality: self.municipality,
            record: serde_json::to_vec(&stored).map_err(unreadable)?,
        }))
    }

    /// The record in its row.
    ///
    /// # Errors
    /// [`WindowError::Unreadable`] when it is not what [`put`](Self::put) writes.
    pub(crate) fn restore(row: CardRow) -> Result<Self> {
        let stored: StoredCard = serde_json::from_slice(&row.record).map_err(unreadable)?;
        if stored.version != VERSION {
            return Err(unreadable(format!("version {} is not known", stored.version)));
        }
        Ok(Self {
            id: row.id,
            holder: row.holder,
            municipality: row.municipality,
            expires_on: stored.expires_on.parse().map_err(unreadable)?,
            is_handed_out: stored.is_handed_out,
            is_destroyed: stored.is_destroyed,
            authentication: stored.authentication.restore()?,
            signature: stored.signature.restore()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCard {
    version: u8,
    expires_on: String,
    is_handed_out: bool,
    is_destroyed: bool,
    authentication: StoredSlot,
    signature: StoredSlot,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSlot {
    delivered: Option<StoredOnSlot>,
    loading: Option<StoredOnSlot>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredOnSlot {
    application: String,
    serial: Option<String>,
}

impl From<&SlotRecord> for StoredSlot {
    fn from(slot: &SlotRecord) -> Self {
        let store = |on: &OnSlot| StoredOnSlot {
            application: on.application.to_string(),
            serial: on.serial.map(|serial| serial.to_string()),
        };
        Self {
            delivered: slot.delivered.as_ref().map(store),
            loading: slot.loading.as_ref().map(store),
        }
    }
}

impl StoredSlot {
    fn restore(self) -> Result<SlotRecord> {
        let restore = |stored: StoredOnSlot| -> Result<OnSlot> {
            let serial = stored.serial.map(|serial| serial.parse().map_err(unreadable));
            Ok(OnSlot {
                application: stored.application.parse().map_err(unreadable)?,
                serial: serial.transpose()?,
            })
        };
        Ok(SlotRecord {
            delivered: self.delivered.map(restore).transpose()?,
            loading: self.loading.map(restore).transpose()?,
        })
    }
}

fn unreadable(problem: impl ToString) -> WindowError {
    WindowError::Unreadable { what: WHAT, problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A record as an earlier program wrote it; this text may never stop being readable.
    fn earlier() -> Value {
        json!({
            "version": 1, "expires_on": "2036-01-02", "is_handed_out": true,
            "is_destroyed": false,
            "authentication": {
                "delivered": { "application": "ap-1", "serial": "0000000000000000000000000000000a" },
                "loading": { "application": "ap-2", "serial": null }
            },
            "signature": { "delivered": null, "loading": null }
        })
    }

    fn row(record: &Value) -> CardRow {
        CardRow {
            id: "card-1".parse().expect("an id"),
            holder: "10000000001".parse().expect("a code"),
            municipality: "11203".parse().expect("a code"),
            record: record.to_string().into_bytes(),
        }
    }

    #[test]
    fn l1_a_card_s_record_is_stored_as_it_was_read() {
        let record = CardRecord::restore(row(&earlier())).expect("readable");
        assert_eq!(record.life(), LifeState::Delivered);
        let Change::PutCard(again) = record.put().expect("encodes") else { panic!("a card") };
        let stored: Value = serde_json::from_slice(&again.record).expect("JSON");
        assert_eq!(stored, earlier());
        assert_eq!((again.id, again.holder), (record.id, record.holder));
    }

    #[test]
    fn what_is_not_a_card_s_record_is_refused_and_never_guessed() {
        let spoil = |path: &str, value: Value| {
            let mut record = earlier();
            *record.pointer_mut(path).expect("a place") = value;
            record
        };
        let cases = [
            spoil("/version", json!(2)),
            spoil("/expires_on", json!("2036-02-30")),
            spoil("/authentication/delivered/serial", json!("xyz")),
            spoil("/authentication/loading/application", json!("")),
            json!("jitsuin card 1"),
        ];
        for case in cases {
            let error = CardRecord::restore(row(&case)).expect_err("spoilt");
            assert!(matches!(error, WindowError::Unreadable { .. }), "{error}");
        }
    }
}
