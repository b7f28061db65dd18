//! The account of a ceremony: everything that happened, in order, each with its journal entry.

use domain::act::Act;
use domain::ceremony::{CeremonyId, Event, Progress, Script, Seat, Step};
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::{Hex, OfTheInstallation, Spaced};
use jiff::Timestamp;
use store::{Entry, Sequence};

use super::medium_fact::MediumFact;
use super::stage::StepFacts;

/// Somebody who is present, as whoever let them in says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub person: ActorId,
    /// In which seat.
    pub seat: Seat,
}

/// Something that happened, and where the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// When.
    pub at: Timestamp,
    /// The place of its journal entry.
    pub sequence: Sequence,
    /// What.
    pub what: Happening,
}

/// What can happen at a ceremony; steps count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It began.
    Begun {
        /// Whether it is a rehearsal, on keys that are thrown away.
        rehearsal: bool,
        /// Who was present.
        present: Vec<Present>,
    },
    /// It went on after an interruption.
    Resumed {
        /// Who was present.
        present: Vec<Present>,
    },
    /// A step was begun.
    StepStarted {
        /// Which.
        step: usize,
    },
    /// A step was done.
    StepDone {
        /// Which.
        step: usize,
        /// What it left behind.
        facts: StepFacts,
    },
    /// It stopped.
    Interrupted {
        /// Why, in one line.
        reason: String,
    },
    /// Every step was done, and it ended.
    Completed,
    /// It was given up.
    Abandoned {
        /// Why, in one line.
        reason: String,
    },
}

impl Happening {
    /// What it means for the progress.
    pub(super) fn event(&self, script: &Script) -> Event {
        match self {
            Self::Begun { .. } => Event::Begin,
            Self::Resumed { .. } => Event::Resume,
            Self::StepStarted { step } => {
                let repeatable = script.steps.get(*step).is_some_and(|s| s.kind().repeatable());
                Event::StartStep { step: *step, repeatable }
            }
            Self::StepDone { step, .. } => Event::FinishStep { step: *step },
            Self::Interrupted { .. } => Event::Interrupt,
            Self::Completed => Event::Complete,
            Self::Abandoned { .. } => Event::Abandon,
        }
    }

    /// Its journal entry.
    pub(super) fn entry(&self, act: &Act, script: &Script, sha256: &[u8; 32]) -> Entry {
        let entry = Entry::new(self.kind(), act).subject(&script.id);
        match self {
            Self::Begun { rehearsal, present } => with_present(entry, present)
                .detail("script_sha256", Hex(sha256))
                .detail("rehearsal", rehearsal),
            Self::Resumed { present } => {
                with_present(entry, present).detail("script_sha256", Hex(sha256))
            }
            Self::StepStarted { step } => with_step(entry, script, *step).detail("phase", "start"),
            Self::StepDone { step, facts } => {
                with_facts(with_step(entry, script, *step).detail("phase", "done"), facts)
            }
            // Why, in words that were typed or came from outside, is in the ceremony's account alone.
            Self::Interrupted { .. } => entry.refused("it was interrupted; the account says why"),
            Self::Abandoned { .. } => entry.refused("it was abandoned; the account says why"),
            Self::Completed => entry.detail("steps", script.steps.len()),
        }
    }

    fn kind(&self) -> EventKind {
        match self {
            Self::Begun { .. } | Self::Resumed { .. } => EventKind::CeremonyStarted,
            Self::StepStarted { .. } | Self::StepDone { .. } | Self::Interrupted { .. } => {
                EventKind::CeremonyStep
            }
            Self::Completed | Self::Abandoned { .. } => EventKind::CeremonyCompleted,
        }
    }
}

/// Goes through what happened, as it must have happened.
///
/// # Errors
/// [`store::Error::Corrupt`] for a history that cannot be.
pub(super) fn progress(script: &Script, account: &[Occurrence]) -> store::Result<Progress> {
    let planned = Progress::planned(script.steps.len());
    account.iter().try_fold(planned, |progress, occurrence| {
        progress
            .after(occurrence.what.event(script))
            .map_err(|refused| corrupt(&script.id, refused))
    })
}

/// The error for an account that cannot be read back as it was written.
pub(super) fn corrupt(id: &CeremonyId, reason: impl ToString) -> store::Error {
    store::Error::Corrupt { what: format!("ceremony {id}"), reason: reason.to_string() }
}

fn with_present(entry: Entry, present: &[Present]) -> Entry {
    Seat::ALL.into_iter().fold(entry, |entry, seat| {
        let there = present.iter().filter(|one| one.seat == seat);
        entry.detail(seat.name(), Spaced(there.map(|one| &one.person).collect()))
    })
}

fn with_step(entry: Entry, script: &Script, step: usize) -> Entry {
    let entry = entry.detail("step", step + 1);
    let Some(step) = script.steps.get(step) else { return entry };
    let entry = match step.ca() {
        Some(ca) => entry.ca(ca),
        None => entry,
    };
    entry.detail("do", OfTheInstallation(&line_of(step)))
}

/// A step in one line.
fn line_of(step: &Step) -> String {
    let fields = step.fields().into_iter().map(|(name, value)| format!(" {name}={value}"));
    fields.fold(step.kind().name().to_owned(), |line, field| line + &field)
}

impl MediumFact {
    /// The entry with this medium, by its identity and its place.
    #[must_use]
    pub fn told_in(entry: Entry, medium: &Self) -> Entry {
        let told = rule!("{} {}", medium.id, OfTheInstallation(&medium.place));
        entry.detail("medium", told.as_part())
    }
}

fn with_facts(mut entry: Entry, facts: &StepFacts) -> Entry {
    for key in &facts.keys {
        entry = entry.detail(
            "key",
            rule!("{} {}", OfTheInstallation(&key.label), Hex(&key.spki_sha256)).as_part(),
        );
    }
    for certificate in &facts.certificates {
        let sha256 = x509::digest::sha256(certificate);
        entry = entry.detail("certificate_sha256", Hex(&sha256));
    }
    for file in &facts.files {
        entry = entry.detail(
            "file",
            rule!("{} {}", OfTheInstallation(&file.path), Hex(&file.sha256)).as_part(),
        );
    }
    entry = facts.media.iter().fold(entry, MediumFact::told_in);
    facts
        .statements
        .iter()
        .fold(entry, |entry, statement| entry.detail("statement", OfTheInstallation(statement)))
}
