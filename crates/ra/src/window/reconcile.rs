//! Holds a card against the office and the CAs, tells what does not agree, and mends it (L1–L3).

mod table;

use card::CardSlot;
use card::terminal::{CardReport, DeliveredReport, LoadingReport, TerminalError};
use domain::act::Act;
use domain::id::{ApplicationId, CardId, SerialNumber};
use domain::journal::EventKind;
use store::{Entry, Unit};
use x509::fingerprint::{hex, sha256};

use self::table::{Bound, Delivered, Loading, SlotFacts, remedy};
use super::at_reader::changed;
use super::cards::tag_of;
use super::{Application, CardPlace, Window, clerk};
use crate::authority::HolderCertificate;
use crate::error::{Result, WindowError};
use crate::readers::Wanted;
use crate::record::{CardRecord, OnSlot, SlotRecord};

pub use self::table::Remedy;

/// Whether what does not agree is only shown, or mended too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// Nothing changes.
    ShowOnly,
    /// What half-finished steps left is carried to its end.
    Mend,
}

/// What a reconciliation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The card, by its own word.
    pub card: CardId,
    /// What the card says is on it, before anything was mended; none of a destroyed card.
    pub report: Option<CardReport>,
    /// What the office had down, if it knows the card.
    pub record: Option<CardRecord>,
    /// What does not agree; nothing when everything does.
    pub findings: Vec<Finding>,
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The slot; none for the whole card.
    pub slot: Option<CardSlot>,
    /// What does not agree.
    pub what: &'static str,
    /// What came of it.
    pub outcome: Mended,
}

/// What came of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mended {
    /// Card, office and CA agree now.
    Done,
    /// It was only shown.
    Shown,
    /// It is left to a person: why.
    Left(String),
}

impl Window {
    /// Asks the card on the reader what is on it, and holds that against the office's record and
    /// the CAs.
    ///
    /// Mending repeats nothing that is done, so it may be cut off and repeated itself; each step of
    /// it leaves the entries of that step.
    ///
    /// # Errors
    /// [`WindowError::NotPermitted`], [`WindowError::Reader`], [`WindowError::Card`] and what the
    /// store and the CAs say. What cannot be mended is a finding and no error.
    pub fn reconcile(
        &self,
        act: &Act,
        wanted: &Wanted,
        mending: Mending,
    ) -> Result<Reconciliation> {
        let result = self.reconcile_unrecorded(act, wanted, mending);
        let subject = wanted.card.as_ref().map_or("reader", CardId::as_str);
        self.recording(act, EventKind::CardChanged, subject, result)
    }

    fn reconcile_unrecorded(
        &self,
        act: &Act,
        wanted: &Wanted,
        mending: Mending,
    ) -> Result<Reconciliation> {
        clerk(&act.actor)?;
        let (card, report) = match self.at_reader(act, wanted) {
            Ok(at) => (at.card.id().clone(), at.report.clone()),
            Err(WindowError::Card(TerminalError::Destroyed)) => {
                return self.silent(act, wanted, mending);
            }
            Err(error) => return Err(error),
        };
        // From here on the card itself is meant, whatever lies on the reader by then.
        let wanted = Wanted { reader: wanted.reader.clone(), card: Some(card.clone()) };
        let record = self.card_record(&card)?;
        let findings = self.findings(act, &wanted, mending, (&report, record.as_ref()))?;
        self.note(act, &card, mending, &findings)?;
        Ok(Reconciliation { card, report: Some(report), record, findings })
    }

