//! Building a list: two passes over one view of the database, into a temporary file, signed.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use aws_lc_rs::digest::{Context, SHA256};
use domain::act::Act;
use domain::crl_series::{SeriesEvent, SeriesState};
use domain::journal::EventKind;
use domain::policy::Policy;
use domain::rule;
use domain::validity::whole_second;
use jiff::Timestamp;
use keys::Sign;
use store::{Change, CrlKey, CrlRow, RevokedSnapshot, SeriesKey, Unit};
use x509::crl::{CrlTemplate, DistributionPointScope, IssuingDistributionPoint};
use x509::extension::AuthorityKeyIdentifier;
use x509::name::Name;

use super::{Candidate, Lists, Served, hours, lint_list, list_entry, list_line};
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::key_ends::while_kept;
use crate::partition::distribution_point;

impl Lists {
    /// Builds the next list of a series and keeps it, unpublished.
    ///
    /// One view of the database serves the writer and the second reader, so that a revocation
    /// that arrives meanwhile is neither lost nor taken for a difference: the next list has it.
    pub(super) fn build_list(
        &self,
        act: &Act,
        series: &SeriesKey,
        served: &mut Served,
    ) -> Result<Candidate> {
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
        let expires_from = self.expires_from(series, number)?;
        let mut built = None;
        self.revoked.with_revoked(series, self.lists_undelivered(), expires_from, &mut |view| {
            built = Some(self.write_and_read(&template, series, &generation, view, served));
            Ok(())
        })?;
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
            Some(last) if !self.advances(&last, whole_second(at))? => {
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
        let differences = self.differences(&row, &file, view, served)?;
        file.seek(SeekFrom::Start(0))?;
        Ok((Candidate { row, differences }, file))
    }
}

/// The frame of a list, by policy and key.
pub(crate) fn list_template(
    policy: &Policy,
    at: Timestamp,
    series: &SeriesKey,
    number: u64,
    generation: &Generation,
) -> Result<CrlTemplate> {
    let this_update = whole_second(at);
    let scope = if series.partition.is_authority() {
        DistributionPointScope::CaCertificates
    } else {
        DistributionPointScope::UserCertificates
    };
    Ok(CrlTemplate {
        signature: generation.signature,
        issuer: generation.name.clone(),
        this_update,
        next_update: this_update + hours(policy.lists.validity_hours),
        next_publish: Some(this_update + hours(policy.lists.period_hours)),
        number,
        authority_key_identifier: AuthorityKeyIdentifier {
            key_identifier: generation.key.key_identifier().to_vec(),
            issuer_and_serial: None,
        },
        distribution_point: Some(IssuingDistributionPoint {
            name: Name::write(&distribution_point(policy, series.partition)?)?,
            scope,
        }),
    })
}

/// Writes the whole CertificateList into a temporary file, and counts its entries.
pub(crate) fn write_list(
    keys: &dyn Sign,
    template: &CrlTemplate,
    generation: &Generation,
    view: &dyn RevokedSnapshot,
) -> Result<(File, u64)> {
    let mut measure = x509::crl::CrlMeasure::default();
    each_line(view, &mut |line| measure.add(line))?;
    let plan = measure.plan(template);
    let mut body = BufWriter::new(tempfile::tempfile()?);
    let mut writer = plan.writer(&mut body)?;
    each_line(view, &mut |line| writer.add(line))?;
    let written = writer.finish()?;
    let mut body = body.into_inner().map_err(std::io::IntoInnerError::into_error)?;

    let algorithm = template.signature;
    let signature = keys.sign_digest(&generation.label, algorithm, written.digest.as_ref())?;
    let mut list = BufWriter::new(tempfile::tempfile()?);
    list.write_all(&x509::crl::list_header(written.length, algorithm, signature.len()))?;
    body.seek(SeekFrom::Start(0))?;
    std::io::copy(&mut body, &mut list)?;
    list.write_all(&x509::crl::list_trailer(algorithm, &signature))?;
    let mut list = list.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    list.seek(SeekFrom::Start(0))?;
    Ok((list, written.entry_count))
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

/// Calls `each` with the line of every listed certificate; the first failure of it ends the walk.
fn each_line(
    view: &dyn RevokedSnapshot,
    each: &mut dyn FnMut(&x509::crl::RevokedEntry) -> std::result::Result<(), x509::Error>,
) -> Result<()> {
    let mut failed = None;
    view.for_each(&mut |row| {
        if failed.is_none()
            && let Some(line) = list_line(&row)
        {
            failed = each(&line).err();
        }
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}
