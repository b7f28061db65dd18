//! Disposes of a person's records, and of the key to their data in the journal, when the law lets go.

use std::sync::Arc;

use domain::act::Actor;
use domain::certificate::CertificateState;
use domain::id::{ApplicationId, CaId, ResidentCode, SerialNumber};
use domain::journal::EventKind;
use domain::lifetime::RECORDS_KEPT_YEARS;
use domain::rule;
use domain::rule::Spaced;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use store::reads::{ReadCertificates, ReadJournal, ReadWindows};
use store::{Along, ApplicationRow, Change, Entry, Store, Unit};

use super::application::Application;
use super::operation::Operations;
use crate::error::{Result, WindowError};
use crate::register::{RegisterError, ResidentRegister};

/// What was disposed of, and what the law keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// The applications whose records are gone.
    pub applications: Vec<ApplicationId>,
    /// The certificates, which stay as they were issued: lists and answers name them by their serials,
    /// and what was signed with them is verified by them; what their holder signed and sent stays with them.
    pub certificates: Vec<(CaId, SerialNumber)>,
}

/// Disposal of a person's records. It reads of all that is known of them, asks the register, and reaches no
/// CA and no card.
pub struct Disposal {
    operations: Operations,
    records: Arc<dyn ReadWindows>,
    certificates: Arc<dyn ReadCertificates>,
    journal: Arc<dyn ReadJournal>,
    register: Arc<dyn ResidentRegister>,
    cas: Vec<CaId>,
}

impl Disposal {
    pub(super) fn new(
        operations: &Operations,
        store: &Arc<dyn Store>,
        register: &Arc<dyn ResidentRegister>,
        cas: Vec<CaId>,
    ) -> Self {
        Self {
            operations: operations.clone(),
            records: store.clone(),
            certificates: store.clone(),
            journal: store.clone(),
            register: register.clone(),
            cas,
        }
    }

    /// Destroys the key of a person's data in the journal and the records of their applications.
    ///
    /// Two people of the staff do it, `act` and its second person, and only of whom the register has no
    /// record any more, once the last of their records has been kept as long as the law wants (A 5.5.2,
    /// S 4-12-1-2). It cannot be undone. Asked again, it finds nothing left and leaves an entry that says
    /// so.
    ///
    /// # Errors
    /// [`WindowError::Refused`] while something must be kept, journaled; [`WindowError::Register`].
    pub fn forget<'a>(
        &self,
        act: impl Into<Along<'a, Forgotten>>,
        resident: &ResidentCode,
    ) -> Result<Forgotten> {
        let act = &act.into();
        let result = self.forget_unrecorded(act, resident);
        self.operations.recording(act, EventKind::PersonalDataErased, "a person's data", result)
    }

    fn forget_unrecorded(
        &self,
        act: &Along<'_, Forgotten>,
        resident: &ResidentCode,
    ) -> Result<Forgotten> {
        let Actor::Staff(person) = &act.actor else {
            let rule = "the CA's staff disposes of records (A 5.5.2, S 4-12-1-2)";
            return Err(WindowError::NotPermitted(rule));
        };
        let second = act.second.as_ref().filter(|second| second.person != *person);
        let Some(second) = second else {
            let rule = "nobody disposes of records alone (A 5.2.2, S 5-2-2)";
            return Err(WindowError::refused("approver", rule));
        };
        // 1. Who is on the register may come to the window today.
        match self.register.find(resident) {
            Err(RegisterError::NotFound(_)) => {}
            Err(down) => return Err(down.into()),
            Ok(_) => {
                let rule = "the person is on the register: their records are in use";
                return Err(WindowError::refused("resident", rule));
            }
        }
        // 2. Every record has been kept long enough, the last entry with a part about them as well: it is
        // unreadable afterwards.
        let kept_until = kept_until(act.at)?;
        if self.journal.last_personal(resident)?.is_some_and(|last| kept_until < last) {
            return Err(must_be_kept("an entry about them is not of so many years ago"));
        }
        let certificates = self.ended_certificates(resident, kept_until)?;
        let (mut dropped, mut applications) = (Vec::new(), Vec::new());
        for row in self.records.applications_of(resident)? {
            dropped.push(Change::DropApplication { id: row.id.clone(), from: row.state });
            applications.push(row.id.clone());
            expect_over(row, kept_until)?;
        }
        // 3. The key and the records go in one commit, with the entry that says so.
        let entry = Entry::new(EventKind::PersonalDataErased, act)
            .subject("a person's data")
            .detail("approver", &second.person)
            .detail("applications", Spaced(applications.clone()))
            .detail("certificates_kept", certificates.len());
        let forget = Change::ForgetResident(resident.clone());
        let unit = dropped.into_iter().fold(Unit::new(entry).change(forget), Unit::change);
        let forgotten = Forgotten { applications, certificates };
        self.operations.commit(act.unit(unit, &forgotten)?)?;
        Ok(forgotten)
    }

    /// Every certificate of a person, each of which ended before `kept_until`.
    fn ended_certificates(
        &self,
        resident: &ResidentCode,
        kept_until: Timestamp,
    ) -> Result<Vec<(CaId, SerialNumber)>> {
        let mut found = Vec::new();
        for ca in &self.cas {
            for row in self.certificates.certificates_of(ca, resident)? {
                let ended = match row.state {
                    CertificateState::Revoked { at, .. } => at.min(row.intent.not_after),
                    _ => row.intent.not_after,
                };
                if kept_until < ended {
                    let rule = "a certificate of theirs has not ended, or not for so many years";
                    return Err(must_be_kept(rule));
                }
                found.push((ca.clone(), row.intent.serial));
            }
        }
        Ok(found)
    }
}

/// An application that came to its end before `kept_until`.
fn expect_over(row: ApplicationRow, kept_until: Timestamp) -> Result<()> {
    let Application { state, record, .. } = Application::restore(row)?;
    let last = record.stages.iter().map(|stage| stage.at).max();
    if !state.is_over() || last.is_none_or(|last| kept_until < last) {
        return Err(must_be_kept(
            "an application of theirs is open, or not over for so many years",
        ));
    }
    Ok(())
}

fn must_be_kept(rule: &'static str) -> WindowError {
    let rule = rule!("{}: {} (A 5.5.2, S 4-12-1-2)", rule, RECORDS_KEPT_YEARS);
    WindowError::refused("resident", rule)
}

/// What ended after it is kept still.
fn kept_until(now: Timestamp) -> Result<Timestamp> {
    let before = now.to_zoned(TimeZone::UTC).checked_sub(RECORDS_KEPT_YEARS.years());
    before
        .map(|before| before.timestamp())
        .map_err(|error| WindowError::Unreadable { what: "the time", problem: error.to_string() })
}
