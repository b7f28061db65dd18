//! Carries out a revocation on paper or the release of a hold (A 4.9.3.1, 4.9.15, S 4-4-2).

use domain::act::Act;
use domain::application::{ApplicationEvent, ApplicationState};
use domain::certificate::CertificateState;
use domain::id::{ApplicationId, SerialNumber};
use domain::journal::EventKind;
use domain::rule::Spaced;

use super::super::application::Application;
use super::super::step::StepUnderWay;
use super::Applications;
use super::receipt::{self, Done, Receipt};
use crate::authority::{HolderCertificate, RevocationOrder};
use crate::error::{Result, WindowError};
use crate::form::Request;

impl Applications {
    /// Has the CA revoke or release what the application is about, and answers with the receipt
    /// that tells the applicant of the completion (A 4.9.3.1(1), S 4-4-2-2②, 4-4-2-3②).
    ///
    /// # Errors
    /// [`WindowError::Refused`] and [`WindowError::Authority`] by the rules, journaled.
    pub fn complete(&self, act: &Act, id: &ApplicationId) -> Result<Receipt> {
        let step = (id, EventKind::ApplicationCompleted);
        self.steps.step(act, step, &["complete"], |step| self.carry_out(step), printed)
    }

    fn carry_out(&self, step: StepUnderWay<'_>) -> Result<()> {
        let to = step.after(ApplicationEvent::Complete)?;
        let mut record = step.application.record.clone();
        let certificates = step.authority.certificates_of(&step.application.resident)?;
        let at = step.operation.act.at;
        let is_new =
            |c: &HolderCertificate| c.is_in_force(at) && !record.targets.contains(&c.serial);
        let done = match &record.form.request {
            Request::Revocation(_) if certificates.iter().any(is_new) => {
                // The applicant means the certificate of today, and the check was about another.
                let rule = "a newer certificate is in force since the check: apply again";
                return Err(WindowError::refused("certificate", rule));
            }
            Request::Revocation(cause) => {
                let order = RevocationOrder {
                    cause: *cause,
                    requester: record.form.applicant.requester(),
                    approver: record.who(ApplicationState::Approved).cloned(),
                };
                revoke(&step, &certificates, &record.targets, &order)?;
                Done::Revoked(*cause)
            }
            Request::HoldRelease => {
                release(&step, &certificates, &record.targets)?;
                Done::Released
            }
            Request::IssueWithCard | Request::IssueOnCard(_) | Request::Renewal(_) => {
                let rule = "a certificate is completed by its delivery (A 4.4.1.1, S 4-3-1)";
                return Err(WindowError::refused("kind", rule));
            }
        };
        let policy = step.authority.policy();
        let text = receipt::text(done, &step.application, policy, &record.targets, at);
        record.receipt = Some(text);
        let entry = step.entry().detail("serials", Spaced(record.targets.clone()));
        self.operations.commit(step.unit(entry, to, record)?)
    }
}

/// Revokes each target that is not revoked yet: by an earlier, cut attempt or meanwhile by the CA.
fn revoke(
    step: &StepUnderWay<'_>,
    certificates: &[HolderCertificate],
    targets: &[SerialNumber],
    order: &RevocationOrder,
) -> Result<()> {
    for serial in targets {
        if !matches!(state_of(certificates, serial)?, CertificateState::Revoked { .. }) {
            step.authority.revoke(step.operation.act, serial, order)?;
        }
    }
    Ok(())
}

/// Releases each target that is still held; one that is good, a cut attempt has released.
fn release(
    step: &StepUnderWay<'_>,
    certificates: &[HolderCertificate],
    targets: &[SerialNumber],
) -> Result<()> {
    for serial in targets {
        if state_of(certificates, serial)? != CertificateState::Good {
            step.authority.release(step.operation.act, serial)?;
        }
    }
    Ok(())
}

fn state_of(certificates: &[HolderCertificate], serial: &SerialNumber) -> Result<CertificateState> {
    let found = certificates.iter().find(|certificate| certificate.serial == *serial);
    found.map(|found| found.state).ok_or(WindowError::Unknown { field: "certificate" })
}

fn printed(application: &Application) -> Result<Receipt> {
    let text = application.record.receipt.clone();
    let text = text.ok_or(WindowError::Unknown { field: "receipt" })?;
    Ok(Receipt { application: application.id.clone(), text })
}
