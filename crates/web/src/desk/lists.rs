//! Revocation lists: their series, their publication, themselves.

use std::sync::Arc;

use ca::{CertificationAuthority, ListOutcome};
use domain::crl_series::{Partition, SeriesState};
use store::{CrlKey, CrlRow, SeriesKey, SeriesRow};
use x509::pem;

use super::permission::Operation;
use super::principal::Principal;
use super::{Desk, LAST_NUMBER};
use crate::problem::Problem;
use crate::wire::{ListBody, PublicationBody, PublishedListBody, SeriesBody, SeriesList};

/// In which form a list is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListEncoding {
    /// The octets (application/pkix-crl).
    Der,
    /// The text (RFC 7468).
    Pem,
}

impl Desk {
    /// The list series of a CA, with the published list of each.
    ///
    /// # Errors
    /// 404 for no such CA.
    pub fn series(&self, act: &Principal, ca: &str) -> Result<SeriesList, Problem> {
        let operation = Operation::ListSeries;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let rows = self.series_rows(authority)?;
        let body = |row: &SeriesRow| {
            let published = authority.published(&row.key)?;
            Ok(SeriesBody {
                ca: row.key.ca.to_string(),
                generation: row.key.generation,
                partition: row.key.partition.to_string(),
                state: row.state.to_string(),
                built: row.built,
                published: published.as_ref().map(ListBody::from),
            })
        };
        Ok(SeriesList { series: rows.iter().map(body).collect::<Result<_, Problem>>()? })
    }

    /// Publishes every list that is due, at every CA.
    ///
    /// # Errors
    /// The database's; what became of each list, the answer says.
    pub fn publish_due(&self, act: &Principal) -> Result<PublicationBody, Problem> {
        let operation = Operation::PublishDueLists;
        self.admit(act, operation)?;
        self.once(act, operation, &[], || {
            let begun = self.begun_before(act, operation, &[])?;
            let mut lists = Vec::new();
            for authority in self.authorities.values() {
                lists.extend(published_since(
                    begun,
                    act,
                    authority,
                    &authority.due_lists(act.at)?,
                )?);
            }
            Ok(PublicationBody { lists })
        })
    }

    /// Publishes every list of a CA, due or not.
    ///
    /// # Errors
    /// 404 for no such CA; what became of each list, the answer says.
    pub fn publish_all(&self, act: &Principal, ca: &str) -> Result<PublicationBody, Problem> {
        let operation = Operation::PublishAllLists;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        self.once(act, operation, &[ca], || {
            let begun = self.begun_before(act, operation, &[ca])?;
            let all = authority.series_at(act.at)?;
            let lists = published_since(begun, act, authority, &all)?;
            Ok(PublicationBody { lists })
        })
    }

    /// A list: the one with `number`, or the published one.
    ///
    /// # Errors
    /// 404 for no such list; 422 for no such partition.
    pub fn list(
        &self,
        act: &Principal,
        ca: &str,
        (generation, partition): (u32, &str),
        number: Option<u64>,
        encoding: ListEncoding,
    ) -> Result<Vec<u8>, Problem> {
        let operation = Operation::FetchList;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let partition: Partition = self.id(act, operation, "partition", partition)?;
        let series = SeriesKey { ca: authority.id().clone(), generation, partition };
        let number = match number {
            Some(number) => Some(number.min(LAST_NUMBER)),
            None => authority.published(&series)?.map(|row| row.key.number),
        };
        let content = match number {
            Some(number) => self.store.crl_content(&CrlKey { series, number })?,
            None => None,
        };
        let found = content.ok_or_else(|| Problem::unknown("list"));
        let der = self.checked(act, operation, found)?;
        match encoding {
            ListEncoding::Der => Ok(der),
            ListEncoding::Pem => pem::encode(pem::CRL, &der)
                .map(String::into_bytes)
                .map_err(|error| Problem::broke(&error)),
        }
    }

    /// Every series a CA publishes or ever published; one that never had a list is empty.
    pub(super) fn series_rows(
        &self,
        authority: &Arc<CertificationAuthority>,
    ) -> Result<Vec<SeriesRow>, Problem> {
        let mut rows = self.store.series(authority.id())?;
        for key in authority.all_series()? {
            if !rows.iter().any(|row| row.key == key) {
                let state = SeriesState::Empty;
                rows.push(SeriesRow { key, state, built: 0, published: None });
            }
        }
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(rows)
    }
}

/// Publishes lists, but for those that were published since an earlier try began: what is asked for is
/// in them.
fn published_since(
    begun: Option<i64>,
    act: &Principal,
    authority: &CertificationAuthority,
    wanted: &[SeriesKey],
) -> Result<Vec<PublishedListBody>, Problem> {
    let (mut lists, mut left) = (Vec::new(), Vec::new());
    for key in authority.series_at(act.at)? {
        let published = authority.published(&key)?;
        let is_new = |row: &CrlRow| begun.is_some_and(|begun| row.this_update.as_second() >= begun);
        match published.filter(is_new) {
            Some(row) => lists.push(outcome(ListOutcome::Published(row))),
            None if wanted.contains(&key) => left.push(key),
            None => {}
        }
    }
    lists.extend(authority.publish_lists(act, &left).into_iter().map(outcome));
    Ok(lists)
}

fn outcome(outcome: ListOutcome) -> PublishedListBody {
    let (series, name, number, list, problems) = match outcome {
        ListOutcome::Published(row) => {
            let list = ListBody::from(&row);
            (row.key.series, "published", Some(row.key.number), Some(list), Vec::new())
        }
        ListOutcome::Withheld { key, differences } => {
            let found = differences.iter().map(ToString::to_string).collect();
            (key.series, "withheld", Some(key.number), None, found)
        }
        ListOutcome::Failed { series, error } => {
            (series, "failed", None, None, vec![Problem::from(error).to_string()])
        }
    };
    PublishedListBody {
        ca: series.ca.to_string(),
        generation: series.generation,
        partition: series.partition.to_string(),
        outcome: name.to_owned(),
        number,
        list,
        problems,
    }
}
