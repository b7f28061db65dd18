//! What a clerk checked, what a holder sets, and why something is refused, on the wire.

use card::{CardSlot, HolderSecret, HolderSecrets};
use ra::window::{EvidenceItem, Handover};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SecretText;
use crate::operation::text;
use crate::problem::Problem;

/// One document that was seen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentBody {
    /// Which step of the check it serves, for example photo-document.
    pub evidence: text::Shown,
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
        receiver: Option<String>,
    },
    /// Sent.
    Sent {
        /// The address.
        address: String,
        /// Who receives it, where the applicant has named somebody.
        receiver: Option<String>,
    },
}

impl From<DocumentBody> for EvidenceItem {
    fn from(body: DocumentBody) -> Self {
        let DocumentBody { evidence, document, number, note } = body;
        Self { evidence: evidence.0, document, number, note }
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
