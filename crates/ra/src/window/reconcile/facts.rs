//! What card, office and CA know of a slot, gathered for the table.

use card::CardSlot;
use card::terminal::{CardReport, DeliveredReport, LoadingReport};
use domain::act::Act;
use domain::id::ApplicationId;
use jiff::Timestamp;

use super::super::cards::tag_of;
use super::super::slots::Slots;
use super::table::{Bound, Delivered, Loading, Recorded, Remedy, SlotFacts, remedies};
use crate::authority::HolderCertificate;
use crate::error::Result;
use crate::record::{CardRecord, OnSlot};

/// What a slot needs, with the application that it is bound to.
pub(super) fn slot_remedies(
    slots: &Slots,
    act: &Act,
    slot: CardSlot,
    report: &CardReport,
    record: &CardRecord,
) -> Result<(Vec<Remedy>, Option<ApplicationId>)> {
    let on_record = record.slot(slot);
    let bound = on_record.loading.as_ref().map(|on| slots.application(on)).transpose()?;
    let certificate = on_record.delivered.as_ref().map(|on| slots.certificate(on));
    let certificate = certificate.transpose()?.flatten();
    let on_card = report.slot(slot);
    let own = bound.as_ref().and_then(|(_, certificate)| certificate.as_ref());
    let facts = SlotFacts {
        loading: loading(
            on_card.loading.as_ref(),
            bound.as_ref().map(|(application, _)| &application.id),
            own,
            certificate.as_ref().filter(|certificate| certificate.is_in_force(act.at)),
        ),
        delivered: delivered(on_card.delivered.as_ref(), certificate.as_ref(), own),
        recorded: recorded(on_record.delivered.as_ref(), certificate.as_ref(), act.at),
        bound: bound.as_ref().map(|(application, certificate)| Bound {
            state: application.state,
            certificate: certificate.as_ref().map(|certificate| certificate.state.name()),
        }),
    };
    Ok((remedies(&facts), bound.map(|(application, _)| application.id)))
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

/// A certificate that the CA does not know is not known to have ended.
fn recorded(
    on: Option<&OnSlot>,
    certificate: Option<&HolderCertificate>,
    at: Timestamp,
) -> Recorded {
    match (on, certificate) {
        (None, _) => Recorded::Nothing,
        (Some(_), Some(certificate)) if !certificate.is_in_force(at) => Recorded::Ended,
        (Some(_), _) => Recorded::InForce,
    }
}
