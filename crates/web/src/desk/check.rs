//! The check that everything agrees with everything else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ca::CertificationAuthority;
use domain::act::Act;
use domain::certificate::CertificateKind;
use domain::crl_series::SeriesState;
use domain::id::{ResidentCode, SerialNumber};
use domain::policy::Undelivered;
use jiff::{SignedDuration, Timestamp};
use ra::WindowError;
use ra::register::RegisterError;
use ra::window::Window;
use serde::{Deserialize, Serialize};
use store::journal::ToldEntry;
use store::reads::{ReadCertificates, ReadHead, ReadJournal, ReadRevoked};
use store::{CertificateRow, CrlRow, Remembered, Sequence, SeriesRow};
use utoipa::ToSchema;

use super::MAX_PAGE;
use super::endings::Deadlines;
use super::findings::Gathered;
use super::hands::Hands;
use super::health::{Condition, Health};
use super::listed::Listed;
use super::permission::Operation;
use super::proof::Prover;
use crate::operation::{self, Call, Spec};
use crate::problem::Problem;

pub use super::findings::FindingBody;

/// The operations of this group.
pub(crate) const OPERATIONS: &[operation::Listed] = &[operation::Listed::of::<CheckConsistency>()];

/// How the server names itself where it tells the journal what it noticed of the clock.
pub const SERVER: &str = "serve";

/// Looks at what the database does not hold: places of checkpoints, segments of query records.
pub trait Auditor: Send + Sync {
    /// What does not agree with the journal, and what is merely worth knowing.
    ///
    /// # Errors
    /// In words, what could not be read.
    fn audit(&self) -> Result<Audit, String>;
}

/// What an [`Auditor`] saw.
#[derive(Debug, Default)]
pub struct Audit {
    /// What stands, whether a list of conditions has it already or not.
    pub conditions: Vec<Condition>,
    /// What does not agree: rule, subject, detail.
    pub findings: Vec<(&'static str, String, String)>,
}

/// Checks that everything agrees with everything else.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckConsistency {}

impl operation::Operation for CheckConsistency {
    const SPEC: Spec =
        Spec::get(Operation::CheckConsistency, "/api/v1/check", "journal", "What was found.");

    type Answer = CheckReportBody;

    /// Proves the state from the journal, and checks every CA: open intents, residents with two
    /// certificates in force, lists that are missing, withheld, overdue or not the newest, and every
    /// condition that stands ([`super::Health`]).
    ///
    /// The check is journaled with what it came to, but for a database in doubt: nothing is written to one,
    /// and whoever looks for the cause must be told all the same.
    fn run(self, call: &Call<'_>) -> Result<CheckReportBody, Problem> {
        let checker = call.desk().checker();
        let as_of = checker.head.last_sequence()?;
        let gathered = checker.look(call.act());
        let Gathered { findings, facts } = gathered;
        let noted = call
            .read(|entry| entry.subject("whole installation").detail("findings", findings.len()));
        match noted {
            Err(_) if checker.head.doubt().extent().is_some() => {}
            outcome => outcome?,
        }
        Ok(CheckReportBody { consistent: findings.is_empty(), as_of, findings, facts })
    }
}

/// The register as it was followed, where there are windows.
struct Followed(Option<Arc<Window>>);

impl Followed {
    /// Whether it still has what was followed of it.
    fn hold(&self) -> Result<(), WindowError> {
        self.0.as_ref().map_or(Ok(()), |window| window.register_link().hold_register())
    }
}

/// Holds everything against everything else. It reads, and commits nothing.
pub(crate) struct Checker {
    head: Arc<dyn ReadHead>,
    prover: Prover,
    certificates: Arc<dyn ReadCertificates>,
    revoked: Arc<dyn ReadRevoked>,
    journal: Arc<dyn ReadJournal>,
    authorities: Vec<Listed>,
    register: Followed,
    auditor: Option<Arc<dyn Auditor>>,
    deadlines: Arc<Deadlines>,
    health: Arc<Health>,
}

impl Checker {
    /// Over what `hands` have.
    pub(super) fn new(hands: &Hands, deadlines: &Arc<Deadlines>) -> Self {
        let store = &hands.store;
        let listed = |ca: &Arc<CertificationAuthority>| Listed::new(ca.clone(), store.clone());
        Self {
            head: store.clone(),
            prover: Prover::new(store.clone()),
            certificates: store.clone(),
            revoked: store.clone(),
            journal: store.clone(),
            authorities: hands.authorities.values().map(listed).collect(),
            register: Followed(hands.windows.as_ref().map(|windows| windows.window.clone())),
            auditor: hands.auditor.clone(),
            deadlines: deadlines.clone(),
            health: hands.health.clone(),
        }
    }

