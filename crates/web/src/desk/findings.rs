//! What was found: what does not agree, and what is merely worth knowing.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// What a check gathers: what does not agree, and what is merely worth knowing.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) findings: Vec<FindingBody>,
    pub(super) facts: Vec<FindingBody>,
}

impl Gathered {
    /// Looks at one part. What cannot be looked at is a finding beside the others, and hides none.
    pub(super) fn look(
        &mut self,
        ca: &str,
        part: &str,
        look: impl FnOnce(&mut Self) -> Result<(), Problem>,
    ) {
        if let Err(problem) = look(self) {
            self.findings.push(FindingBody {
                rule: "look-failed".to_owned(),
                ca: ca.to_owned(),
                subject: part.to_owned(),
                detail: problem.detail,
            });
        }
    }
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
