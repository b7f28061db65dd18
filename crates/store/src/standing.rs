//! Whether people still stand where they stood when they were let in.

use domain::act::{Act, Basis, Standing};
use domain::certificate::CertificateState;
use domain::id::{ActorId, CaId, SerialNumber};
use domain::staff::PersonState;

use crate::people::{CredentialRow, PasswordRow, PersonRow};
use crate::{Error, Result, StatusRow, Store};

/// Refuses to go on with an act to which the right of somebody ended, of who acts or is present.
///
/// For what is done outside of the database, right before it: no commit can hold that. The entry that
/// tells of it is held once more.
///
/// # Errors
/// [`Error::StandingEnded`]; those of the store.
pub fn expect_standing(store: &dyn Store, act: &Act) -> Result<()> {
    for standing in act.standings() {
        if !stands(&store, standing)? {
            return Err(Error::StandingEnded { person: standing.person.clone() });
        }
    }
    Ok(())
}

/// Where people and what lets them in are looked up.
pub(crate) trait Registry {
    fn person(&self, id: &ActorId) -> Result<Option<PersonRow>>;
    fn credential(&self, sha256: &[u8; 32]) -> Result<Option<CredentialRow>>;
    fn password(&self, person: &ActorId) -> Result<Option<PasswordRow>>;
    fn status(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<StatusRow>>;
}

impl Registry for &dyn Store {
    fn person(&self, id: &ActorId) -> Result<Option<PersonRow>> {
        (**self).person(id)
    }

    fn credential(&self, sha256: &[u8; 32]) -> Result<Option<CredentialRow>> {
        (**self).credential(sha256)
    }

    fn password(&self, person: &ActorId) -> Result<Option<PasswordRow>> {
        (**self).password(person)
    }

    fn status(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<StatusRow>> {
        (**self).status(ca, serial)
    }
}

/// Whether somebody stands as `standing` says, by what the registry says now.
pub(crate) fn stands(registry: &impl Registry, standing: &Standing) -> Result<bool> {
    let Some(person) = registry.person(&standing.person)? else { return Ok(false) };
    let same = person.state == PersonState::Active
        && person.since == standing.since
        && person.municipality == standing.municipality
        && person.roles == standing.roles;
    let has_basis = match standing.basis {
        Basis::Credential(sha256) => {
            let credential = registry.credential(&sha256)?;
            credential.is_some_and(|credential| credential.person == standing.person)
        }
        Basis::Password(set) => {
            registry.password(&standing.person)?.is_some_and(|password| password.set == set)
        }
        Basis::Nothing => true,
    };
    if !same || !has_basis {
        return Ok(false);
    }
    for (ca, serial) in &standing.certificates {
        let status = registry.status(ca, serial)?;
        if !status.is_some_and(|status| proves_its_owner(status.state)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether what was done with a certificate in this state was done by its owner, by all that is known. That
/// another took its place says nothing against it.
fn proves_its_owner(state: CertificateState) -> bool {
    match state {
        CertificateState::Good => true,
        CertificateState::Revoked { reason, .. } => reason.spares_what_was_done(),
        CertificateState::Held { .. }
        | CertificateState::Undelivered { .. }
        | CertificateState::Intended => false,
    }
}
