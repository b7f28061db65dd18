//! Whether who moved out has moved in: the thirty days of A 4.9.3.1(3).

use std::collections::HashMap;

use domain::id::ResidentCode;
use domain::validity::civil_date;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::register::{RegisterEvent, RegisterEventKind};

/// How many days after the planned one a resident may take to move in.
const DAYS: i32 = 30;

/// The moves among the events that were read ahead.
pub(super) struct Moves {
    /// The last event that was read.
    pub(super) last: u64,
    moved_in: HashMap<ResidentCode, Vec<(u64, Timestamp)>>,
}

/// What became of a move-out.
pub(super) enum Fate {
    /// Its days are not over.
    Running,
    /// The resident moved in within them.
    MovedIn,
    /// They are over.
    Overdue {
        /// When the resident moved in after all, if so.
        moved_in: Option<Timestamp>,
    },
}

impl Moves {
    pub(super) fn new(after: u64) -> Self {
        Self { last: after, moved_in: HashMap::new() }
    }

    pub(super) fn add(&mut self, event: &RegisterEvent) {
        self.last = event.sequence;
        if matches!(event.kind, RegisterEventKind::MovedIn { .. }) {
            let moves = self.moved_in.entry(event.resident.clone()).or_default();
            moves.push((event.sequence, event.at));
        }
    }

    /// What became of the move-out `event`, planned for `planned`, by `today`.
    ///
    /// The planned day is not counted (Civil Code 140): thirty days have passed when the thirtieth
    /// day after it is over.
    pub(super) fn fate(&self, event: &RegisterEvent, planned: Date, today: Date) -> Fate {
        let last_day = planned.saturating_add(DAYS.days());
        let moves = self.moved_in.get(&event.resident).map(Vec::as_slice).unwrap_or_default();
        let next = moves.iter().find(|(sequence, _)| *sequence > event.sequence);
        match next {
            Some((_, at)) if civil_date(*at) <= last_day => Fate::MovedIn,
            _ if today <= last_day => Fate::Running,
            next => Fate::Overdue { moved_in: next.map(|(_, at)| *at) },
        }
    }
}
