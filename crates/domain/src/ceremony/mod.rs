//! A key ceremony (キーセレモニー; A 5.5.1.1, glossary 12) as data: who sits in which seat, what is
//! done in which order, and how far it has come.

mod check;
mod error;
mod fields;
mod order;
mod progress;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

pub use self::error::{Problem, ScriptError};
pub use self::progress::{Event, EventName, Progress, RefusedEvent, State, StepState, TRANSITIONS};
pub use self::step::{RestoreTarget, Step, StepKind};
use crate::id::{ActorId, CaId, InvalidId};
use crate::named::named;

/// A script that is valid as a whole: made by [`Script::from_toml`] and by nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The ceremony, unique for ever.
    pub id: CeremonyId,
    /// What the minutes are headed with.
    pub title: String,
    /// Where people come together.
    pub place: String,
    /// The day it is planned for, in Japan.
    pub planned: Date,
    /// How many custodians every act on a key needs (A 6.2.2, S 6-2-1-2).
    pub threshold: u8,
    people: Vec<(Seat, ActorId)>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl Script {
    /// The people named for a seat, in the script's order.
    pub fn named_for(&self, seat: Seat) -> impl Iterator<Item = &ActorId> {
        self.people.iter().filter(move |(of, _)| *of == seat).map(|(_, id)| id)
    }

    /// The seat a person is named for.
    pub fn seat_of(&self, person: &ActorId) -> Option<Seat> {
        self.people.iter().find(|(_, id)| id == person).map(|(seat, _)| *seat)
    }

    /// How many people of a seat must be present for the ceremony to go on.
    pub fn needed(&self, seat: Seat) -> usize {
        match seat {
            Seat::Custodian => usize::from(self.threshold),
            Seat::Witness | Seat::Operator => seat.fewest(),
        }
    }
}

named! {
    /// What a person does at a ceremony; nobody sits in two seats.
    Seat {
        /// A key custodian (秘密鍵管理者): several together open the keys (A 5.2.1.1(2), S 5-2-1(2)).
        Custodian = "custodian",
        /// A witness (立会人), who sees that the script is followed and does nothing.
        Witness = "witness",
        /// A senior operator (上級操作員): at least two carry it out (A 5.2.2, S 5-2-1(6)).
        Operator = "operator",
    }
}

impl Seat {
    /// The fewest people any ceremony has in this seat.
    pub fn fewest(self) -> usize {
        match self {
            Self::Custodian | Self::Operator => 2,
            Self::Witness => 1,
        }
    }

    /// The seat in the minutes.
    pub fn japanese(self) -> &'static str {
        match self {
            Self::Custodian => "秘密鍵管理者",
            Self::Witness => "立会人",
            Self::Operator => "上級操作員",
        }
    }

    /// The field of a script that names the people of this seat.
    fn field(self) -> &'static str {
        match self {
            Self::Custodian => "custodians",
            Self::Witness => "witnesses",
            Self::Operator => "operators",
        }
    }
}

/// What a script is held against beside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Premises {
    /// The fewest custodians that the policy accepts.
    pub threshold: u8,
    /// Every CA there is a policy for, with its newest key generation (0 before the first key);
    /// absent where a script is looked at without an installation.
    pub cas: Option<BTreeMap<CaId, u32>>,
}

/// The name of a ceremony: lower-case letters, digits and hyphens; it names files, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CeremonyId(String);

impl CeremonyId {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CeremonyId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        // 40 characters leave room for a step's number in an operation id of 64.
        let fits = (1..=40).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let rule = "1 to 40 of a-z, 0-9 and hyphens, not beginning with a hyphen";
        fits.then(|| Self(text.to_owned())).ok_or_else(|| InvalidId {
            kind: "ceremony id",
            text: text.chars().take(64).collect(),
            rule,
        })
    }
}

impl fmt::Display for CeremonyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
