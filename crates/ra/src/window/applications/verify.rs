//! Checks existence and identity step by step, and approval by a second person (L5, W3).

use domain::act::Act;
use domain::application::{ApplicationEvent, ApplicationState};
use domain::certificate::CertificateState;
use domain::id::{ApplicationId, SerialNumber};
use domain::identity::Evidence;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::{Rule, Spaced};

use super::super::application::Application;
use super::super::evidence::{
    EvidenceRecord, MAX_NOTE_CHARACTERS, expect_complete, flattened, seen_by,
};
use super::super::existence::existence_doubts;
use super::super::step::StepUnderWay;
use super::Applications;
use crate::error::{Result, WindowError};
use crate::form::{Request, plain_text};
use crate::record::{Check, Record};

/// What an identity check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Existence and identity are beyond doubt.
    Verified,
    /// A doubt refused the application (A 4.1.2.1(3), S 3-1-9).
    Refused {
        /// Every doubt.
        doubts: Vec<String>,
    },
}

impl Applications {
    /// Records what the clerk checked; the system compares the form with the register itself.
    ///
    /// Any doubt, of the clerk or by the register, refuses the application. Evidence that is
    /// missing without a doubt refuses the operation alone: the applicant may bring it.
    ///
    /// # Errors
    /// [`WindowError::Refused`] and [`WindowError::Form`] by the rules, journaled;
    /// [`WindowError::Register`] when the register does not answer.
    pub fn verify(
        &self,
        act: &Act,
        id: &ApplicationId,
        evidence: &EvidenceRecord,
    ) -> Result<Verification> {
        let request = flattened(evidence);
        let request: Vec<&str> = request.iter().map(String::as_str).collect();
        let step = (id, EventKind::ApplicationVerified);
        self.steps.step(act, step, &request, |step| self.check(step, evidence), verification)
    }

    /// Approves what another person checked (A 5.2.1.2).
    ///
    /// # Errors
    /// [`WindowError::Refused`] for the person who checked, or in another state; journaled.
    pub fn approve(&self, act: &Act, id: &ApplicationId) -> Result<()> {
        let approve = |step: StepUnderWay<'_>| {
            let to = step.after(ApplicationEvent::Approve)?;
            let record = step.application.record.clone();
            if record.who(ApplicationState::Verified) == Some(&step.by) {
                let rule = "nobody approves what they checked themselves (A 5.2.1.2, S 5-2)";
                return Err(WindowError::refused("actor", rule));
            }
            self.operations.commit(step.unit(step.entry(), to, record)?)
        };
        let step = (id, EventKind::ApplicationApproved);
        self.steps.step(act, step, &[], approve, |_| Ok(()))
    }

    fn check(&self, step: StepUnderWay<'_>, evidence: &EvidenceRecord) -> Result<()> {
        // 1. The table allows the step, and what was typed has its form.
        let verified = step.after(ApplicationEvent::Verify)?;
        let mut record = step.application.record.clone();
        let policy = step.authority.policy();
        let applicant = record.form.applicant.role();
        let rule = policy.evidence(applicant).ok_or_else(|| {
            WindowError::refused("applicant", rule!("{} serves no {}", policy.ca, applicant))
        })?;
        record.checks = seen_by(&step.by, step.operation.act.at, evidence)?;
        // 2. A doubt of the clerk's refuses the application: the register is not asked any more.
        if let Some(doubt) = &evidence.doubt {
            let doubt = plain_text("doubt", doubt, MAX_NOTE_CHARACTERS)?;
            return self.refuse_for(&step, record, vec![doubt], "by the clerk".into());
        }
        // 3. Nothing of the policy's list is missing: nobody learns anything of a record without it.
        expect_complete(rule, &record.checks)?;
        // 4. The system looks the resident up; any doubt refuses the application.
        let doubts = existence_doubts(&*self.register, &record.form, policy)?;
        record.checks.insert(0, register_check(&step, &doubts));
        if !doubts.is_empty() {
            let told = doubts.iter().map(Rule::told).collect();
            let joined = |found: Rule, next| rule!("{}; {}", found.as_part(), Rule::as_part(&next));
            let found = doubts.into_iter().reduce(joined).unwrap_or_else(|| "".into());
            return self.refuse_for(&step, record, told, found.untold());
        }
        record.targets = targets(&step)?;
        let seen: Vec<_> = record.checks.iter().map(|check| check.evidence.name()).collect();
        let entry = step
            .entry()
            .detail("applicant", applicant)
            .detail("evidence", Spaced(seen))
            .personal(&step.application.resident, documents(&record));
        self.operations.commit(step.unit(entry, verified, record)?)
    }

    fn refuse_for(
        &self,
        step: &StepUnderWay<'_>,
        mut record: Record,
        doubts: Vec<String>,
        found: Rule,
    ) -> Result<()> {
        let to = step.after(ApplicationEvent::Refuse)?;
        record.doubts = doubts;
        let mut entry = step.entry().detail("doubt", found.as_part());
        entry.kind = EventKind::ApplicationRefused;
        let personal = format!("{} {}", documents(&record), record.doubts.join("; "));
        let entry = entry.personal(&step.application.resident, personal);
        self.operations.commit(step.unit(entry, to, record)?)
    }
}

fn register_check(step: &StepUnderWay<'_>, doubts: &[Rule]) -> Check {
    let document = if doubts.is_empty() {
        "agrees".into()
    } else {
        doubts.iter().map(Rule::closed).collect::<Vec<_>>().join("; ")
    };
    Check {
        evidence: Evidence::RegisterMatch,
        document,
        number: String::new(),
        note: String::new(),
        by: step.by.clone(),
        at: step.operation.act.at,
    }
}

/// The certificates a revocation or release is about; there must be one.
fn targets(step: &StepUnderWay<'_>) -> Result<Vec<SerialNumber>> {
    let request = &step.application.record.form.request;
    let (wanted, rule): (fn(CertificateState) -> bool, _) = match request {
        Request::Revocation(_) => {
            (CertificateState::is_in_force, "there is none in force to revoke (A 4.9.1.1, 4.11)")
        }
        Request::HoldRelease => (
            |state| matches!(state, CertificateState::Held { .. }),
            "there is none on hold to release (A 4.9.15)",
        ),
        _ => return Ok(Vec::new()),
    };
    let certificates = step.authority.certificates_of(&step.application.resident)?;
    let at = step.operation.act.at;
    let chosen = certificates.iter().filter(|c| c.is_in_force(at) && wanted(c.state));
    let serials: Vec<_> = chosen.map(|certificate| certificate.serial).collect();
    if serials.is_empty() { Err(WindowError::refused("certificate", rule)) } else { Ok(serials) }
}

/// The documents that were seen, for the personal part of the journal entry.
fn documents(record: &Record) -> String {
    record.checks.iter().map(Check::line).collect::<Vec<_>>().join("\n")
}

fn verification(application: &Application) -> Result<Verification> {
    let record = &application.record;
    Ok(match record.who(ApplicationState::Verified) {
        Some(_) => Verification::Verified,
        None => Verification::Refused { doubts: record.doubts.clone() },
    })
}
