//! The journal, read page by page; that it is read is an entry too (E1).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permission::Operation;
use super::{Desk, LAST_NUMBER, MAX_PAGE, reading, usual_page};
use crate::entrance::principal::Principal;
use crate::operation::{self, Call, Listed, Spec};
use crate::problem::Problem;

const GROUP: &str = "journal";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[Listed::of::<ReadJournal>()];

/// Reads journal entries; that they are read is an entry too.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadJournal {
    /// The sequence to begin at.
    #[serde(default)]
    pub from: u64,
    /// At most so many rows; 1 to 1000.
    #[serde(default = "usual_page")]
    pub limit: usize,
}

impl operation::Operation for ReadJournal {
    const SPEC: Spec = Spec::get(Operation::ReadJournal, "/api/v1/journal", GROUP, "The entries.");

    type Answer = JournalPage;

    fn run(self, call: &Call<'_>) -> Result<JournalPage, Problem> {
        let limit = self.limit.clamp(1, MAX_PAGE);
        let rows = call.store().journal(self.from.min(LAST_NUMBER), limit)?;
        call.read(|entry| {
            entry.subject("journal").detail("from", self.from).detail("rows", rows.len())
        })?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|(sequence, _)| sequence + 1);
        let body = |(sequence, body): (u64, Vec<u8>)| {
            let entry = serde_json::from_slice(&body).map_err(|error| Problem::broke(&error))?;
            Ok(JournalEntryBody { sequence, entry })
        };
        Ok(JournalPage {
            entries: rows.into_iter().map(body).collect::<Result<_, Problem>>()?,
            next,
        })
    }
}

impl Desk {
    /// Notes that the whole journal is about to be written into an export.
    ///
    /// # Errors
    /// 403; the database's.
    pub fn note_export(&self, act: &Principal) -> Result<(), Problem> {
        let operation = Operation::ReadJournal;
        self.ledger().admit(act, operation)?;
        self.ledger().read(reading(act, operation).subject("journal").detail("export", true))
    }
}

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
