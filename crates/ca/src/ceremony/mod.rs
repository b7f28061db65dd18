//! Ceremonies carried out: a checked script, step by step, with everything on disk before it goes on.

mod account;
mod facts;
mod held;
mod medium_fact;
mod presence;
mod record;
mod stage;
mod stored;

use domain::act::Act;
use domain::ceremony::{CeremonyId, Premises, Script, State, Step};
use domain::id::OperationId;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::{Hex, Rule};
use jiff::Timestamp;
use store::{Entry, Store, Unit};

pub use self::account::{Happening, Occurrence, Present};
use self::held::{Held, one_line, operation, operation_named};
pub use self::medium_fact::MediumFact;
pub use self::presence::objections;
pub use self::record::{Interruption, Moment, Record, Sitting, StepRecord};
pub use self::stage::{FileFact, KeyFact, Stage, StageError, StepFacts};
use crate::error::{Error, Result};
use crate::renewal::Renewal;
use domain::hexadecimal::hex;

/// Conducts ceremonies: it checks, records and orders; a [`Stage`] does.
pub struct Conductor<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Fn() -> Timestamp,
    by: Act,
    rehearsal: bool,
    sitting: Option<usize>,
}

/// How many sittings a ceremony has had. Whoever confirms that they are present does so for the next one,
/// which uses the confirmation up as it begins.
///
/// # Errors
/// As [`Conductor::record`].
pub fn sittings(store: &dyn Store, id: &CeremonyId) -> Result<usize> {
    Ok(Held::load(store, id)?.map_or(0, |held| held.sittings()))
}

impl<'a> Conductor<'a> {
    /// A conductor who records in `store`, in the name of whoever acts in `by`: what happens does so only
    /// while everybody on whose right that act rests stands as they stood.
    pub fn new(store: &'a dyn Store, clock: &'a dyn Fn() -> Timestamp, by: &Act) -> Self {
        Self { store, clock, by: by.clone(), rehearsal: false, sitting: None }
    }

    /// The same for people who came to the sitting after so many others, and to none beside it.
    #[must_use]
    pub fn after_sittings(self, number: usize) -> Self {
        Self { sitting: Some(number), ..self }
    }

    /// The same for a rehearsal, which every record of it says; it wants a store of its own, as a
    /// ceremony's id is used up by it.
    #[must_use]
    pub fn rehearsing(mut self) -> Self {
        self.rehearsal = true;
        self
    }

    /// Carries a script out, or goes on with it where it was interrupted. A ceremony that is
    /// completed is told again and not carried out again.
    ///
    /// # Errors
    /// [`Error::Refused`] for a script that is not valid, another script under the same id, and
    /// people who are not enough or not named: nothing happened, and the journal says so.
    /// [`Error::Step`] when a step failed: the ceremony is interrupted and can go on. What the
    /// store says: what was not recorded is carried out again.
    pub fn run(
        &self,
        script_text: &str,
        premises: &Premises,
        present: &[Present],
        stage: &mut dyn Stage,
    ) -> Result<Record> {
        // 1. The script is valid, is the one that was begun, and the people are there.
        let admitted = self.admit(script_text, premises, present);
        let mut held = self.recording(script_text, admitted)?;
        // 2. It begins, or goes on after an interruption that may have left no word.
        match held.state() {
            State::Completed => return self.told_again(held),
            State::Planned => {
                let (rehearsal, present) = (self.rehearsal, present.to_vec());
                self.happened(&mut held, Happening::Begun { rehearsal, present }, stage)?;
            }
            State::Running | State::Interrupted | State::Abandoned => {
                self.note_cut(&mut held)?;
                self.happened(&mut held, Happening::Resumed { present: present.to_vec() }, stage)?;
            }
        }
        // 3. Step by step: the intent, the act, the result.
        while let Some(step) = held.progress.next_step() {
            self.carry_out(&mut held, step, stage)?;
        }
        // 4. The end.
        self.happened(&mut held, Happening::Completed, stage)?;
        Ok(held.into_record())
    }

