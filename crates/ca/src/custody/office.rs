//! Who may act as custodian: a share counts only while its holder is in office, at the moment at which
//! it is used (A 5.2.3.1, A 6.2.8.1).

use domain::act::{Act, Basis, Standing};
use domain::journal::EventKind;
use domain::staff::{PersonState, Role};
use keys::quorum::{CustodianId, Gathering};
use store::{Entry, Unit};

use super::Custody;
use crate::error::{Error, Result};

/// Whether a holder of a share may act as custodian.
enum Office {
    /// They are in office, and stand so.
    Held(Box<Standing>),
    /// They were suspended, removed, or have other roles.
    Left,
    /// The registry does not know them: shares are made before anybody is registered.
    Unregistered,
}

impl Custody {
    /// Wipes the share of who is no custodian any more, suspended perhaps a moment ago.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn dismiss(&self, act: &Act) -> Result<()> {
        self.dismiss_who_left(act, &mut self.gathering())
    }

    pub(super) fn dismiss_who_left(&self, act: &Act, gathering: &mut Gathering) -> Result<()> {
        for custodian in gathering.custodians().cloned().collect::<Vec<_>>() {
            if self.has_left(&custodian)? && gathering.dismiss(&custodian) {
                let entry = Entry::new(EventKind::CustodianPresent, act).subject(&custodian);
                self.store.commit(Unit::new(entry.detail("share", "wiped")))?;
            }
        }
        Ok(())
    }

    /// Refuses a custodian who is none any more, and says so under `entry`.
    pub(super) fn expect_in_office(&self, id: &CustodianId, entry: &Entry) -> Result<()> {
        if !self.has_left(id)? {
            return Ok(());
        }
        let error = left_office(id);
        self.store.commit(Unit::new(entry.clone().refused(&error)))?;
        Err(error)
    }

    /// What the registry says of a custodian now.
    fn office(&self, id: &CustodianId) -> Result<Office> {
        let Some(person) = self.store.person(id.actor())? else { return Ok(Office::Unregistered) };
        let in_office =
            person.state == PersonState::Active && person.roles.contains(&Role::KeyCustodian);
        Ok(match in_office {
            false => Office::Left,
            true => Office::Held(Box::new(person.standing(Basis::Nothing))),
        })
    }

    /// Whether a holder of a share is no custodian any more.
    pub(super) fn has_left(&self, id: &CustodianId) -> Result<bool> {
        Ok(matches!(self.office(id)?, Office::Left))
    }

    /// A unit that holds only while all of these are in office.
    pub(super) fn requiring_all(&self, unit: Unit, custodians: &[CustodianId]) -> Result<Unit> {
        custodians.iter().try_fold(unit, |unit, custodian| match self.office(custodian)? {
            Office::Held(standing) => Ok(unit.requiring(*standing)),
            Office::Unregistered => Ok(unit),
            Office::Left => Err(left_office(custodian)),
        })
    }
}

fn left_office(custodian: &CustodianId) -> Error {
    let rule = "is no custodian any more: their share does not count (A 5.2.3.1, A 6.2.8.1)";
    Error::refused("custodian", format!("{custodian} {rule}"))
}
