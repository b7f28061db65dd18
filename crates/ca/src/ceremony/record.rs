//! The complete account of a ceremony, as its minutes tell it.

use domain::ceremony::{Script, State, Step, StepState};
use jiff::Timestamp;
use store::Sequence;

use super::account::{Happening, Occurrence, Present};
use super::stage::StepFacts;

/// Everything there is to say about a ceremony.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The script.
    pub script: Script,
    /// The script, byte for byte.
    pub script_text: String,
    /// SHA-256 of the script.
    pub script_sha256: [u8; 32],
    /// Whether it was a rehearsal, on keys that were thrown away.
    pub rehearsal: bool,
    /// Where it stands.
    pub state: State,
    /// When people came together: once, and again after every interruption.
    pub sittings: Vec<Sitting>,
    /// Every step of the script, in order.
    pub steps: Vec<StepRecord>,
    /// When and why it stopped before its end.
    pub interruptions: Vec<Interruption>,
    /// When it ended, completed or abandoned.
    pub ended: Option<Moment>,
    /// Why it was abandoned.
    pub abandoned_because: Option<String>,
}

/// A time, and the place of the journal entry that tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Where in the journal.
    pub sequence: Sequence,
}

/// People coming together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sitting {
    /// When it began.
    pub began: Moment,
    /// When it ended: at an interruption or at the end.
    pub ended: Option<Moment>,
    /// Who was present in which seat.
    pub present: Vec<Present>,
}

/// One step and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// What the script asks.
    pub step: Step,
    /// Where it stands.
    pub state: StepState,
    /// Every time it was begun: more than once after an interruption.
    pub started: Vec<Moment>,
    /// When it was done.
    pub done: Option<Moment>,
    /// What it left behind.
    pub facts: Option<StepFacts>,
}

/// An interruption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// When it was noted.
    pub at: Moment,
    /// The number of steps that were done by then.
    pub steps_done: usize,
    /// Why.
    pub reason: String,
}

impl Record {
    /// The place of the last journal entry.
    pub fn last_sequence(&self) -> Option<Sequence> {
        let sittings =
            self.sittings.iter().flat_map(|sitting| [Some(sitting.began), sitting.ended]);
        let steps = self
            .steps
            .iter()
            .flat_map(|step| step.started.iter().copied().map(Some).chain([step.done]));
        let interruptions = self.interruptions.iter().map(|one| Some(one.at));
        let all = sittings.chain(steps).chain(interruptions).chain([self.ended]);
        all.flatten().map(|moment| moment.sequence).max()
    }

    /// The record of a ceremony that nothing has happened in yet.
    pub(super) fn blank(script: Script, script_text: String, script_sha256: [u8; 32]) -> Self {
        let blank = |step: &Step| StepRecord {
            step: step.clone(),
            state: StepState::Pending,
            started: Vec::new(),
            done: None,
            facts: None,
        };
        Self {
            steps: script.steps.iter().map(blank).collect(),
            script,
            script_text,
            script_sha256,
            rehearsal: false,
            state: State::Planned,
            sittings: Vec::new(),
            interruptions: Vec::new(),
            ended: None,
            abandoned_because: None,
        }
    }

    /// Adds what happened; that it could happen was checked before.
    pub(super) fn add(&mut self, occurrence: &Occurrence) {
        let moment = Moment { at: occurrence.at, sequence: occurrence.sequence };
        match &occurrence.what {
            Happening::Begun { rehearsal, present } => {
                self.rehearsal = *rehearsal;
                self.sit(moment, present);
            }
            Happening::Resumed { present } => self.sit(moment, present),
            Happening::StepStarted { step } => {
                if let Some(record) = self.steps.get_mut(*step) {
                    record.started.push(moment);
                    record.state = StepState::Started;
                }
            }
            Happening::StepDone { step, facts } => {
                if let Some(record) = self.steps.get_mut(*step) {
                    record.done = Some(moment);
                    record.facts = Some(facts.clone());
                    record.state = StepState::Done;
                }
            }
            Happening::Interrupted { reason } => self.interrupt(moment, reason),
            Happening::Completed => self.end(moment, State::Completed),
            Happening::Abandoned { reason } => {
                self.abandoned_because = Some(reason.clone());
                self.end(moment, State::Abandoned);
            }
        }
    }

    fn sit(&mut self, began: Moment, present: &[Present]) {
        self.state = State::Running;
        self.sittings.push(Sitting { began, ended: None, present: present.to_vec() });
    }

    fn interrupt(&mut self, at: Moment, reason: &str) {
        self.rise(at);
        self.state = State::Interrupted;
        let steps_done = self.steps.iter().filter(|step| step.state == StepState::Done).count();
        self.interruptions.push(Interruption { at, steps_done, reason: reason.to_owned() });
    }

    fn end(&mut self, at: Moment, state: State) {
        self.rise(at);
        self.state = state;
        self.ended = Some(at);
    }

    /// Ends the sitting that is open, if one is.
    fn rise(&mut self, at: Moment) {
        if let Some(sitting) = self.sittings.last_mut().filter(|sitting| sitting.ended.is_none()) {
            sitting.ended = Some(at);
        }
    }
}
