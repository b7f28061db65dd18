//! A person's life in the registry: its states and the one table of transitions.
//!
//! A record is never deleted, because the journal names people by it; who leaves is removed.

use crate::named::named;
use crate::transition::{TransitionTable, row};

named! {
    /// Where a person stands.
    PersonState {
        /// A senior operator proposed them; nobody confirmed it yet.
        Proposed = "proposed",
        /// They may act.
        Active = "active",
        /// They may not act for now.
        Suspended = "suspended",
        /// They left, or were never confirmed; their id is never given again.
        Removed = "removed",
    }
}

named! {
    /// What can happen to a person.
    PersonEvent {
        /// The CA manager confirms the registration.
        Confirm = "confirm",
        /// The CA manager refuses it.
        Refuse = "refuse",
        /// They are kept from acting, at once.
        Suspend = "suspend",
        /// They may act again.
        Reinstate = "reinstate",
        /// They leave.
        Remove = "remove",
    }
}

named! {
    /// What a senior operator proposes and the CA manager confirms (A 5.2.4.1②③).
    ProposalKind {
        /// A new person.
        Registration = "registration",
        /// Other roles for a person.
        Roles = "roles",
        /// An enrolment secret, for somebody who lost their credentials.
        Enrolment = "enrolment",
        /// The end of a suspension.
        Reinstatement = "reinstatement",
        /// The end of a person's work.
        Removal = "removal",
    }
}

named! {
    /// What is proposed for a person who is in the registry.
    ChangeKind {
        /// Other roles.
        Roles = "roles",
        /// An enrolment secret, for somebody who lost their credentials.
        Enrolment = "enrolment",
        /// The end of a suspension.
        Reinstatement = "reinstatement",
        /// The end of a person's work.
        Removal = "removal",
    }
}

impl From<ChangeKind> for ProposalKind {
    fn from(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::Roles => Self::Roles,
            ChangeKind::Enrolment => Self::Enrolment,
            ChangeKind::Reinstatement => Self::Reinstatement,
            ChangeKind::Removal => Self::Removal,
        }
    }
}

/// Every transition there is; what is not here is refused.
pub const TRANSITIONS: TransitionTable<PersonState, PersonEvent> = {
    use PersonEvent as E;
    use PersonState as S;
    TransitionTable {
        rows: &[
            row(S::Proposed, E::Confirm, S::Active, "registered and confirmed (A 5.2.4.1②③)"),
            row(S::Proposed, E::Refuse, S::Removed, "never confirmed (A 5.2.4.1②)"),
            row(S::Active, E::Suspend, S::Suspended, "kept out at once, by one person (A 5.2.3.1)"),
            row(S::Suspended, E::Reinstate, S::Active, "proposed and confirmed (A 5.2.4.1②③)"),
            row(S::Active, E::Remove, S::Removed, "proposed and confirmed (A 5.2.4.1②③)"),
            row(S::Suspended, E::Remove, S::Removed, "proposed and confirmed (A 5.2.4.1②③)"),
        ],
    }
};

/// A transition that is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a person who is {state} cannot be {}", past(.event))]
pub struct RefusedPerson {
    /// The state the person is in.
    pub state: PersonState,
    /// What was asked.
    pub event: PersonEvent,
}

fn past(event: &PersonEvent) -> &'static str {
    match event {
        PersonEvent::Confirm => "confirmed",
        PersonEvent::Refuse => "refused",
        PersonEvent::Suspend => "suspended",
        PersonEvent::Reinstate => "reinstated",
        PersonEvent::Remove => "removed",
    }
}

impl PersonState {
    /// The state after `event`.
    ///
    /// # Errors
    /// [`RefusedPerson`] when [`TRANSITIONS`] has no row for this state and event.
    pub fn after(self, event: PersonEvent) -> Result<Self, RefusedPerson> {
        TRANSITIONS.after(self, event).ok_or(RefusedPerson { state: self, event })
    }
}

impl ProposalKind {
    /// What a confirmation does to the person's state; nothing where it concerns something else.
    pub fn event(self) -> Option<PersonEvent> {
        match self {
            Self::Registration => Some(PersonEvent::Confirm),
            Self::Reinstatement => Some(PersonEvent::Reinstate),
            Self::Removal => Some(PersonEvent::Remove),
            Self::Roles | Self::Enrolment => None,
        }
    }

    /// Whether it can be proposed for a person in this state.
    pub fn fits(self, state: PersonState) -> bool {
        match self {
            Self::Registration => false,
            Self::Roles | Self::Enrolment => state == PersonState::Active,
            Self::Reinstatement => state == PersonState::Suspended,
            Self::Removal => matches!(state, PersonState::Active | PersonState::Suspended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w3_every_pair_is_a_row_of_the_table_or_refused() {
        for from in PersonState::ALL {
            for event in PersonEvent::ALL {
                let row =
                    TRANSITIONS.rows.iter().find(|row| row.from == from && row.event == event);
                match (row, from.after(event)) {
                    (Some(row), Ok(to)) => assert_eq!(to, row.to),
                    (None, Err(refused)) => {
                        assert!(refused.to_string().contains(from.name()), "{refused}");
                    }
                    (row, outcome) => panic!("{from} {event}: {row:?} {outcome:?}"),
                }
            }
        }
    }

    #[test]
    fn w3_nothing_leads_out_of_removed() {
        assert!(TRANSITIONS.rows.iter().all(|row| row.from != PersonState::Removed));
        assert!(ProposalKind::ALL.iter().all(|kind| !kind.fits(PersonState::Removed)));
    }

    #[test]
    fn w3_what_can_be_proposed_can_be_confirmed() {
        for kind in ProposalKind::ALL {
            for state in PersonState::ALL.into_iter().filter(|state| kind.fits(*state)) {
                let after = kind.event().map(|event| state.after(event));
                assert!(after.is_none_or(|after| after.is_ok()), "{kind} {state}");
            }
        }
    }
}