    /// Gives a ceremony up that was begun and not completed; what was done stays done. One that was given
    /// up for the same reason stays as it is: whoever asks again learns how it ended.
    ///
    /// # Errors
    /// [`Error::Unknown`]; [`Error::Refused`] when it has ended otherwise; what the store says.
    pub fn abandon(&self, id: &CeremonyId, reason: &str) -> Result<Record> {
        let unknown = || Error::Unknown { field: "ceremony", value: id.to_string() };
        let mut held = Held::load(self.store, id)?.ok_or_else(unknown)?;
        let abandoned = Happening::Abandoned { reason: one_line(reason) };
        if held.account.last().is_none_or(|last| last.what != abandoned) {
            self.note_cut(&mut held)?;
            self.happen(&mut held, abandoned)?;
        }
        Ok(held.into_record())
    }

    /// The record of a ceremony, as far as it came.
    ///
    /// # Errors
    /// What the store says; [`store::Error::Corrupt`] for an account that cannot be.
    pub fn record(&self, id: &CeremonyId) -> Result<Option<Record>> {
        Ok(Held::load(self.store, id)?.map(Held::into_record))
    }

    fn admit(&self, text: &str, premises: &Premises, present: &[Present]) -> Result<Held> {
        let alone = Premises { threshold: premises.threshold, cas: None };
        let script = Script::from_toml(text, &alone).map_err(no_script)?;
        let held = match Held::load(self.store, &script.id)? {
            Some(held) => self.the_same(held, text)?,
            // What the installation has is asked before the first step, which changes it.
            None => Held::new(Script::from_toml(text, premises).map_err(no_script)?, text),
        };
        match presence::objections(&held.script, present) {
            objections if objections.is_empty() => self.expect_sitting(held),
            objections => {
                let rule = Rule::from("who is present is not as the script wants it");
                Err(Error::refused("present", rule.telling(objections.join("; "))))
            }
        }
    }

    /// Refuses people who came to another sitting: another process held one meanwhile.
    fn expect_sitting(&self, held: Held) -> Result<Held> {
        if self.sitting.is_some_and(|number| number != held.sittings()) {
            let rule = "who is present came to a sitting that was held already";
            return Err(Error::refused("present", rule));
        }
        Ok(held)
    }

    fn the_same(&self, held: Held, text: &str) -> Result<Held> {
        if held.sha256 != x509::digest::sha256(text.as_bytes()) {
            let rule = rule!(
                "the ceremony {} was begun with another script, of SHA-256 {}",
                held.script.id,
                rule::Hex(&held.sha256)
            );
            return Err(Error::refused("script", rule));
        }
        if held.is_rehearsal() != self.rehearsal {
            let rule = rule!("{} was begun as the other of rehearsal and ceremony", held.script.id);
            return Err(Error::refused("script", rule));
        }
        if held.state() == State::Abandoned {
            return Err(Error::refused("script", rule!("{} was abandoned", held.script.id)));
        }
        Ok(held)
    }

    /// Hands `admitted` on; a refusal is in the journal first (fails closed).
    fn recording(&self, text: &str, admitted: Result<Held>) -> Result<Held> {
        if let Err(error) = &admitted
            && error.is_refusal()
        {
            let sha256 = x509::digest::sha256(text.as_bytes());
            let act = self.act(operation_named(&hex(&sha256[..8]))?);
            let entry = Entry::new(EventKind::CeremonyStarted, &act)
                .detail("script_sha256", Hex(&sha256))
                .refused(error.rule());
            self.store.commit(Unit::new(entry))?;
        }
        admitted
    }

