//! How far a ceremony has come: a state machine over its steps, without effects.

use crate::named::named;
use crate::transition::{TransitionTable, row};

named! {
    /// Where a ceremony stands.
    State {
        /// Nothing was done yet.
        Planned = "planned",
        /// It is being carried out.
        Running = "running",
        /// It stopped before its end and can go on.
        Interrupted = "interrupted",
        /// Every step was carried out.
        Completed = "completed",
        /// It was given up; what was done stays done.
        Abandoned = "abandoned",
    }
}

named! {
    /// What can happen to a ceremony.
    EventName {
        /// The people are present and it begins.
        Begin = "begin",
        /// A step is begun, or begun again.
        StartStep = "start-step",
        /// A step is done.
        FinishStep = "finish-step",
        /// It stops, or was found cut off.
        Interrupt = "interrupt",
        /// The people are present again and it goes on.
        Resume = "resume",
        /// The last step is done.
        Complete = "complete",
        /// It is given up.
        Abandon = "abandon",
    }
}

named! {
    /// Where a step stands.
    StepState {
        /// Not begun.
        Pending = "pending",
        /// Begun; how far it came is not known.
        Started = "started",
        /// Carried out.
        Done = "done",
    }
}

/// Every transition there is; nothing leads out of completed and abandoned.
pub const TRANSITIONS: TransitionTable<State, EventName> = {
    use EventName as E;
    use State as S;
    TransitionTable {
        rows: &[
            row(S::Planned, E::Begin, S::Running, "enough people are present in every seat"),
            row(S::Planned, E::Abandon, S::Abandoned, "given up before it began"),
            row(
                S::Running,
                E::StartStep,
                S::Running,
                "the first step that is not done, and no other",
            ),
            row(S::Running, E::FinishStep, S::Running, "the step that was begun"),
            row(
                S::Running,
                E::Interrupt,
                S::Interrupted,
                "a step failed, or the program was cut off",
            ),
            row(S::Running, E::Complete, S::Completed, "every step is done"),
            row(
                S::Interrupted,
                E::Resume,
                S::Running,
                "the same script, and enough people present",
            ),
            row(S::Interrupted, E::Abandon, S::Abandoned, "given up; what was done stays done"),
        ],
    }
};

/// Something that happens; steps count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It begins.
    Begin,
    /// This step is begun.
    StartStep {
        /// Which.
        step: usize,
        /// Whether it may be carried out again if it was begun before
        /// ([`super::StepKind::repeatable`]).
        repeatable: bool,
    },
    /// This step is done.
    FinishStep {
        /// Which.
        step: usize,
    },
    /// It stops.
    Interrupt,
    /// It goes on.
    Resume,
    /// It ends.
    Complete,
    /// It is given up.
    Abandon,
}

impl Event {
    /// Its name.
    pub fn name(self) -> EventName {
        match self {
            Self::Begin => EventName::Begin,
            Self::StartStep { .. } => EventName::StartStep,
            Self::FinishStep { .. } => EventName::FinishStep,
            Self::Interrupt => EventName::Interrupt,
            Self::Resume => EventName::Resume,
            Self::Complete => EventName::Complete,
            Self::Abandon => EventName::Abandon,
        }
    }
}

/// An event that cannot happen now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a ceremony that is {state} cannot {event}: {rule}")]
pub struct RefusedEvent {
    /// The state it is in.
    pub state: State,
    /// What was asked.
    pub event: EventName,
    /// The rule it breaks.
    pub rule: &'static str,
}

/// How far a ceremony has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    state: State,
    steps: Vec<StepState>,
}

impl Progress {
    /// A ceremony of so many steps before its beginning.
    pub fn planned(steps: usize) -> Self {
        Self { state: State::Planned, steps: vec![StepState::Pending; steps] }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Where each step stands, in order.
    pub fn steps(&self) -> &[StepState] {
        &self.steps
    }

    /// The first step that is not done.
    pub fn next_step(&self) -> Option<usize> {
        self.steps.iter().position(|state| *state != StepState::Done)
    }

    /// How many steps are done.
    pub fn done(&self) -> usize {
        self.next_step().unwrap_or(self.steps.len())
    }

    /// What it is after `event`.
    ///
    /// # Errors
    /// [`RefusedEvent`] when [`TRANSITIONS`] has no row for it, or the steps do not fit.
    pub fn after(mut self, event: Event) -> Result<Self, RefusedEvent> {
        let (state, name) = (self.state, event.name());
        let refused = |rule| RefusedEvent { state, event: name, rule };
        let to =
            TRANSITIONS.after(state, name).ok_or_else(|| refused("there is no such transition"))?;
        match event {
            Event::StartStep { step, repeatable } => {
                if self.next_step() != Some(step) {
                    return Err(refused("the first step that is not done comes next"));
                }
                if self.steps[step] == StepState::Started && !repeatable {
                    return Err(refused("the step was begun before and cannot be repeated"));
                }
                self.steps[step] = StepState::Started;
            }
            Event::FinishStep { step } => {
                if self.steps.get(step) != Some(&StepState::Started) {
                    return Err(refused("the step was not begun"));
                }
                self.steps[step] = StepState::Done;
            }
            Event::Complete if self.next_step().is_some() => {
                return Err(refused("a step is not done"));
            }
            _ => {}
        }
        Ok(Self { state: to, ..self })
    }
}
