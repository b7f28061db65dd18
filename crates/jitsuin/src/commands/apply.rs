//! `apply` and `hold`: what windows and the call centre do.

use anyhow::{Context, Result};
use web::wire::{DeliveryBody, HoldBody, RefusalBody};
use zeroize::Zeroizing;

use super::{Office, read_json};
use crate::answer::Answer;
use crate::cli::{ApplyCommand, HoldArguments};

/// The newest applications that `list` shows.
const SHOWN: usize = 100;

pub(super) fn run(office: &Office, command: &ApplyCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    Answer::of(&match command {
        ApplyCommand::List => return Answer::of(&desk.applications(act, SHOWN)?),
        ApplyCommand::Receive { form } => desk.receive(act, read_json(form)?)?,
        ApplyCommand::Verify { id, evidence } => desk.verify(act, id, read_json(evidence)?)?,
        ApplyCommand::Approve { id } => desk.approve(act, id)?,
        ApplyCommand::Issue { id } => desk.issue(act, id)?,
        ApplyCommand::Deliver { id, secret } => {
            // The secret comes from a file: arguments are for everybody on the machine to read.
            let read =
                std::fs::read_to_string(secret).with_context(|| secret.display().to_string())?;
            let text = Zeroizing::new(read);
            desk.deliver(act, id, DeliveryBody::from_secret(text.trim_end_matches(['\r', '\n'])))?
        }
        ApplyCommand::Complete { id } => desk.complete(act, id)?,
        ApplyCommand::Discard { id } => desk.discard(act, id)?,
        ApplyCommand::Refuse { id, reason } => {
            desk.refuse(act, id, &RefusalBody { reason: reason.clone() })?
        }
        ApplyCommand::Withdraw { id } => desk.withdraw(act, id)?,
        ApplyCommand::Show { id } => desk.application(act, id)?,
    })
}

pub(super) fn hold(office: &Office, asked: &HoldArguments) -> Result<Answer> {
    let body = HoldBody {
        name: asked.name.clone(),
        birth_date: asked.birth_date.clone(),
        gender: asked.gender.clone(),
        address: asked.address.clone(),
    };
    Answer::of(&office.desk.hold(&office.act, body)?)
}
