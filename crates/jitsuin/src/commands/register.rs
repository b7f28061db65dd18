//! `register generate`: an embedded register with invented residents.

use anyhow::Result;
use serde_json::json;
use web::desk::permission::Operation;

use super::Office;
use crate::answer::Answer;
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
