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

impl EmbeddedRegister {
    /// Refuses an order about somebody who was never registered, before anything is written of it.
    ///
    /// # Errors
    /// `NotFound`, `Off`.
    pub fn expect_known(
        &self,
        code: &ResidentCode,
        order: impl Into<Order>,
    ) -> Result<(), EmbeddedError> {
        // What was carried out before may have removed them.
        let Some((state, _)) = self.command(order)? else { return Ok(()) };
        state.record(code).map(drop)
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
        let Some((mut state, order)) = self.command(order)? else { return Ok(()) };
        state.record(code)?;
        let kinds = vec![RegisterEventKind::Removed(removal)];
        state.commit(CommandEffect { order, resident: code.clone(), kinds, after: None })
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
        let Some((mut state, order)) = self.command(order)? else { return Ok(()) };
        let before = state.record(code)?;
        let resident = corrected(&before.resident, correction)?;
        let changed = before.resident.basic_four().differences(&resident.basic_four());
        if changed.is_empty() {
            return Err(EmbeddedError::NothingChanged);
        }
        let after = Record { resident, moved_out: before.moved_out };
        state.commit_to(after, order, vec![RegisterEventKind::Changed(changed)])
    }

    /// Takes the notice of moving out on a planned date; the record stays until the resident
    /// moves in elsewhere.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyMovedOut`, `Storage`, `Off`.
    pub fn move_out(
        &self,
        code: &ResidentCode,
        planned: Date,
        order: impl Into<Order>,
    ) -> Result<(), EmbeddedError> {
        let Some((mut state, order)) = self.command(order)? else { return Ok(()) };
        let before = state.record(code)?;
        if before.moved_out.is_some() {
            return Err(EmbeddedError::AlreadyMovedOut);
        }
        let after = Record { moved_out: Some(planned), ..before.clone() };
        state.commit_to(after, order, vec![RegisterEventKind::MovedOut { planned }])
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
        let Some((mut state, order)) = self.command(order)? else { return Ok(()) };
        let before = state.record(code)?;
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
        state.commit_to(Record { resident, moved_out: None }, order, kinds)
    }

    /// Declares a record wrong or incomplete; what is right, a correction says.
    ///
    /// # Errors
    /// `NotFound`, `Storage`, `Off`.
    pub fn declare_error(
        &self,
        code: &ResidentCode,
        order: impl Into<Order>,
    ) -> Result<(), EmbeddedError> {
        let Some((mut state, order)) = self.command(order)? else { return Ok(()) };
        let after = state.record(code)?.clone();
        state.commit_to(after, order, vec![RegisterEventKind::RecordingError])
    }

    /// The register and the order to carry out; none where it was carried out before.
    fn command(
        &self,
        order: impl Into<Order>,
    ) -> Result<Option<(MutexGuard<'_, State>, Order)>, EmbeddedError> {
        let (state, order) = (self.ask().map_err(|_| EmbeddedError::Off)?, order.into());
        let is_done = order.operation.as_ref().is_some_and(|id| state.operations.contains(id));
        Ok((!is_done).then_some((state, order)))
    }
}

impl State {
    fn commit_to(
        &mut self,
        after: Record,
        order: Order,
        kinds: Vec<RegisterEventKind>,
    ) -> Result<(), EmbeddedError> {
        let resident = after.resident.code.clone();
        self.commit(CommandEffect { order, resident, kinds, after: Some(after) })
    }
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
