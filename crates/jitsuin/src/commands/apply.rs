//! `apply` and `hold`: what windows and the call centre do.

use anyhow::{Result, bail};
use serde_json::{Value, json};
use web::desk::applications::{
    ApproveApplication, CompleteApplication, DeliverApplication, DiscardApplication,
    IssueApplication, ListApplications, RefuseApplication, ShowApplication, VerifyApplication,
    WithdrawApplication,
};
use web::wire::{EvidenceBody, HoldCertificates, ReceiveApplication};

use super::client::CommandClient;
use super::{read_fields, read_secret};
use crate::answer::Answer;
use crate::cli::{ApplyCommand, HandoverArguments, HoldArguments};

/// The newest applications that `list` shows.
const SHOWN: usize = 100;

pub(super) fn run(client: &CommandClient<'_>, command: &ApplyCommand) -> Result<Answer> {
    match command {
        ApplyCommand::List { state, after } => client
            .ask::<ListApplications>(json!({ "state": state, "after": after, "limit": SHOWN })),
        ApplyCommand::Receive { form } => {
            client.ask::<ReceiveApplication>(read_fields::<ReceiveApplication>(form)?)
        }
        ApplyCommand::Verify { id, evidence } => {
            let mut fields = read_fields::<EvidenceBody>(evidence)?;
            fields["id"] = json!(id);
            client.ask::<VerifyApplication>(fields)
        }
        ApplyCommand::Approve { id } => client.ask::<ApproveApplication>(json!({ "id": id })),
        ApplyCommand::Issue { id, place } => {
            client.ask::<IssueApplication>(json!({ "id": id, "reader": place.reader }))
        }
        ApplyCommand::Deliver { id, secret, handover, place } => {
            // Their lengths keep the two apart (C3).
            let secret = read_secret(secret)?;
            let text = secret.expose();
            let is_pin = text.len() == 4 && text.bytes().all(|octet| octet.is_ascii_digit());
            let field = if is_pin { "authentication_pin" } else { "signature_password" };
            let handover = handed_over(handover)?;
            let mut fields = json!({ "id": id, "reader": place.reader, "handover": handover });
            fields[field] = json!(text);
            client.ask::<DeliverApplication>(fields)
        }
        ApplyCommand::Complete { id } => client.ask::<CompleteApplication>(json!({ "id": id })),
        ApplyCommand::Discard { id, place } => client.ask::<DiscardApplication>(
            json!({ "id": id, "reader": place.reader, "card_absent": place.card_absent }),
        ),
        ApplyCommand::Refuse { id, reason, place } => {
            let (reader, card_absent) = (&place.reader, place.card_absent);
            client.ask::<RefuseApplication>(
                json!({ "id": id, "reader": reader, "card_absent": card_absent, "reason": reason }),
            )
        }
        ApplyCommand::Withdraw { id, place } => client.ask::<WithdrawApplication>(
            json!({ "id": id, "reader": place.reader, "card_absent": place.card_absent }),
        ),
        ApplyCommand::Show { id } => client.ask::<ShowApplication>(json!({ "id": id })),
    }
}

fn handed_over(arguments: &HandoverArguments) -> Result<Option<Value>> {
    let HandoverArguments { at_place, sent_to, receiver } = arguments;
    Ok(match (at_place, sent_to) {
        (Some(place), _) => {
            Some(json!({ "how": "at-place", "place": place, "receiver": receiver }))
        }
        (None, Some(address)) => {
            Some(json!({ "how": "sent", "address": address, "receiver": receiver }))
        }
        (None, None) if receiver.is_some() => {
            bail!("--receiver: only with --at-place or --sent-to")
        }
        (None, None) => None,
    })
}

pub(super) fn hold(client: &CommandClient<'_>, asked: &HoldArguments) -> Result<Answer> {
    let HoldArguments { name, birth_date, gender, address } = asked;
    client.ask::<HoldCertificates>(json!({
        "name": name, "birth_date": birth_date, "gender": gender, "address": address,
    }))
}
