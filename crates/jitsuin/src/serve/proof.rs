//! The proof of the state: before anything is served, and beside the work for as long as it runs.

mod watch;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use store::journal::{VerifierKey, verify_database};
use store::reads::ReadHead;
use store::{ProofExtent, Sqlite, StateProof, StateReport, Store};

use self::watch::Course;
pub(super) use self::watch::Watch;
use crate::join::AuditSigner;
use crate::opened::Opened;
use crate::system::System;

/// How often rights, keys and plans are proven, with the entries since the last time.
const RECENT: Duration = Duration::from_secs(10);

/// The whole state rests at least so long between two proofs, so that in a small installation
/// whatever is changed by hand is found within a minute.
const REST: Duration = Duration::from_secs(20);

/// It rests at most so long: the whole state is proven once a day at least.
const LONGEST_REST: Duration = Duration::from_secs(24 * 60 * 60);

/// In an installation of any size, the whole proof takes one part of so many of a processor's time.
const SHARE: u32 = 20;

/// What a proof may be late by before people are told: a busy machine makes minutes of seconds.
const LATE: Duration = Duration::from_secs(3 * 60);

/// A state of at most so many rows and entries is proven whole before anything is served: that
/// takes a second or two. Of a greater one that is done for what came after the last proof of it
/// all, and it is proven whole at once afterwards, beside the work.
const PROVEN_FIRST: u64 = 100_000;

/// The proof of one installation's state: two series, each on a thread of its own.
pub(super) struct Proof {
    pub(super) rights: Rights,
    pub(super) whole: Whole,
    pub(super) watch: Arc<Watch>,
}

impl Proof {
    /// Proves the state before anything is served: whole where it is small, or never was proven
    /// whole; else what was changed since it was, and rights, keys and plans. What was proven whole at
    /// the opening, with every entry there is, is not proven again.
    ///
    /// # Errors
    /// The first difference, with what people can do: nothing is served from a database in doubt.
    pub(super) fn at_start(system: &System) -> Result<Self> {
        let audit = AuditSigner::open(system.machine.keys.clone())?.verifier_key()?;
        let opened = system.proven.lock().unwrap_or_else(PoisonError::into_inner).take();
        Self::of(system.store.clone(), system.home.database(), audit, (proven_first(), opened))
    }

    fn of(
        store: Arc<Sqlite>,
        database: PathBuf,
        audit: VerifierKey,
        (proven_first, opened): (u64, Option<Opened>),
    ) -> Result<Self> {
        let watch = Arc::new(Watch::new(RECENT + LATE, LONGEST_REST + LATE));
        let mut rights =
            Rights { store: store.clone(), proof: StateProof::default(), course: watch.rights() };
        let StateReport { entries, stored, verified, .. } = rights.prove()?;
        let is_small = entries + stored <= proven_first;
        let course = watch.whole();
        let mut whole =
            Whole { store, database, audit, proven_first, is_small, took: None, course };
        refuse_doubt(&whole.store, &whole.database)?;
        if is_small || verified == 0 {
            whole.prove(opened.filter(|opened| opened.proof.whole_until() == Some(entries)))?;
            refuse_doubt(&whole.store, &whole.database)?;
            whole.course.note(Ok(()), whole.within());
        }
        Ok(Self { rights, whole, watch })
    }
}

/// Proves the state before a command does anything on its word, as a start does: whole where it is small
/// or never was proven whole, else what was changed since it was. The proof of the whole, where it was one.
///
/// # Errors
/// The first difference, with what people can do.
pub(crate) fn at_opening(store: &Sqlite, database: &Path) -> Result<Option<Opened>> {
    let StateReport { entries, stored, verified, .. } =
        store.prove(&mut StateProof::default(), ProofExtent::Recent)?;
    let mut whole = None;
    if entries + stored <= proven_first() || verified == 0 {
        let (began, mut proof) = (Instant::now(), StateProof::default());
        store.prove(&mut proof, ProofExtent::Whole)?;
        whole = Some(Opened { proof, took: began.elapsed() });
    }
    refuse_doubt(store, database)?;
    Ok(whole)
}

fn refuse_doubt(store: &Sqlite, database: &Path) -> Result<()> {
    let Some(doubted) = store.doubt().standing() else { return Ok(()) };
    let first = doubted.findings.into_iter().next().unwrap_or_default();
    bail!(
        "{}: {first}; nothing is done on a database in doubt. `jitsuin check` tells all that differs; \
         put back a copy that proves itself",
        database.display()
    )
}

