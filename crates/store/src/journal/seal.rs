//! Sealing: the entries since the last checkpoint enter the tree, and the new root is signed.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use jiff::Timestamp;

use super::merkle::{Edge, Hash, Node, leaf_hash};
use super::sink::Sink;
use super::{Checkpoint, CheckpointSigner, SealableJournal, VerifierKey};
use crate::{Error, Result};

/// How many entries a checkpoint adds at most, so that a long backlog takes bounded memory.
const MAX_ENTRIES: usize = 16 * 1024;

/// How many entries are read at once.
const PAGE: usize = 1024;

/// Seals until `stop` says so or is dropped, at once and then every `interval`; seals once more
/// before it returns. A failure is told once and tried again. That of a place stops the work until it has
/// ended: what is acknowledged meanwhile would be in no evidence. Where there is no word of a failure, the
/// store's own limit ([`crate::Options::max_unsealed`]) stops it. A journal that is no continuation of what
/// was sealed is in doubt, and then nothing is sealed any more.
pub fn run_sealer(
    journal: &dyn SealableJournal,
    signer: &dyn CheckpointSigner,
    sinks: Vec<PathBuf>,
    stop: &Receiver<()>,
    interval: Duration,
    clock: &dyn Fn() -> Timestamp,
) {
    let mut sealer = Sealer::new(sinks);
    let mut told = None;
    loop {
        let stopped = stop.recv_timeout(interval) != Err(RecvTimeoutError::Timeout);
        let failure = sealer.seal(journal, signer, clock()).err().map(|error| error.to_string());
        if let Some(error) = failure.as_ref().filter(|_| failure != told) {
            tracing::error!(%error, "the journal could not be sealed");
        }
        journal.note_failing_place(sealer.failing.as_deref());
        told = failure;
        if stopped {
            return;
        }
    }
}

/// Seals the journal and hands every checkpoint to the sinks.
#[derive(Debug)]
pub struct Sealer {
    sinks: Vec<Sink>,
    /// What the sinks held at the start, until it was compared with the tree.
    unchecked: Option<Vec<(u64, Hash)>>,
    /// What the last checkpoint could not be given to.
    failing: Option<String>,
}

/// What a place outside holds of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceHolds {
    /// The place.
    pub directory: PathBuf,
    /// The greatest size of a checkpoint there that the key signed; none where there is none.
    pub size: Option<u64>,
}

impl Sealer {
    /// A sealer that appends to a file in each of these directories, which the database's owner
    /// should not be able to change.
    pub fn new(sinks: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { sinks: sinks.into_iter().map(Sink::new).collect(), unchecked: None, failing: None }
    }

    /// Holds the journal against its own last checkpoint and against those that the sinks hold,
    /// without signing anything: whether it may be continued, and so whether it may be believed.
    /// Returns what each sink holds.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the stored tree is no continuation of its last checkpoint or of
    /// one that a sink holds. [`Error::Unavailable`] for the database or a sink.
    pub fn hold(
        &mut self,
        journal: &dyn SealableJournal,
        key: &VerifierKey,
    ) -> Result<Vec<PlaceHolds>> {
        let mut held = Vec::new();
        for sink in &self.sinks {
            let size = sink.last(key)?.iter().map(|last| last.size).max();
            held.push(PlaceHolds { directory: sink.directory().to_owned(), size });
        }
        let mut edge = trusted_edge(journal, key)?;
        loop {
            let before = edge.size();
            let known = self.known(journal, key, &edge)?;
            grow(journal, &mut edge, &known)?;
            reaches(&edge, before, &known)?;
            if edge.size() == before {
                return Ok(held);
            }
            // Those that the growing tree agreed with are done with: nothing seals it here, so the
            // nodes to compare them with once more are not stored.
            if let Some(unchecked) = &mut self.unchecked {
                unchecked.retain(|(size, _)| *size > edge.size());
            }
        }
    }

    /// Hands the last checkpoint to the sinks that do not have it, before they are known to have it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] for the database or a sink.
    pub fn introduce(&mut self, journal: &dyn SealableJournal, key: &VerifierKey) -> Result<()> {
        let Some(last) = journal.last_checkpoint()? else { return Ok(()) };
        for sink in &mut self.sinks {
            if !sink.last(key)?.iter().any(|held| held.size >= last.size) {
                sink.append(&last, key)?;
            }
        }
        Ok(())
    }

    /// Seals everything committed since the last checkpoint and returns the new one, or none
    /// when there was nothing. The checkpoint is with every sink before it is in the store.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the stored tree is no continuation of its last checkpoint or of
    /// one that a sink holds: then nothing is signed, and everything is in doubt.
    /// [`Error::Doubted`] from then on. [`Error::Unavailable`] for the database, the signer or a
    /// sink.
    pub fn seal(
        &mut self,
        journal: &dyn SealableJournal,
        signer: &dyn CheckpointSigner,
        now: Timestamp,
    ) -> Result<Option<Checkpoint>> {
        journal.doubts().permit()?;
        let outcome = self.seal_believed(journal, signer, now);
        if let Err(error @ Error::Corrupt { .. }) = &outcome {
            journal.doubts().raise(error.to_string());
        }
        outcome
    }

