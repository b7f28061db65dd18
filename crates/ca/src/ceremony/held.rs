//! A ceremony as it is held: its script, what happened so far, and what may happen next.

use domain::act::Act;
use domain::ceremony::{CeremonyId, Premises, Progress, Script, State};
use domain::id::{OperationId, SystemOperation};
use store::{CeremonyRow, Change, Store, Unit};

use super::account::{Happening, Occurrence, corrupt, progress};
use super::record::Record;
use super::stored;
use crate::error::{Error, Result, system_operation};

/// A line of the journal and of the minutes; what fails in many words is cut.
const MAXIMUM_REASON: usize = 400;

/// A ceremony with its account.
pub(super) struct Held {
    pub(super) script: Script,
    pub(super) text: String,
    pub(super) sha256: [u8; 32],
    pub(super) account: Vec<Occurrence>,
    pub(super) progress: Progress,
    revision: u64,
}

impl Held {
    /// One that nothing has happened in yet.
    pub(super) fn new(script: Script, text: &str) -> Self {
        Self {
            progress: Progress::planned(script.steps.len()),
            script,
            text: text.to_owned(),
            sha256: x509::digest::sha256(text.as_bytes()),
            account: Vec::new(),
            revision: 0,
        }
    }

    /// One that was begun; its whole account is gone through again.
    pub(super) fn load(store: &dyn Store, id: &CeremonyId) -> Result<Option<Self>> {
        let Some((row, changed)) = store.ceremony(id)? else { return Ok(None) };
        let sha256 = x509::digest::sha256(row.script.as_bytes());
        if sha256 != row.script_sha256 {
            return Err(corrupt(id, "the script is not the one of its SHA-256").into());
        }
        // It was held against policy and installation when it began.
        let premises = Premises { threshold: 0, cas: None };
        let script =
            Script::from_toml(&row.script, &premises).map_err(|error| corrupt(id, error))?;
        let account = stored::decode(id, &row.account, changed)?;
        let progress = progress(&script, &account)?;
        if progress.state() != row.state || script.id != *id {
            return Err(corrupt(id, "its account does not lead to its state").into());
        }
        let (text, revision) = (row.script, row.revision);
        Ok(Some(Self { script, text, sha256, account, progress, revision }))
    }

    pub(super) fn state(&self) -> State {
        self.progress.state()
    }

    /// How many sittings there were.
    pub(super) fn sittings(&self) -> usize {
        let begins = |one: &&Occurrence| {
            matches!(one.what, Happening::Begun { .. } | Happening::Resumed { .. })
        };
        self.account.iter().filter(begins).count()
    }

    pub(super) fn is_rehearsal(&self) -> bool {
        let begun = self.account.first().map(|occurrence| &occurrence.what);
        matches!(begun, Some(Happening::Begun { rehearsal: true, .. }))
    }

    /// Commits what happened with its journal entry; only then does it count.
    pub(super) fn commit(
        &mut self,
        store: &dyn Store,
        act: &Act,
        what: Happening,
    ) -> Result<Occurrence> {
        let next = self.progress.clone().after(what.event(&self.script));
        let next = next.map_err(|refused| Error::refused("ceremony", refused))?;
        let row = CeremonyRow {
            id: self.script.id.clone(),
            script: self.text.clone(),
            script_sha256: self.sha256,
            state: next.state(),
            steps_done: u32::try_from(next.done()).unwrap_or(u32::MAX),
            account: stored::encode(&self.account, act.at, &what)?,
            revision: self.revision + 1,
        };
        let entry = what.entry(act, &self.script, &self.sha256);
        let sequence = store.commit(Unit::new(entry).change(Change::PutCeremony(Box::new(row))))?;
        let occurrence = Occurrence { at: act.at, sequence, what };
        self.account.push(occurrence.clone());
        self.progress = next;
        self.revision += 1;
        Ok(occurrence)
    }

    pub(super) fn into_record(self) -> Record {
        let mut record = Record::blank(self.script, self.text, self.sha256);
        self.account.iter().for_each(|occurrence| record.add(occurrence));
        record
    }
}

/// The id under which a ceremony or a step of it is repeated.
pub(super) fn operation(id: &CeremonyId, step: Option<usize>) -> Result<OperationId> {
    match step {
        Some(step) => operation_named(&format!("{id}-{}", step + 1)),
        None => operation_named(id.as_str()),
    }
}

/// An operation of a ceremony, or of a script that is none.
pub(super) fn operation_named(name: &str) -> Result<OperationId> {
    system_operation(SystemOperation::Ceremony, name)
}

/// A reason as one line of bounded length.
pub(super) fn one_line(reason: &str) -> String {
    let words = reason.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(MAXIMUM_REASON).collect()
}
