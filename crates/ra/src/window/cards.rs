//! What the office knows of the cards: whose they are, and the rules of who may use which slot.

use card::CardSlot;
use card::terminal::OperationTag;
use domain::id::{ApplicationId, CardId, MunicipalityCode, ResidentCode};
use domain::municipality;
use domain::policy::Policy;
use domain::rule;
use domain::validity::{civil_date, nth_birthday_after};
use jiff::Timestamp;
use jiff::civil::Date;
use x509::fingerprint::sha256;

use super::Window;
use super::step::Step;
use crate::error::{Result, WindowError};
use crate::form::Request;
use crate::record::{CardRecord, OnSlot, SlotRecord};
use crate::register::RegisterError;

impl Window {
    /// What the office knows of a card, if anything.
    pub(super) fn card_record(&self, id: &CardId) -> Result<Option<CardRecord>> {
        self.store.card(id)?.map(CardRecord::restore).transpose()
    }

    /// What the office knows of a card that it must know.
    pub(super) fn known_card(&self, id: &CardId) -> Result<CardRecord> {
        self.card_record(id)?.ok_or(WindowError::Unknown { field: "card" })
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
    pub(super) fn named_card(
        &self,
        id: &CardId,
        municipality: MunicipalityCode,
    ) -> Result<Option<CardRecord>> {
        match self.card_record(id)? {
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

/// The card that the applicant brought, by the form.
pub(super) fn brought_card<'a>(step: &'a Step<'_>) -> Option<&'a CardId> {
    match &step.application.record.form.request {
        Request::IssueOnCard(card) | Request::Renewal(card) => Some(card),
        _ => None,
    }
}

/// A card that the resident brought must be theirs, in use, and not busy.
pub(super) fn expect_brought(record: &CardRecord, step: &Step<'_>, slot: CardSlot) -> Result<()> {
    expect_usable(record, &step.application.resident, step.operation.act.at)?;
    expect_free(record, &step.application.id, slot)
}

/// The record of a new card for the application's resident, with nothing on it.
pub(super) fn new_record(id: &CardId, step: &Step<'_>) -> Result<CardRecord> {
    let form = &step.application.record.form;
    Ok(CardRecord {
        id: id.clone(),
        holder: form.resident.clone(),
        municipality: form.municipality,
        expires_on: last_day(form.birth_date, step.operation.act.at)?,
        is_handed_out: false,
        is_destroyed: false,
        authentication: SlotRecord::default(),
        signature: SlotRecord::default(),
    })
}

/// Nobody else's application may be on its way on the card: its clerk counts on what it holds.
fn expect_free(record: &CardRecord, application: &ApplicationId, slot: CardSlot) -> Result<()> {
    let is_another = |on: &OnSlot| on.application != *application;
    for busy in CardSlot::ALL {
        if record.slot(busy).loading.as_ref().is_some_and(is_another) {
            let what = match busy == slot {
                true => "bound to another application",
                false => "being loaded for an application",
            };
            let rule = rule!("its {} slot is {}: complete or withdraw that first", busy, what);
            return Err(WindowError::refused("card", rule));
        }
    }
    Ok(())
}

fn expect_usable(record: &CardRecord, resident: &ResidentCode, at: Timestamp) -> Result<()> {
    let refuse = |rule: &'static str| Err(WindowError::refused("card", rule));
    if record.holder != *resident {
        return refuse("it is not a card of this resident (A 4.1.2.1(2), S 4-1-1)");
    }
    if record.is_destroyed || !record.is_handed_out {
        return refuse("it was not delivered to its holder, or is destroyed (A 4.3.1.1(2))");
    }
    if record.expires_on < civil_date(at) {
        return refuse("it has expired (A 6.3.2.2)");
    }
    Ok(())
}

/// The last day of a new card: the tenth birthday after its issue, for minors the fifth.
///
/// An assumption from the rules on the Individual Number Card; neither CPS says it.
fn last_day(birth: Date, at: Timestamp) -> Result<Date> {
    const MAJORITY_YEARS: u8 = 18;
    let today = civil_date(at);
    let out_of_range =
        |_| WindowError::refused("birth_date", "the card's end is out of the calendar's range");
    let adult_from = nth_birthday_after(birth, birth, MAJORITY_YEARS).map_err(out_of_range)?;
    let count = if today < adult_from { 5 } else { 10 };
    nth_birthday_after(today, birth, count).map_err(out_of_range)
}
