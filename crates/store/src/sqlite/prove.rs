//! The proof of the state: every row, every table and what the journal's entries add up to.

mod findings;
mod listed;
mod locate;
mod replay;
mod scan;
mod tree;

use self::findings::Findings;
pub use self::findings::{ProofExtent, StateReport};
use self::replay::Replay;
pub(super) use self::replay::remember;
use super::begin::expect_rules;
use super::ledger::Digests;
use super::read;
use super::table::{self, Table, View};
use crate::state::TableDigest;
use crate::{Error, Result};

/// What the last so many entries replaced is remembered, beside what was replaced since everything
/// was proven whole: a start reads them in about a second, and they take some megabytes.
const REMEMBERED: u64 = 100_000;

/// How far a series of proofs has read the journal. A new one begins where everything was proven
/// whole, the last time; one of the whole state with the first entry.
#[derive(Debug, Default)]
pub struct StateProof {
    replay: Option<Replay>,
    whole: Option<Digests>,
}

impl StateProof {
    /// What everything added up to when the last proof of it all found nothing.
    pub(super) fn whole(&self) -> Option<&Digests> {
        self.whole.as_ref()
    }

    /// How many entries there were when the last proof of everything found nothing, if it did.
    pub fn whole_until(&self) -> Option<u64> {
        self.whole.as_ref().map(|digests| digests.entries)
    }
}

/// Proves the state as one view of the database shows it; what is found is raised as doubt.
///
/// # Errors
/// [`Error::Unavailable`]: nothing is proven then, nor in doubt.
pub(super) fn prove(
    view: View<'_>,
    proof: &mut StateProof,
    extent: ProofExtent,
) -> Result<StateReport> {
    let mut findings = Findings { doubt: view.doubt, told: Vec::new() };
    findings.keep(expect_rules(view.connection, view.doubt))?;
    let digests = match findings.keep(Digests::load(view.connection, view.key, view.doubt))? {
        Some(Some(digests)) => digests,
        Some(None) => {
            findings.everything("the state digest is missing".into());
            return Ok(findings.nothing_read());
        }
        None => return Ok(findings.nothing_read()),
    };
    let verified = Digests::verified(view.connection, view.key, view.doubt);
    let verified = findings.keep(verified)?.unwrap_or_else(Digests::empty);
    proof.whole = None;
    let is_first = extent == ProofExtent::Recent && proof.replay.is_none();
    replay(view, proof, extent, &verified, &digests, &mut findings)?;
    let mut rows = 0;
    for table in table::ALL.iter().filter(|table| extent == ProofExtent::Whole || table.is_small())
    {
        rows += scan_one(view, table, extent, &digests, &mut findings)?;
    }
    if extent == ProofExtent::Whole {
        file(view, &mut findings)?;
    }
    if is_first {
        found_in(listed::check(view), &mut findings)?;
    }
    let stored = table::ALL.iter().map(|table| digests.of(table).rows).sum();
    let (entries, findings) = (digests.entries, findings.told);
    if extent == ProofExtent::Whole && findings.is_empty() {
        proof.whole = Some(digests);
    }
    Ok(StateReport { entries, verified: verified.entries, rows, stored, findings })
}

/// Proves the tables that hold rights, keys and plans, as a transaction shows them that is about to decide on
/// them; what is found is raised as doubt.
///
/// # Errors
/// [`Error::Doubted`] with the first finding; [`Error::Unavailable`].
pub(super) fn small(view: View<'_>) -> Result<()> {
    let mut findings = Findings { doubt: view.doubt, told: Vec::new() };
    let digests = Digests::load(view.connection, view.key, view.doubt);
    if let Some(Some(digests)) = findings.keep(digests)? {
        for table in table::ALL.iter().filter(|table| table.is_small()) {
            scan_one(view, table, ProofExtent::Recent, &digests, &mut findings)?;
        }
    }
    match findings.told.into_iter().next() {
        None => Ok(()),
        Some(finding) => Err(Error::Doubted { finding }),
    }
}