    fn seal_believed(
        &mut self,
        journal: &dyn SealableJournal,
        signer: &dyn CheckpointSigner,
        now: Timestamp,
    ) -> Result<Option<Checkpoint>> {
        let key = VerifierKey::new(signer.name(), signer.public_key())
            .map_err(|e| Error::Unavailable(e.to_string()))?;
        // What others sealed meanwhile, in a copy of the database say, is held against this one.
        for sink in &mut self.sinks {
            if !sink.is_as_it_was(&key) {
                self.unchecked = None;
            }
        }
        let mut newest = None;
        loop {
            let mut edge = trusted_edge(journal, &key)?;
            let before = edge.size();
            let known = self.known(journal, &key, &edge);
            let known = self.of_places(known)?;
            let nodes = grow(journal, &mut edge, &known)?;
            reaches(&edge, before, &known)?;
            if edge.size() == before {
                self.unchecked = Some(Vec::new());
                return Ok(newest);
            }
            let checkpoint = Checkpoint::sign(edge.size(), edge.root(), signer)?;
            let given = self.sinks.iter_mut().try_for_each(|sink| sink.append(&checkpoint, &key));
            self.of_places(given)?;
            journal.store_seal(nodes, checkpoint.clone(), now)?;
            newest = Some(checkpoint);
        }
    }

    /// Hands on what came of asking or telling the places, and notes whether one failed.
    fn of_places<T>(&mut self, outcome: Result<T>) -> Result<T> {
        self.failing = outcome.as_ref().err().map(ToString::to_string);
        outcome
    }

    /// The checkpoints of the sinks that are still to be compared; those the stored tree covers
    /// are compared here.
    fn known(
        &mut self,
        journal: &dyn SealableJournal,
        key: &VerifierKey,
        edge: &Edge,
    ) -> Result<Vec<(u64, Hash)>> {
        let mut known = match self.unchecked.take() {
            Some(known) => known,
            None => self.last_of_sinks(key)?,
        };
        // Kept even when the comparison fails: who asks again hears the same.
        self.unchecked = Some(known.clone());
        for (size, root) in known.iter().filter(|(size, _)| *size <= edge.size()) {
            let then = Edge::load(*size, |level, place| journal.node(level, place))?;
            agree(*size, &then.root(), root)?;
        }
        known.retain(|(size, _)| *size > edge.size());
        self.unchecked = Some(known.clone());
        Ok(known)
    }

    fn last_of_sinks(&self, key: &VerifierKey) -> Result<Vec<(u64, Hash)>> {
        let mut known = Vec::new();
        for sink in &self.sinks {
            known.extend(sink.last(key)?.into_iter().map(|last| (last.size, last.root)));
        }
        Ok(known)
    }
}

/// Refuses a journal that ended, after it grew from `before`, without reaching what is known of it.
fn reaches(edge: &Edge, before: u64, known: &[(u64, Hash)]) -> Result<()> {
    let is_at_its_end = edge.size() - before < MAX_ENTRIES as u64;
    match known.iter().map(|(size, _)| *size).max() {
        Some(size) if is_at_its_end && size > edge.size() => {
            let what = format!("it ends before entry {size}, which a sealed checkpoint covers");
            Err(corrupt("journal", what + ": an older one was put back, or its end was lost"))
        }
        _ => Ok(()),
    }
}

/// The right edge at the last checkpoint, proven to be the one that was signed.
fn trusted_edge(journal: &dyn SealableJournal, key: &VerifierKey) -> Result<Edge> {
    let Some(last) = journal.last_checkpoint()? else { return Ok(Edge::default()) };
    if !last.is_signed_by(key) {
        let what = format!("checkpoint of size {}", last.size);
        return Err(corrupt(&what, format!("it bears no valid signature of {}", key.name())));
    }
    let edge = Edge::load(last.size, |level, place| journal.node(level, place))?;
    agree(last.size, &edge.root(), &last.root)?;
    Ok(edge)
}

/// Appends the entries after the edge, each checked, and returns the nodes they complete.
fn grow(
    journal: &dyn SealableJournal,
    edge: &mut Edge,
    known: &[(u64, Hash)],
) -> Result<Vec<Node>> {
    let (mut nodes, end) = (Vec::new(), edge.size() + MAX_ENTRIES as u64);
    while edge.size() < end {
        let page = journal.leaves(edge.size(), PAGE)?;
        for leaf in &page {
            let what = format!("entry {}", edge.size());
            if leaf.sequence != edge.size() {
                return Err(corrupt(&what, "it is missing".into()));
            }
            if leaf_hash(&leaf.body) != leaf.hash {
                return Err(corrupt(&what, "its body does not match its leaf hash".into()));
            }
            edge.append(leaf.hash, |node| nodes.push(node));
            for (size, root) in known.iter().filter(|(size, _)| *size == edge.size()) {
                agree(*size, &edge.root(), root)?;
            }
        }
        if page.len() < PAGE {
            break;
        }
    }
    Ok(nodes)
}

fn agree(size: u64, found: &Hash, signed: &Hash) -> Result<()> {
    if found == signed {
        return Ok(());
    }
    Err(corrupt("journal", format!("its tree is not the one of checkpoint size {size}")))
}

fn corrupt(what: &str, reason: String) -> Error {
    Error::Corrupt { what: what.to_owned(), reason }
}
