//! A refusal or failure on the wire (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{AT_WORK, Problem};

/// The beginning of every problem type; a tag URI (RFC 4151), because it names and is not fetched.
const TYPE: &str = "tag:jitsuin.example,2026:problem/";

/// What went wrong.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// The type of problem, a tag URI.
    #[serde(rename = "type")]
    pub kind: String,
    /// The type in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, with the rule and its clause.
    pub detail: String,
    /// The field or thing that breaks the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The same for the window's screen, in Japanese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_ja: Option<String>,
    /// Under which id the log knows more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

impl ProblemBody {
    /// Whether what was asked for goes on, and takes longer than an answer may.
    pub(crate) fn is_at_work(&self) -> bool {
        self.kind.strip_prefix(TYPE) == Some(AT_WORK)
    }
}

impl From<Problem> for ProblemBody {
    fn from(problem: Problem) -> Self {
        let (status, name, title) = problem.fault.words();
        Self {
            kind: format!("{TYPE}{name}"),
            title: title.to_owned(),
            status,
            detail: problem.detail,
            field: problem.field,
            message_ja: problem.japanese,
            incident: problem.incident,
        }
    }
}