    /// What does not agree about the whole card or a slot, mended if that is asked.
    fn findings(
        &self,
        act: &Act,
        wanted: &Wanted,
        mending: Mending,
        (report, record): (&CardReport, Option<&CardRecord>),
    ) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        match record {
            Some(record) if record.is_destroyed => {
                let what = "the card is to be destroyed";
                let destroy = || self.mend_destruction(act, wanted, record.clone());
                findings.push(finding(None, what, mending, destroy));
            }
            Some(record) => {
                for slot in CardSlot::ALL {
                    findings.extend(self.reconcile_slot(
                        act,
                        wanted,
                        mending,
                        (slot, report, record),
                    )?);
                }
            }
            None if report.life() == card::LifeState::Blank => {}
            None => findings.push(Finding {
                slot: None,
                what: "the office does not know the card, and it is not blank",
                outcome: Mended::Left("find out where it comes from".into()),
            }),
        }
        Ok(findings)
    }

    /// A card that says it is destroyed.
    fn silent(&self, act: &Act, wanted: &Wanted, mending: Mending) -> Result<Reconciliation> {
        let record = wanted.card.as_ref().map(|card| self.card_record(card)).transpose()?.flatten();
        match record {
            Some(record) if record.is_destroyed => {
                self.note(act, &record.id, mending, &[])?;
                let (card, findings) = (record.id.clone(), Vec::new());
                Ok(Reconciliation { card, report: None, record: Some(record), findings })
            }
            _ => Err(TerminalError::Destroyed.into()),
        }
    }

    /// That the card was held against the office, and what came of it.
    fn note(&self, act: &Act, card: &CardId, mending: Mending, findings: &[Finding]) -> Result<()> {
        let mode = match mending {
            Mending::ShowOnly => "show only",
            Mending::Mend => "mend",
        };
        let mut entry =
            Entry::new(EventKind::RecordsRead, act).subject(card).detail("reconciliation", mode);
        for Finding { what, outcome, .. } in findings {
            let came = match outcome {
                Mended::Done => "mended",
                Mended::Shown => "shown",
                Mended::Left(_) => "left to a person",
            };
            entry = entry.detail("finding", format!("{what}: {came}"));
        }
        self.store.commit(Unit::new(entry))?;
        Ok(())
    }

    fn reconcile_slot(
        &self,
        act: &Act,
        wanted: &Wanted,
        mending: Mending,
        (slot, report, record): (CardSlot, &CardReport, &CardRecord),
    ) -> Result<Option<Finding>> {
        let bound = record.slot(slot).loading.as_ref().map(|on| self.bound(on)).transpose()?;
        let recorded = match &record.slot(slot).delivered {
            Some(on) => self.certificate_on(on)?,
            None => None,
        };
        let on_card = report.slot(slot);
        let own = bound.as_ref().and_then(|(_, certificate)| certificate.as_ref());
        let facts = SlotFacts {
            loading: loading(
                on_card.loading.as_ref(),
                bound.as_ref().map(|(a, _)| &a.id),
                own,
                recorded.as_ref().filter(|certificate| certificate.is_in_force(act.at)),
            ),
            delivered: delivered(on_card.delivered.as_ref(), recorded.as_ref(), own),
            is_recorded: record.slot(slot).delivered.is_some(),
            bound: bound.as_ref().map(|(application, certificate)| Bound {
                state: application.state,
                certificate: certificate.as_ref().map(|certificate| certificate.state.name()),
            }),
        };
        let Some(remedy) = remedy(&facts) else {
            return Ok(None);
        };
        let application = bound.map(|(application, _)| application.id);
        let mend = || self.mend(act, wanted, slot, remedy, application.as_ref());
        Ok(Some(finding(Some(slot), remedy.finding(), mending, mend)))
    }

    /// Carries out a remedy, each under an operation id of its own that a repetition finds again.
    fn mend(
        &self,
        act: &Act,
        wanted: &Wanted,
        slot: CardSlot,
        remedy: Remedy,
        application: Option<&ApplicationId>,
    ) -> Result<()> {
        let reader = wanted.reader.as_deref();
        let unbound = || WindowError::Unknown { field: "application" };
        let step = Act { operation: operation_of(act, slot)?, ..act.clone() };
        match remedy {
            Remedy::FinishIssue => {
                self.issue(&step, application.ok_or_else(unbound)?, reader).map(drop)
            }
            Remedy::FinishDelivery => {
                let secrets = card::HolderSecrets::default();
                let id = application.ok_or_else(unbound)?;
                self.deliver(&step, id, secrets, reader).map(drop)
            }
            Remedy::FinishDiscard => {
                let id = application.ok_or_else(unbound)?;
                self.discard(&step, id, CardPlace::Reader(reader))
            }
            Remedy::DeliverRecorded => self.mend_delivery(act, wanted, slot),
            Remedy::ClearLoading => self.mend_loading(act, wanted, slot),
            Remedy::RecordErasure => self.mend_record(act, wanted, slot),
            Remedy::ByHand(what) => Err(WindowError::refused("card", what)),
        }
    }

    fn mend_delivery(&self, act: &Act, wanted: &Wanted, slot: CardSlot) -> Result<()> {
        let mut at = self.at_reader(act, wanted)?;
        if let Some(loading) = at.report.slot(slot).loading.clone() {
            at.card.deliver(slot, &loading.operation)?;
        }
        let entry = changed(act, at.card.id(), "delivered once more").detail("slot", slot);
        self.store.commit(Unit::new(entry))?;
        Ok(())
    }

    fn mend_loading(&self, act: &Act, wanted: &Wanted, slot: CardSlot) -> Result<()> {
        let mut at = self.at_reader(act, wanted)?;
        if at.report.slot(slot).loading.is_some() {
            at.card.discard(slot)?;
        }
        let entry = changed(act, at.card.id(), "what nobody waited for was given up");
        self.store.commit(Unit::new(entry.detail("slot", slot)))?;
        Ok(())
    }

    fn mend_record(&self, act: &Act, wanted: &Wanted, slot: CardSlot) -> Result<()> {
        let at = self.at_reader(act, wanted)?;
        let mut record = self.known_card(at.card.id())?;
        *record.slot_mut(slot) = SlotRecord::default();
        let entry = changed(act, &record.id, "found erased").detail("slot", slot);
        self.store.commit(Unit::new(entry).change(record.put()?))?;
        Ok(())
    }

    fn mend_destruction(&self, act: &Act, wanted: &Wanted, mut record: CardRecord) -> Result<()> {
        self.destroy(act, &mut record, wanted.reader.as_deref())?;
        self.store.commit(Unit::new(changed(act, &record.id, "destroyed")))?;
        Ok(())
    }

    /// The application that fills a slot, with its newest certificate.
    fn bound(&self, on: &OnSlot) -> Result<(Application, Option<HolderCertificate>)> {
        let row = self.store.application(&on.application)?;
        let application =
            Application::restore(row.ok_or(WindowError::Unknown { field: "application" })?)?;
        let certificates =
            self.authority(&application.ca)?.certificates_of(&application.resident)?;
        let mut own =
            certificates.into_iter().filter(|c| c.application.as_ref() == Some(&application.id));
        let certificate = own.next();
        Ok((application, certificate))
    }

    /// The certificate that the office has down on a slot.
    pub(super) fn certificate_on(&self, on: &OnSlot) -> Result<Option<HolderCertificate>> {
        let row = self.store.application(&on.application)?;
        let row = row.ok_or(WindowError::Unknown { field: "application" })?;
        let certificates = self.authority(&row.ca)?.certificates_of(&row.resident)?;
        let is_it = |serial: &SerialNumber| Some(*serial) == on.serial;
        Ok(certificates.into_iter().find(|certificate| is_it(&certificate.serial)))
    }
}

