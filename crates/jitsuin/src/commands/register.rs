//! `register`: the embedded resident register, and the link to it.

use anyhow::Result;
use serde_json::json;
use web::desk::Approvable;
use web::wire::{AddressBody, ErasurePermitBody, MoveOutBody};

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
        RegisterCommand::Show { code } => Answer::of(&desk.resident(act, code)?),
        RegisterCommand::Died { code } => Answer::of(&desk.record_death(act, code)?),
        RegisterCommand::Moved { code, address } => {
            let body = AddressBody { address: address.clone() };
            Answer::of(&desk.record_address(act, code, &body)?)
        }
        RegisterCommand::MovedOut { code, planned } => {
            let body = MoveOutBody { planned: planned.clone() };
            Answer::of(&desk.record_move_out(act, code, &body)?)
        }
        RegisterCommand::Erase { code, second } => {
            if let Some(operation) = &second.approves {
                return office.approve(operation, Approvable::Erasure(code));
            }
            let approver = second.approver.clone().unwrap_or_default();
            Answer::of(&desk.erase_resident(act, code, &ErasurePermitBody { approver })?)
        }
        RegisterCommand::Apply | RegisterCommand::Generate { .. } => {
            Answer::of(&desk.apply_register_events(act)?)
        }
    }
}
