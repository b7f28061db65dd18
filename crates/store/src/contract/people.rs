//! The registry of people, and what lets them in.

use domain::journal::EventKind;
use domain::staff::{Attempts, CredentialKind, PersonState, ProposalKind, Role};

use super::fixtures::*;
use crate::{Change, CredentialRow, Error, PasskeyRow, PasswordRow, PersonRow, ProposalRow, Store};

fn person(id: &str) -> PersonRow {
    PersonRow {
        id: id.parse().expect("an id"),
        name: "見本　一郎".to_owned(),
        state: PersonState::Active,
        roles: vec![Role::SeniorOperator, Role::RepositoryOperator],
        municipality: None,
        proposal: None,
        since: at(0),
    }
}

fn credential(person: &str, number: u8, kind: CredentialKind) -> CredentialRow {
    CredentialRow {
        sha256: [number; 32],
        person: person.parse().expect("an id"),
        kind,
        console: None,
        passkey: None,
        made: at(i64::from(number)),
        expires: Some(at(1000)),
        operation: Some("op-1".parse().expect("an id")),
    }
}

/// Ids are given once, and a change needs the person it was decided on.
pub fn w3_a_person_is_added_once_and_changed_from_what_they_were(store: &dyn Store) {
    let add =
        |row: &PersonRow| unit(EventKind::StaffChanged, Change::AddPerson(row.clone().into()));
    let (first, second) = (person("op-2"), person("op-1"));
    store.commit(add(&first)).expect("new");
    assert!(matches!(store.commit(add(&first)), Err(Error::Duplicate { .. })));
    let proposal = ProposalRow {
        kind: ProposalKind::Roles,
        roles: vec![Role::WindowSupervisor, Role::WindowClerk],
        municipality: Some(municipality()),
        by: first.id.clone(),
        at: at(3),
    };
    let proposed = PersonRow { proposal: Some(proposal.clone()), ..second.clone() };
    store.commit(add(&proposed)).expect("new");
    assert_eq!(store.people().expect("read"), [proposed.clone(), first.clone()]);
    let changed = PersonRow {
        roles: proposal.roles,
        municipality: proposal.municipality,
        since: at(4),
        ..second.clone()
    };
    let set = |from: &PersonRow, to: &PersonRow| {
        let change = Change::SetPerson { from: from.clone().into(), to: to.clone().into() };
        store.commit(unit(EventKind::StaffChanged, change))
    };
    set(&proposed, &changed).expect("as it was");
    assert_eq!(store.person(&second.id).expect("read"), Some(changed.clone()));
    assert!(matches!(set(&proposed, &second), Err(Error::Stale { .. })));
    assert!(matches!(set(&second, &person("op-3")), Err(Error::Missing { .. })));
    assert_eq!(store.person(&second.id).expect("read"), Some(changed));
}

/// Whoever shows a credential is one person.
pub fn w3_a_credential_belongs_to_one_person(store: &dyn Store) {
    for id in ["op-1", "op-2"] {
        commit(store, Change::AddPerson(person(id).into()));
    }
    let add = |row: &CredentialRow| {
        unit(EventKind::CredentialChanged, Change::AddCredential(row.clone().into()))
    };
    let token = CredentialRow {
        console: Some([127, 0, 0, 1].into()),
        ..credential("op-1", 1, CredentialKind::ConsoleToken)
    };
    let passkey = CredentialRow {
        passkey: Some(PasskeyRow { id: vec![1, 2], spki: vec![3], counter: 7 }),
        expires: None,
        ..credential("op-1", 2, CredentialKind::Passkey)
    };
    store.commit(add(&token)).expect("new");
    store.commit(add(&passkey)).expect("new");
    assert_eq!(store.credential(&[1; 32]).expect("read"), Some(token.clone()));
    assert_eq!(store.credentials_of(&token.person).expect("read"), [token, passkey]);
    let thief = credential("op-2", 1, CredentialKind::ProgramToken);
    assert!(matches!(store.commit(add(&thief)), Err(Error::Duplicate { .. })));
    let nobody = credential("ghost", 3, CredentialKind::ProgramToken);
    assert!(matches!(store.commit(add(&nobody)), Err(Error::Missing { .. })));
    assert_eq!(store.credential(&[3; 32]).expect("read"), None);
}

/// A credential that is used up cannot be used up again; who leaves keeps none.
pub fn w3_a_credential_ends_once_and_all_of_a_person_together(store: &dyn Store) {
    let id = person("op-1").id;
    commit(store, Change::AddPerson(person("op-1").into()));
    for number in 1..4 {
        let row = credential("op-1", number, CredentialKind::Enrolment);
        commit(store, Change::AddCredential(row.into()));
    }
    let drop = || unit(EventKind::CredentialChanged, Change::DropCredential([2; 32]));
    store.commit(drop()).expect("it is there");
    assert!(matches!(store.commit(drop()), Err(Error::Missing { .. })));
    assert_eq!(store.credentials_of(&id).expect("read").len(), 2);
    let to = password("op-1", "$argon2id$1", Attempts::default());
    commit(store, Change::SetPassword { from: None, to: to.into() });
    commit(store, Change::DropCredentials(id.clone()));
    assert_eq!(store.credentials_of(&id).expect("read"), []);
    assert_eq!(store.password(&id).expect("read"), None);
}

/// Of two attempts at the same time one is told that the other came first.
pub fn w3_a_password_changes_from_what_it_was(store: &dyn Store) {
    commit(store, Change::AddPerson(person("op-1").into()));
    let first = password("op-1", "$argon2id$1", Attempts::default());
    let set = |from: Option<&PasswordRow>, to: &PasswordRow| {
        let change =
            Change::SetPassword { from: from.cloned().map(Box::new), to: to.clone().into() };
        store.commit(unit(EventKind::CredentialChanged, change))
    };
    set(None, &first).expect("new");
    assert!(matches!(set(None, &first), Err(Error::Stale { .. })));
    let attempts = Attempts { failures: 2, since: Some(at(1)), locked_until: Some(at(2)) };
    let failed = password("op-1", "$argon2id$1", attempts);
    set(Some(&first), &failed).expect("as it was");
    assert_eq!(store.password(&first.person).expect("read"), Some(failed));
    assert!(matches!(set(Some(&first), &first), Err(Error::Stale { .. })));
    let ghost = password("ghost", "$argon2id$1", Attempts::default());
    assert!(matches!(set(None, &ghost), Err(Error::Missing { .. })));
}

fn password(person: &str, hash: &str, attempts: Attempts) -> PasswordRow {
    let (person, hash) = (person.parse().expect("an id"), hash.to_owned());
    PasswordRow { person, hash, set: at(0), attempts }
}
