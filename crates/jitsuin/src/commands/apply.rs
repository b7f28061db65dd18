//! `apply deliver`: the card goes to its holder.

use anyhow::{Result, bail};
use serde_json::{Value, json};
use web::desk::applications::DeliverApplication;

use super::client::CommandClient;
use super::person::read_secret;
use crate::answer::Answer;
use crate::cli::{ApplyCommand, HandoverArguments};

pub(super) fn deliver(client: &CommandClient<'_>, command: &ApplyCommand) -> Result<Answer> {
    let ApplyCommand::Deliver { id, secret, handover, place } = command;
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
