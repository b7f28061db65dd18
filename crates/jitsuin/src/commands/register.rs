//! `register`: the embedded resident register, and the link to it.

use anyhow::{Context, Result};
use jiff::civil::Date;
use serde_json::json;
use web::desk::Approvable;
use web::desk::register::{
    ApplyRegisterEvents, EraseResident, RecordAddress, RecordDeath, RecordMoveOut, ShowResident,
};

use super::Office;
use crate::answer::Answer;
use crate::cli::{Cli, RegisterCommand};
use crate::system::System;

pub(super) fn run(cli: &Cli, system: &System, command: &RegisterCommand) -> Result<Answer> {
    if let RegisterCommand::Generate { count, municipalities, seed } = command {
        let codes =
            municipalities.iter().map(|code| code.parse()).collect::<Result<Vec<_>, _>>()?;
        system.invent_residents(*seed, *count, codes)?;
        return Ok(Answer::new(
            format!("{count} residents invented"),
            json!({ "residents": count }),
        ));
    }
    let office = Office::with_windows(cli, system)?;
    let Office { desk, act } = &office;
    match command {
        RegisterCommand::Show { code } => {
            Answer::of(&desk.ask(act, ShowResident { code: code.parse()? })?)
        }
        RegisterCommand::Died { code } => {
            Answer::of(&desk.ask(act, RecordDeath { code: code.parse()? })?)
        }
        RegisterCommand::Moved { code, address } => {
            let asked = RecordAddress { code: code.parse()?, address: address.clone() };
            Answer::of(&desk.ask(act, asked)?)
        }
        RegisterCommand::MovedOut { code, planned } => {
            let planned = planned.parse::<Date>().context("the planned day, YYYY-MM-DD")?;
            Answer::of(&desk.ask(act, RecordMoveOut { code: code.parse()?, planned })?)
        }
        RegisterCommand::Erase { code, second } => {
            if let Some(operation) = &second.approves {
                return office.approve(operation, Approvable::Erasure(code));
            }
            let approver = second.approver.as_deref();
            let approver = approver.context("--approver: nobody disposes of records alone")?;
            let asked = EraseResident { code: code.parse()?, approver: approver.parse()? };
            Answer::of(&desk.ask(act, asked)?)
        }
        RegisterCommand::Apply | RegisterCommand::Generate { .. } => {
            Answer::of(&desk.ask(act, ApplyRegisterEvents {})?)
        }
    }
}
