//! From a script as written to a script that is valid; all that is wrong is told at once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use toml::{Table, Value};

use super::error::Problems;
use super::fields::Fields;
use super::order::{Placed, check_order};
use super::{CeremonyId, Premises, RestoreTarget, Script, ScriptError, Seat, Step, StepKind};
use crate::id::ActorId;

/// A script is a page or two; a quarter of a megabyte is a mistake.
const MAXIMUM_BYTES: usize = 1 << 18;

/// People cannot sit through more, and every step makes several journal entries.
const MAXIMUM_STEPS: usize = 100;

impl Script {
    /// Reads and checks a script.
    ///
    /// # Errors
    /// [`ScriptError`] with everything that is wrong; unknown steps and fields are errors too.
    pub fn from_toml(text: &str, premises: &Premises) -> Result<Self, ScriptError> {
        if text.len() > MAXIMUM_BYTES {
            return Err(ScriptError::Shape(format!("longer than {MAXIMUM_BYTES} bytes")));
        }
        let mut file: Table =
            text.parse().map_err(|error: toml::de::Error| ScriptError::Shape(error.to_string()))?;
        let mut problems = Problems::default();
        let header = header(file.remove("ceremony"), premises, &mut problems);
        let planned = header.as_ref().map(|header| header.planned);
        let steps = steps(file.remove("step"), &mut problems);
        for name in file.keys() {
            problems.add(name, "there is no such table in a script");
        }
        check_order(&steps.placed, planned, premises, &mut problems);
        let whole = header.filter(|_| steps.whole).map(|header| Self {
            steps: steps.placed.into_iter().map(|placed| placed.step).collect(),
            ..header
        });
        problems.unless_any(whole)
    }
}

/// The steps that could be read, and whether those were all.
struct Steps {
    placed: Vec<Placed>,
    whole: bool,
}

/// The `[ceremony]` table as a script without steps.
fn header(value: Option<Value>, premises: &Premises, problems: &mut Problems) -> Option<Script> {
    let Some(Value::Table(table)) = value else {
        problems.add("ceremony", "the table [ceremony] is missing");
        return None;
    };
    let mut fields = Fields::new("ceremony", table, problems);
    let id: Option<CeremonyId> = fields.parsed("id");
    let title = fields.text("title");
    let place = fields.text("place");
    let planned: Option<Date> = fields.parsed("planned");
    let threshold = fields.number("threshold", 1, u32::from(u8::MAX));
    let people = Seat::ALL.map(|seat| (seat, fields.list::<ActorId>(seat.field())));
    fields.finish();
    let threshold = threshold.and_then(|number| u8::try_from(number).ok());
    check_people(&people, problems);
    let custodians = people.iter().find(|(seat, _)| *seat == Seat::Custodian);
    let custodians = custodians.and_then(|(_, ids)| ids.as_deref());
    check_threshold(threshold, custodians, premises, problems);
    Some(Script {
        id: id?,
        title: title?,
        place: place?,
        planned: planned?,
        threshold: threshold?,
        people: seated(people)?,
        steps: Vec::new(),
    })
}

type People = [(Seat, Option<Vec<ActorId>>); Seat::ALL.len()];

fn seated(people: People) -> Option<Vec<(Seat, ActorId)>> {
    let mut all = Vec::new();
    for (seat, ids) in people {
        all.extend(ids?.into_iter().map(|id| (seat, id)));
    }
    Some(all)
}

/// Enough people in every seat, each of them once (A 5.2.4: no two roles at once).
fn check_people(people: &People, problems: &mut Problems) {
    let mut seen: BTreeMap<&ActorId, Seat> = BTreeMap::new();
    for (seat, ids) in people {
        let Some(ids) = ids else { continue };
        let place = format!("ceremony.{}", seat.field());
        if ids.len() < seat.fewest() {
            problems.add(&place, format!("at least {} (A 5.2.2, S 5-2-1)", seat.fewest()));
        }
        for (index, id) in ids.iter().enumerate() {
            let rule = match seen.insert(id, *seat) {
                None => continue,
                Some(other) if other == *seat => format!("{id} is named twice"),
                Some(other) => format!("{id} is a {other} already: nobody sits in two seats"),
            };
            problems.add(format!("{place}[{index}]"), rule);
        }
    }
}

