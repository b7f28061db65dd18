//! The cards at a window: new ones, brought ones, and how they are stored again after each change.

use card::{Card, CardSlot, LifeState, TransportKey, VaultKey};
use domain::certificate::CertificateKind;
use domain::id::{ApplicationId, CardId, MunicipalityCode, ResidentCode};
use domain::policy::{ExtensionRule, KeyUsageBit, Policy};
use domain::validity::{civil_date, nth_birthday_after};
use jiff::Timestamp;
use jiff::civil::Date;
use store::{CardRow, Change};
use x509::fingerprint::sha256;

use super::Window;
use super::operation::Step;
use crate::error::{Result, WindowError};
use crate::form::Request;

/// A card out of its sealed form, with what its row says beside it.
#[derive(Clone)]
pub(super) struct HeldCard {
    pub(super) card: Card,
    holder: ResidentCode,
    municipality: MunicipalityCode,
}

impl HeldCard {
    /// The change that stores the card as it is now; needed after every change of it.
    pub(super) fn put(&self, vault: &VaultKey) -> Result<Change> {
        Ok(Change::PutCard(CardRow {
            id: self.card.id().clone(),
            holder: self.holder.clone(),
            municipality: self.municipality,
            sealed: self.card.seal(vault)?,
        }))
    }
}

impl Window {
    /// The card that the certificate of an application goes onto: a new one, or the one brought.
    ///
    /// # Errors
    /// [`WindowError::Unknown`] and [`WindowError::Refused`] for a card that is not the resident's,
    /// not delivered, expired, or busy with another application.
    pub(super) fn card_for(&self, step: &Step<'_>, slot: CardSlot) -> Result<HeldCard> {
        let form = &step.application.record.form;
        let at = step.operation.act.at;
        let id = card_id(step)?;
        let stored = self.stored_card(&id)?;
        let (Request::IssueOnCard(_) | Request::Renewal(_)) = &form.request else {
            return match stored {
                // Only an earlier, cut attempt of this application can have stored it.
                Some(held) if step.application.record.prepared.is_some() => Ok(held),
                Some(_) => Err(WindowError::refused("card", "its number is taken")),
                None => Ok(HeldCard {
                    card: Card::manufacture(id, last_day(form.birth_date, at)?, transport_key()?),
                    holder: form.resident.clone(),
                    municipality: form.municipality,
                }),
            };
        };
        let held = stored.ok_or(WindowError::Unknown { field: "card" })?;
        expect_usable(&held, &form.resident, at)?;
        expect_alone(&held.card, slot)?;
        Ok(held)
    }

    /// A stored card that must be there.
    pub(super) fn expect_card(&self, id: &CardId) -> Result<HeldCard> {
        self.stored_card(id)?.ok_or(WindowError::Unknown { field: "card" })
    }

    fn stored_card(&self, id: &CardId) -> Result<Option<HeldCard>> {
        let Some(row) = self.store.card(id)? else {
            return Ok(None);
        };
        let card = Card::open(&row.sealed, &self.vault)?;
        if card.id() != id {
            let problem = "another card is sealed in it".into();
            return Err(WindowError::Unreadable { what: "a stored card", problem });
        }
        Ok(Some(HeldCard { card, holder: row.holder, municipality: row.municipality }))
    }
}

/// The slot for a CA's certificates: nonRepudiation in the profile means signatures (S 7-1-1).
pub(super) fn slot_for(policy: &Policy) -> CardSlot {
    let signs = |rule: &ExtensionRule| matches!(rule, ExtensionRule::KeyUsage(bits) if bits.contains(&KeyUsageBit::NonRepudiation));
    match policy.profiles.get(&CertificateKind::User) {
        Some(profile) if profile.extensions.iter().any(|e| signs(&e.rule)) => CardSlot::Signature,
        _ => CardSlot::Authentication,
    }
}

/// The number of the card that the application's certificate goes onto.
pub(super) fn card_id(step: &Step<'_>) -> Result<CardId> {
    match &step.application.record.form.request {
        Request::IssueOnCard(card) | Request::Renewal(card) => Ok(card.clone()),
        _ => new_card_id(&step.application.id),
    }
}

/// The other slot must be empty: a card delivers all that is loaded, and only this is proven.
pub(super) fn expect_alone(card: &Card, slot: CardSlot) -> Result<()> {
    for other in CardSlot::ALL.into_iter().filter(|other| *other != slot) {
        if card.loading_public_key(other)?.is_some() {
            let rule = format!(
                "its {other} slot is being loaded for another application; complete that first"
            );
            return Err(WindowError::refused("card", rule));
        }
    }
    Ok(())
}

fn expect_usable(held: &HeldCard, resident: &ResidentCode, at: Timestamp) -> Result<()> {
    let refuse = |rule: &str| Err(WindowError::refused("card", rule));
    if held.holder != *resident {
        return refuse("it is not a card of this resident (A 4.1.2.1(2), S 4-1-1)");
    }
    if held.card.life() != LifeState::Delivered {
        return refuse("it was not delivered to its holder, or is destroyed (A 4.3.1.1(2))");
    }
    if held.card.expires_on() < civil_date(at) {
        return refuse("it has expired (A 6.3.2.2)");
    }
    Ok(())
}

/// The number of an application's new card; a repetition finds the same one. 96 bits do not meet
/// by chance among all cards of a country.
fn new_card_id(application: &ApplicationId) -> Result<CardId> {
    let digest = sha256(format!("card {application}").as_bytes());
    let digits = x509::fingerprint::hex(&digest[..12]);
    format!("card-{digits}").parse().map_err(|error: domain::id::InvalidId| {
        WindowError::Unreadable { what: "a card id", problem: error.to_string() }
    })
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

fn transport_key() -> Result<TransportKey> {
    Ok(TransportKey::generate()?)
}
