//! The publication gate: a second reader that shares nothing with the writer but the view of the
//! database both read.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

use domain::crl_series::Partition;
use domain::id::SerialNumber;
use domain::validity::whole_second;
use jiff::Timestamp;
use store::reads::{ReadJournal, ReadLists, ReadRevoked};
use store::{CrlRow, RevokedSnapshot, SeriesKey};
use x509::crl::{Crl, CrlStream, ReceivedDistributionPoint};
use x509::name::Name;

use super::before::Before;
use super::difference::{Difference, REPORTED, report};
use super::reading::{in_order, listed_as};
use super::series::{ListSeries, lists_undelivered};
use super::time::advances;
use crate::adoption::PolicyInEffect;
use crate::error::Result;
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::partition::distribution_point;
use domain::hexadecimal::hex;

/// The second reader. It commits nothing and has no key: what it finds, whoever publishes hears.
pub(super) struct Gate {
    policy: Arc<PolicyInEffect>,
    generations: Arc<Generations>,
    series: Arc<ListSeries>,
    rows: Arc<dyn ReadLists>,
    revoked: Arc<dyn ReadRevoked>,
    journal: Arc<dyn ReadJournal>,
}

impl Gate {
    pub(super) fn new(hands: &Hands, series: &Arc<ListSeries>) -> Self {
        Self {
            policy: hands.policy.clone(),
            generations: hands.generations.clone(),
            series: series.clone(),
            rows: hands.store.clone(),
            revoked: hands.store.clone(),
            journal: hands.store.clone(),
        }
    }

    /// Everything that keeps a built list from being published; none if it may be.
    pub(super) fn differences(
        &self,
        row: &CrlRow,
        content: &File,
        view: &dyn RevokedSnapshot,
        served: &mut Served,
    ) -> Result<Vec<Difference>> {
        let generation = self.generations.numbered(row.key.series.generation)?;
        let source = BufReader::with_capacity(64 << 10, content);
        let mut stream = match CrlStream::open(source, generation.signature) {
            Ok(stream) => stream,
            Err(error) => return Ok(vec![unreadable(error)]),
        };
        let mut before = Before::open(&self.series, &self.generations, &*self.rows, &row.key)?;
        let (entries, expired) = check_entries(&mut stream, view, &mut before)?;
        // Only now is it known whether what was read is the CA's word.
        let verified = stream.finish().and_then(|(frame, digest)| {
            Crl::parse(&frame)?.verify_digest(generation.key.as_der(), &digest)?;
            Ok(frame)
        });
        let frame = match verified {
            Ok(frame) => frame,
            Err(error) => return Ok(vec![unreadable(error)]),
        };
        let mut found = self.check_fields(row, &Crl::parse(&frame)?, &generation)?;
        found.extend(entries);
        found
            .extend(before.gone(view, self.series.expires_from(&row.key.series, row.key.number)?)?);
        found.extend(self.check_counts(row, expired, view, served)?);
        found.truncate(REPORTED);
        Ok(found)
    }

    /// Issuer, key, partition, number and time: that no other list takes this one's place.
    fn check_fields(
        &self,
        row: &CrlRow,
        crl: &Crl<'_>,
        generation: &Generation,
    ) -> Result<Vec<Difference>> {
        let series = &row.key.series;
        let point = Name::write(&distribution_point(&self.policy, series.partition)?)?;
        let key = crl.authority_key_identifier()?.map(|aki| aki.key_identifier);
        let own = generation.key.key_identifier();
        let number = crl.number()?;
        let idp = crl.issuing_distribution_point()?;
        let advances = match self.series.published(series)? {
            None => true,
            Some(last) => advances(&*self.journal, &last, crl.this_update)?,
        };
        let highest = self.highest_published(series.partition)?;
        let checks = [
            ("issuer", crl.issuer == generation.name, crl.issuer.to_string()),
            ("authorityKeyIdentifier", key.as_deref() == Some(&own[..]), format!("{key:02x?}")),
            ("cRLNumber", number == Some(row.key.number), format!("{number:?}")),
            (
                "cRLNumber",
                highest < row.key.number,
                format!("{} does not follow {highest}, which is published", row.key.number),
            ),
            (
                "issuingDistributionPoint",
                idp.as_ref().is_some_and(|idp| fits(idp, &point, series)),
                format!("{idp:?}"),
            ),
            ("thisUpdate", crl.this_update == row.this_update, crl.this_update.to_string()),
            (
                "thisUpdate",
                advances,
                format!("{} does not advance on the published list", crl.this_update),
            ),
            (
                "nextUpdate",
                crl.next_update == Some(row.next_update),
                format!("{:?}", crl.next_update),
            ),
        ];
        let wrong = checks.into_iter().filter(|(_, holds, _)| !holds);
        Ok(wrong.map(|(field, _, found)| Difference::Field { field, found }).collect())
    }