fn check_threshold(
    threshold: Option<u8>,
    custodians: Option<&[ActorId]>,
    premises: &Premises,
    problems: &mut Problems,
) {
    let place = "ceremony.threshold";
    let Some(threshold) = threshold else { return };
    if threshold < 2 {
        problems.add(place, "nobody opens a key alone: at least 2 (A 6.2.2, S 6-2-1-2)");
    } else if threshold < premises.threshold {
        problems.add(place, format!("the policy asks for at least {}", premises.threshold));
    }
    if custodians.is_some_and(|custodians| custodians.len() < usize::from(threshold)) {
        problems.add(place, "more than there are custodians");
    }
}

fn steps(value: Option<Value>, problems: &mut Problems) -> Steps {
    let rows = match value {
        Some(Value::Array(rows)) if !rows.is_empty() => rows,
        _ => {
            problems.add("step", "a ceremony has at least one [[step]]");
            return Steps { placed: Vec::new(), whole: false };
        }
    };
    if rows.len() > MAXIMUM_STEPS {
        problems.add("step", format!("at most {MAXIMUM_STEPS} steps"));
        return Steps { placed: Vec::new(), whole: false };
    }
    let count = rows.len();
    let numbered = rows.into_iter().zip(1..);
    let placed: Vec<Placed> =
        numbered.filter_map(|(row, number)| placed(number, row, problems)).collect();
    Steps { whole: placed.len() == count, placed }
}

fn placed(number: u32, row: Value, problems: &mut Problems) -> Option<Placed> {
    let place = format!("step {number}");
    let Value::Table(mut table) = row else {
        problems.add(place, "a step is a table");
        return None;
    };
    let Some(Value::String(word)) = table.remove("do") else {
        problems.add(format!("{place}.do"), "says in one word what the step does");
        return None;
    };
    let Some(kind) = StepKind::from_name(&word) else {
        let known = StepKind::ALL.map(StepKind::name).join(", ");
        let word: String = word.chars().take(64).collect();
        problems.add(format!("{place}.do"), format!("{word:?} is no step; there are {known}"));
        return None;
    };
    let place = format!("{place} ({kind})");
    let mut fields = Fields::new(&place, table, problems);
    let step = step(kind, &mut fields);
    fields.finish();
    Some(Placed { place, step: step? })
}

fn step(kind: StepKind, fields: &mut Fields<'_>) -> Option<Step> {
    Some(match kind {
        StepKind::GenerateCaKey => Step::GenerateCaKey { ca: fields.parsed("ca")? },
        StepKind::SelfSign => Step::SelfSign { ca: fields.parsed("ca")? },
        StepKind::ResponderCertificate => Step::ResponderCertificate { ca: fields.parsed("ca")? },
        StepKind::TlsCertificate => {
            let (ca, request) = (fields.parsed("ca"), fields.text("request"));
            Step::TlsCertificate { ca: ca?, request: request? }
        }
        StepKind::Backup => Step::Backup { directory: fields.text("directory")? },
        StepKind::Restore => {
            let (directory, into) = (fields.text("directory"), fields.optional_text("into"));
            Step::Restore { directory: directory?, into: target(into) }
        }
        StepKind::RenewCaKey => {
            let (ca, from) = (fields.parsed("ca"), fields.parsed::<Timestamp>("issues_from"));
            let early = fields.optional_text("early");
            Step::RenewCaKey { ca: ca?, issues_from: from?, early }
        }
        StepKind::DestroyCaKey => {
            let (ca, generation) = (fields.parsed("ca"), fields.number("generation", 1, 1000));
            let gone = fields.optional_texts("gone");
            Step::DestroyCaKey { ca: ca?, generation: generation?, gone: gone? }
        }
    })
}

fn target(into: Option<String>) -> RestoreTarget {
    match into {
        Some(name) if name != "throwaway" => RestoreTarget::Named(name),
        _ => RestoreTarget::Throwaway,
    }
}
