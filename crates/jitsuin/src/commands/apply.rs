//! `apply` and `hold`: what windows and the call centre do.

use anyhow::{Result, bail};
use ra::window::CardPlace;
use web::wire::{DeliveryBody, HandoverBody, HoldBody, RefusalBody};

use super::{Office, read_json, read_secret};
use crate::answer::Answer;
use crate::cli::{ApplyCommand, HandoverArguments, HoldArguments, LeftCard};

/// The newest applications that `list` shows.
const SHOWN: usize = 100;

pub(super) fn run(office: &Office, command: &ApplyCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    Answer::of(&match command {
        ApplyCommand::List => return Answer::of(&desk.applications(act, SHOWN)?),
        ApplyCommand::Receive { form } => desk.receive(act, read_json(form)?)?,
        ApplyCommand::Verify { id, evidence } => desk.verify(act, id, read_json(evidence)?)?,
        ApplyCommand::Approve { id } => desk.approve(act, id)?,
        ApplyCommand::Issue { id, place } => {
            desk.issue(act, id, CardPlace::Reader(place.reader.as_deref()))?
        }
        ApplyCommand::Deliver { id, secret, handover, place } => {
            let mut delivery = DeliveryBody::from_secret(read_secret(secret)?.expose());
            delivery.handover = handed_over(handover)?;
            desk.deliver(act, id, CardPlace::Reader(place.reader.as_deref()), delivery)?
        }
        ApplyCommand::Complete { id } => desk.complete(act, id)?,
        ApplyCommand::Discard { id, place } => desk.discard(act, id, left(place))?,
        ApplyCommand::Refuse { id, reason, place } => {
            desk.refuse(act, id, left(place), &RefusalBody { reason: reason.clone() })?
        }
        ApplyCommand::Withdraw { id, place } => desk.withdraw(act, id, left(place))?,
        ApplyCommand::Show { id } => desk.application(act, id)?,
    })
}

fn handed_over(arguments: &HandoverArguments) -> Result<Option<HandoverBody>> {
    let receiver = arguments.receiver.clone();
    Ok(match (arguments.at_place.clone(), arguments.sent_to.clone()) {
        (Some(place), _) => Some(HandoverBody::AtPlace { place, receiver }),
        (None, Some(address)) => Some(HandoverBody::Sent { address, receiver }),
        (None, None) if receiver.is_some() => {
            bail!("--receiver: only with --at-place or --sent-to")
        }
        (None, None) => None,
    })
}

fn left(card: &LeftCard) -> CardPlace<'_> {
    CardPlace::of(card.reader.as_deref(), card.card_absent)
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
