//! Applies a unit inside its transaction: its changes in order, then the journal entries that name
//! every row they changed.

mod access;
mod authority;
mod ceremony;
mod certificate;
mod compromise;
mod crl;
mod forget;
mod holder;
pub(super) mod journal;
mod people;
mod request;
pub(super) mod standing;
mod tally;
mod window;
mod work;

pub(super) use self::journal::check_ring;
use self::work::Work;
use super::ledger::{Digests, Effect, Ledger};
use super::table::View;
use crate::Result;
use domain::staff::Floor;

use crate::journal::KeyRing;
use crate::unit::{Change, Unit};

/// Applies all of `unit`, whose entries take the next places of the journal, and says what it did. On
/// an error the caller rolls back what was done until then.
pub(super) fn unit(
    view: View<'_>,
    ring: &KeyRing,
    floor: &[Floor],
    before: &Digests,
    unit: &mut Unit,
) -> Result<Effect> {
    let first = before.entries;
    let mut work = Work { view, floor, ledger: Ledger::new(view.key, before.clone()) };
    let mut places = certificate::IntentPlaces::new(first, &unit.entries);
    let mut series = crl::Before::default();
    for change in &mut unit.changes {
        apply(&mut work, &mut places, &mut series, change)?;
    }
    journal::append(&mut work, ring, &unit.entries)?;
    Ok(work.ledger.finish(unit.entries.len() as u64))
}

fn apply(
    work: &mut Work<'_>,
    places: &mut certificate::IntentPlaces,
    series: &mut crl::Before,
    change: &mut Change,
) -> Result<()> {
    match change {
        Change::AddCa(row) => authority::add_ca(work, row),
        Change::AdoptPolicy { ca, from, to } => authority::adopt_policy(work, ca, from, to),
        Change::PutGenerationPlan(plan) => authority::put_plan(work, plan),
        Change::AddAuthority(row) => authority::add(work, row),
        Change::AddIntent(row) => {
            compromise::refuse(work.view, &row.ca, row.generation)?;
            compromise::refuse_vouching(work.view, row.kind, &row.spki_sha256)?;
            certificate::add_intent(work, places.next(), row)
        }
        Change::DeclareCompromise(row) => compromise::declare(work, row),
        Change::AdvanceCompromise { from, row } => compromise::advance(work, *from, row),
        Change::AddNotice(row) => compromise::add_notice(work, row),
        Change::CompleteIntent { ca, serial, der, to } => {
            certificate::complete(work, ca, serial, der, *to)
        }
        Change::SetCertificate { ca, serial, from, to } => {
            certificate::set(work, ca, serial, *from, *to)
        }
        Change::AddApplication(row) => window::add_application(work, row),
        Change::SetApplication { id, from, to, record } => {
            window::set_application(work, id, *from, *to, record)
        }
        Change::AddServiceRequest(row) => request::add(work, row),
        Change::SetServiceRequest { id, from, to, record } => {
            request::set(work, id, *from, *to, record)
        }
        Change::AddCrl { row, content } => crl::add(work, series, row, &mut **content),
        Change::SetSeries { series: key, from, to, published } => {
            crl::set_series(work, series, key, *from, *to, *published)
        }
        Change::PutCard(row) => window::put_card(work, row),
        Change::GrantCardSession { card, sequence } => {
            window::grant_card_session(work, card, *sequence)
        }
        Change::SetRegisterCursor { from, to } => window::set_register_cursor(work, *from, *to),
        Change::PutVerifier(row) => access::put_verifier(work, row),
        Change::AddPerson(row) => people::add(work, row),
        Change::SetPerson { from, to } => people::set(work, from, to),
        Change::AddCredential(row) => people::add_credential(work, row),
        Change::DropCredential(sha256) => people::drop_credential(work, sha256),
        Change::DropCredentials(person) => people::drop_credentials(work, person),
        Change::SetPassword { from, to } => people::set_password(work, from.as_deref(), to),
        Change::AddHolderRequest(row) => holder::add(work, row),
        Change::CompleteHolderRequest { id, receipt } => holder::complete(work, id, receipt),
        Change::RecordOperation { id, answer } => window::record_operation(work, id, answer),
        Change::PutCeremony(row) => ceremony::put(work, row),
        Change::DropApplication { id, from } => window::drop_application(work, id, *from),
        Change::ForgetResident(resident) => forget::forget(work, resident),
    }
}