    /// Looks at every part of it.
    fn look(&self, act: &Act) -> Gathered {
        let mut gathered = Gathered::default();
        gathered.look("", "state", |gathered| self.check_state(gathered));
        gathered.look("", "open intents", |gathered| self.check_intents(gathered));
        gathered.look("", "clock", |gathered| self.check_clock(gathered));
        gathered.look("", "resident register", |gathered| self.check_register(gathered));
        gathered.look("", "evidence outside", |gathered| self.check_outside(gathered));
        for authority in &self.authorities {
            let ca = authority.id().as_str();
            gathered.look(ca, "certificates", |gathered| {
                self.check_double_issue(authority, act.at, gathered)
            });
            gathered.look(ca, "lists", |gathered| self.check_lists(authority, act.at, gathered));
        }
        gathered.look("", "what ends", |gathered| self.deadlines.check(act, gathered));
        gathered.add(self.health.standing());
        gathered
    }

    /// The lists of every key that owes some.
    fn check_lists(
        &self,
        authority: &Listed,
        at: Timestamp,
        gathered: &mut Gathered,
    ) -> Result<(), Problem> {
        let listing = authority.listing_at(at)?;
        let is_listing = |row: &SeriesRow| {
            listing.iter().any(|generation| generation.number == row.key.generation)
        };
        // Of a key that has ended or was destroyed no list is owed any more.
        for row in authority.rows()?.into_iter().filter(is_listing) {
            self.check_series(authority, &row, at, gathered)?;
        }
        check_late(authority, at, gathered)
    }

    /// Every row, and what the journal's entries add up to; also what was found before.
    fn check_state(&self, gathered: &mut Gathered) -> Result<(), Problem> {
        let report = self.prover.whole()?;
        let before = self.head.doubt().standing().map(|doubted| doubted.findings);
        let mut told = report.findings;
        told.extend(before.unwrap_or_default());
        let mut seen = HashSet::new();
        told.retain(|finding| seen.insert(finding.clone()));
        for detail in told {
            gathered.findings.push(FindingBody {
                rule: "state-in-doubt".to_owned(),
                ca: String::new(),
                subject: "whole installation".to_owned(),
                detail,
            });
        }
        Ok(())
    }

    /// Whether the program that runs on the database has stopped signing for its clock (A 6.8): what it
    /// told the journal last since its start, whoever checks and by which clock.
    fn check_clock(&self, gathered: &mut Gathered) -> Result<(), Problem> {
        let started = self.journal.last_of(Remembered::SystemStarted)?;
        let mut from = started.map_or(0, |(sequence, _)| sequence);
        let mut rule = None;
        loop {
            let page = self.journal.journal_of(Remembered::ClockChecked, from, MAX_PAGE)?;
            for (sequence, body) in &page {
                from = sequence + 1;
                let told = ToldEntry::parse(*sequence, body)?;
                if told.all("process").any(|process| process == SERVER) {
                    rule = told.rule;
                }
            }
            if page.len() < MAX_PAGE {
                break;
            }
        }
        if let Some(detail) = rule {
            gathered.findings.push(FindingBody {
                rule: "signing-stopped".to_owned(),
                ca: String::new(),
                subject: "clock".to_owned(),
                detail,
            });
        }
        Ok(())
    }

    /// What lies outside of the database.
    fn check_outside(&self, gathered: &mut Gathered) -> Result<(), Problem> {
        let Some(auditor) = &self.auditor else { return Ok(()) };
        let body = |(rule, subject, detail): (&str, String, String)| FindingBody {
            rule: rule.to_owned(),
            ca: String::new(),
            subject,
            detail,
        };
        // What cannot be looked at is a finding beside the others, and hides none of them.
        let audit = match auditor.audit() {
            Ok(audit) => audit,
            Err(error) => {
                let subject = "places of checkpoints".to_owned();
                gathered.findings.push(body(("evidence-unreachable", subject, error.to_string())));
                return Ok(());
            }
        };
        gathered.add(audit.conditions);
        gathered.findings.extend(audit.findings.into_iter().map(body));
        Ok(())
    }

