//! What a second person approves, and that they did.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::desk::Approvable;

/// What is approved, as the second person says it for themselves.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ApprovedBody {
    /// The revocation of a certificate.
    Revocation {
        /// The id under which it is asked for.
        operation: String,
        /// The CA.
        ca: String,
        /// The serial, hexadecimal.
        serial: String,
        /// The event, as the policy's table names it.
        cause: String,
        /// Who asks for it: holder, agent, mayor or authority.
        requester: String,
    },
    /// A CA's key declared compromised.
    Compromise {
        /// The id under which it is asked for.
        operation: String,
        /// The CA.
        ca: String,
        /// The generation of the key.
        generation: u32,
    },
    /// A person's records disposed of, and the key to their data destroyed.
    Erasure {
        /// The id under which it is asked for.
        operation: String,
        /// The person's resident code, 11 digits.
        resident: String,
    },
}

impl ApprovedBody {
    /// The id under which it is asked for.
    pub fn operation(&self) -> &str {
        match self {
            Self::Revocation { operation, .. }
            | Self::Compromise { operation, .. }
            | Self::Erasure { operation, .. } => operation,
        }
    }
}

impl<'a> From<&'a ApprovedBody> for Approvable<'a> {
    fn from(body: &'a ApprovedBody) -> Self {
        match body {
            ApprovedBody::Revocation { ca, serial, cause, requester, .. } => {
                Self::Revocation { ca, serial, cause, requester }
            }
            ApprovedBody::Compromise { ca, generation, .. } => {
                Self::Compromise { ca, generation: *generation }
            }
            ApprovedBody::Erasure { resident, .. } => Self::Erasure(resident),
        }
    }
}

/// That somebody approved an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalBody {
    /// The id of the operation.
    pub operation: String,
    /// Who approved it.
    pub approver: String,
    /// SHA-256 of what they approved.
    pub digest: String,
    /// Until when it can be asked for, RFC 3339.
    pub until: String,
}