    /// The highest number of the lists of a partition that are published: by any key of the CA, since
    /// they bear one name and one point (RFC 5280 5.2.3). 0 before the first.
    fn highest_published(&self, partition: Partition) -> Result<u64> {
        let mut highest = 0;
        for generation in self.generations.all() {
            let row = self.rows.series_row(&self.series.key(&generation, partition))?;
            highest = highest.max(row.and_then(|row| row.published).unwrap_or(0));
        }
        Ok(highest)
    }

    /// The number of entries by the tally, which the transitions themselves keep; and no certificate
    /// outside every series.
    fn check_counts(
        &self,
        row: &CrlRow,
        expired: u64,
        view: &dyn RevokedSnapshot,
        served: &mut Served,
    ) -> Result<Vec<Difference>> {
        let own = row.key.series.partition;
        let counted = view.tally()?.listed(lists_undelivered(&self.policy));
        let mut found = Vec::new();
        if row.entries + expired != counted {
            let text = format!(
                "the list has {} entries beside {expired} that expired, and {counted} were counted \
                 as they came",
                row.entries
            );
            found.push(Difference::Partition { partition: own, found: text });
        }
        for (partition, count) in served.unserved(self)? {
            let text = format!("{count} revoked certificates belong to no list");
            found.push(Difference::Partition { partition, found: text });
        }
        Ok(found)
    }
}

/// The partitions that have certificates for lists and no list: asked once in a cycle, not once for
/// each list.
#[derive(Debug, Default)]
pub(super) struct Served(Option<Vec<(Partition, u64)>>);

impl Served {
    /// The partitions that have no list, with how many certificates belong on one.
    fn unserved(&mut self, gate: &Gate) -> Result<Vec<(Partition, u64)>> {
        if let Some(known) = &self.0 {
            return Ok(known.clone());
        }
        // The tally first: a partition that comes between the two reads has its list all the same.
        let tallies = gate.revoked.tallies(gate.policy.id())?;
        let served: HashSet<Partition> =
            gate.series.all()?.into_iter().map(|key| key.partition).collect();
        let undelivered = lists_undelivered(&gate.policy);
        let listed = tallies.into_iter().map(|(one, tally)| (one, tally.listed(undelivered)));
        let unserved = listed.filter(|(one, count)| *count > 0 && !served.contains(one));
        Ok(self.0.insert(unserved.collect()).clone())
    }
}

fn fits(idp: &ReceivedDistributionPoint, point: &Name, series: &SeriesKey) -> bool {
    let authority = series.partition.is_authority();
    idp.critical
        && !idp.restricted_otherwise
        && idp.names.as_slice() == std::slice::from_ref(point)
        && idp.only_ca_certificates == authority
        && idp.only_user_certificates != authority
}

/// Every entry against the database, both in the order of serials, and against the list before; how
/// many certificates have expired.
fn check_entries<R: Read>(
    stream: &mut CrlStream<R>,
    view: &dyn RevokedSnapshot,
    before: &mut Before<'_>,
) -> Result<(Vec<Difference>, u64)> {
    let mut found = Vec::new();
    let expired = view.for_each(&mut |status| {
        if let Some((since, code)) = listed_as(&status.state) {
            let wanted = Wanted { serial: status.serial, since: whole_second(since), code };
            wanted.seek(stream, before, &mut found);
        }
    })?;
    // What cannot be read is found again, and told, when the rest of the list is.
    while let Ok(Some(surplus)) = stream.peek() {
        report(&mut found, Difference::Surplus(hex(surplus.serial)));
        stream.advance();
    }
    Ok((found, expired))
}

/// What the list must say of one certificate.
struct Wanted {
    serial: SerialNumber,
    since: Timestamp,
    code: u8,
}

impl Wanted {
    /// Walks the list up to this certificate's entry, or to where it should have been.
    fn seek<R: Read>(
        &self,
        stream: &mut CrlStream<R>,
        before: &mut Before<'_>,
        found: &mut Vec<Difference>,
    ) {
        let serial = self.serial.to_integer();
        while let Ok(Some(octets)) = stream.peek_octets() {
            before.pass(octets);
            let Ok(Some(entry)) = stream.peek() else { break };
            let order = in_order(entry.serial, &serial);
            match order {
                Ordering::Greater => break,
                Ordering::Less => report(found, Difference::Surplus(hex(entry.serial))),
                Ordering::Equal => {
                    if entry.revoked_at != self.since || entry.code.unwrap_or(0) != self.code {
                        report(found, Difference::Entry(self.serial));
                    }
                }
            }
            stream.advance();
            if order == Ordering::Equal {
                return;
            }
        }
        report(found, Difference::Missing(self.serial));
    }
}

fn unreadable(error: x509::Error) -> Difference {
    Difference::Unreadable(error.to_string())
}
