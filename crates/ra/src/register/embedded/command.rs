//! What a municipality may do to a record of the embedded register, each thing with its events.

use std::sync::MutexGuard;

use domain::id::{MunicipalityCode, ResidentCode};
use domain::municipality;
use domain::resident::Resident;
use jiff::civil::Date;

use super::correction::Correction;
use super::entry::{CommandEffect, Order, Record};
use super::error::EmbeddedError;
use super::{EmbeddedRegister, State};
use crate::register::{RegisterEventKind, Removal};

/// One command.
#[derive(Debug, Clone)]
pub enum RegisterCommand<'a> {
    /// The record is removed.
    Remove(Removal),
    /// Some of the basic attributes are changed.
    Correct(Correction),
    /// The notice of moving out on a planned date; the record stays until the resident moves in elsewhere.
    MoveOut(Date),
    /// A resident who moved out is recorded at a new address.
    MoveIn {
        /// Where.
        municipality: MunicipalityCode,
        /// The whole address.
        address: &'a str,
    },
    /// The record is wrong or incomplete; what is right, a correction says.
    DeclareError,
}

/// A command that may be carried out; until it is, or is dropped, nothing else happens to the register.
#[must_use]
pub struct CheckedCommand<'a> {
    state: MutexGuard<'a, State>,
    /// None where it was carried out before under its operation's id.
    effect: Option<CommandEffect>,
}

impl CheckedCommand<'_> {
    /// Whether it was carried out before.
    pub fn is_done(&self) -> bool {
        self.effect.is_none()
    }

    /// Carries it out, once.
    ///
    /// # Errors
    /// `Storage`; nothing was changed then.
    pub fn carry_out(mut self) -> Result<(), EmbeddedError> {
        self.effect.take().map_or(Ok(()), |effect| self.state.commit(effect))
    }
}

impl EmbeddedRegister {
    /// Holds a command against the record, before anything is written of it anywhere.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyMovedOut`, `NotMovedOut`, `Field`, `NothingChanged`, `Off`.
    pub fn check(
        &self,
        code: &ResidentCode,
        command: RegisterCommand<'_>,
        order: impl Into<Order>,
    ) -> Result<CheckedCommand<'_>, EmbeddedError> {
        let (state, order) = (self.ask().map_err(|_| EmbeddedError::Off)?, order.into());
        let is_done = order.operation.as_ref().is_some_and(|id| state.operations.contains(id));
        let effect = match is_done {
            true => None,
            false => Some(effect(state.record(code)?, command, order)?),
        };
        Ok(CheckedCommand { state, effect })
    }

    /// Removes a record.
    ///
    /// # Errors
    /// `NotFound`, `Storage`, `Off`.
    pub fn remove(
        &self,
        code: &ResidentCode,
        removal: Removal,
        order: impl Into<Order>,
    ) -> Result<(), EmbeddedError> {
        self.check(code, RegisterCommand::Remove(removal), order)?.carry_out()
    }

    /// Changes some of the basic attributes.
    ///
    /// # Errors
    /// `NotFound`, `Field`, `NothingChanged`, `Storage`, `Off`.
    pub fn correct(
        &self,
        code: &ResidentCode,
        correction: Correction,
        order: impl Into<Order>,
    ) -> Result<(), EmbeddedError> {
        self.check(code, RegisterCommand::Correct(correction), order)?.carry_out()
    }

    /// Takes the notice of moving out on a planned date.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyMovedOut`, `Storage`, `Off`.
    pub fn move_out(
        &self,
        code: &ResidentCode,
        planned: Date,
        order: impl Into<Order>,
    ) -> Result<(), EmbeddedError> {
        self.check(code, RegisterCommand::MoveOut(planned), order)?.carry_out()
    }

    /// Records a resident who moved out at a new address.
    ///
    /// # Errors
    /// `NotFound`, `NotMovedOut`, `Field`, `Storage`, `Off`.
    pub fn move_in(
        &self,
        code: &ResidentCode,
        municipality: MunicipalityCode,
        address: &str,
        order: impl Into<Order>,
    ) -> Result<(), EmbeddedError> {
        self.check(code, RegisterCommand::MoveIn { municipality, address }, order)?.carry_out()
    }

    /// Declares a record wrong or incomplete.
    ///
    /// # Errors
    /// `NotFound`, `Storage`, `Off`.
    pub fn declare_error(
        &self,
        code: &ResidentCode,
        order: impl Into<Order>,
    ) -> Result<(), EmbeddedError> {
        self.check(code, RegisterCommand::DeclareError, order)?.carry_out()
    }
}

