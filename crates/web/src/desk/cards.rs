//! Cards on the readers of the windows: read, unlocked, emptied, reconciled (W1, L1).
//!
//! The windows themselves recognise a repetition, by all that is asked but for any secret.

use card::terminal::{CardReport, SlotReport};
use card::{CardNumber, CardSlot, HolderSecret};
use domain::act::Act;
use domain::id::CardId;
use domain::journal::EventKind;
use ra::readers::Wanted;
use ra::record::{CardRecord, OnSlot, SlotRecord};
use ra::window::Reconciliation;
use ra::window::{
    CardReading, CertificateCopy, EvidenceItem, EvidenceRecord, Finding, Mended, Mending,
};
use serde::{Deserialize, Serialize};
use store::{Entry, Unit};
use utoipa::ToSchema;
use x509::digest::sha256;

use super::certificates::certificate_pem;
use super::permission::Operation as Permitted;
use crate::operation::{Call, Listed, Needs, Operation, Spec, text};
use crate::problem::Problem;
use crate::wire::{DocumentBody, SecretText};

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<MakeCard>(),
    Listed::of::<ReadCard>(),
    Listed::of::<ChangeCardSecret>(),
    Listed::of::<ResetCardSecret>(),
    Listed::of::<EraseCard>(),
    Listed::of::<ReconcileCard>(),
];

/// What is said of an operation at a reader, which the query names with the card.
const fn at_reader(operation: Permitted, path: &'static str, words: &'static str) -> Spec {
    Spec::post(operation, path, "cards", words).asked(&["reader", "card"]).needing(Needs::Windows)
}

/// Reads the card on a reader.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CardReadingRequestBody)]
pub struct ReadCard {
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// The card's id; whatever lies on the reader when left out.
    pub card: Option<text::Card>,
    /// The password for signatures, typed by the holder.
    pub signature_password: Option<SecretText>,
}

impl Operation for ReadCard {
    const SPEC: Spec = at_reader(Permitted::ReadCard, "/api/v1/card-readings", "What is on it.");

    type Answer = CardBody;

    fn run(self, call: &Call<'_>) -> Result<CardBody, Problem> {
        let wanted = wanted(self.reader, self.card);
        let password = self.signature_password.as_ref().map(|typed| typed.expose());
        call.window()?.card_service().read(call.act(), &wanted, password)?.try_into()
    }
}

/// Makes a blank emulated card; its keys come from the card master key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeCard {
    /// Which signature keys it takes: any that a practice statement has, or those of today's application alone.
    #[serde(default)]
    pub keys: text::SignatureKeys,
}

impl Operation for MakeCard {
    const SPEC: Spec =
        Spec::post(Permitted::MakeCard, "/api/v1/cards", "cards", "The card.").creating();

    type Answer = MadeCardBody;

    fn run(self, call: &Call<'_>) -> Result<MadeCardBody, Problem> {
        let done = call.once_in_a_unit(|| {
            // Cut off between the card and its entry, the repetition finds the card by its number.
            call.begun_before()?;
            let card = call.desk().workshop()?.make_card(*self.keys, own_number(call.act()));
            let card = call.checked(card)?;
            let entry = Entry::new(EventKind::CardChanged, call.act()).subject(&card);
            let entry = entry.detail("change", "a blank emulated card was made");
            Ok((Unit::new(entry), card.to_string()))
        });
        Ok(MadeCardBody { card: done?.answer() })
    }
}

/// The number of the card that an operation makes: nobody finds an operation's id to a number that is taken.
fn own_number(act: &Act) -> CardNumber {
    let digest = sha256(format!("a card made under {}", act.operation).as_bytes());
    let mut number = [0; 10];
    number.iter_mut().zip(digest).for_each(|(octet, of_digest)| *octet = of_digest);
    CardNumber(number)
}

/// A card that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeCardBody {
    /// Its id.
    pub card: String,
}

/// Changes a secret by its holder.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretChangeBody)]
pub struct ChangeCardSecret {
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// The card's id; whatever lies on the reader when left out.
    pub card: Option<text::Card>,
    /// authentication or signature.
    pub slot: text::Slot,
    /// The present secret.
    pub present: SecretText,
    /// The new secret.
    pub new: SecretText,
}

impl Operation for ChangeCardSecret {
    const SPEC: Spec =
        at_reader(Permitted::ChangeCardSecret, "/api/v1/card-secret-changes", "Changed.");

    type Answer = CardChangedBody;

    fn run(self, call: &Call<'_>) -> Result<CardChangedBody, Problem> {
        let new = call.checked(new_secret(*self.slot, &self.new))?;
        let wanted = wanted(self.reader, self.card);
        let service = call.window()?.card_service();
        changed(&service.change_secret(call.act(), &wanted, self.present.expose(), &new)?)
    }
}

