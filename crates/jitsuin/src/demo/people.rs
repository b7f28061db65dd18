//! The demo's people: it plays them, and each comes to the desk by the token that was made for them, as
//! real ones do.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use domain::id::{ActorId, OperationId};
use domain::lifetime::is_due;
use domain::staff::{ChangeKind, MAX_TOKEN_DAYS, PersonState, Role, way_in_until};
use keys::quorum::{CustodianId, Passphrase};
use store::PersonRow;
use store::reads::{ReadPeople, ReadVerifiers};
use web::desk::credentials::MakeToken;
use web::desk::people::{ConfirmProposal, ProposeChange, ProposePerson};
use web::desk::{Desk, Door, Principal, Shown};
use web::operation::Operation;

use super::municipalities::MUNICIPALITIES;
use crate::cli::FirstPeople;
use crate::home::write_private;
use crate::system::System;

pub(super) const MANAGER: &str = "manager-1";

/// The senior operator.
pub(crate) const OPERATOR: &str = "operator-1";

/// Another one, for what takes two.
pub(super) const SECOND_OPERATOR: &str = "operator-2";

/// Who takes holds by phone.
pub(crate) const CALL_CENTRE: &str = "call-centre";

/// Everybody of the demo: id, role, and the municipality of those at the windows.
pub(super) fn all() -> Vec<(String, Role, Option<&'static str>)> {
    let staff = [
        (OPERATOR, Role::SeniorOperator),
        (MANAGER, Role::CaManager),
        (SECOND_OPERATOR, Role::SeniorOperator),
        ("custodian-1", Role::KeyCustodian),
        ("custodian-2", Role::KeyCustodian),
        ("custodian-3", Role::KeyCustodian),
        ("intake-1", Role::IntakeClerk),
        ("examiner-1", Role::Examiner),
        ("approver-1", Role::Approver),
        ("repository-1", Role::RepositoryOperator),
        ("general-1", Role::GeneralOperator),
        ("auditor-1", Role::InternalAuditor),
        (CALL_CENTRE, Role::CallCentreAgent),
    ];
    let mut all: Vec<_> = staff.map(|(id, role)| (id.to_owned(), role, None)).into();
    for code in MUNICIPALITIES {
        all.push((clerk(code), Role::WindowClerk, Some(code)));
        all.push((format!("supervisor-{code}"), Role::WindowSupervisor, Some(code)));
    }
    all
}

/// The clerk at the windows of a municipality.
pub(crate) fn clerk(municipality: &str) -> String {
    format!("clerk-{municipality}")
}

/// The staff of an installation at its desk. Whoever asks for something comes in for it, by the token among
/// what was handed out.
pub(crate) struct Staff<'a> {
    system: &'a System,
    desk: Desk,
}

impl<'a> Staff<'a> {
    /// At the desk with the windows.
    pub(crate) fn at_windows(system: &'a System) -> Result<Self> {
        Ok(Self { system, desk: system.desk()? })
    }

    /// At the desk of an installation that has no resident register yet.
    pub(super) fn without_windows(system: &'a System) -> Self {
        Self { system, desk: system.desk_without_windows() }
    }

    /// Has an operation done for the person of this id.
    pub(crate) fn ask<O: Operation>(&self, id: &str, asked: O) -> Result<O::Answer> {
        self.ask_under(id, None, asked)
    }

    /// The same under an operation id that was agreed on.
    pub(super) fn ask_under<O: Operation>(
        &self,
        id: &str,
        operation: Option<OperationId>,
        asked: O,
    ) -> Result<O::Answer> {
        let person = enter(self.system, &self.desk, id, operation)?;
        Ok(self.desk.ask(&person, asked)?)
    }

    /// The installation.
    pub(super) fn system(&self) -> &'a System {
        self.system
    }
}

