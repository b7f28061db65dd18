//! Who may act as custodian: a share counts only while its holder is in office, at the moment at which
//! it is used (A 5.2.3.1, A 6.2.8.1).

use domain::act::{Act, Basis, Standing};
use domain::journal::EventKind;
use domain::rule;
use domain::rule::OfTheInstallation;
use domain::staff::{PersonState, Role};
use keys::quorum::{CustodianId, Gathering, Passphrase};
use store::{Change, Entry, PersonRow, Store, Unit};

use super::{Custody, lock};
use crate::error::{Error, Result};

/// Whether a holder of a share may act as custodian.
enum Office {
    /// They are in office, and stand so.
    Held(Box<Standing>),
    /// They were never registered: an earlier program made shares for people whom the registry did not
    /// know. Their share counts while fewer than the quorum are in office, since without them the keys
    /// would be lost, and with the keys the way back in; no longer.
    Unregistered,
    /// They may not, by this rule.
    Refused(&'static str),
}

/// Who left.
const LEFT: &str = "is no custodian any more: their share does not count (A 5.2.3.1, A 6.2.8.1)";

/// Who never came, where enough others did.
const NEVER_CAME: &str = "is not in the registry, and enough custodians are: their share does not count \
                          until a senior operator proposes them and the CA manager confirms it \
                          (A 5.2.1.1(2), A 5.2.4.1)";

impl Custody {
    /// Wipes the share of who is no custodian any more, suspended perhaps a moment ago.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn dismiss(&self, act: &Act) -> Result<()> {
        match &self.shares {
            Ok(shares) => self.dismiss_who_left(act, &mut lock(&shares.gathering)),
            Err(_) => Ok(()),
        }
    }

    pub(super) fn dismiss_who_left(&self, act: &Act, gathering: &mut Gathering) -> Result<()> {
        for custodian in gathering.custodians().cloned().collect::<Vec<_>>() {
            if self.refused(&custodian)?.is_some() && gathering.dismiss(&custodian) {
                let entry = Entry::new(EventKind::CustodianPresent, act).subject(&custodian);
                self.store.commit(Unit::new(entry.detail("share", "wiped")))?;
            }
        }
        Ok(())
    }

    /// Refuses who holds no share, and a custodian whose share does not count.
    ///
    /// # Errors
    /// [`Error::Quorum`] and [`Error::Refused`], journaled; [`Error::Store`].
    pub fn expect_custodian(&self, act: &Act, id: &CustodianId) -> Result<()> {
        self.expect_in_office(id, &Entry::new(EventKind::CustodianPresent, act).subject(id))
    }

    /// The same under `entry`.
    pub(super) fn expect_in_office(&self, id: &CustodianId, entry: &Entry) -> Result<()> {
        self.expect_holder(id, entry)?;
        let Some(rule) = self.refused(id)? else { return Ok(()) };
        let error = refusal(id, rule);
        self.store.commit(Unit::new(entry.clone().refused(error.rule())))?;
        Err(error)
    }