/// What a command comes to.
fn effect(
    before: &Record,
    command: RegisterCommand<'_>,
    order: Order,
) -> Result<CommandEffect, EmbeddedError> {
    let (kinds, after) = match command {
        RegisterCommand::Remove(removal) => (vec![RegisterEventKind::Removed(removal)], None),
        RegisterCommand::Correct(correction) => {
            let resident = corrected(&before.resident, correction)?;
            let changed = before.resident.basic_four().differences(&resident.basic_four());
            if changed.is_empty() {
                return Err(EmbeddedError::NothingChanged);
            }
            let after = Record { resident, moved_out: before.moved_out };
            (vec![RegisterEventKind::Changed(changed)], Some(after))
        }
        RegisterCommand::MoveOut(planned) => {
            if before.moved_out.is_some() {
                return Err(EmbeddedError::AlreadyMovedOut);
            }
            let after = Record { moved_out: Some(planned), ..before.clone() };
            (vec![RegisterEventKind::MovedOut { planned }], Some(after))
        }
        RegisterCommand::MoveIn { municipality, address } => {
            let (kinds, after) = moved_in(before, municipality, address)?;
            (kinds, Some(after))
        }
        RegisterCommand::DeclareError => {
            (vec![RegisterEventKind::RecordingError], Some(before.clone()))
        }
    };
    Ok(CommandEffect { order, resident: before.resident.code.clone(), kinds, after })
}

fn moved_in(
    before: &Record,
    municipality: MunicipalityCode,
    address: &str,
) -> Result<(Vec<RegisterEventKind>, Record), EmbeddedError> {
    if before.moved_out.is_none() {
        return Err(EmbeddedError::NotMovedOut);
    }
    check_address(municipality, address)?;
    let mut resident = before.resident.clone();
    (resident.municipality, resident.address) = (municipality, address.to_owned());
    let changed = before.resident.basic_four().differences(&resident.basic_four());
    let mut kinds = vec![RegisterEventKind::MovedIn { municipality }];
    if !changed.is_empty() {
        kinds.push(RegisterEventKind::Changed(changed));
    }
    Ok((kinds, Record { resident, moved_out: None }))
}

fn corrected(before: &Resident, correction: Correction) -> Result<Resident, EmbeddedError> {
    let alias = correction.alias.unwrap_or_else(|| before.alias.clone());
    if alias.is_some() && !before.is_foreign {
        return Err(field("alias", "only a foreign resident has one"));
    }
    if alias.as_ref().is_some_and(|a| a.trim().is_empty()) {
        return Err(field("alias", "it must not be empty"));
    }
    let after = Resident {
        family_name: correction.family_name.unwrap_or_else(|| before.family_name.clone()),
        given_name: correction.given_name.unwrap_or_else(|| before.given_name.clone()),
        alias,
        address: correction.address.unwrap_or_else(|| before.address.clone()),
        birth_date: correction.birth_date.unwrap_or(before.birth_date),
        gender: correction.gender.unwrap_or(before.gender),
        ..before.clone()
    };
    if after.family_name.trim().is_empty() {
        return Err(field("family name", "it must not be empty"));
    }
    check_address(after.municipality, &after.address)?;
    Ok(after)
}

/// An address begins with its prefecture; between that and the municipality a county may stand.
fn check_address(code: MunicipalityCode, address: &str) -> Result<(), EmbeddedError> {
    let municipality =
        municipality::find(code).ok_or_else(|| field("municipality", "not found"))?;
    match address.strip_prefix(&municipality.prefecture) {
        Some(rest) if rest.contains(&municipality.name) => Ok(()),
        _ => Err(field("address", "it must begin with the prefecture and name the municipality")),
    }
}

fn field(field: &'static str, rule: &'static str) -> EmbeddedError {
    EmbeddedError::Field { field, rule }
}
