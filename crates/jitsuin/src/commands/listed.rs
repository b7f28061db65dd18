//! The commands that ask for one operation each, as the list of operations has them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};
use web::operation::FromFile;

use super::client::CommandClient;
use super::person::read_secret;
use crate::answer::Answer;
use crate::cli::{Listed, Told};
use crate::strict_json;

/// Has the operation of a command done; or approved, as the second person.
pub(super) fn run(client: &CommandClient<'_>, listed: &Listed) -> Result<Answer> {
    let mut fields = fields(listed)?;
    if let Some(approver) = &listed.second.approver {
        fields.insert("approver".to_owned(), approver.as_str().into());
    }
    match &listed.second.approves {
        None => Answer::of(&client.listed(&listed.command, fields)?),
        Some(operation) => {
            let approval = listed.command.approval(fields);
            let (what, fields) = approval.context("no second person approves this operation")?;
            client.approve(operation, what, fields)
        }
    }
}

/// The fields that the operation is told.
fn fields(listed: &Listed) -> Result<Map<String, Value>> {
    let mut fields = Map::new();
    for (field, told) in &listed.told {
        match told {
            Told::Value(value) => {
                fields.insert(field.clone(), value.clone());
            }
            Told::Secret(path) => {
                fields.insert(field.clone(), read_secret(path)?.expose().into());
            }
            Told::Fields(path, file) => fields.extend(read_fields(path, file)?),
        }
    }
    Ok(fields)
}

/// Fields in JSON that a person wrote.
fn read_fields(path: &Path, file: &FromFile) -> Result<Map<String, Value>> {
    let place = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(place)?;
    let Value::Object(fields) = strict_json::read(&text).with_context(place)? else {
        bail!("{}: it is no JSON object", path.display());
    };
    for field in fields.keys() {
        ensure!(file.tells(field), "{}: there is no field `{field}` in it", path.display());
    }
    Ok(fields)
}
