//! Journal entries and the findings of a check, on the wire.

use serde::Serialize;
use utoipa::ToSchema;

/// Journal entries in order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JournalPage {
    /// The entries.
    pub entries: Vec<JournalEntryBody>,
    /// The sequence at which the next page begins; absent at the end.
    pub next: Option<u64>,
}

/// One journal entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JournalEntryBody {
    /// Its place.
    pub sequence: u64,
    /// The entry as it is sealed; personal data stands in it as a hash alone.
    #[schema(value_type = Object)]
    pub entry: serde_json::Value,
}

/// What a check of the whole installation found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckReportBody {
    /// Whether everything agrees with everything else.
    pub consistent: bool,
    /// The last journal entry when the check began.
    pub as_of: Option<u64>,
    /// What does not agree.
    pub findings: Vec<FindingBody>,
    /// What is worth knowing and no finding.
    pub facts: Vec<FindingBody>,
}

/// One finding or fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FindingBody {
    /// Which rule, for example double-issue.
    pub rule: String,
    /// The CA.
    pub ca: String,
    /// What it is about.
    pub subject: String,
    /// What was found.
    pub detail: String,
}