/// Registers everybody who is not yet, each with a token bound to this machine; the custodians let
/// those in again whose token is about to end or has ended.
pub(crate) fn register(system: &System, custodians: &[(CustodianId, Passphrase)]) -> Result<()> {
    let first = FirstPeople {
        manager: MANAGER.to_owned(),
        senior_operator: OPERATOR.to_owned(),
        await_ceremony: false,
    };
    system.register_first_people(&first)?;
    let desk = system.desk_without_windows();
    for id in [MANAGER, OPERATOR] {
        let file = system.home.handed_out().join(format!("{id}.enrolment"));
        if file.exists() {
            let secret = std::fs::read_to_string(&file)?;
            make_token(system, &desk, id, &secret)?;
            std::fs::remove_file(&file)?;
        }
    }
    let_in_again(system, &desk, custodians)?;
    for (id, role, municipality) in all() {
        let person: ActorId = id.parse()?;
        let operator = || enter(system, &desk, OPERATOR, None);
        if system.store.person(&person)?.is_none() {
            let municipality = municipality.map(str::parse).transpose()?;
            let asked = ProposePerson {
                id: person.clone().into(),
                name: id.clone(),
                roles: vec![role.into()],
                municipality,
            };
            desk.ask(&operator()?, asked)?;
        } else if system.store.credentials_of(&person)?.is_empty() {
            // Custodians are registered with their shares, without a log-in.
            let (id, kind, roles) =
                (person.clone().into(), ChangeKind::Enrolment.into(), Vec::new());
            let asked = ProposeChange { id, kind, roles, municipality: None };
            desk.ask(&operator()?, asked)?;
        } else {
            continue;
        }
        let manager = enter(system, &desk, MANAGER, None)?;
        let confirmed = desk.ask(&manager, ConfirmProposal { id: person.into() })?;
        let secret = confirmed.enrolment_secret.context("a new person enrols")?;
        make_token(system, &desk, &id, &secret)?;
    }
    Ok(())
}

fn let_in_again(
    system: &System,
    desk: &Desk,
    custodians: &[(CustodianId, Passphrase)],
) -> Result<()> {
    // They come once, for everybody.
    let mut quorum = None;
    for (id, _, _) in all() {
        let person: ActorId = id.parse()?;
        let in_office = |row: PersonRow| row.state == PersonState::Active;
        if !system.store.person(&person)?.is_some_and(in_office) {
            continue;
        }
        let rows = system.store.credentials_of(&person)?;
        if rows.is_empty() {
            continue;
        }
        let until = way_in_until(rows.iter().map(|row| (row.kind, row.expires)));
        if is_due(system.now(), jiff::Timestamp::MIN, until) {
            let act = system.act("demo")?;
            let here = match &mut quorum {
                Some(here) => here,
                none => none.insert(system.custody.quorum(&act, custodians)?),
            };
            let let_in = desk.way_back_in().recover(&Principal::program(act), &person, here)?;
            make_token(system, desk, &id, &let_in.enrolment_secret.context("a secret")?)?;
        }
    }
    Ok(())
}

/// Somebody of the demo at the desk, by the token that was made for them.
fn enter(
    system: &System,
    desk: &Desk,
    id: &str,
    operation: Option<OperationId>,
) -> Result<Principal> {
    let file = system.home.handed_out().join(format!("{id}.token"));
    let token = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    Ok(desk.entrance().enter(Ok(Shown::bearer(&token)), &door(), operation)?)
}

fn make_token(system: &System, desk: &Desk, id: &str, secret: &str) -> Result<()> {
    let person = desk.entrance().enter(Ok(Shown::bearer(secret)), &door(), None)?;
    let days = Some(u32::try_from(MAX_TOKEN_DAYS)?);
    let made = desk.ask(&person, MakeToken { program: false, days })?;
    let file = system.home.handed_out().join(format!("{id}.token"));
    write_private(&file, made.token.as_bytes())
}

/// Writes for everybody what curl reads from a file (`-H @FILE`, `--netrc-file`), so that no secret
/// becomes an argument, which everybody on the machine can read.
pub(super) fn for_curl(system: &System) -> Result<()> {
    let handed_out = system.home.handed_out();
    for (id, _, _) in all() {
        let token = std::fs::read_to_string(handed_out.join(format!("{id}.token")))?;
        let header = format!("Authorization: Bearer {token}\n");
        write_private(&handed_out.join(format!("{id}.header")), header.as_bytes())?;
    }
    for verifier in system.store.verifiers()? {
        let id = verifier.id;
        let password = std::fs::read_to_string(handed_out.join(format!("{id}.password")))?;
        let netrc = format!("machine 127.0.0.1 login {id} password {password}\n");
        write_private(&handed_out.join(format!("{id}.netrc")), netrc.as_bytes())?;
    }
    Ok(())
}

fn door() -> Door {
    Door { name: "demo".to_owned(), from: Ipv4Addr::LOCALHOST.into() }
}