/// Sets a secret anew and unlocks it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretResetBody)]
pub struct ResetCardSecret {
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// The card's id; whatever lies on the reader when left out.
    pub card: Option<text::Card>,
    /// authentication or signature.
    pub slot: text::Slot,
    /// The new secret, typed by the holder.
    pub new: SecretText,
    /// Each document of the identity check.
    #[serde(default)]
    pub items: Vec<DocumentBody>,
    /// What made the clerk doubt; it refuses the operation.
    pub doubt: Option<String>,
}

impl Operation for ResetCardSecret {
    const SPEC: Spec = at_reader(Permitted::ResetCardSecret, "/api/v1/card-secret-resets", "Set.")
        .by_file(
            "evidence",
            "The record of the identity check, in JSON, as for an application.",
            &["items", "doubt"],
        );

    type Answer = CardChangedBody;

    fn run(self, call: &Call<'_>) -> Result<CardChangedBody, Problem> {
        let new = call.checked(new_secret(*self.slot, &self.new))?;
        let items = self.items.into_iter().map(EvidenceItem::from).collect();
        let evidence = EvidenceRecord { items, doubt: self.doubt };
        let wanted = wanted(self.reader, self.card);
        let service = call.window()?.card_service();
        changed(&service.reset_secret(call.act(), &wanted, &new, &evidence)?)
    }
}

/// Deletes a slot's key, certificates and secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErasureBody)]
pub struct EraseCard {
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// The card's id; whatever lies on the reader when left out.
    pub card: Option<text::Card>,
    /// authentication or signature.
    pub slot: text::Slot,
    /// Why.
    pub reason: String,
}

impl Operation for EraseCard {
    const SPEC: Spec = at_reader(Permitted::EraseCard, "/api/v1/card-erasures", "Deleted.");

    type Answer = CardChangedBody;

    /// The slot's certificate must have ended (W1).
    fn run(self, call: &Call<'_>) -> Result<CardChangedBody, Problem> {
        let wanted = wanted(self.reader, self.card);
        let service = call.window()?.card_service();
        changed(&service.erase(call.act(), &wanted, *self.slot, &self.reason)?)
    }
}

/// Holds a card against the office and the CAs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReconciliationRequestBody)]
pub struct ReconcileCard {
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// The card's id; whatever lies on the reader when left out.
    pub card: Option<text::Card>,
    /// Mend it, instead of only showing it.
    #[serde(default)]
    pub mend: bool,
}

impl Operation for ReconcileCard {
    const SPEC: Spec = at_reader(
        Permitted::ReconcileCard,
        "/api/v1/card-reconciliations",
        "What did not agree, and what came of it.",
    );

    type Answer = ReconciliationBody;

    fn run(self, call: &Call<'_>) -> Result<ReconciliationBody, Problem> {
        let wanted = wanted(self.reader, self.card);
        let mending = if self.mend { Mending::Mend } else { Mending::ShowOnly };
        Ok(call.window()?.reconciler().reconcile(call.act(), &wanted, mending)?.into())
    }
}

/// The card that is meant.
fn wanted(reader: Option<String>, card: Option<text::Card>) -> Wanted {
    Wanted { reader, card: card.map(|card| card.0), is_new: false }
}

fn new_secret(slot: CardSlot, typed: &SecretText) -> Result<HolderSecret, Problem> {
    HolderSecret::parse(slot, typed.expose()).map_err(|rule| Problem::refused("new", rule))
}

fn changed(card: &CardId) -> Result<CardChangedBody, Problem> {
    Ok(CardChangedBody { card: card.to_string() })
}

/// A card on which something was done.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardChangedBody {
    /// The card.
    pub card: String,
}

/// What was read off a card, and what the office knows of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardBody {
    /// The card, by its own word.
    pub card: String,
    /// blank, unusable, delivered or destroyed, by the card's own word.
    pub life: text::Life,
    /// What the card says of its slot for authentication.
    pub authentication: SlotBody,
    /// What the card says of its slot for signatures.
    pub signature: SlotBody,
    /// What the office knows; absent for a card it does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<CardRecordBody>,
    /// The certificates that could be read.
    pub certificates: Vec<CertificateCopyBody>,
}

/// What a card says of a slot.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SlotBody {
    /// Whether its holder can use a key of it.
    pub delivered: bool,
    /// Whether a key is on its way.
    pub loading: bool,
    /// How many tries the secret has left; 0 is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
}

/// A card as the office knows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardRecordBody {
    /// Whose it is.
    pub holder: String,
    /// The municipality that hands it out.
    pub municipality: String,
    /// The last day of its validity, in Japan.
    pub expires_on: String,
    /// blank, unusable, delivered or destroyed, as far as the office knows.
    pub life: text::Life,
    /// The slot for authentication.
    pub authentication: SlotRecordBody,
    /// The slot for signatures.
    pub signature: SlotRecordBody,
}