    fn told_again(&self, held: Held) -> Result<Record> {
        let act = self.act(operation(&held.script.id, None)?);
        let entry = Entry::new(EventKind::CeremonyStarted, &act).subject(&held.script.id).no_op();
        self.store.commit(Unit::new(entry))?;
        Ok(held.into_record())
    }

    /// A ceremony that is found running was cut off: whoever ran it could not say so.
    fn note_cut(&self, held: &mut Held) -> Result<()> {
        if held.state() == State::Running {
            let reason = "the program was cut off".to_owned();
            self.happen(held, Happening::Interrupted { reason })?;
        }
        Ok(())
    }

    fn carry_out(&self, held: &mut Held, step: usize, stage: &mut dyn Stage) -> Result<()> {
        self.happened(held, Happening::StepStarted { step }, stage)?;
        let Some(asked) = held.script.steps.get(step).cloned() else {
            return Err(account::corrupt(&held.script.id, "a step beyond the last").into());
        };
        let act = self.act(operation(&held.script.id, Some(step))?);
        let done = ask(stage, &act, &asked).map_err(|error| error.to_string()).and_then(|facts| {
            facts::check(&held.script, &held.account, &asked, &facts).map(|()| facts)
        });
        match done {
            Ok(facts) => self.happened(held, Happening::StepDone { step, facts }, stage),
            Err(reason) => {
                let reason = one_line(&reason);
                let place = format!("step {} ({})", step + 1, asked.kind());
                let told = format!("{place}: {reason}");
                self.happened(held, Happening::Interrupted { reason: told }, stage)?;
                Err(Error::Step { place, reason })
            }
        }
    }

    /// Lets the people present hear of it, too.
    fn happened(&self, held: &mut Held, what: Happening, stage: &mut dyn Stage) -> Result<()> {
        stage.record(&self.happen(held, what)?);
        Ok(())
    }

    /// Puts on disk that something happened, with its journal entry, and only then lets it count.
    fn happen(&self, held: &mut Held, what: Happening) -> Result<Occurrence> {
        let step = match what {
            Happening::StepStarted { step } | Happening::StepDone { step, .. } => Some(step),
            _ => None,
        };
        let act = self.act(operation(&held.script.id, step)?);
        // That it is interrupted is said whoever lost the right to go on.
        let act = match what {
            Happening::Interrupted { .. } => Act::new(act.actor, act.at, act.operation),
            _ => act,
        };
        let happened = held.commit(self.store, &act, what);
        if let Err(Error::Store(ended @ store::Error::StandingEnded { .. })) = &happened
            && held.state() == State::Running
        {
            self.happen(held, Happening::Interrupted { reason: ended.to_string() })?;
        }
        happened
    }

    fn act(&self, operation: OperationId) -> Act {
        Act { at: (self.clock)(), operation, ..self.by.clone() }
    }
}

fn ask(
    stage: &mut dyn Stage,
    act: &Act,
    step: &Step,
) -> std::result::Result<StepFacts, StageError> {
    match step {
        Step::GenerateCaKey { ca } => stage.generate_ca_key(act, ca),
        Step::SelfSign { ca } => stage.self_sign(act, ca),
        Step::ResponderCertificate { ca } => stage.responder_certificate(act, ca),
        Step::TlsCertificate { ca, request } => stage.tls_certificate(act, ca, request),
        Step::Backup { directory } => stage.back_up(act, directory),
        Step::Restore { directory, into } => stage.restore(act, directory, into),
        Step::RenewCaKey { ca, issues_from, early } => {
            let renewal = Renewal { issues_from: *issues_from, early: early.clone() };
            stage.renew_ca_key(act, ca, &renewal)
        }
        Step::DestroyCaKey { ca, generation, gone } => {
            stage.destroy_ca_key(act, ca, *generation, gone)
        }
    }
}

/// A text that is no script; what it says is told to the caller alone.
fn no_script(error: impl std::fmt::Display) -> Error {
    Error::refused("script", Rule::from("it is no script").telling(error))
}
