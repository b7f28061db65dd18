//! A resident register inside the program, for trials and demonstrations: not a real one.

mod command;
mod correction;
mod entry;
mod error;
mod file;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use domain::id::{OperationId, ResidentCode};
use domain::resident::{BasicFour, Resident};

use self::entry::{CommandEffect, Record};
use self::file::EventFile;
use super::{RegisterError, RegisterEvent, ResidentRegister};

pub use self::command::{CheckedCommand, RegisterCommand};
pub use self::correction::Correction;
pub use self::entry::Order;
pub use self::error::EmbeddedError;

/// A register held in memory and, if it was created in a directory, kept there.
///
/// On disk it is the list of the first residents, written once, and a file of events that only
/// grows. A command returns after its events have reached the disk; one that fails changed nothing.
#[derive(Debug)]
pub struct EmbeddedRegister {
    state: Mutex<State>,
}

impl EmbeddedRegister {
    /// A register in memory alone.
    ///
    /// # Errors
    /// `CodeTaken`.
    pub fn in_memory(residents: Vec<Resident>) -> Result<Self, EmbeddedError> {
        Ok(Self::from_state(State::new(residents)?))
    }

    /// A new register in `directory`, which must exist and hold none yet.
    ///
    /// # Errors
    /// `CodeTaken`, `InUse` and `Storage`.
    pub fn create(directory: &Path, residents: Vec<Resident>) -> Result<Self, EmbeddedError> {
        let mut state = State::new(residents)?;
        file::write_residents(directory, state.records.values())?;
        state.file = Some(EventFile::open(directory)?.0);
        Ok(Self::from_state(state))
    }

    /// The register in `directory`, with every event it ever returned from.
    ///
    /// An event whose line was cut off by a crash never returned to its caller and is dropped.
    ///
    /// # Errors
    /// `InUse`, `Corrupt` and `Storage`.
    pub fn open(directory: &Path) -> Result<Self, EmbeddedError> {
        let (event_file, steps) = EventFile::open(directory)?;
        let mut state = State::new(file::read_residents(directory)?)?;
        steps.into_iter().for_each(|step| state.apply(step));
        state.file = Some(event_file);
        Ok(Self::from_state(state))
    }

    /// Whether `directory` holds a register.
    pub fn exists(directory: &Path) -> bool {
        file::exists(directory)
    }

    /// Switches the link on or off, as a network does; commands and questions fail while it is off.
    pub fn set_available(&self, available: bool) {
        // A poisoned lock fails every question already.
        if let Ok(mut state) = self.state.lock() {
            state.is_off = !available;
        }
    }

    /// Every registered resident in the order of their codes.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn residents(&self) -> Result<Vec<Resident>, RegisterError> {
        Ok(self.ask()?.records.values().map(|r| r.resident.clone()).collect())
    }

    fn from_state(state: State) -> Self {
        Self { state: Mutex::new(state) }
    }

    fn ask(&self) -> Result<MutexGuard<'_, State>, RegisterError> {
        let down = |why: &str| RegisterError::Unavailable(why.to_owned());
        let state = self.state.lock().map_err(|_| down("an earlier command broke off"))?;
        if state.is_off { Err(down("it is switched off")) } else { Ok(state) }
    }
}

impl ResidentRegister for EmbeddedRegister {
    fn find(&self, code: &ResidentCode) -> Result<Resident, RegisterError> {
        let state = self.ask()?;
        let record =
            state.records.get(code).ok_or_else(|| RegisterError::NotFound(code.clone()))?;
        Ok(record.resident.clone())
    }

    fn search(&self, asked: &BasicFour) -> Result<Vec<Resident>, RegisterError> {
        let state = self.ask()?;
        let residents = state.records.values().map(|r| &r.resident);
        Ok(residents.filter(|r| r.answers_to(asked)).cloned().collect())
    }

    fn events_after(
        &self,
        sequence: u64,
        limit: usize,
    ) -> Result<Vec<RegisterEvent>, RegisterError> {
        let state = self.ask()?;
        let read = usize::try_from(sequence).unwrap_or(usize::MAX);
        Ok(state.events.iter().skip(read).take(limit).cloned().collect())
    }
}

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<ResidentCode, Record>,
    /// The event with the sequence number n stands at n − 1.
    events: Vec<RegisterEvent>,
    /// The operations that were carried out.
    operations: BTreeSet<OperationId>,
    file: Option<EventFile>,
    is_off: bool,
}

impl State {
    fn new(residents: Vec<Resident>) -> Result<Self, EmbeddedError> {
        let mut state = Self::default();
        for resident in residents {
            let code = resident.code.clone();
            let record = Record { resident, moved_out: None };
            if state.records.insert(code.clone(), record).is_some() {
                return Err(EmbeddedError::CodeTaken(code));
            }
        }
        Ok(state)
    }

    fn record(&self, code: &ResidentCode) -> Result<&Record, EmbeddedError> {
        self.records.get(code).ok_or_else(|| EmbeddedError::NotFound(code.clone()))
    }

    /// Makes the step durable, then visible.
    fn commit(&mut self, step: CommandEffect) -> Result<(), EmbeddedError> {
        if let Some(file) = &mut self.file {
            file.append(&step)?;
        }
        self.apply(step);
        Ok(())
    }

    fn apply(&mut self, step: CommandEffect) {
        self.operations.extend(step.order.operation);
        for kind in step.kinds {
            let sequence = self.events.len() as u64 + 1;
            let resident = step.resident.clone();
            self.events.push(RegisterEvent { sequence, at: step.order.at, resident, kind });
        }
        match step.after {
            Some(record) => self.records.insert(step.resident, record),
            None => self.records.remove(&step.resident),
        };
    }
}
