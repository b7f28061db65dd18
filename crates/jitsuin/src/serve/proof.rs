//! The proof of the state: before anything is served, and beside the work for as long as it runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use store::journal::{VerifierKey, verify_database};
use store::{ProofExtent, Sqlite, StateProof, StateReport, Store};

use crate::join::AuditSigner;
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

/// A state of at most so many rows and entries is proven whole before anything is served: that
/// takes a second or two. A greater one is proven whole at once afterwards, beside the work.
const PROVEN_FIRST: u64 = 100_000;

/// The proof of one installation's state.
pub(super) struct Proof {
    store: Arc<Sqlite>,
    database: PathBuf,
    audit: VerifierKey,
    /// What the journal's entries add up to, as far as the short proofs have read it.
    recent: StateProof,
    /// How long the last whole proof took; none was made yet where there is none.
    took: Option<Duration>,
    /// Whether the state is so small that it is proven before anything is served.
    is_small: bool,
}

impl Proof {
    /// Proves the state before anything is served.
    ///
    /// # Errors
    /// The first difference, with what people can do: nothing is served from a database in doubt.
    pub(super) fn at_start(system: &System) -> Result<Self> {
        let audit = AuditSigner::open(system.machine.keys.clone())?.verifier_key()?;
        let (store, database) = (system.store.clone(), system.home.database());
        let mut proof = Self {
            store,
            database,
            audit,
            recent: StateProof::default(),
            took: None,
            is_small: false,
        };
        proof.recent()?;
        proof.refuse_doubt()?;
        if proof.is_small {
            proof.whole()?;
            proof.refuse_doubt()?;
        }
        Ok(proof)
    }

    /// Goes on proving until told to stop. What is found is doubt, which stops the work by itself.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        let mut whole_ended = Instant::now();
        loop {
            if self.rest().is_none_or(|rest| whole_ended.elapsed() >= rest) {
                if let Err(error) = self.whole() {
                    tracing::error!("the proof of the whole state: {error:#}");
                }
                whole_ended = Instant::now();
            } else if let Err(error) = self.recent() {
                tracing::error!("the proof of rights, keys and plans: {error:#}");
            }
            if stop.recv_timeout(RECENT) != Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
    }

    /// How long the whole state is not read again after it was proven. What a busy machine makes of
    /// the time for a small one does not matter: it is found within a minute all the same.
    fn rest(&self) -> Option<Duration> {
        if self.is_small {
            return self.took.map(|_| REST);
        }
        self.took.map(|took| (took * (SHARE - 1)).clamp(REST, LONGEST_REST))
    }

    fn recent(&mut self) -> Result<()> {
        let report = self.store.prove(&mut self.recent, ProofExtent::Recent)?;
        let StateReport { entries, stored, .. } = report;
        self.is_small = entries + stored <= PROVEN_FIRST;
        Ok(())
    }

    /// Every row, every entry from the first, and the tree over them with its checkpoints: once as
    /// who has the state key wrote them, once as the audit key alone vouches for them.
    fn whole(&mut self) -> Result<()> {
        let began = Instant::now();
        self.store.prove(&mut StateProof::default(), ProofExtent::Whole)?;
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
        self.took = Some(began.elapsed());
        Ok(())
    }

    fn refuse_doubt(&self) -> Result<()> {
        let Some(doubted) = self.store.doubt().standing() else { return Ok(()) };
        let first = doubted.findings.into_iter().next().unwrap_or_default();
        bail!(
            "{}: {first}; nothing is served from a database in doubt. `jitsuin check` tells all \
             that differs; put back a copy that proves itself",
            self.database.display()
        )
    }
}