    /// Whether the resident register still has what was followed of it.
    fn check_register(&self, gathered: &mut Gathered) -> Result<(), Problem> {
        match self.register.hold() {
            Err(WindowError::Register(error @ RegisterError::Behind(_))) => {
                gathered.findings.push(FindingBody {
                    rule: "register-behind".to_owned(),
                    ca: String::new(),
                    subject: "resident register".to_owned(),
                    detail: error.to_string(),
                });
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    fn check_intents(&self, gathered: &mut Gathered) -> Result<(), Problem> {
        for CertificateRow { intent, .. } in self.certificates.open_intents()? {
            gathered.findings.push(FindingBody {
                rule: "open-intent".to_owned(),
                ca: intent.ca.to_string(),
                subject: intent.serial.to_string(),
                detail: "the serial may have been signed; recovery at start-up settles it".into(),
            });
        }
        Ok(())
    }

    fn check_double_issue(
        &self,
        authority: &Listed,
        at: Timestamp,
        gathered: &mut Gathered,
    ) -> Result<(), Problem> {
        let mut in_force: HashMap<ResidentCode, SerialNumber> = HashMap::new();
        let mut after: Option<Sequence> = None;
        loop {
            let rows = self.certificates.certificates(authority.id(), after, MAX_PAGE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.issued);
            for row in rows {
                let counts = row.intent.kind == CertificateKind::User
                    && row.state.is_in_force()
                    && at <= row.intent.not_after;
                let Some(holder) = row.intent.holder.filter(|_| counts) else { continue };
                let serial = row.intent.serial;
                if let Some(other) = in_force.insert(holder, serial) {
                    gathered.findings.push(FindingBody {
                        rule: "double-issue".to_owned(),
                        ca: authority.id().to_string(),
                        subject: serial.to_string(),
                        detail: format!("its holder also has {} in force", other),
                    });
                }
            }
        }
    }

    fn check_series(
        &self,
        authority: &Listed,
        row: &SeriesRow,
        at: Timestamp,
        gathered: &mut Gathered,
    ) -> Result<(), Problem> {
        let about = |rule: &str, detail: String| FindingBody {
            rule: rule.to_owned(),
            ca: row.key.ca.to_string(),
            subject: row.key.place().to_string(),
            detail,
        };
        if row.state == SeriesState::Withheld {
            gathered.findings.push(about("list-withheld", format!("number {}", row.built)));
        }
        let Some(list) = authority.published(&row.key)? else {
            gathered.findings.push(about("list-missing", "none was ever published".to_owned()));
            return Ok(());
        };
        // What a time source and a daemon may differ by, and more.
        if list.this_update > at + SignedDuration::from_mins(1) {
            let detail = format!("thisUpdate is {}, which has not come yet", list.this_update);
            gathered.findings.push(about("list-in-future", detail));
        }
        if row.built != list.key.number {
            let detail = format!("{} is built, {} is published", row.built, list.key.number);
            gathered.findings.push(about("list-not-newest", detail));
        }
        if list.next_update < at {
            let detail = format!("nextUpdate was {}", list.next_update);
            gathered.findings.push(about("list-overdue", detail));
        } else if list.next_publish < at {
            let detail = format!("the next was planned for {}", list.next_publish);
            gathered.facts.push(about("list-due", detail));
        }
        let now = self.listed_now(authority, row, &list)?;
        if now != list.entries {
            let detail = format!("{now} now, {} on list {}", list.entries, list.key.number);
            gathered.facts.push(about("entries-since-list", detail));
        }
        Ok(())
    }

    /// How many certificates the next list would hold.
    fn listed_now(
        &self,
        authority: &Listed,
        row: &SeriesRow,
        list: &CrlRow,
    ) -> Result<u64, Problem> {
        let undelivered = authority.undelivered() == Undelivered::Hold;
        let mut listed = 0;
        self.revoked.with_revoked(&row.key, undelivered, list.this_update, &mut |snapshot| {
            snapshot.for_each(&mut |_| listed += 1).map(drop)
        })?;
        Ok(listed)
    }
}

/// A list that was planned and did not come is a finding long before the old one ends.
fn check_late(authority: &Listed, at: Timestamp, gathered: &mut Gathered) -> Result<(), Problem> {
    for late in authority.late(at)? {
        // One that was never published is told of as missing.
        let Some(ends) = late.ends else { continue };
        gathered.findings.push(FindingBody {
            rule: "list-late".to_owned(),
            ca: authority.id().to_string(),
            subject: late.series.place().to_string(),
            detail: format!("the planned list did not come; the last one ends {ends}"),
        });
    }
    Ok(())
}

/// What a check of the whole installation found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckReportBody {
    /// Whether everything agrees with everything else.
    pub consistent: bool,
    /// The last journal entry when the check began.
    pub as_of: Option<u64>,
    /// What does not agree.
    pub findings: Vec<FindingBody>,
    /// What is worth knowing and no finding.
    pub facts: Vec<FindingBody>,
}
