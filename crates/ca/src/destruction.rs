//! The end of a generation's key: when it may be destroyed, and what ends with it (A 6.2.10, S 4-4-9,
//! 6-2-1-9).
//!
//! A key that signs no new certificates still signs the lists of what it certified, until its root
//! ends; nobody else can. So it is needed until then, or until everything under it was revoked and
//! listed because the key counts as compromised. What was destroyed signs no list: none is due, and
//! none is late.

use std::sync::Arc;

use domain::compromise::CompromiseState;
use domain::id::{OperationId, SystemOperation};
use domain::rule;
use domain::rule::Rule;
use jiff::Timestamp;
use keys::{KeyError, KeyLabel};
use store::{Change, Entry, Store, Unit};

use crate::authority::CertificationAuthority;
use crate::error::{Error, Result, system_operation};
use crate::generation::Generation;

/// Certificates that are counted at a time.
const PAGE: usize = 1000;

/// The right to destroy the key of a generation, as things stood when it was asked for; spent by
/// [`CertificationAuthority::record_destruction`].
#[derive(Debug)]
pub struct Destruction {
    /// The generation.
    pub generation: Arc<Generation>,
}

/// What a generation's key is needed for, beside its lists.
#[derive(Default)]
struct InForce {
    count: u64,
    last: Option<Timestamp>,
}

impl CertificationAuthority {
    /// The right to destroy the key of a generation at `now`. What was begun is brought to its end, whatever
    /// the clock says by then.
    ///
    /// # Errors
    /// [`Error::Refused`] with what still needs the key and until when; [`Error::Unknown`] for no such
    /// generation; [`Error::Store`].
    pub fn permit_destruction(&self, number: u32, now: Timestamp) -> Result<Destruction> {
        self.refresh()?;
        let generation = self.generation(number)?;
        if self.is_ending(&generation)? {
            return Ok(Destruction { generation });
        }
        match self.need(&generation, now)? {
            None => Ok(Destruction { generation }),
            Some(need) => Err(Error::refused("generation", need)),
        }
    }

    /// What needs a generation's key at `now`, and until when; nothing where it may be destroyed.
    fn need(&self, generation: &Generation, now: Timestamp) -> Result<Option<Rule>> {
        let (number, ca) = (generation.number, self.id());
        if number >= self.current_at(now)?.number {
            let need = "still issues: its key is needed (A 6.2.10.1)";
            return Ok(Some(rule!("generation {} of {} {}", number, *ca, need)));
        }
        if self.left_open()?.iter().any(|row| row.intent.generation == number) {
            let need = "has an intent that is open: a start settles it";
            return Ok(Some(rule!("generation {} of {} {}", number, *ca, need)));
        }
        if generation.ends < now {
            return Ok(None);
        }
        match self.compromise(number)?.map(|row| row.state) {
            Some(CompromiseState::Completed) => return Ok(None),
            Some(state) => {
                let task = state.task();
                return Ok(Some(rule!("its compromise is not carried out to the end: {}", task)));
            }
            None => {}
        }
        let InForce { count, last } = self.in_force(number, now)?;
        let lists = self.series_at(now)?.iter().filter(|key| key.generation == number).count();
        let until = generation.ends;
        let certified = match last {
            Some(last) => {
                rule!("{} certificates under it are in force, the last until {}", count, last)
            }
            None => "no certificate under it is in force".into(),
        };
        Ok(Some(rule!(
            "generation {} of {} is still needed: {}; {} lists are signed with it until its root ends \
             at {} (A 5.6, 6.2.10.1, S 4-4-9)",
            number,
            *ca,
            certified.as_part(),
            lists,
            until,
        )))
    }

    /// What a generation certified, its own root aside, that is not revoked and has not ended.
    fn in_force(&self, generation: u32, now: Timestamp) -> Result<InForce> {
        let own = self.generation(generation)?.self_signed;
        let (mut found, mut from) = (InForce::default(), 0);
        loop {
            let page = self.store.unrevoked(self.id(), generation, from, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            from = last + 1;
            for (_, row) in page.iter().filter(|(_, row)| row.serial != own && now <= row.not_after)
            {
                found.count += 1;
                found.last = found.last.max(Some(row.not_after));
            }
        }
    }

    /// Notes, with the entry that tells of it, that the key and its copies are about to end, before the first
    /// of them does: whoever goes on after a cut knows which there were. From this commit on nothing
    /// brings the key back, and nothing that is signed by it leaves: an intent, which is the right to a
    /// signature, and a list are committed only while no end is noted, and no end is noted while an intent is
    /// open.
    ///
    /// # Errors
    /// [`Error::Store`], which is stale where an intent under it is open.
    pub fn begin_destruction(
        &self,
        destruction: &Destruction,
        entry: Entry,
        copies: Vec<u8>,
    ) -> Result<()> {
        let generation = &destruction.generation;
        let id = begun(&generation.label)?;
        let unit = Unit::new(entry).unless_intended(self.id(), generation.number);
        self.store.commit(unit.change(Change::RecordOperation { id, answer: copies }))?;
        Ok(())
    }

    /// The copies that were noted when the destruction of a generation's key was begun; nothing where
    /// it was not.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn begun_destruction(&self, generation: &Generation) -> Result<Option<Vec<u8>>> {
        Ok(self.store.operation(&begun(&generation.label)?)?)
    }

