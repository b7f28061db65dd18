//! A step of a request on its way to the disk, and what the journal says of it.

use domain::act::{Act, Actor};
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule::Hex;
use domain::service_request::{Done, Purpose, Request, RequestState, RequestStep, RequestStepName};
use store::{Change, Entry, ServiceRequestRow, Unit};
use x509::digest::sha256;

use super::stored;
use crate::error::{Error, Result};

/// A request after a step, not committed yet.
pub(crate) struct Moved {
    from: RequestState,
    request: Request,
}

impl Moved {
    /// Takes the step as the actor of `act`.
    ///
    /// # Errors
    /// [`Error::Refused`] by the tables.
    pub(crate) fn by(act: &Act, request: Request, step: RequestStep) -> Result<Self> {
        let by = match (&act.actor, step.name()) {
            // Start-up finishes what a cut left; every other step is a person's.
            (Actor::System(id), RequestStepName::Issue) => id.clone(),
            _ => member_of_staff(act)?,
        };
        let from = request.state();
        Ok(Self { from, request: request.after(Done { step, by, at: act.at })? })
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// The unit with the step in it, if there is one.
    pub(crate) fn join(moved: Option<Self>, act: &Act, unit: Unit) -> Result<Unit> {
        let Some(moved) = moved else { return Ok(unit) };
        Ok(unit.entry(entry(act, &moved.request)).change(moved.change()?))
    }

    pub(crate) fn change(self) -> Result<Change> {
        let ServiceRequestRow { id, state, record, .. } = stored::row(&self.request)?;
        Ok(Change::SetServiceRequest { id, from: self.from, to: state, record })
    }
}

/// Names in an entry about a certificate the request it comes from and both senior operators.
pub(crate) fn handled(entry: Entry, request: Option<&Request>) -> Entry {
    let Some(request) = request else { return entry };
    let mut entry = entry.detail("service_request", request.id());
    for (name, step) in
        [("released_by", RequestStepName::Release), ("confirmed_by", RequestStepName::Confirm)]
    {
        if let Some(person) = request.by(step) {
            entry = entry.detail(name, person);
        }
    }
    entry
}

/// The entry of a request as it is now.
pub(crate) fn entry(act: &Act, request: &Request) -> Entry {
    let entry = Entry::new(EventKind::ServiceRequestChanged, act)
        .ca(request.ca())
        .subject(request.id())
        .detail("purpose", request.purpose().name())
        .detail("state", request.state());
    let entry = match request.purpose() {
        Purpose::Issue(wanted) => {
            entry.detail("kind", wanted.kind).detail("pkcs10_sha256", Hex(&sha256(&wanted.request)))
        }
        Purpose::Renew { certification: wanted, old } => entry
            .detail("kind", wanted.kind)
            .detail("pkcs10_sha256", Hex(&sha256(&wanted.request)))
            .detail("renewed", old),
        Purpose::Revoke { serial, cause } => {
            entry.detail("certificate", serial).detail("cause", cause)
        }
    };
    match request.serial() {
        Some(serial) => entry.detail("serial", serial),
        None => entry,
    }
}

/// Who acts, if it is one of the CA's staff.
pub(crate) fn member_of_staff(act: &Act) -> Result<ActorId> {
    match &act.actor {
        Actor::Staff(id) => Ok(id.clone()),
        _ => Err(Error::refused("actor", "the CA's staff handles requests (A 5.2.1.1(3)-(6))")),
    }
}
