//! What is wrong with a field of a form: the field, the rule, and what would mend it.

use std::fmt;

use domain::rule;
use domain::rule::Rule;
use domain::text::{Offence, SubstitutionError};

/// A field that breaks a rule; the applicant's or the clerk's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FormError {
    /// The field.
    pub field: &'static str,
    /// The rule it breaks.
    pub problem: Problem,
}

/// The rule that a field breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Nothing was typed where something is needed.
    Empty,
    /// Something was typed where nothing belongs.
    Unwanted(&'static str),
    /// More characters than the limit.
    TooLong {
        /// The limit, in characters.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// Not of the form it must have.
    WrongForm {
        /// What it must be.
        expected: &'static str,
    },
    /// A control, invisible, unassigned or private character.
    ControlCharacter {
        /// Its position, in characters from 0.
        index: usize,
    },
    /// A space at the beginning or the end.
    SpaceAtEdge,
    /// Characters that may not be certified, each with the substitutes on offer (P8).
    Repertoire(Vec<Offence>),
    /// A choice of substitutes that does not fit the text.
    Substitute(SubstitutionError),
    /// A day the calendar does not have.
    NoSuchDate,
    /// A day that has not come yet.
    InFuture,
    /// A day before the Meiji era, which no living person was born on.
    TooEarly,
    /// No such thing is known here.
    Unknown,
    /// A rule of the policy forbids it.
    NotAllowed(Rule),
}

impl FormError {
    /// Field and rule without anything that was typed, for the journal.
    pub fn rule(&self) -> Rule {
        let rule = match &self.problem {
            Problem::Repertoire(offences) => {
                rule!("{} characters may not be certified (S 3-1-8)", offences.len())
            }
            Problem::Substitute(_) => "the substitutes do not fit the text (S 3-1-8)".into(),
            Problem::NotAllowed(rule) => rule.clone(),
            Problem::Empty => "it must be filled in".into(),
            Problem::Unwanted(rule) => rule!("it must be left open: {}", *rule),
            Problem::TooLong { limit, found } => {
                rule!("it has {} characters, at most {} are allowed", found, limit)
            }
            Problem::WrongForm { expected } => rule!("it must be {}", *expected),
            Problem::ControlCharacter { index } => {
                rule!("the character at {} is a control, invisible or unassigned character", index)
            }
            Problem::SpaceAtEdge => "it begins or ends with a space".into(),
            Problem::NoSuchDate => "there is no such day".into(),
            Problem::InFuture => "the day has not come yet".into(),
            Problem::TooEarly => "the day lies before 1868-01-25".into(),
            Problem::Unknown => "not found".into(),
        };
        rule.about(self.field)
    }
}

/// An error about `field`.
pub(super) fn fail(field: &'static str, problem: Problem) -> FormError {
    FormError { field, problem }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it must be filled in"),
            Self::Unwanted(rule) => write!(f, "it must be left open: {rule}"),
            Self::TooLong { limit, found } => {
                write!(f, "it has {found} characters, at most {limit} are allowed")
            }
            Self::WrongForm { expected } => write!(f, "it must be {expected}"),
            Self::ControlCharacter { index } => {
                write!(
                    f,
                    "the character at {index} is a control, invisible or unassigned character"
                )
            }
            Self::SpaceAtEdge => f.write_str("it begins or ends with a space"),
            Self::Repertoire(offences) => {
                f.write_str("characters that may not be certified (S 3-1-8):")?;
                offences.iter().try_for_each(|offence| write_offence(f, offence))
            }
            Self::Substitute(error) => write!(f, "{error}"),
            Self::NoSuchDate => f.write_str("there is no such day"),
            Self::InFuture => f.write_str("the day has not come yet"),
            Self::TooEarly => f.write_str("the day lies before 1868-01-25"),
            Self::Unknown => f.write_str("not found"),
            Self::NotAllowed(rule) => f.write_str(&rule.told()),
        }
    }
}

fn write_offence(f: &mut fmt::Formatter<'_>, offence: &Offence) -> fmt::Result {
    write!(f, " {} at {}", offence.character, offence.index)?;
    if offence.substitutes.is_empty() {
        return f.write_str(", for which the resident may choose freely;");
    }
    f.write_str(", on offer:")?;
    for candidate in &offence.substitutes {
        write!(f, " {} ({})", candidate.character, candidate.rule.name())?;
    }
    f.write_str(";")
}
