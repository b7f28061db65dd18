//! Applies a unit inside its savepoint: first its journal entries, then its changes, in order.

mod access;
mod authority;
mod ceremony;
mod certificate;
mod compromise;
mod crl;
mod holder;
pub(super) mod journal;
mod people;
mod request;
mod window;

use rusqlite::Connection;

pub(super) use self::journal::check_ring;
use crate::journal::KeyRing;
use crate::unit::{Change, Unit};
use crate::{Result, Sequence};

/// Applies all of `unit`, whose entries take the places from `first` on. On an error the caller
/// rolls back what was done until then.
pub(super) fn unit(
    connection: &Connection,
    first: Sequence,
    ring: &KeyRing,
    unit: Unit,
) -> Result<()> {
    journal::append(connection, first, ring, &unit.entries)?;
    let mut places = certificate::IntentPlaces::new(first, &unit.entries);
    let mut before = crl::Before::default();
    for change in unit.changes {
        apply(connection, first, &mut places, &mut before, change)?;
    }
    Ok(())
}

fn apply(
    c: &Connection,
    first: Sequence,
    places: &mut certificate::IntentPlaces,
    before: &mut crl::Before,
    change: Change,
) -> Result<()> {
    match change {
        Change::AddCa(row) => authority::add_ca(c, &row),
        Change::PutGenerationPlan(plan) => authority::put_plan(c, &plan),
        Change::AddAuthority(row) => authority::add(c, &row),
        Change::AddIntent(row) => {
            compromise::refuse(c, &row.ca, row.generation)?;
            certificate::add_intent(c, places.next(), &row)
        }
        Change::DeclareCompromise(row) => compromise::declare(c, &row),
        Change::AdvanceCompromise { from, row } => compromise::advance(c, from, &row),
        Change::AddNotice(row) => compromise::add_notice(c, &row),
        Change::CompleteIntent { ca, serial, der, to } => {
            compromise::refuse_completion(c, &ca, &serial)?;
            certificate::complete(c, first, &ca, &serial, &der, to)
        }
        Change::SetCertificate { ca, serial, from, to } => {
            certificate::set(c, first, &ca, &serial, from, to)
        }
        Change::AddApplication(row) => window::add_application(c, first, &row),
        Change::SetApplication { id, from, to, record } => {
            window::set_application(c, &id, from, to, &record)
        }
        Change::AddServiceRequest(row) => request::add(c, first, &row),
        Change::SetServiceRequest { id, from, to, record } => {
            request::set(c, &id, from, to, &record)
        }
        Change::AddCrl { row, mut content } => crl::add(c, before, &row, &mut *content),
        Change::SetSeries { series, from, to, published } => {
            crl::set_series(c, before, &series, from, to, published)
        }
        Change::PutCard(row) => window::put_card(c, &row),
        Change::GrantCardSession { card, sequence } => {
            window::grant_card_session(c, &card, sequence)
        }
        Change::SetRegisterCursor { from, to } => window::set_register_cursor(c, from, to),
        Change::PutVerifier(row) => access::put_verifier(c, &row),
        Change::AddPerson(row) => people::add(c, &row),
        Change::SetPerson { from, to } => people::set(c, &from, &to),
        Change::AddCredential(row) => people::add_credential(c, &row),
        Change::DropCredential(sha256) => people::drop_credential(c, &sha256),
        Change::DropCredentials(person) => people::drop_credentials(c, &person),
        Change::SetPassword { from, to } => people::set_password(c, from.as_deref(), &to),
        Change::AddHolderRequest(row) => holder::add(c, first, &row),
        Change::CompleteHolderRequest { id, receipt } => holder::complete(c, &id, &receipt),
        Change::RecordOperation { id, answer } => window::record_operation(c, first, &id, &answer),
        Change::PutCeremony(row) => ceremony::put(c, first, &row),
        Change::ForgetResident(resident) => journal::forget(c, &resident),
    }
}
