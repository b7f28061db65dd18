//! The shapes in which the embedded register keeps residents and events, one JSON object a line.

use domain::id::InvalidId;
use domain::resident::{BasicAttribute, Gender, Resident};
use serde::{Deserialize, Serialize};

use super::entry::{CommandEffect, Order, Record};
use crate::register::{RegisterEventKind, Removal};

/// A resident with the state of their record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredRecord {
    code: String,
    municipality: String,
    family_name: String,
    given_name: String,
    reading: String,
    alias: Option<String>,
    address: String,
    birth_date: String,
    gender: char,
    is_foreign: bool,
    moved_out: Option<String>,
}

/// One command: its events and the record after them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredStep {
    at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    resident: String,
    events: Vec<StoredEvent>,
    after: Option<StoredRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum StoredEvent {
    Removed { removal: String },
    Changed { attributes: Vec<String> },
    MovedOut { planned: String },
    MovedIn { municipality: String },
    RecordingError,
}

/// Why a stored value does not mean anything.
#[derive(Debug, thiserror::Error)]
pub(super) enum Meaningless {
    #[error(transparent)]
    Id(#[from] InvalidId),
    #[error("a date or time is wrong: {0}")]
    Time(#[from] jiff::Error),
    #[error("{0:?} is not a word of this file")]
    Word(String),
}

impl From<&Record> for StoredRecord {
    fn from(record: &Record) -> Self {
        let resident = &record.resident;
        Self {
            code: resident.code.to_string(),
            municipality: resident.municipality.to_string(),
            family_name: resident.family_name.clone(),
            given_name: resident.given_name.clone(),
            reading: resident.reading.clone(),
            alias: resident.alias.clone(),
            address: resident.address.clone(),
            birth_date: resident.birth_date.to_string(),
            gender: resident.gender.code(),
            is_foreign: resident.is_foreign,
            moved_out: record.moved_out.map(|date| date.to_string()),
        }
    }
}

impl TryFrom<StoredRecord> for Record {
    type Error = Meaningless;

    fn try_from(stored: StoredRecord) -> Result<Self, Meaningless> {
        let gender = Gender::from_code(stored.gender).ok_or_else(|| word(stored.gender))?;
        let resident = Resident {
            code: stored.code.parse()?,
            municipality: stored.municipality.parse()?,
            family_name: stored.family_name,
            given_name: stored.given_name,
            reading: stored.reading,
            alias: stored.alias,
            address: stored.address,
            birth_date: stored.birth_date.parse()?,
            gender,
            is_foreign: stored.is_foreign,
        };
        let moved_out = stored.moved_out.map(|date| date.parse()).transpose()?;
        Ok(Self { resident, moved_out })
    }
}

impl From<&CommandEffect> for StoredStep {
    fn from(step: &CommandEffect) -> Self {
        Self {
            at: step.order.at.to_string(),
            operation: step.order.operation.as_ref().map(ToString::to_string),
            resident: step.resident.to_string(),
            events: step.kinds.iter().map(StoredEvent::from).collect(),
            after: step.after.as_ref().map(StoredRecord::from),
        }
    }
}

impl TryFrom<StoredStep> for CommandEffect {
    type Error = Meaningless;

    fn try_from(stored: StoredStep) -> Result<Self, Meaningless> {
        let operation = stored.operation.map(|id| id.parse()).transpose()?;
        Ok(Self {
            order: Order { at: stored.at.parse()?, operation },
            resident: stored.resident.parse()?,
            kinds: stored.events.into_iter().map(|e| e.try_into()).collect::<Result<_, _>>()?,
            after: stored.after.map(Record::try_from).transpose()?,
        })
    }
}

impl From<&RegisterEventKind> for StoredEvent {
    fn from(kind: &RegisterEventKind) -> Self {
        match kind {
            RegisterEventKind::Removed(removal) => {
                Self::Removed { removal: removal.name().to_owned() }
            }
            RegisterEventKind::Changed(attributes) => {
                Self::Changed { attributes: attributes.iter().map(|a| a.to_string()).collect() }
            }
            RegisterEventKind::MovedOut { planned } => {
                Self::MovedOut { planned: planned.to_string() }
            }
            RegisterEventKind::MovedIn { municipality } => {
                Self::MovedIn { municipality: municipality.to_string() }
            }
            RegisterEventKind::RecordingError => Self::RecordingError,
        }
    }
}

impl TryFrom<StoredEvent> for RegisterEventKind {
    type Error = Meaningless;

    fn try_from(stored: StoredEvent) -> Result<Self, Meaningless> {
        Ok(match stored {
            StoredEvent::Removed { removal } => {
                Self::Removed(Removal::from_name(&removal).ok_or_else(|| word(removal))?)
            }
            StoredEvent::Changed { attributes } => {
                let read = |a: &String| BasicAttribute::from_name(a).ok_or_else(|| word(a));
                Self::Changed(attributes.iter().map(read).collect::<Result<_, _>>()?)
            }
            StoredEvent::MovedOut { planned } => Self::MovedOut { planned: planned.parse()? },
            StoredEvent::MovedIn { municipality } => {
                Self::MovedIn { municipality: municipality.parse()? }
            }
            StoredEvent::RecordingError => Self::RecordingError,
        })
    }
}

fn word(text: impl ToString) -> Meaningless {
    Meaningless::Word(text.to_string())
}
