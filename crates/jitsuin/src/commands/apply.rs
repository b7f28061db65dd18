//! `apply` and `hold`: what windows and the call centre do.

use anyhow::{Result, bail};
use domain::id::ApplicationId;
use web::desk::applications::{
    ApproveApplication, CompleteApplication, DeliverApplication, DiscardApplication,
    IssueApplication, ListApplications, RefuseApplication, ShowApplication, VerifyApplication,
    WithdrawApplication,
};
use web::wire::{EvidenceBody, HandoverBody, HoldCertificates, ReceiveApplication};

use super::{Office, read_json, read_secret};
use crate::answer::Answer;
use crate::cli::{ApplyCommand, HandoverArguments, HoldArguments};

/// The newest applications that `list` shows.
const SHOWN: usize = 100;

pub(super) fn run(office: &Office, command: &ApplyCommand) -> Result<Answer> {
    let Office { desk, act } = office;
    let named = |id: &String| id.parse::<ApplicationId>();
    Answer::of(&match command {
        ApplyCommand::List => {
            return Answer::of(&desk.ask(act, ListApplications { limit: SHOWN })?);
        }
        ApplyCommand::Receive { form } => desk.ask(act, read_json::<ReceiveApplication>(form)?)?,
        ApplyCommand::Verify { id, evidence } => {
            let EvidenceBody { items, doubt } = read_json(evidence)?;
            desk.ask(act, VerifyApplication { id: named(id)?, items, doubt })?
        }
        ApplyCommand::Approve { id } => desk.ask(act, ApproveApplication { id: named(id)? })?,
        ApplyCommand::Issue { id, place } => {
            let (id, reader) = (named(id)?, place.reader.clone());
            desk.ask(act, IssueApplication { id, reader, card_absent: false })?
        }
        ApplyCommand::Deliver { id, secret, handover, place } => {
            let (id, reader) = (named(id)?, place.reader.clone());
            let (secret, handover) = (read_secret(secret)?, handed_over(handover)?);
            desk.ask(act, DeliverApplication::with_secret(id, secret, handover, reader))?
        }
        ApplyCommand::Complete { id } => desk.ask(act, CompleteApplication { id: named(id)? })?,
        ApplyCommand::Discard { id, place } => {
            let (id, reader, card_absent) = (named(id)?, place.reader.clone(), place.card_absent);
            desk.ask(act, DiscardApplication { id, reader, card_absent })?
        }
        ApplyCommand::Refuse { id, reason, place } => {
            let (id, reader, card_absent) = (named(id)?, place.reader.clone(), place.card_absent);
            let reason = reason.clone();
            desk.ask(act, RefuseApplication { id, reader, card_absent, reason })?
        }
        ApplyCommand::Withdraw { id, place } => {
            let (id, reader, card_absent) = (named(id)?, place.reader.clone(), place.card_absent);
            desk.ask(act, WithdrawApplication { id, reader, card_absent })?
        }
        ApplyCommand::Show { id } => desk.ask(act, ShowApplication { id: named(id)? })?,
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

pub(super) fn hold(office: &Office, asked: &HoldArguments) -> Result<Answer> {
    let asked = HoldCertificates {
        name: asked.name.clone(),
        birth_date: asked.birth_date.clone(),
        gender: asked.gender.clone(),
        address: asked.address.clone(),
    };
    Answer::of(&office.desk.ask(&office.act, asked)?)
}