    /// The custodians whom the registry does not know, though it could.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn unregistered(&self) -> Result<Vec<CustodianId>> {
        let mut unregistered = Vec::new();
        for id in &self.holders {
            let person = self.store.person(id.actor())?;
            if person.is_none_or(|person| person.state == PersonState::Proposed) {
                unregistered.push(id.clone());
            }
        }
        Ok(unregistered)
    }

    /// What the registry says of a custodian now.
    fn office(&self, id: &CustodianId) -> Result<Office> {
        let person = self.store.person(id.actor())?;
        let Some(person) = person.filter(|person| !was_never_confirmed(person)) else {
            return Ok(match self.quorum_is_in_office()? {
                true => Office::Refused(NEVER_CAME),
                false => Office::Unregistered,
            });
        };
        Ok(match is_in_office(&person) {
            true => Office::Held(Box::new(person.standing(Basis::Nothing))),
            false => Office::Refused(LEFT),
        })
    }

    /// Whether the keys can be woken by people in office alone.
    fn quorum_is_in_office(&self) -> Result<bool> {
        let mut in_office = 0;
        for id in &self.holders {
            let person = self.store.person(id.actor())?;
            in_office += usize::from(person.is_some_and(|person| is_in_office(&person)));
        }
        Ok(in_office >= usize::from(self.dealing.threshold()))
    }

    /// Why the share of a custodian does not count, if it does not.
    pub(super) fn refused(&self, id: &CustodianId) -> Result<Option<&'static str>> {
        Ok(match self.office(id)? {
            Office::Held(_) | Office::Unregistered => None,
            Office::Refused(rule) => Some(rule),
        })
    }

    /// How custodians stand who are present, for the acts that rest on them.
    ///
    /// # Errors
    /// [`Error::Refused`] for one who is not in office any more; [`Error::Store`].
    pub fn standings<'a>(
        &self,
        custodians: impl IntoIterator<Item = &'a CustodianId>,
    ) -> Result<Vec<Standing>> {
        let mut standings = Vec::new();
        for custodian in custodians {
            match self.office(custodian)? {
                Office::Held(standing) => standings.push(*standing),
                Office::Unregistered => {}
                Office::Refused(rule) => return Err(refusal(custodian, rule)),
            }
        }
        Ok(standings)
    }

    /// Notes under `entry` that with `last` those came of `custodians` who were asked up to them, all of
    /// whom are in office still.
    ///
    /// # Errors
    /// [`Error::Refused`], journaled, once one of them is not; [`Error::Store`].
    pub(super) fn come(
        &self,
        entry: Entry,
        custodians: &[(CustodianId, Passphrase)],
        last: &CustodianId,
    ) -> Result<()> {
        let place = custodians.iter().position(|(id, _)| id == last).unwrap_or(custodians.len());
        let here: Vec<_> = custodians.iter().take(place + 1).map(|(id, _)| id.clone()).collect();
        match self.requiring_all(Unit::new(entry.clone()), &here) {
            Ok(unit) => Ok(self.store.commit(unit).map(drop)?),
            Err(error) if error.is_refusal() => {
                self.store.commit(Unit::new(entry.refused(error.rule())))?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// A unit that holds only while all of these are in office.
    pub(super) fn requiring_all(&self, unit: Unit, custodians: &[CustodianId]) -> Result<Unit> {
        custodians.iter().try_fold(unit, |unit, custodian| match self.office(custodian)? {
            Office::Held(standing) => Ok(unit.requiring(*standing)),
            Office::Unregistered => Ok(unit),
            Office::Refused(rule) => Err(refusal(custodian, rule)),
        })
    }
}

/// Registers the custodians of a new installation, before their shares open anything: whoever holds a
/// share has an office to lose. Where the registry has people, those register each other.
pub(super) fn register(
    store: &dyn Store,
    act: &Act,
    holders: &[CustodianId],
    set: &str,
) -> Result<()> {
    if !store.people()?.is_empty() {
        return Ok(());
    }
    let mut unit: Option<Unit> = None;
    for id in holders {
        let entry = Entry::new(EventKind::StaffChanged, act)
            .subject(id)
            .detail("custody", OfTheInstallation(set))
            .detail("roles", Role::KeyCustodian);
        let begun = match unit {
            None => Unit::new(entry),
            Some(unit) => unit.entry(entry),
        };
        unit = Some(begun.change(Change::AddPerson(Box::new(custodian(act, id)))));
    }
    unit.map_or(Ok(()), |unit| Ok(store.commit(unit).map(drop)?))
}

/// A custodian as the registry has them. They come with their share, and need no other log-in.
fn custodian(act: &Act, id: &CustodianId) -> PersonRow {
    PersonRow {
        id: id.actor().clone(),
        name: id.to_string(),
        state: PersonState::Active,
        roles: vec![Role::KeyCustodian],
        municipality: None,
        proposal: None,
        since: act.at,
    }
}

fn is_in_office(person: &PersonRow) -> bool {
    person.state == PersonState::Active && person.roles.contains(&Role::KeyCustodian)
}

/// Whether somebody was proposed, and perhaps refused, and nothing else: nobody can take from a share
/// what it counts by proposing its holder.
fn was_never_confirmed(person: &PersonRow) -> bool {
    match person.state {
        PersonState::Proposed => true,
        PersonState::Removed => person.roles.is_empty(),
        PersonState::Active | PersonState::Suspended => false,
    }
}

fn refusal(custodian: &CustodianId, rule: &'static str) -> Error {
    Error::refused("custodian", rule!("{} {}", custodian, rule))
}
