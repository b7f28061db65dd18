//! The cycle of a list: built into the database, read again by the gate, published or withheld.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use domain::act::Act;
use domain::crl_series::{SeriesEvent, SeriesState};
use domain::journal::EventKind;
use domain::rule;
use domain::rule::Rule;
use domain::validity::whole_second;
use jiff::Timestamp;
use keys::Sign;
use store::reads::{ReadJournal, ReadLists, ReadRevoked};
use store::{Change, CrlKey, CrlRow, Entry, RevokedSnapshot, SeriesKey, Unit};
use x509::crl::CrlTemplate;

use super::difference::Difference;
use super::gate::{Gate, Served};
use super::lint::lint_list;
use super::series::{ListSeries, lists_undelivered};
use super::template::list_template;
use super::time::advances;
use super::write::write_list;
use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::key_ends::while_kept;
use crate::ledger::Ledger;

/// What became of one list of a cycle.
#[derive(Debug)]
pub enum ListOutcome {
    /// It is published.
    Published(CrlRow),
    /// The gate withheld it; what was published before stays up.
    Withheld {
        /// Which list.
        key: CrlKey,
        /// What the second reader found.
        differences: Vec<Difference>,
    },
    /// It could not be built; the next cycle tries again.
    Failed {
        /// Which series.
        series: SeriesKey,
        /// Why.
        error: Error,
    },
}

/// A list that is built and kept, with what the second reader found in it.
struct Candidate {
    row: CrlRow,
    differences: Vec<Difference>,
}

/// The making of lists. It reads what is revoked, and signs and commits lists; no certificate is issued or
/// ended by it, and it knows no holder.
pub struct Lists {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    generations: Arc<Generations>,
    series: Arc<ListSeries>,
    pub(super) gate: Gate,
    rows: Arc<dyn ReadLists>,
    revoked: Arc<dyn ReadRevoked>,
    journal: Arc<dyn ReadJournal>,
    pub(super) keys: Arc<dyn Sign>,
}

