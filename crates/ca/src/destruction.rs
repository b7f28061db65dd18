//! The end of a generation's key: when it may be destroyed, and what ends with it (A 6.2.10, S 4-4-9,
//! 6-2-1-9).
//!
//! A key that signs no new certificates still signs the lists of what it certified, until its root
//! ends; nobody else can. So it is needed until then, or until everything under it was revoked and
//! listed because the key counts as compromised. What was destroyed signs no list: none is due, and
//! none is late.

use std::sync::Arc;

use domain::compromise::CompromiseState;
use domain::rule;
use domain::rule::Rule;
use jiff::Timestamp;
use store::{Entry, Unit};

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::key_ends::{note_begun, note_done};
use crate::ledger::Ledger;
use crate::lists::ListSeries;

/// Certificates that are counted at a time.
const PAGE: usize = 1000;

/// The right to destroy the key of a generation, as things stood when it was asked for; spent by
/// [`Destructions::record`].
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

/// The ends of a CA's keys: who may destroy one, and the notes of it. The key itself ends in other hands.
pub struct Destructions {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    generations: Arc<Generations>,
    series: Arc<ListSeries>,
}

impl Destructions {
    pub(crate) fn new(hands: &Hands, series: &Arc<ListSeries>) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            series: series.clone(),
        }
    }

    /// The right to destroy the key of a generation at `now`. What was begun is brought to its end, whatever
    /// the clock says by then.
    ///
    /// # Errors
    /// [`Error::Refused`] with what still needs the key and until when; [`Error::Unknown`] for no such
    /// generation; [`Error::Store`].
    pub fn permit(&self, number: u32, now: Timestamp) -> Result<Destruction> {
        self.generations.refresh()?;
        let generation = self.generations.numbered(number)?;
        if self.generations.is_ending(&generation)? {
            return Ok(Destruction { generation });
        }
        match self.need(&generation, now)? {
            None => Ok(Destruction { generation }),
            Some(need) => Err(Error::refused("generation", need)),
        }
    }

    /// What needs a generation's key at `now`, and until when; nothing where it may be destroyed.
    fn need(&self, generation: &Generation, now: Timestamp) -> Result<Option<Rule>> {
        let (number, ca) = (generation.number, self.policy.id());
        if number >= self.generations.current_at(now)?.number {
            let need = "still issues: its key is needed (A 6.2.10.1)";
            return Ok(Some(rule!("generation {} of {} {}", number, *ca, need)));
        }
        if self.certificates.left_open()?.iter().any(|row| row.intent.generation == number) {
            let need = "has an intent that is open: a start settles it";
            return Ok(Some(rule!("generation {} of {} {}", number, *ca, need)));
        }
        if generation.ends < now {
            return Ok(None);
        }
        match self.generations.compromise(number)?.map(|row| row.state) {
            Some(CompromiseState::Completed) => return Ok(None),
            Some(state) => {
                let task = state.task();
                return Ok(Some(rule!("its compromise is not carried out to the end: {}", task)));
            }
            None => {}
        }
        let InForce { count, last } = self.in_force(number, now)?;
        let lists = self.series.at(now)?.iter().filter(|key| key.generation == number).count();
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
        let own = self.generations.numbered(generation)?.self_signed;
        let (mut found, mut from) = (InForce::default(), 0);
        while let Some((next, rows)) = self.generations.unrevoked(generation, from, PAGE)? {
            for row in rows.iter().filter(|row| row.serial != own && now <= row.not_after) {
                found.count += 1;
                found.last = found.last.max(Some(row.not_after));
            }
            from = next;
        }
        Ok(found)
    }

    /// Notes, with the entry that tells of it, that the key and its copies are about to end, before the first
    /// of them does: whoever goes on after a cut knows which there were. From this commit on nothing
    /// brings the key back, and nothing that is signed by it leaves: an intent, which is the right to a
    /// signature, and a list are committed only while no end is noted, and no end is noted while an intent is
    /// open.
    ///
    /// # Errors
    /// [`Error::Store`], which is stale where an intent under it is open.
    pub fn begin(&self, destruction: &Destruction, entry: Entry, copies: Vec<u8>) -> Result<()> {
        let generation = &destruction.generation;
        let unit = Unit::new(entry).unless_intended(self.policy.id(), generation.number);
        self.ledger.commit(unit.change(note_begun(&generation.label, copies)?))?;
        Ok(())
    }

    /// Notes, with the entry that tells of it, that the key was destroyed: from this commit on no list
    /// of the generation is due. Noted again, nothing changes but the journal.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn record(&self, destruction: &Destruction, entry: Entry) -> Result<()> {
        let generation = &destruction.generation;
        let unit = match self.generations.is_destroyed(generation)? {
            true => Unit::new(entry.no_op()),
            false => Unit::new(entry).change(note_done(&generation.label)?),
        };
        self.ledger.commit(unit)?;
        Ok(())
    }
}
