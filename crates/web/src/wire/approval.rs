//! That a second person approved.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