impl Lists {
    pub(crate) fn new(hands: &Hands, series: &Arc<ListSeries>) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            generations: hands.generations.clone(),
            series: series.clone(),
            gate: Gate::new(hands, series),
            rows: hands.store.clone(),
            revoked: hands.store.clone(),
            journal: hands.store.clone(),
            keys: hands.keys.clone(),
        }
    }

    /// Builds and publishes every list of `series`; a list that fails does not stop the others.
    pub fn publish_all(&self, act: &Act, series: &[SeriesKey]) -> Vec<ListOutcome> {
        self.publish_each(act, series).collect()
    }

    /// The same, one after the other as they are asked for.
    pub fn publish_each(
        &self,
        act: &Act,
        series: &[SeriesKey],
    ) -> impl Iterator<Item = ListOutcome> {
        let mut served = Served::default();
        series.iter().map(move |key| match self.publish_with(act, key, &mut served) {
            Ok(outcome) => outcome,
            Err(error) => ListOutcome::Failed { series: key.clone(), error },
        })
    }

    /// Builds the next list of a series and publishes it if the gate lets it pass.
    ///
    /// # Errors
    /// [`Error::Refused`] when less than a second passed since the last list, or the generation's
    /// root has ended; [`Error::Store`], [`Error::Keys`], [`Error::Encoding`], [`Error::File`].
    pub fn publish(&self, act: &Act, series: &SeriesKey) -> Result<ListOutcome> {
        self.publish_with(act, series, &mut Served::default())
    }

    fn publish_with(
        &self,
        act: &Act,
        series: &SeriesKey,
        served: &mut Served,
    ) -> Result<ListOutcome> {
        let candidate = self.build_list(act, series, served)?;
        let Candidate { row, differences } = candidate;
        let (event, kind) = match differences.first() {
            None => (SeriesEvent::Publish, EventKind::CrlPublished),
            Some(_) => (SeriesEvent::Withhold, EventKind::CrlWithheld),
        };
        let to =
            SeriesState::Built.after(event).map_err(|refused| Error::refused("series", refused))?;
        let mut entry = list_entry(kind, act, &row);
        if let Some(first) = differences.first() {
            entry = entry.refused(Rule::of(first)).detail("differences", differences.len());
        }
        let change = Change::SetSeries {
            series: series.clone(),
            from: SeriesState::Built,
            to,
            published: differences.is_empty().then_some(row.key.number),
        };
        self.ledger.commit(Unit::new(entry).change(change))?;
        for difference in differences.iter().filter(|one| one.doubts_the_database()) {
            self.ledger.doubt(format!("{} of {}: {difference}", row.key.number, self.policy.id()));
        }
        Ok(if differences.is_empty() {
            ListOutcome::Published(row)
        } else {
            ListOutcome::Withheld { key: row.key, differences }
        })
    }

    /// Builds the next list of a series and keeps it, unpublished.
    ///
    /// One view of the database serves the writer and the second reader, so that a revocation
    /// that arrives meanwhile is neither lost nor taken for a difference: the next list has it.
    fn build_list(&self, act: &Act, series: &SeriesKey, served: &mut Served) -> Result<Candidate> {
        let before = self.rows.series_row(series)?;
        let from = before.as_ref().map_or(SeriesState::Empty, |row| row.state);
        // Outside one name and one point is one issuer, whatever key signs: their lists share one count.
        let number = self.revoked.last_crl_number(&series.ca, series.partition)? + 1;
        let to =
            from.after(SeriesEvent::Build).map_err(|refused| Error::refused("series", refused))?;
        let generation = self.generations.numbered(series.generation)?;
        if generation.ends < act.at {
            let rule = rule!("its root ended at {}: nothing is signed with it", generation.ends);
            return Err(Error::refused("generation", rule));
        }
        self.generations.expect_kept(&generation)?;
        if let Some(last) = before {
            self.expect_to_advance(series, last.built, act.at)?;
        }
        let template = list_template(&self.policy, act.at, series, number, &generation)?;
        lint_list(&self.policy, &template, series, &generation)?;
        let expires_from = self.series.expires_from(series, number)?;
        let mut built = None;
        self.revoked.with_revoked(
            series,
            lists_undelivered(&self.policy),
            expires_from,
            &mut |view| {
                built = Some(self.write_and_read(&template, series, &generation, view, served));
                Ok(())
            },
        )?;
        let (candidate, file) =
            built.ok_or_else(|| Error::refused("series", "the database gave no view"))??;
        let unit = Unit::new(list_entry(EventKind::CrlBuilt, act, &candidate.row))
            .change(Change::AddCrl { row: candidate.row.clone(), content: Box::new(file) })
            .change(Change::SetSeries { series: series.clone(), from, to, published: None });
        // A long list takes minutes: one whose key's end was begun meanwhile never leaves.
        self.ledger.commit(while_kept(unit, [&generation.label])?)?;
        Ok(candidate)
    }

    /// Refuses a list of this moment, if it is no later than the last one of the series.
    fn expect_to_advance(&self, series: &SeriesKey, last: u64, at: Timestamp) -> Result<()> {
        let last = self.rows.crl(&CrlKey { series: series.clone(), number: last })?;
        match last {
            Some(last) if !advances(&*self.journal, &last, whole_second(at))? => {
                let (number, of) = (last.key.number, last.this_update);
                let rule =
                    rule!("list {} is of {}: thisUpdate must advance by a second", number, of);
                Err(Error::refused("thisUpdate", rule))
            }
            _ => Ok(()),
        }
    }

    /// Writes the list from `view` and has it read again against the same view.
    fn write_and_read(
        &self,
        template: &CrlTemplate,
        series: &SeriesKey,
        generation: &Generation,
        view: &dyn RevokedSnapshot,
        served: &mut Served,
    ) -> Result<(Candidate, File)> {
        let (mut file, entries) = write_list(&*self.keys, template, generation, view)?;
        let sha256 = sha256(&mut file)?;
        let row = CrlRow {
            key: CrlKey { series: series.clone(), number: template.number },
            this_update: template.this_update,
            next_update: template.next_update,
            next_publish: template.next_publish.unwrap_or(template.next_update),
            entries,
            sha256,
            as_of: view.as_of(),
        };
        let differences = self.gate.differences(&row, &file, view, served)?;
        file.seek(SeekFrom::Start(0))?;
        Ok((Candidate { row, differences }, file))
    }
}

fn list_entry(kind: EventKind, act: &Act, row: &CrlRow) -> Entry {
    let series = &row.key.series;
    Entry::new(kind, act)
        .ca(&series.ca)
        .subject(rule!("{}/{}/{}", series.generation, series.partition, row.key.number).as_part())
        .detail("this_update", row.this_update)
        .detail("next_update", row.next_update)
        .detail("entries", row.entries)
}

/// The SHA-256 of a file, which is then at its beginning again.
fn sha256(file: &mut File) -> Result<[u8; 32]> {
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; 64 << 10];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        context.update(&piece[..length]);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(context.finish().as_ref());
    Ok(sha256)
}
