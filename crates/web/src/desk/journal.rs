//! The journal, read page by page or handed out whole; that it is read is an entry too (E1).

use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::permission::Operation;
use super::{LAST_NUMBER, MAX_PAGE, usual_page};
use crate::operation::{self, Call, Form, Listed, Needs, Spec, Streamed};
use crate::problem::Problem;

const GROUP: &str = "journal";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] =
    &[Listed::of::<ReadJournal>(), Listed::of::<ExportJournal>()];

/// The journal as evidence: sealed, and written out for whoever verifies it.
pub trait Evidence: Send + Sync {
    /// Has all that was committed sealed; how many entries are. It may take as long as whoever seals does.
    ///
    /// # Errors
    /// In words, why they are not.
    fn seal(&self) -> Result<u64, String>;

    /// Writes the first `size` entries with their checkpoints, in the form that `jitsuin audit verify` reads.
    ///
    /// # Errors
    /// The journal's; the writer's.
    fn export(&self, size: u64, writer: &mut dyn Write) -> io::Result<()>;
}

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

/// Writes the journal with its checkpoints into a file.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportJournal {}

impl operation::Operation for ExportJournal {
    const SPEC: Spec =
        Spec::get(Operation::ExportJournal, "/api/v1/journal/export", GROUP, "The export.")
            .needing(Needs::People);

    type Answer = Streamed<ExportForm>;

    /// What is exported is sealed to its last entry, and that of the export is in it.
    fn run(self, call: &Call<'_>) -> Result<Streamed<ExportForm>, Problem> {
        let evidence: Arc<dyn Evidence> = call.desk().evidence()?.clone();
        call.read(|entry| entry.subject("journal").detail("export", true))?;
        let size = evidence.seal().map_err(|why| Problem::unavailable("the seal", &why))?;
        Ok(Streamed::new(ExportForm, move |writer| evidence.export(size, writer)))
    }
}

/// The form of an export: JSON Lines.
#[derive(Debug, Clone, Copy)]
pub struct ExportForm;

impl Form for ExportForm {
    fn all() -> Vec<(Self, RefOr<Schema>)> {
        vec![(Self, String::schema())]
    }

    fn media_type(self) -> &'static str {
        "application/jsonl"
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
