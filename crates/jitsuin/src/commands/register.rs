//! `register`: the embedded resident register, and the link to it.

use anyhow::{Context, Result};
use serde_json::json;
use web::desk::permission::Operation;
use web::desk::register::{
    ApplyRegisterEvents, EraseResident, RecordAddress, RecordDeath, RecordMoveOut, ShowResident,
};

use super::Office;
use super::client::CommandClient;
use crate::answer::Answer;
use crate::cli::RegisterCommand;
use crate::system::System;

/// Fills an empty register with invented residents.
pub(super) fn generate(
    office: &Office,
    system: &System,
    count: usize,
    municipalities: &[String],
    seed: u64,
) -> Result<Answer> {
    office.desk.admit(&office.act, Operation::GenerateResidents)?;
    let codes = municipalities.iter().map(|code| code.parse()).collect::<Result<Vec<_>, _>>()?;
    system.invent_residents(seed, count, codes)?;
    Ok(Answer::new(format!("{count} residents invented"), json!({ "residents": count })))
}

pub(super) fn run(client: &CommandClient<'_>, command: &RegisterCommand) -> Result<Answer> {
    match command {
        RegisterCommand::Show { code } => client.ask::<ShowResident>(json!({ "code": code })),
        RegisterCommand::Died { code } => client.ask::<RecordDeath>(json!({ "code": code })),
        RegisterCommand::Moved { code, address } => {
            client.ask::<RecordAddress>(json!({ "code": code, "address": address }))
        }
        RegisterCommand::MovedOut { code, planned } => {
            client.ask::<RecordMoveOut>(json!({ "code": code, "planned": planned }))
        }
        RegisterCommand::Erase { code, second } => {
            if let Some(operation) = &second.approves {
                return client.approve(operation, "erasure", json!({ "resident": code }));
            }
            let approver = second.approver.as_deref();
            let approver = approver.context("--approver: nobody disposes of records alone")?;
            client.ask::<EraseResident>(json!({ "code": code, "approver": approver }))
        }
        RegisterCommand::Apply => client.ask::<ApplyRegisterEvents>(json!({})),
        RegisterCommand::Generate { .. } => anyhow::bail!("this command needs no register yet"),
    }
}