/// Holds what the entries add up to against the digests that are stored.
fn replay(
    view: View<'_>,
    proof: &mut StateProof,
    extent: ProofExtent,
    verified: &Digests,
    digests: &Digests,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let remembered = verified.entries.min(digests.entries.saturating_sub(REMEMBERED));
    let mut replay = match (proof.replay.take(), extent) {
        (Some(replay), _) => replay,
        (None, ProofExtent::Whole) => Replay::default(),
        (None, ProofExtent::Recent) => {
            let told = replay::remember(view, remembered, verified.entries);
            findings.keep(told)?;
            Replay::remembering(verified.clone())
        }
    };
    if findings.keep(replay.advance(view, digests.entries))?.is_none() {
        return Ok(());
    }
    if extent == ProofExtent::Recent {
        view.replaced.forget_before(remembered);
    }
    for table in table::ALL {
        let (told, stored) = (replay.digests.of(table), digests.of(table));
        if told != stored {
            findings.everything(format!(
                "{}: the journal tells of {} rows, and the state digest of {}, or of others",
                table.name, told.rows, stored.rows
            ));
        }
    }
    if findings.told.is_empty() {
        proof.replay = Some(replay);
    }
    Ok(())
}

fn scan_one(
    view: View<'_>,
    table: &'static Table,
    extent: ProofExtent,
    digests: &Digests,
    findings: &mut Findings<'_>,
) -> Result<u64> {
    let read = scan::table(view, table, extent, findings);
    let Some((found, tallies)) = findings.keep(read)?.flatten() else { return Ok(0) };
    if found != digests.of(table) {
        differs(view, table, found, digests.of(table), findings)?;
    }
    if extent == ProofExtent::Whole && std::ptr::eq(table, &table::CERTIFICATE) {
        let recounted = scan::recount(view, &tallies, findings);
        findings.keep(recounted)?;
    }
    Ok(found.rows)
}

/// Every row is ours, and together they are not those that the journal tells of.
fn differs(
    view: View<'_>,
    table: &Table,
    found: TableDigest,
    expected: TableDigest,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let (has, should) = (found.rows, expected.rows);
    findings.everything(format!(
        "{}: rows were put back, taken away or doubled: {has} are there, and {should} should be",
        table.name
    ));
    let named = locate::differences(view, table);
    for difference in findings.keep(named)?.unwrap_or_default() {
        findings.everything(difference);
    }
    Ok(())
}

/// What stands beside the tables: the tree over the journal, octets of no certificate, and the engine's
/// own check of the file, that indexes have what tables have and pages are whole.
fn file(view: View<'_>, findings: &mut Findings<'_>) -> Result<()> {
    const ORPHANS: &str = "SELECT (SELECT count(*) FROM certificate_octets)
        - (SELECT count(*) FROM certificate)";
    found_in(tree::check(view), findings)?;
    let orphans: i64 = view.connection.query_row(ORPHANS, [], |row| row.get(0))?;
    if orphans != 0 {
        findings.named(format!("certificate_octets: {orphans} more than certificates"));
    }
    let strays = read::plain(view.connection, "PRAGMA foreign_key_check", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(2)?))
    });
    for (table, parent) in findings.keep(strays)?.unwrap_or_default() {
        findings.named(format!("{table}: a row belongs to none of {parent}"));
    }
    let told = read::plain(view.connection, "PRAGMA integrity_check(20)", [], |row| {
        Ok(row.get::<_, String>(0)?)
    });
    for line in findings.keep(told)?.unwrap_or_default() {
        if line != "ok" {
            findings.named(format!("the database file: {line}"));
        }
    }
    Ok(())
}

/// Takes what does not add up as a finding that puts everything in doubt.
fn found_in(outcome: Result<()>, findings: &mut Findings<'_>) -> Result<()> {
    match outcome {
        Err(error @ Error::Corrupt { .. }) => findings.everything(error.to_string()),
        outcome => outcome?,
    }
    Ok(())
}