fn finding(
    slot: Option<CardSlot>,
    what: &'static str,
    mending: Mending,
    mend: impl FnOnce() -> Result<()>,
) -> Finding {
    let outcome = match mending {
        Mending::ShowOnly => Mended::Shown,
        Mending::Mend => match mend() {
            Ok(()) => Mended::Done,
            Err(error) => Mended::Left(error.to_string()),
        },
    };
    Finding { slot, what, outcome }
}

fn loading(
    on_card: Option<&LoadingReport>,
    application: Option<&ApplicationId>,
    certificate: Option<&HolderCertificate>,
    in_force: Option<&HolderCertificate>,
) -> Loading {
    match on_card {
        None => Loading::Nothing,
        Some(key) if in_force.is_some_and(|recorded| recorded.spki_sha256 == key.key_hash) => {
            Loading::AsRecorded
        }
        Some(key) if application.is_some_and(|id| key.operation == tag_of(id)) => match certificate
        {
            Some(certificate) if certificate.spki_sha256 == key.key_hash => Loading::Certified,
            _ => Loading::Uncertified,
        },
        Some(_) => Loading::Stray,
    }
}

fn delivered(
    on_card: Option<&DeliveredReport>,
    recorded: Option<&HolderCertificate>,
    bound: Option<&HolderCertificate>,
) -> Delivered {
    let holds = |certificate: Option<&HolderCertificate>, key: &DeliveredReport| {
        certificate.is_some_and(|certificate| certificate.spki_sha256 == key.key_hash)
    };
    match on_card {
        None => Delivered::Nothing,
        Some(key) if holds(recorded, key) => Delivered::AsRecorded,
        Some(key) if holds(bound, key) => Delivered::OfBound,
        Some(_) => Delivered::Unknown,
    }
}

/// The operation id of what is mended in a slot by this act.
fn operation_of(act: &Act, slot: CardSlot) -> Result<domain::id::OperationId> {
    let digest = sha256(format!("mend {slot} {}", act.operation).as_bytes());
    let id = format!("mend-{}", hex(&digest[..16]));
    id.parse().map_err(|error: domain::id::InvalidId| WindowError::Unreadable {
        what: "an operation id",
        problem: error.to_string(),
    })
}
