//! The journal, read page by page; that it is read is an entry too (E1).

use super::permission::Operation;
use super::principal::Principal;
use super::{Desk, LAST_NUMBER, MAX_PAGE, reading};
use crate::problem::Problem;
use crate::wire::{JournalEntryBody, JournalPage};

impl Desk {
    /// Journal entries from the sequence `from` on, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub fn journal(
        &self,
        act: &Principal,
        from: u64,
        limit: usize,
    ) -> Result<JournalPage, Problem> {
        let operation = Operation::ReadJournal;
        self.admit(act, operation)?;
        let limit = limit.clamp(1, MAX_PAGE);
        let rows = self.store.journal(from.min(LAST_NUMBER), limit)?;
        let entry = reading(act, operation).subject("journal");
        self.journal_reading(entry.detail("from", from).detail("rows", rows.len()))?;
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

    /// Notes that the whole journal is about to be written into an export.
    ///
    /// # Errors
    /// 403; the database's.
    pub fn note_export(&self, act: &Principal) -> Result<(), Problem> {
        let operation = Operation::ReadJournal;
        self.admit(act, operation)?;
        self.journal_reading(reading(act, operation).subject("journal").detail("export", true))
    }
}
