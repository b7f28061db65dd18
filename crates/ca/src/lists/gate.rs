//! The publication gate: a second reader that shares nothing with the writer but the view of the
//! database both read.

use std::cmp::Ordering;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};

use domain::certificate::CertificateState;
use domain::crl_series::Partition;
use domain::id::SerialNumber;
use domain::reason::RevocationReason;
use domain::rule;
use domain::rule::{Closed, Rule};
use domain::validity::whole_second;
use jiff::Timestamp;
use store::{CrlRow, RevokedSnapshot, SeriesKey};
use x509::crl::{Crl, CrlStream, ReceivedDistributionPoint};
use x509::name::Name;

use super::before::Before;
use super::{Lists, Served};
use crate::error::Result;
use crate::generation::Generation;
use crate::partition::distribution_point;
use x509::fingerprint::hex;

/// At most so many differences are reported of one list; the first ones tell enough.
const REPORTED: usize = 20;

/// What the second reader found wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The list cannot be read, or its signature is not the CA's.
    Unreadable(String),
    /// A field is not what it must be.
    Field {
        /// Which.
        field: &'static str,
        /// What stands there and what should.
        found: String,
    },
    /// The database has a listed certificate that the list lacks.
    Missing(SerialNumber),
    /// The list has an entry that the database does not.
    Surplus(String),
    /// An entry says something else than the database.
    Entry(SerialNumber),
    /// The list before named a certificate as revoked for good; it has not expired since, and the
    /// database has it otherwise or not at all (RFC 5280 3.3).
    Vanished(SerialNumber),
    /// The counts do not add up.
    Partition {
        /// The partition.
        partition: Partition,
        /// What the list or database has.
        found: String,
    },
}

/// What stands where, the operators are told.
impl Closed for Difference {
    fn words(&self) -> Rule {
        match self {
            Self::Unreadable(_) => Rule::from("the list cannot be believed").told_as(self),
            Self::Field { field, .. } => rule!("{} is not what it must be", *field).told_as(self),
            Self::Missing(serial) => {
                rule!("serial {} is revoked or held but not listed", *serial)
            }
            Self::Surplus(_) => {
                Rule::from("a serial is listed but not revoked or held").told_as(self)
            }
            Self::Entry(serial) => {
                rule!("the entry of serial {} differs from the database", *serial)
            }
            Self::Vanished(serial) => {
                rule!("serial {} was revoked on the list before, and is not on this one", *serial)
            }
            Self::Partition { partition, .. } => {
                rule!("partition {}: the counts do not add up", *partition).told_as(self)
            }
        }
    }
}

impl Difference {
    /// Whether the list is as the database is, and the database cannot be right: what was revoked for
    /// good is so no more.
    pub(super) fn doubts_the_database(&self) -> bool {
        matches!(self, Self::Vanished(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "the list cannot be believed: {reason}"),
            Self::Field { field, found } => write!(f, "{field}: {found}"),
            Self::Missing(serial) => write!(f, "serial {serial} is revoked or held but not listed"),
            Self::Surplus(serial) => write!(f, "serial {serial} is listed but not revoked or held"),
            Self::Entry(serial) => {
                write!(f, "the entry of serial {serial} differs from the database")
            }
            Self::Vanished(serial) => {
                write!(f, "serial {serial} was revoked on the list before, and is not on this one")
            }
            Self::Partition { partition, found } => write!(f, "partition {partition}: {found}"),
        }
    }
}

impl Lists {
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
        let mut before = Before::open(self, &row.key)?;
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
        found.extend(before.gone(view, self.expires_from(&row.key.series, row.key.number)?)?);
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
        let advances = match self.published(series)? {
            None => true,
            Some(last) => self.advances(&last, crl.this_update)?,
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
            let row = self.rows.series_row(&self.series_key(&generation, partition))?;
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
        let counted = view.tally()?.listed(self.lists_undelivered());
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

/// Since when and with which code a list must name a certificate in this state (A 4.9.9).
///
/// The writer has its own reading of the states, so that neither repeats the other's mistake.
pub(super) fn listed_as(state: &CertificateState) -> Option<(Timestamp, u8)> {
    match state {
        CertificateState::Revoked { at, reason: RevocationReason::Unspecified } => Some((*at, 0)),
        CertificateState::Revoked { at, reason: RevocationReason::KeyCompromise } => Some((*at, 1)),
        CertificateState::Revoked { at, reason: RevocationReason::CaCompromise } => Some((*at, 2)),
        CertificateState::Revoked { at, reason: RevocationReason::AffiliationChanged } => {
            Some((*at, 3))
        }
        CertificateState::Revoked { at, reason: RevocationReason::Superseded } => Some((*at, 4)),
        CertificateState::Revoked { at, reason: RevocationReason::CessationOfOperation } => {
            Some((*at, 5))
        }
        CertificateState::Held { since } | CertificateState::Undelivered { since } => {
            Some((*since, 6))
        }
        CertificateState::Good | CertificateState::Intended => None,
    }
}

/// How two INTEGER contents stand to each other: ours are positive and minimal.
pub(super) fn in_order(one: &[u8], other: &[u8]) -> Ordering {
    (one.len(), one).cmp(&(other.len(), other))
}

fn unreadable(error: x509::Error) -> Difference {
    Difference::Unreadable(error.to_string())
}

pub(super) fn report(found: &mut Vec<Difference>, difference: Difference) {
    if found.len() < REPORTED {
        found.push(difference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_ordered_as_numbers() {
        assert_eq!(in_order(&[0x7f], &[0, 0x80]), Ordering::Less);
        assert_eq!(in_order(&[1, 0], &[1, 1]), Ordering::Less);
        assert_eq!(in_order(&[2], &[1]), Ordering::Greater);
        assert_eq!(in_order(&[2], &[2]), Ordering::Equal);
    }
}