/// A slot as the office knows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SlotRecordBody {
    /// What its holder received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<OnSlotBody>,
    /// What is bound to it until it is delivered or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loading: Option<OnSlotBody>,
}

/// What fills a slot.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnSlotBody {
    /// The application it comes from.
    pub application: String,
    /// The certificate's serial, once it is on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// A certificate off a card.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CertificateCopyBody {
    /// authentication or signature.
    pub slot: text::Slot,
    /// The serial.
    pub serial: String,
    /// The holder's certificate, as it is on the card.
    pub certificate_pem: String,
    /// The CA's certificate beside it.
    pub ca_certificate_pem: String,
    /// The copy to print, in Japanese.
    pub copy: String,
}

/// What a reconciliation came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReconciliationBody {
    /// The card.
    pub card: String,
    /// Whether card, office and CA agree now.
    pub agrees: bool,
    /// What did not.
    pub findings: Vec<CardFindingBody>,
}

domain::named! {
    /// What came of something that did not agree.
    CardOutcome {
        /// It agrees now.
        Mended = "mended",
        /// It was to be shown alone.
        Shown = "shown",
        /// It is for a person to mend.
        Left = "left",
    }
}

text::written! {
    closed
    /// What came of it, as text.
    OutcomeText = CardOutcome;
}

/// Something that did not agree.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardFindingBody {
    /// authentication or signature; absent for the whole card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<text::Slot>,
    /// What did not agree.
    pub what: String,
    /// mended, shown or left.
    pub outcome: OutcomeText,
    /// Why it was left to a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl TryFrom<CardReading> for CardBody {
    type Error = Problem;

    fn try_from(reading: CardReading) -> Result<Self, Problem> {
        let CardReading { card, report, record, copies } = reading;
        let certificates = copies.iter().map(CertificateCopyBody::try_from);
        Ok(Self {
            card: card.to_string(),
            life: report.life().into(),
            authentication: slot_body(&report, CardSlot::Authentication),
            signature: slot_body(&report, CardSlot::Signature),
            office: record.as_ref().map(CardRecordBody::from),
            certificates: certificates.collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<&CertificateCopy> for CertificateCopyBody {
    type Error = Problem;

    fn try_from(copy: &CertificateCopy) -> Result<Self, Problem> {
        Ok(Self {
            slot: copy.slot.into(),
            serial: copy.serial.to_string(),
            certificate_pem: certificate_pem(&copy.certificates.holder)?,
            ca_certificate_pem: certificate_pem(&copy.certificates.ca)?,
            copy: copy.text.clone(),
        })
    }
}

impl From<&CardRecord> for CardRecordBody {
    fn from(record: &CardRecord) -> Self {
        Self {
            holder: record.holder.to_string(),
            municipality: record.municipality.to_string(),
            expires_on: record.expires_on.to_string(),
            life: record.life().into(),
            authentication: record.slot(CardSlot::Authentication).into(),
            signature: record.slot(CardSlot::Signature).into(),
        }
    }
}

impl From<&SlotRecord> for SlotRecordBody {
    fn from(slot: &SlotRecord) -> Self {
        let body = |on: &OnSlot| OnSlotBody {
            application: on.application.to_string(),
            serial: on.serial.map(|serial| serial.to_string()),
        };
        Self {
            delivered: slot.delivered.as_ref().map(body),
            loading: slot.loading.as_ref().map(body),
        }
    }
}

impl From<Reconciliation> for ReconciliationBody {
    fn from(reconciliation: Reconciliation) -> Self {
        let Reconciliation { card, findings, .. } = reconciliation;
        let agrees = findings.iter().all(|finding| finding.outcome == Mended::Done);
        let findings = findings.into_iter().map(CardFindingBody::from).collect();
        Self { card: card.to_string(), agrees, findings }
    }
}

impl From<Finding> for CardFindingBody {
    fn from(finding: Finding) -> Self {
        let (outcome, why) = match finding.outcome {
            Mended::Done => (CardOutcome::Mended, None),
            Mended::Shown => (CardOutcome::Shown, None),
            Mended::Left(why) => (CardOutcome::Left, Some(why)),
        };
        let slot = finding.slot.map(Into::into);
        Self { slot, what: finding.what.to_owned(), outcome: outcome.into(), why }
    }
}

fn slot_body(report: &CardReport, slot: CardSlot) -> SlotBody {
    let SlotReport { delivered, loading, .. } = report.slot(slot);
    SlotBody {
        delivered: delivered.is_some(),
        loading: loading.is_some(),
        tries_left: delivered.as_ref().map(|delivered| delivered.tries_left),
    }
}
