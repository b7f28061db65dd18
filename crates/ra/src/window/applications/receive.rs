//! Takes an application in (A 4.1.2.1, S 4-1-1).

use domain::act::Act;
use domain::application::ApplicationState;
use domain::id::ApplicationId;
use domain::journal::EventKind;
use domain::validity::civil_date;
use store::{ApplicationRow, Change, Entry, Unit};
use x509::digest::sha256;

use super::super::clerk::clerk;
use super::super::operation::Begun;
use super::Applications;
use crate::error::{Result, WindowError};
use crate::form::{Form, ReceivedForm};
use crate::record::{self, Record, form_text};

impl Applications {
    /// Takes in a form that a clerk typed, after checking every field, and answers with the
    /// application's id, which follows from the operation's.
    ///
    /// # Errors
    /// [`WindowError::Form`] names the field and the rule; refusals are journaled.
    pub fn receive(&self, act: &Act, form: &ReceivedForm) -> Result<ApplicationId> {
        let id = application_id(act)?;
        let _turn = self.steps.turn(&id);
        let result = self.receive_unrecorded(act, form, &id);
        self.operations.recording(act, EventKind::ApplicationReceived, &id, result)?;
        Ok(id)
    }

    fn receive_unrecorded(&self, act: &Act, form: &ReceivedForm, id: &ApplicationId) -> Result<()> {
        let (by, municipality) = clerk(&act.actor)?;
        let typed = serde_json::to_string(form).map_err(|error| WindowError::Unreadable {
            what: "a form",
            problem: error.to_string(),
        })?;
        let kind = EventKind::ApplicationReceived;
        let operation = match self.operations.begin(act, &[kind.name(), &typed])? {
            Begun::First(operation) => operation,
            Begun::Again(_) => {
                let entry = Entry::new(kind, act).subject(id).no_op();
                self.operations.commit(Unit::new(entry))?;
                return Ok(());
            }
        };
        let policy_of = |ca: &_| self.authorities.get(ca).map(|authority| authority.policy());
        let form = Form::parse(form, civil_date(act.at), &policy_of)?;
        if form.municipality != municipality {
            return Err(WindowError::NotPermitted("the form is for another municipality's window"));
        }
        let entry = Entry::new(kind, act)
            .ca(&form.ca)
            .subject(id)
            .detail("kind", form.kind())
            .detail("municipality", form.municipality)
            .personal(&form.resident, form_text(&form)?);
        let row = ApplicationRow {
            id: id.clone(),
            ca: form.ca.clone(),
            municipality,
            kind: form.kind(),
            state: ApplicationState::Received,
            resident: form.resident.clone(),
            record: record::encode(&Record::new(form, by, act.at))?,
        };
        let answer = operation.answered(id.as_str())?;
        let unit = Unit::new(entry).change(Change::AddApplication(Box::new(row))).change(answer);
        self.operations.commit(unit)
    }
}

/// The id of the application that this operation takes in: a repetition finds the same one.
fn application_id(act: &Act) -> Result<ApplicationId> {
    let digest = sha256(format!("application {}", act.operation).as_bytes());
    let digits = domain::hexadecimal::hex(&digest[..12]);
    format!("ap-{digits}").parse().map_err(|error: domain::id::InvalidId| WindowError::Unreadable {
        what: "an application id",
        problem: error.to_string(),
    })
}