    /// Whether the destruction of a generation's key was begun, be it that it ended.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_ending(&self, generation: &Generation) -> Result<bool> {
        ends(&*self.store, &generation.label)
    }

    /// Refuses to sign by a key whose destruction was begun: one that lies in the key store again has no
    /// right to be there. An intent, and a list that is kept, are held against it in their commits as well
    /// ([`while_kept`]).
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Store`].
    pub(crate) fn expect_kept(&self, generation: &Generation) -> Result<()> {
        match self.is_ending(generation)? {
            false => Ok(()),
            true => {
                let (number, ca) = (generation.number, self.id());
                let why = "its key was destroyed, and nothing is signed by it";
                Err(Error::refused(
                    "generation",
                    rule!("generation {} of {}: {}", number, *ca, why),
                ))
            }
        }
    }

    /// Whether a generation's key was destroyed and the key store has it again, be it damaged.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Keys`] where the key store cannot be asked.
    pub fn has_returned(&self, generation: &Generation) -> Result<bool> {
        if !self.is_destroyed(generation)? {
            return Ok(false);
        }
        match self.keys.public_key(&generation.label) {
            Ok(_) | Err(KeyError::Corrupt(_)) => Ok(true),
            Err(KeyError::UnknownLabel(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the destruction of a generation's key was begun and not brought to its end.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_half_destroyed(&self, generation: &Generation) -> Result<bool> {
        Ok(self.begun_destruction(generation)?.is_some() && !self.is_destroyed(generation)?)
    }

    /// Notes, with the entry that tells of it, that the key was destroyed: from this commit on no list
    /// of the generation is due. Noted again, nothing changes but the journal.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn record_destruction(&self, destruction: &Destruction, entry: Entry) -> Result<()> {
        let id = destroyed(&destruction.generation.label)?;
        let unit = match self.store.operation(&id)? {
            Some(_) => Unit::new(entry.no_op()),
            None => {
                let answer = destruction.generation.label.to_string().into_bytes();
                Unit::new(entry).change(Change::RecordOperation { id, answer })
            }
        };
        self.store.commit(unit)?;
        Ok(())
    }

    /// Whether a generation's key was destroyed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_destroyed(&self, generation: &Generation) -> Result<bool> {
        was_destroyed(&*self.store, &generation.label)
    }

    /// The generations that sign lists at `now`: those whose root has not ended and whose key was not
    /// destroyed (A 5.6, K6).
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn listing_generations(&self, now: Timestamp) -> Result<Vec<Arc<Generation>>> {
        let mut listing = Vec::new();
        for generation in self.generations() {
            if now <= generation.ends && !self.is_destroyed(&generation)? {
                listing.push(generation);
            }
        }
        Ok(listing)
    }

    /// The generations whose key is needed at `now` and cannot be used, each with what the key store
    /// says of it; none whose destruction was begun. Keys that were destroyed are asked for as well, so
    /// that a store which kept one in memory lets go of it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn unusable_keys(&self, now: Timestamp) -> Result<Vec<(u32, KeyError)>> {
        let mut unusable = Vec::new();
        for generation in self.generations() {
            let mut found = self.keys.public_key(&generation.label);
            let is_needed = now <= generation.ends && !self.is_ending(&generation)?;
            if is_needed && matches!(found, Err(KeyError::UnknownLabel(_))) {
                // It may have been brought back by a ceremony just now.
                self.look_for_keys();
                found = self.keys.public_key(&generation.label);
            }
            if let (Err(error), true) = (found, is_needed) {
                unusable.push((generation.number, error));
            }
        }
        Ok(unusable)
    }
}

/// The same unit for as long as no end of the keys with these labels is noted: a copy of one that was made
/// after that would outlive it, and a signature by it would be one too many.
///
/// # Errors
/// [`Error::Refused`] for a label that is none of a CA's key.
pub fn while_kept<'a>(unit: Unit, labels: impl IntoIterator<Item = &'a KeyLabel>) -> Result<Unit> {
    labels.into_iter().try_fold(unit, |unit, label| {
        Ok(unit.unless_noted(begun(label)?).unless_noted(destroyed(label)?))
    })
}

/// Whether it is noted that the destruction of the key of a label was begun, or done.
pub(crate) fn ends(store: &dyn Store, label: &KeyLabel) -> Result<bool> {
    Ok(store.operation(&begun(label)?)?.is_some() || was_destroyed(store, label)?)
}

/// Whether the destruction of the key of a label was noted.
fn was_destroyed(store: &dyn Store, label: &KeyLabel) -> Result<bool> {
    Ok(store.operation(&destroyed(label)?)?.is_some())
}

/// The operation under which it is noted, once for a key, that its destruction was begun.
fn begun(label: &KeyLabel) -> Result<OperationId> {
    system_operation(SystemOperation::DestructionBegun, label.as_str())
}

/// The operation under which a destruction is noted, once for a key.
fn destroyed(label: &KeyLabel) -> Result<OperationId> {
    system_operation(SystemOperation::KeyDestroyed, label.as_str())
}
