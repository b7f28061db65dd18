//! Compromised keys: declared once, led through their steps; and notices to everybody.

use aws_lc_rs::digest::{SHA256, digest};
use domain::certificate::CertificateKind;
use domain::compromise::CompromiseState;
use domain::id::CaId;
use rusqlite::{Row, ToSql};

use super::work::Work;
use crate::rows::{CompromiseRow, NoticeRow};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{micros, named, stale};
use crate::sqlite::read::authority;
use crate::sqlite::table::{COMPROMISE, NOTICE, View};
use crate::{Error, Result};

pub(super) fn declare(work: &mut Work<'_>, row: &CompromiseRow) -> Result<()> {
    let values: [&dyn ToSql; 6] = [
        &row.ca.as_str(),
        &row.generation,
        &row.state.name(),
        &micros(row.declared_at),
        &row.place,
        &row.revoked,
    ];
    let parent = || format!("generation {} of CA {}", row.generation, row.ca);
    inserted(work.insert(&COMPROMISE, &values), || what(row), parent)
}

pub(super) fn advance(
    work: &mut Work<'_>,
    from: (CompromiseState, u64),
    row: &CompromiseRow,
) -> Result<()> {
    let key: [&dyn ToSql; 2] = [&row.ca.as_str(), &row.generation];
    let (before, found) = work
        .find(&COMPROMISE, &key, standing)?
        .ok_or_else(|| Error::Missing { what: what(row) })?;
    if found != from {
        let words = |(state, place): (CompromiseState, u64)| format!("{state} up to {place}");
        return Err(stale(what(row), words(from), words(found)));
    }
    let to: [(&str, &dyn ToSql); 3] =
        [("state", &row.state.name()), ("place", &row.place), ("revoked", &row.revoked)];
    work.update(&COMPROMISE, before, &to)
}

/// Refuses to begin or complete anything under a key that counts as compromised.
pub(super) fn refuse(view: View<'_>, ca: &CaId, generation: u32) -> Result<()> {
    match COMPROMISE.find(view, &[&ca.as_str(), &generation], standing)? {
        None => Ok(()),
        Some(_) => Err(Error::Stopped {
            what: format!("generation {generation} of CA {ca}: its key counts as compromised"),
        }),
    }
}

/// Refuses that any key begins or finishes to vouch for one that counts as compromised, whichever CA's
/// either is.
pub(super) fn refuse_vouching(
    view: View<'_>,
    kind: CertificateKind,
    spki_sha256: &[u8],
) -> Result<()> {
    if !kind.is_authority() {
        return Ok(());
    }
    for ca in authority::cas(view)? {
        for key in authority::authorities(view, &ca.id)? {
            if digest(&SHA256, &key.spki).as_ref() == spki_sha256 {
                refuse(view, &key.ca, key.generation)?;
            }
        }
    }
    Ok(())
}

pub(super) fn add_notice(work: &mut Work<'_>, row: &NoticeRow) -> Result<()> {
    let values: [&dyn ToSql; 3] = [&row.ca.as_str(), &micros(row.at), &row.text];
    if work.find(&NOTICE, &values, |_| Ok(()))?.is_some() {
        return Ok(());
    }
    let parent = || format!("CA {}", row.ca);
    inserted(work.insert(&NOTICE, &values), || "the same notice".to_owned(), parent)
}

fn standing(row: &Row<'_>) -> Result<(CompromiseState, u64)> {
    Ok((named(row, "state", CompromiseState::from_name)?, row.get("place")?))
}

fn what(row: &CompromiseRow) -> String {
    format!("the compromise of generation {} of CA {}", row.generation, row.ca)
}
