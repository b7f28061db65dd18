//! Every row of a table, each held against its authenticator, and what they add up to.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use domain::certificate::StateName;
use rusqlite::{Row, params};

use super::findings::{Findings, ProofExtent};
use crate::rows::Tally;
use crate::sqlite::map;
use crate::sqlite::read::certificate::{octets, status_of};
use crate::sqlite::read::revoked::{sums_of, tally_row};
use crate::sqlite::sums::Sums;
use crate::sqlite::table::{CERTIFICATE, CRL, TALLY, Table, View};
use crate::state::TableDigest;
use crate::{Error, Result};

/// What the certificates of each CA and partition come to.
pub(super) type Tallies = BTreeMap<(String, String), (Tally, Sums)>;

/// Reads a table; what its rows add up to, unless it cannot be read to its end, and what its
/// certificates come to.
pub(super) fn table(
    view: View<'_>,
    table: &Table,
    extent: ProofExtent,
    findings: &mut Findings<'_>,
) -> Result<Option<(TableDigest, Tallies)>> {
    let mut digest = TableDigest::default();
    let mut tallies = Tallies::new();
    let mut statement = view.connection.prepare(&format!("SELECT * FROM {}", table.name))?;
    let mut rows = statement.query([])?;
    loop {
        let row = match rows.next().map_err(Error::from) {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) => return findings.keep(Err(error)),
        };
        let read = table.proven(view, row).and_then(|mac| {
            if extent == ProofExtent::Whole {
                belongings(view, table, row, &mut tallies)?;
            }
            Ok(mac)
        });
        findings.keep(read)?;
        // By what it claims: one row that is not ours does not hide that another was put back.
        if let Some(mac) = table.claimed(row) {
            digest.add(view.key, &mac);
        }
    }
    Ok(Some((digest, tallies)))
}

/// What a row vouches for beside itself.
fn belongings(view: View<'_>, table: &Table, row: &Row<'_>, tallies: &mut Tallies) -> Result<()> {
    if std::ptr::eq(table, &CERTIFICATE) {
        octets(view, row)?;
        let place = (row.get("ca")?, row.get("partition")?);
        let (tally, sums) = tallies.entry(place).or_default();
        sums.add(view.key, &status_of(row)?);
        match map::state(row)?.name() {
            StateName::Undelivered => tally.undelivered += 1,
            StateName::Held => tally.held += 1,
            StateName::Revoked => tally.revoked += 1,
            StateName::Intended | StateName::Good => {}
        }
    } else if std::ptr::eq(table, &CRL) {
        list(view, row)?;
    }
    Ok(())
}

/// The content of a list, piece by piece.
fn list(view: View<'_>, row: &Row<'_>) -> Result<()> {
    const SQL: &str = "SELECT content, chunk FROM crl_chunk
        WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND number = ?4 ORDER BY chunk";
    let (ca, generation): (String, u32) = (row.get("ca")?, row.get("generation")?);
    let (partition, number): (String, u64) = (row.get("partition")?, row.get("number")?);
    let mut statement = view.connection.prepare_cached(SQL)?;
    let mut pieces = statement.query(params![ca, generation, partition, number])?;
    let mut digest = Context::new(&SHA256);
    let mut in_place = true;
    for place in 0_u64.. {
        let Some(piece) = pieces.next()? else { break };
        digest.update(piece.get_ref(0)?.as_blob().unwrap_or_default());
        in_place &= piece.get::<_, u64>(1)? == place;
    }
    if in_place && digest.finish().as_ref() == row.get::<_, [u8; 32]>("sha256")? {
        return Ok(());
    }
    let reason = "its content does not have the SHA-256 it was built with";
    Err(crate::sqlite::fault::corrupt(CRL.name_of(row), reason))
}

/// The tallies must be what the certificates come to.
pub(super) fn recount(
    view: View<'_>,
    tallies: &Tallies,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let mut statement = view.connection.prepare("SELECT * FROM tally")?;
    let mut rows = statement.query([])?;
    let mut left: BTreeMap<_, _> =
        tallies.iter().filter(|(_, (t, _))| *t != Tally::default()).collect();
    while let Some(row) = rows.next()? {
        let place: (String, String) = (row.get("ca")?, row.get("partition")?);
        let counted = left.remove(&place).copied().unwrap_or_default();
        let kept = sums_of(row, view.key, (&place.0, &place.1))?;
        if (tally_row(row)?.1, kept) != counted {
            findings.named(format!("{}: the certificates come to another", TALLY.name_of(row)));
        }
    }
    for (ca, partition) in left.into_keys() {
        findings.named(format!("tally {ca}/{partition}: it is missing"));
    }
    Ok(())
}
