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
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
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

/// A new card's way to a holder who came in person to a place the mayor designates to apply.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
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

impl From<HandoverBody> for Handover {
    fn from(body: HandoverBody) -> Self {
        match body {
            HandoverBody::AtPlace { place, receiver } => Self::AtPlace { place, receiver },
            HandoverBody::Sent { address, receiver } => Self::Sent { address, receiver },
        }
    }
}

/// The secrets that a holder sets, of those that were typed.
///
/// # Errors
/// 422 with the field of one that breaks its rule.
pub(crate) fn holder_secrets(
    authentication_pin: Option<SecretText>,
    signature_password: Option<SecretText>,
) -> Result<HolderSecrets, Problem> {
    let mut secrets = HolderSecrets { authentication: None, signature: None };
    let pin = (CardSlot::Authentication, "authentication_pin", authentication_pin);
    let password = (CardSlot::Signature, "signature_password", signature_password);
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
