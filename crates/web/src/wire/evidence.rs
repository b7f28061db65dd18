//! What a clerk checked, what a holder sets, and why something is refused, on the wire.

use card::{CardSlot, HolderSecret, HolderSecrets};
use domain::identity::Evidence;
use domain::rule;
use domain::rule::Several;
use ra::window::{EvidenceItem, EvidenceRecord, Handover};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SecretText;
use crate::problem::Problem;

/// What a clerk saw at the identity check; the register match is the system's own.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceBody {
    /// Each document.
    #[serde(default)]
    pub items: Vec<DocumentBody>,
    /// What made the clerk doubt; it refuses the application.
    #[serde(default)]
    pub doubt: Option<String>,
}

/// One document that was seen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentBody {
    /// Which step of the check it serves, for example photo-document.
    pub evidence: String,
    /// What was shown or handed in.
    pub document: String,
    /// Its number.
    #[serde(default)]
    pub number: String,
    /// What else is worth knowing.
    #[serde(default)]
    pub note: String,
}

/// The secret the holder sets at the delivery; none where the card keeps the one it has.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryBody {
    /// The PIN for authentication: 4 digits.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    pub authentication_pin: Option<SecretText>,
    /// The password for signatures: 6 to 16 of A–Z and 0–9.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    pub signature_password: Option<SecretText>,
    /// How a new card reaches its holder, if not over the counter (A 4.4.1.1(2)).
    #[serde(default)]
    pub handover: Option<HandoverBody>,
}

/// A new card's way to a holder who came in person to a place the mayor designates to apply.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "how", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HandoverBody {
    /// Handed over there.
    AtPlace {
        /// The place.
        place: String,
        /// Who receives it, where the applicant has named somebody.
        #[serde(default)]
        receiver: Option<String>,
    },
    /// Sent.
    Sent {
        /// The address.
        address: String,
        /// Who receives it, where the applicant has named somebody.
        #[serde(default)]
        receiver: Option<String>,
    },
}

/// Why an application is refused.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalBody {
    /// The reason.
    pub reason: String,
}

impl TryFrom<EvidenceBody> for EvidenceRecord {
    type Error = Problem;

    fn try_from(body: EvidenceBody) -> Result<Self, Problem> {
        let items = body.items.into_iter().map(EvidenceItem::try_from).collect::<Result<_, _>>()?;
        Ok(Self { items, doubt: body.doubt })
    }
}

impl TryFrom<DocumentBody> for EvidenceItem {
    type Error = Problem;

    fn try_from(body: DocumentBody) -> Result<Self, Problem> {
        let evidence = Evidence::from_name(&body.evidence).ok_or_else(|| {
            let known: Vec<_> = Evidence::ALL.iter().map(|known| known.name()).collect();
            Problem::refused("evidence", rule!("it must be one of {}", Several(known)))
        })?;
        let DocumentBody { document, number, note, .. } = body;
        Ok(Self { evidence, document, number, note })
    }
}

impl DeliveryBody {
    /// The delivery with the secret in `text`: four digits are the PIN, all else the password
    /// (C3 keeps the two apart by their lengths).
    pub fn from_secret(text: &str) -> Self {
        let secret = Some(SecretText::new(text));
        let is_pin = text.len() == 4 && text.bytes().all(|octet| octet.is_ascii_digit());
        if is_pin {
            Self { authentication_pin: secret, ..Self::default() }
        } else {
            Self { signature_password: secret, ..Self::default() }
        }
    }
}

impl From<HandoverBody> for Handover {
    fn from(body: HandoverBody) -> Self {
        match body {
            HandoverBody::AtPlace { place, receiver } => Self::AtPlace { place, receiver },
            HandoverBody::Sent { address, receiver } => Self::Sent { address, receiver },
        }
    }
}

impl TryFrom<DeliveryBody> for HolderSecrets {
    type Error = Problem;

    fn try_from(body: DeliveryBody) -> Result<Self, Problem> {
        let mut secrets = Self { authentication: None, signature: None };
        let pin = (CardSlot::Authentication, "authentication_pin", body.authentication_pin);
        let password = (CardSlot::Signature, "signature_password", body.signature_password);
        for (slot, field, typed) in [pin, password] {
            let Some(typed) = typed else { continue };
            let secret = HolderSecret::parse(slot, typed.expose());
            match secret.map_err(|rule| Problem::refused(field, rule))? {
                HolderSecret::Authentication(pin) => secrets.authentication = Some(pin),
                HolderSecret::Signature(password) => secrets.signature = Some(password),
            }
        }
        Ok(secrets)
    }
}
