//! What the office knows of the cards: whose they are, and which slot is for what.

use std::sync::Arc;

use card::CardSlot;
use card::terminal::OperationTag;
use domain::id::{ApplicationId, CardId, MunicipalityCode};
use domain::municipality;
use domain::policy::Policy;
use store::reads::ReadWindows;
use x509::digest::sha256;

use crate::error::{Result, WindowError};
use crate::record::CardRecord;
use crate::register::{RegisterError, ResidentRegister};

/// What the office knows of cards, and which municipality keeps each.
#[derive(Clone)]
pub(super) struct CardRecords {
    records: Arc<dyn ReadWindows>,
    register: Arc<dyn ResidentRegister>,
}

impl CardRecords {
    /// The cards in `records`, kept where `register` says that their holders live.
    pub(super) fn new(
        records: &Arc<dyn ReadWindows>,
        register: &Arc<dyn ResidentRegister>,
    ) -> Self {
        Self { records: records.clone(), register: register.clone() }
    }

    /// What the office knows of a card, if anything.
    pub(super) fn find(&self, id: &CardId) -> Result<Option<CardRecord>> {
        self.records.card(id)?.map(CardRecord::restore).transpose()
    }

    /// What the office knows of a card that it must know.
    pub(super) fn known(&self, id: &CardId) -> Result<CardRecord> {
        self.find(id)?.ok_or(WindowError::Unknown { field: "card" })
    }

    /// Refuses unless the holder of the card is the municipality's.
    ///
    /// # Errors
    /// [`WindowError::Refused`], and [`WindowError::Register`]: nobody can tell.
    pub(super) fn expect_kept_here(
        &self,
        card: &CardRecord,
        municipality: MunicipalityCode,
    ) -> Result<()> {
        if self.is_kept_by(card, municipality)? {
            return Ok(());
        }
        let rule = "the record is kept by another municipality (S 2-1-3(16))";
        Err(WindowError::refused("resident", rule))
    }

    /// What the office knows of a card that somebody named, if anything.
    ///
    /// # Errors
    /// [`WindowError::Elsewhere`] where its holder is another municipality's, and
    /// [`WindowError::Register`]: nobody can tell.
    pub(super) fn named(
        &self,
        id: &CardId,
        municipality: MunicipalityCode,
    ) -> Result<Option<CardRecord>> {
        match self.find(id)? {
            Some(card) if !self.is_kept_by(&card, municipality)? => {
                Err(WindowError::Elsewhere { field: "card" })
            }
            known => Ok(known),
        }
    }

    /// What the office knows of a card, for the municipality that keeps its holder's record.
    pub(super) fn office_part(
        &self,
        card: Option<CardRecord>,
        municipality: MunicipalityCode,
    ) -> Result<Option<CardRecord>> {
        match card {
            Some(card) if self.is_kept_by(&card, municipality)? => Ok(Some(card)),
            _ => Ok(None),
        }
    }

    /// After the holder's record was removed, the card is the municipality's that made it out.
    fn is_kept_by(&self, card: &CardRecord, municipality: MunicipalityCode) -> Result<bool> {
        let home = match self.register.find(&card.holder) {
            Ok(resident) => resident.municipality,
            Err(RegisterError::NotFound(_)) => card.municipality,
            Err(down) => return Err(down.into()),
        };
        Ok(municipality::find(home).is_some_and(|known| known.code == municipality))
    }
}

/// The slot for a CA's certificates.
pub(super) fn slot_for(policy: &Policy) -> CardSlot {
    if policy.certifies_signatures() { CardSlot::Signature } else { CardSlot::Authentication }
}

/// The name under which an application loads a slot: whoever goes on with it finds its work there.
pub(super) fn tag_of(application: &ApplicationId) -> OperationTag {
    let digest = sha256(format!("application {application}").as_bytes());
    let mut tag = [0; 16];
    tag.copy_from_slice(&digest[..16]);
    OperationTag(tag)
}