/// [`PROVEN_FIRST`]; a test has a great installation of a few rows.
fn proven_first() -> u64 {
    let told = std::env::var("JITSUIN_PROVEN_FIRST").ok().filter(|_| cfg!(feature = "torture"));
    told.and_then(|told| told.parse().ok()).unwrap_or(PROVEN_FIRST)
}

/// The proof of rights, keys and plans, and of the entries since the last time.
pub(super) struct Rights {
    store: Arc<Sqlite>,
    /// What the journal's entries add up to, as far as this has read it.
    proof: StateProof,
    course: Course,
}

impl Rights {
    /// Goes on proving until told to stop. What is found is doubt, which stops the work by itself.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        while stop.recv_timeout(RECENT) == Err(RecvTimeoutError::Timeout) {
            let outcome = self.prove().map(drop);
            self.course.note(outcome, RECENT + LATE);
        }
    }

    fn prove(&mut self) -> Result<StateReport> {
        Ok(self.store.prove(&mut self.proof, ProofExtent::Recent)?)
    }
}

/// The proof of everything.
pub(super) struct Whole {
    store: Arc<Sqlite>,
    database: PathBuf,
    audit: VerifierKey,
    /// Up to how many rows and entries the state is small.
    proven_first: u64,
    /// Whether it was when it was proven last: then it is proven again soon.
    is_small: bool,
    /// How long the last proof took; none was made yet where there is none.
    took: Option<Duration>,
    course: Course,
}

impl Whole {
    /// Goes on proving until told to stop. What is found is doubt, which stops the work by itself.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        let mut rest = self.rest();
        while stop.recv_timeout(rest) == Err(RecvTimeoutError::Timeout) {
            let outcome = self.prove(None);
            // One that failed is tried again soon.
            rest = if outcome.is_ok() { self.rest() } else { REST };
            self.course.note(outcome, self.within());
        }
    }

    /// Within what time the next proof is to have ended: it may take twice as long as the last.
    fn within(&self) -> Duration {
        self.rest() + 2 * self.took.unwrap_or_default() + LATE
    }

    /// How long the whole state is not read again after it was proven. What a busy machine makes of
    /// the time for a small one does not matter: it is found within a minute all the same.
    fn rest(&self) -> Duration {
        match self.took {
            None => Duration::ZERO,
            Some(_) if self.is_small => REST,
            Some(took) => (took * (SHARE - 1)).clamp(REST, LONGEST_REST),
        }
    }

    /// Every row, every entry from the first, and the tree over them with its checkpoints: once as
    /// who has the state key wrote them, once as the audit key alone vouches for them. A start goes on
    /// from here. The first of the two is not made again where it was `proven` a moment ago.
    fn prove(&mut self, proven: Option<Opened>) -> Result<()> {
        let began = Instant::now();
        let (proof, before) = match proven {
            Some(Opened { proof, took }) => (proof, took),
            None => (self.prove_rows()?, Duration::ZERO),
        };
        match verify_database(&self.database, &self.audit, &[]) {
            Ok(report) => {
                for finding in &report.findings {
                    self.store.doubt().raise(format!("the journal: {finding}"));
                }
            }
            Err(error @ store::Error::Corrupt { .. }) => {
                self.store.doubt().raise(format!("the journal: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        if self.store.doubt().extent().is_none() {
            self.store.keep_proven(&proof)?;
        }
        self.took = Some(before + began.elapsed());
        Ok(())
    }

    fn prove_rows(&mut self) -> Result<StateProof> {
        let mut proof = StateProof::default();
        let StateReport { entries, stored, .. } =
            self.store.prove(&mut proof, ProofExtent::Whole)?;
        self.is_small = entries + stored <= self.proven_first;
        Ok(proof)
    }
}

#[cfg(test)]
mod tests {
    use store::journal::PersonalDataKey;
    use store::{Options, StateKey};

    use super::*;

    /// A proof of an empty installation that is proven whole first up to so many rows and entries.
    fn of(proven_first: u64) -> Proof {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("state.db");
        let options = Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]));
        let store = Arc::new(Sqlite::open(&path, options).expect("a store"));
        let audit = VerifierKey::new("proof.example/log", [3; 32]).expect("a key");
        Proof::of(store, path, audit, (proven_first, None)).expect("nothing is wrong")
    }

    #[test]
    fn e10_the_next_proof_of_a_small_state_is_owed_within_minutes() {
        let proof = of(PROVEN_FIRST);
        assert!(proof.whole.is_small && proof.whole.rest() == REST);
        let told = |later| proof.watch.conditions(Instant::now() + later).len();
        assert_eq!([Duration::ZERO, REST + LATE * 2].map(told), [0, 2]);
    }
}
