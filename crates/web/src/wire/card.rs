//! Cards on the wire: what is asked of one on a reader, and what it and the office say.

use card::terminal::{CardReport, SlotReport};
use card::{CardSlot, HolderSecret, LifeState};
use ra::readers::Wanted;
use ra::record::{CardRecord, OnSlot, SlotRecord};
use ra::window::{CardReading, CertificateCopy, EvidenceRecord, Finding, Mended, Reconciliation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use x509::pem;

use super::{DocumentBody, EvidenceBody, SecretText};
use crate::problem::{Problem, parse_id};

/// Which card is meant, and on which reader it lies.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardPlaceBody {
    /// The name of the reader; the only one with a card when left out.
    #[serde(default)]
    pub reader: Option<String>,
    /// The card's id; whatever lies on the reader when left out.
    #[serde(default)]
    pub card: Option<String>,
}

/// What opens the signature certificate when a card is read.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardReadingRequestBody {
    /// The password for signatures, typed by the holder.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    pub signature_password: Option<SecretText>,
}

/// A secret that its holder changes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretChangeBody {
    /// authentication or signature.
    pub slot: String,
    /// The present secret.
    #[schema(value_type = String, write_only)]
    pub present: SecretText,
    /// The new secret.
    #[schema(value_type = String, write_only)]
    pub new: SecretText,
}

/// A secret that is set anew at the window, which unlocks it, and what the clerk saw.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretResetBody {
    /// authentication or signature.
    pub slot: String,
    /// The new secret, typed by the holder.
    #[schema(value_type = String, write_only)]
    pub new: SecretText,
    /// Each document of the identity check.
    #[serde(default)]
    pub items: Vec<DocumentBody>,
    /// What made the clerk doubt; it refuses the operation.
    #[serde(default)]
    pub doubt: Option<String>,
}

/// The deletion of a slot's key, certificates and secret.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureBody {
    /// authentication or signature.
    pub slot: String,
    /// Why.
    pub reason: String,
}

/// Whether a reconciliation mends what does not agree.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationRequestBody {
    /// Mend it, instead of only showing it.
    #[serde(default)]
    pub mend: bool,
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
    pub life: String,
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
    pub life: String,
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
    pub slot: String,
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

/// Something that did not agree.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardFindingBody {
    /// authentication or signature; absent for the whole card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// What did not agree.
    pub what: String,
    /// mended, shown or left.
    pub outcome: String,
    /// Why it was left to a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Reads the name of a slot.
pub(crate) fn slot(name: &str) -> Result<CardSlot, Problem> {
    let found = CardSlot::ALL.into_iter().find(|slot| slot.name() == name);
    found.ok_or_else(|| Problem::refused("slot", "it must be authentication or signature"))
}

/// Reads the new secret of a slot.
pub(crate) fn new_secret(slot_name: &str, typed: &SecretText) -> Result<HolderSecret, Problem> {
    HolderSecret::parse(slot(slot_name)?, typed.expose())
        .map_err(|rule| Problem::refused("new", rule))
}

impl TryFrom<CardPlaceBody> for Wanted {
    type Error = Problem;

    fn try_from(body: CardPlaceBody) -> Result<Self, Problem> {
        let card = body.card.as_deref().map(|id| parse_id("card", id)).transpose()?;
        Ok(Self { reader: body.reader, card, is_new: false })
    }
}

impl SecretResetBody {
    /// What the clerk saw.
    pub(crate) fn evidence(&self) -> Result<EvidenceRecord, Problem> {
        let body = EvidenceBody { items: self.items.clone(), doubt: self.doubt.clone() };
        body.try_into()
    }
}

impl TryFrom<CardReading> for CardBody {
    type Error = Problem;

    fn try_from(reading: CardReading) -> Result<Self, Problem> {
        let CardReading { card, report, record, copies } = reading;
        let certificates = copies.iter().map(CertificateCopyBody::try_from);
        Ok(Self {
            card: card.to_string(),
            life: life(report.life()),
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
        let encode =
            |der: &[u8]| pem::encode(pem::CERTIFICATE, der).map_err(|error| Problem::broke(&error));
        Ok(Self {
            slot: copy.slot.name().to_owned(),
            serial: copy.serial.to_string(),
            certificate_pem: encode(&copy.certificates.holder)?,
            ca_certificate_pem: encode(&copy.certificates.ca)?,
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
            life: life(record.life()),
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
            Mended::Done => ("mended", None),
            Mended::Shown => ("shown", None),
            Mended::Left(why) => ("left", Some(why)),
        };
        let slot = finding.slot.map(|slot| slot.name().to_owned());
        Self { slot, what: finding.what.to_owned(), outcome: outcome.to_owned(), why }
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

fn life(state: LifeState) -> String {
    let word = match state {
        LifeState::Blank => "blank",
        LifeState::Unusable => "unusable",
        LifeState::Delivered => "delivered",
        LifeState::Destroyed => "destroyed",
    };
    word.to_owned()
}
