//! What a start holds the database against before anything is answered or written: the checkpoints
//! that lie outside of it, and which places are known to have taken some (ADR 0033).

pub(crate) mod records;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ca::CertificationAuthority;
use domain::journal::EventKind;
use domain::rule::OfTheInstallation;
use jiff::{SignedDuration, Timestamp};
use keys::{KeyLabel, SigningKey};
use store::journal::{SealableJournal, Sealer, ToldEntry, VerifierKey};
use store::reads::{ReadAuthorities, ReadHead, ReadJournal, ReadLists};
use store::{CrlKey, Entry, Error, Remembered, Sqlite, Store, Unit};
use web::desk::{Audit, Auditor, Condition, Objections};

use crate::backups::Backups;
use crate::clock::Clock;
use crate::config::{BackupsTable, CheckpointPlace};
use crate::health::{forget_words, seen_and_gone};
use crate::home::{Home, on_one_file_system};
use crate::join::AuditSigner;
use crate::seal::SealLock;
use crate::system::System;

/// The sealer works every quarter of a second; what waits longer than this waits for people.
const SEALED_WITHIN: SignedDuration = SignedDuration::from_secs(10);

/// So many conditions of one kind are told each by itself.
const MOST_OF_A_KIND: usize = 20;

/// What people can do about a start that is refused.
const WAY_OUT: &str = "put back what is missing; where it is lost for good, the custodians accept it: \
    `jitsuin audit accept --custodian ID=FILE ... --carry-out`";

/// How many of the last entries, and of the last checkpoints, the clock is held against: whoever looks why a start is refused adds a
/// few, of the time that it is now.
const LAST_ENTRIES: usize = 1000;

/// What people can do where the clock speaks against a start.
const CLOCK_WAY_OUT: &str = "set the clock right; where it is right and was wrong before, two people \
    say so, one of them an internal auditor: `jitsuin audit accept --as FILE --operation ID --approver PERSON --carry-out`";

/// What a start is held against.
pub(crate) struct Held<'a> {
    pub(crate) home: &'a Home,
    pub(crate) places: &'a [CheckpointPlace],
    pub(crate) store: &'a Sqlite,
    pub(crate) key: &'a VerifierKey,
    pub(crate) now: Timestamp,
    /// By how much the clock may be wrong.
    pub(crate) limit: SignedDuration,
}

/// Why a start is refused.
pub(crate) fn objections(held: &Held<'_>) -> Result<Objections> {
    let mut evidence = of_evidence(held.places, held.store, held.key)?;
    evidence.extend(seen_and_gone(held.home, held.store)?);
    let ahead = of_clock(held)?;
    let latest = ahead.iter().map(|(at, _)| *at).max();
    let clock = ahead.into_iter().map(|(_, told)| told).collect();
    Ok(Objections { evidence, clock, latest, records: Vec::new() })
}

/// Refuses to go on where [`objections`] says why.
pub(crate) fn hold(held: &Held<'_>) -> Result<()> {
    let Objections { evidence, clock, .. } = objections(held)?;
    match (&evidence[..], &clock[..]) {
        ([], []) => Ok(()),
        ([], clock) => bail!("the clock says {}; {}; {CLOCK_WAY_OUT}", held.now, clock.join("; ")),
        (evidence, _) => bail!("{}; {WAY_OUT}", evidence.join("; ")),
    }
}

/// What the places know and the database does not, or the other way round.
fn of_evidence(
    places: &[CheckpointPlace],
    store: &Sqlite,
    key: &VerifierKey,
) -> Result<Vec<String>> {
    let mut objections = Vec::new();
    // Read before the places are: what is sealed meanwhile is with them first.
    let sealed = store.last_checkpoint()?.map_or(0, |last| last.size);
    let mut sealer = Sealer::new(places.iter().map(|place| place.directory.clone()));
    let there = match sealer.hold(store, key) {
        Ok(there) => there,
        Err(error @ Error::Corrupt { .. }) => return Ok(vec![error.to_string()]),
        Err(error) => return Err(error.into()),
    };
    for name in remembered(store)? {
        let Some(at) = places.iter().position(|place| place.name == name) else {
            let rule = "it took checkpoints, and the configuration does not name it any more";
            objections.push(format!("checkpoint place {name}: {rule}"));
            continue;
        };
        let holds = there[at].size.unwrap_or(0);
        if holds < sealed {
            objections.push(format!(
                "checkpoint place {name}: it was given a checkpoint of {sealed} entries, and its \
                 last one is of {holds}: its notes were lost"
            ));
        }
    }
    Ok(objections)
}

/// What was done at a time that has not come yet by the clock (A 6.8), the latest of each kind, and when.
/// What was done before the last time that people said that the clock is right now says nothing.
fn of_clock(held: &Held<'_>) -> Result<Vec<(Timestamp, String)>> {
    let Held { store, now, limit, .. } = held;
    let has_not_come = |at: &Timestamp| *at > *now + *limit;
    let Some(last) = store.last_sequence()? else { return Ok(Vec::new()) };
    let said_right = ca::clock_said_right(*store)?;
    let from = last.saturating_sub(LAST_ENTRIES as u64 - 1).max(said_right.unwrap_or(0));
    let mut entries = Vec::new();
    for (sequence, body) in store.journal(from, LAST_ENTRIES)? {
        let ToldEntry { at, is_done, .. } = ToldEntry::parse(sequence, &body)?;
        // A refusal is anybody's: whoever is turned away says nothing about the clock.
        if is_done && has_not_come(&at) {
            entries.push((at, format!("clock: journal entry {sequence} is of {at}")));
        }
    }
    let mut checkpoints = Vec::new();
    for (size, sealed) in store.sealed_times(LAST_ENTRIES)? {
        let was_said_wrong = said_right.is_some_and(|said| size <= said);
        if has_not_come(&sealed) && !was_said_wrong {
            let told = format!("clock: the checkpoint of {size} entries is of {sealed}");
            checkpoints.push((sealed, told));
        }
    }
    let mut lists = Vec::new();
    for row in store.cas()? {
        for series in store.series(&row.id)? {
            let Some(number) = series.published else { continue };
            let key = CrlKey { series: series.key.clone(), number };
            let list = store.crl(&key)?.filter(|list| has_not_come(&list.this_update));
            if let Some(list) = list.filter(|list| said_right.is_none_or(|said| said <= list.as_of))
            {
                let (partition, at) = (&series.key.partition, list.this_update);
                let told = format!("clock: list {number} of {} {partition} is of {at}", row.id);
                lists.push((at, told));
            }
        }
    }
    let latest = |found: Vec<(Timestamp, String)>| found.into_iter().max();
    Ok([entries, checkpoints, lists].into_iter().filter_map(latest).collect())
}

/// The names of the places that are known to have taken checkpoints.
fn remembered(store: &dyn Store) -> Result<Vec<String>> {
    let Some((sequence, body)) = store.last_of(Remembered::CheckpointPlaces)? else {
        return Ok(Vec::new());
    };
    Ok(ToldEntry::parse(sequence, &body)?.all("place").map(str::to_owned).collect())
}

/// Gives the files of checkpoints in a directory other names, under which nobody looks for them but
/// whoever inquires.
fn set_aside(directory: &Path) -> Result<Vec<PathBuf>> {
    let context = || directory.display().to_string();
    let mut aside = Vec::new();
    for file in std::fs::read_dir(directory).with_context(context)? {
        let path = file.with_context(context)?.path();
        if path.extension().is_none_or(|end| end != "checkpoints") {
            continue;
        }
        let free = |number: &u32| !path.with_extension(format!("set-aside-{number}")).exists();
        let number = (1..).find(free).unwrap_or(u32::MAX);
        let to = path.with_extension(format!("set-aside-{number}"));
        std::fs::rename(&path, &to).with_context(context)?;
        aside.push(to);
    }
    std::fs::File::open(directory).and_then(|place| place.sync_all()).with_context(context)?;
    Ok(aside)
}

impl System {
    /// Why a start is refused, if it is, and which query records are lost.
    pub(crate) fn objections(&self) -> Result<Objections> {
        let refused = objections(&Held {
            home: &self.home,
            places: &self.config.checkpoint_places,
            store: &self.store,
            key: &self.audit_signer()?.verifier_key()?,
            now: self.now(),
            limit: self.config.time.limit(),
        })?;
        // What cannot even be listed keeps nobody from the way out of what else is wrong.
        let lost = records::lost(&self.home, &*self.store).unwrap_or_else(|error| {
            tracing::error!("the query records: {error:#}");
            Vec::new()
        });
        let records = lost.iter().map(records::name_of).collect();
        Ok(Objections { records, ..refused })
    }

    /// Notes the places that take checkpoints from now on. Each gets the last one first, so that
    /// there is none that is known and has none. Only who may seal does this.
    pub(crate) fn note_places(&self, lock: &SealLock) -> Result<()> {
        let known = remembered(&*self.store)?;
        let places = &self.config.checkpoint_places;
        let new = |place: &&CheckpointPlace| !known.contains(&place.name);
        let directories = places.iter().filter(new).map(|place| place.directory.clone());
        let directories: Vec<_> = directories.collect();
        if directories.is_empty() {
            return Ok(());
        }
        let key = lock.signer.verifier_key()?;
        Sealer::new(directories).introduce(&*self.store, &key)?;
        let names = known.iter().chain(places.iter().filter(new).map(|place| &place.name));
        let entry = names
            .fold(Entry::new(EventKind::CheckpointPlaces, &self.act("program")?), |entry, name| {
                entry.detail("place", OfTheInstallation(name))
            });
        self.store.commit(Unit::new(entry))?;
        Ok(())
    }

    /// Has every place begin anew with the last checkpoint of the database, after people accepted what
    /// the places knew beyond it or did not know. What a place held that does not fit is set aside.
    pub(crate) fn begin_places_anew(&self, lock: &SealLock) -> Result<Vec<PathBuf>> {
        let key = lock.signer.verifier_key()?;
        let mut aside = Vec::new();
        for place in &self.config.checkpoint_places {
            let mut sealer = Sealer::new([place.directory.clone()]);
            match sealer.hold(&*self.store, &key) {
                Ok(_) => {}
                Err(Error::Corrupt { .. }) => aside.extend(set_aside(&place.directory)?),
                Err(error) => return Err(error.into()),
            }
            sealer.introduce(&*self.store, &key)?;
        }
        forget_words(&self.home)?;
        Ok(aside)
    }

    /// Who looks at what lies outside of the database.
    pub(crate) fn auditor(&self) -> Outside {
        Outside {
            store: self.store.clone(),
            home: self.home.clone(),
            places: self.config.checkpoint_places.clone(),
            audit_key: self.machine.audit.clone(),
            clock: self.clock.clone(),
            backups: self.config.backups.clone(),
            authorities: self.authorities.values().cloned().collect(),
            cards: self.cards.label().clone(),
        }
    }
}

/// Whether every checkpoint lies with the database itself: whoever has its file system has all that
/// could tell of a change. In words, if it is so.
fn without_witness(home: &Home, places: &[CheckpointPlace]) -> Option<String> {
    let is_elsewhere = |place: &CheckpointPlace| {
        place.directory.exists() && !on_one_file_system(&place.directory, &home.database())
    };
    if places.iter().any(is_elsewhere) {
        return None;
    }
    Some(
        "no place of checkpoints lies on another file system: whoever has this one can put \
         database and checkpoints back together, and nothing tells of it (checkpoint_directories)"
            .to_owned(),
    )
}

/// What lies outside of the database, for the check.
pub(crate) struct Outside {
    store: Arc<Sqlite>,
    home: Home,
    places: Vec<CheckpointPlace>,
    audit_key: SigningKey,
    clock: Clock,
    backups: BackupsTable,
    authorities: Vec<Arc<CertificationAuthority>>,
    cards: KeyLabel,
}

impl Outside {
    /// As [`without_witness`].
    pub(crate) fn without_witness(&self) -> Option<String> {
        without_witness(&self.home, &self.places)
    }

    /// Since when entries wait for their seal, where they do for longer than a sealer takes.
    fn unsealed(&self) -> Result<Option<Timestamp>> {
        let sealed = self.store.last_checkpoint()?.map_or(0, |last| last.size);
        let Some((sequence, body)) = self.store.journal(sealed, 1)?.pop() else { return Ok(None) };
        let at = ToldEntry::parse(sequence, &body)?.at;
        Ok(((self.clock)().duration_since(at) > SEALED_WITHIN).then_some(at))
    }

    /// What people should know of at once: entries that nothing seals, and checkpoints without a
    /// witness.
    pub(crate) fn conditions(&self) -> Result<Vec<Condition>> {
        let unsealed = self.unsealed()?.map(|since| {
            let why = format!("entries wait for their seal since {since}: the log says why");
            Condition::failing("journal-unsealed", "journal", why)
        });
        let alone = self.without_witness();
        let alone = alone.map(|why| Condition::warning("no-witness", "journal", why));
        Ok(unsealed.into_iter().chain(alone).collect())
    }

    /// The backups of the keys that are needed, as far as their media are in.
    fn backups(&self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        for authority in &self.authorities {
            for one in authority.generations().listing_at((self.clock)())? {
                // A destruction that was cut off has erased some of them.
                if !authority.generations().is_ending(&one)? {
                    keys.push((one.label.clone(), one.key.as_der().to_vec()));
                }
            }
        }
        Backups::new(&self.home, &self.backups, &*self.store).differences(&keys, &self.cards)
    }

    /// Whether the file by which others verify the journal has the key that signs it.
    fn audit_key(&self, key: &VerifierKey) -> Option<String> {
        let path = self.home.audit_key();
        match std::fs::read_to_string(&path) {
            Ok(text) if text.trim() == key.to_string() => None,
            Ok(_) => Some(format!("{}: it is not the key that signs checkpoints", path.display())),
            Err(error) => Some(format!("{}: {error}", path.display())),
        }
    }

    /// Everything that lies outside is looked at, as for the check: what differs is a condition.
    pub(crate) fn differing(&self) -> Result<Vec<Condition>> {
        let mut seen: Vec<Condition> = Vec::new();
        let mut more = std::collections::BTreeMap::<_, usize>::new();
        for (rule, about, why) in self.look()?.findings {
            if seen.iter().filter(|one| one.rule == rule).count() < MOST_OF_A_KIND {
                seen.push(Condition::failing(rule, about, why));
            } else {
                *more.entry((rule, about)).or_default() += 1;
            }
        }
        seen.extend(more.into_iter().map(|((rule, about), count)| {
            Condition::failing(rule, about, format!("{count} more of this kind: `jitsuin check`"))
        }));
        Ok(seen)
    }

    fn look(&self) -> Result<Audit> {
        let mut audit = Audit { conditions: self.conditions()?, findings: Vec::new() };
        let key = AuditSigner::with(self.audit_key.clone())?.verifier_key()?;
        if let Some(why) = self.audit_key(&key) {
            audit.findings.push(("audit-key", "journal".to_owned(), why));
        }
        for why in self.backups()? {
            audit.findings.push(("backup", "keys".to_owned(), why));
        }
        for why in of_evidence(&self.places, &self.store, &key)? {
            audit.findings.push(("checkpoint-places", "journal".to_owned(), why));
        }
        for difference in records::differences(&self.home, &*self.store)? {
            let why = records::with_way_out(&difference);
            audit.findings.push(("query-segment", "query records".to_owned(), why));
        }
        Ok(audit)
    }
}

impl Auditor for Outside {
    fn audit(&self) -> std::result::Result<Audit, String> {
        self.look().map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use testkit::{Clock, Scratch, act};

    use super::*;

    /// What a start at `now` objects to.
    fn at(scratch: &Scratch, now: Timestamp) -> Objections {
        let held = Held {
            home: &Home::new(scratch.path()),
            places: &[],
            store: &scratch.store,
            key: &VerifierKey::new("journal.example/log", [0; 32]).unwrap(),
            now,
            limit: SignedDuration::from_secs(2),
        };
        objections(&held).unwrap()
    }

    #[test]
    fn e9_a_start_with_a_clock_behind_what_was_done_is_refused_until_people_say_it_is_right() {
        let scratch = Scratch::new();
        let clock = Clock::at("2026-12-22T03:00:00Z");
        let done = || Unit::new(Entry::new(EventKind::RoomEntry, &act(&clock)));
        scratch.store.commit(done()).unwrap();
        let ahead = clock.now();
        for (seconds, refused) in [(0, false), (-2, false), (-3, true), (60, false)] {
            let told = at(&scratch, ahead + SignedDuration::from_secs(seconds));
            assert_eq!(!told.clock.is_empty(), refused, "{seconds}: {told:?}");
            assert!(told.evidence.is_empty(), "{told:?}");
        }
        clock.advance(SignedDuration::from_hours(-30 * 24));
        // Whoever looks into it adds an entry of the time that it is.
        scratch.store.commit(done()).unwrap();
        let told = at(&scratch, clock.now()).clock;
        assert!(told[0].contains("journal entry 0 is of 2026-12-22T03:00:00Z"), "{told:?}");
        let said = Entry::new(EventKind::StartAccepted, &act(&clock));
        let said = said.detail(ca::CLOCK_SAID_RIGHT, OfTheInstallation(&told[0]));
        scratch.store.commit(Unit::new(said)).unwrap();
        assert_eq!(at(&scratch, clock.now()), Objections::default());
    }

    #[test]
    fn e9_a_start_with_a_clock_behind_the_sealing_of_a_checkpoint_is_refused_too() {
        let scratch = Scratch::new();
        let clock = Clock::at("2026-11-22T03:00:00Z");
        let done = || Unit::new(Entry::new(EventKind::RoomEntry, &act(&clock)));
        scratch.store.commit(done()).unwrap();
        // The clock jumps ahead between a commit and its seal, and back again.
        let keys = keys::MemoryKeyStore::new();
        let signer = AuditSigner::open(Arc::new(keys)).unwrap();
        let seal = |at| Sealer::new([]).seal(&*scratch.store, &signer, at).unwrap().unwrap();
        let ahead = clock.now() + SignedDuration::from_hours(30 * 24);
        seal(ahead);
        let objected = |now| {
            let key = signer.verifier_key().unwrap();
            let held = Held {
                home: &Home::new(scratch.path()),
                places: &[],
                store: &scratch.store,
                key: &key,
                now,
                limit: SignedDuration::from_secs(2),
            };
            objections(&held).unwrap()
        };
        let told = objected(clock.now()).clock;
        assert!(told.len() == 1 && told[0].contains("checkpoint of 1 entries is of"), "{told:?}");
        assert_eq!(objected(ahead - SignedDuration::from_secs(2)), Objections::default());
        // People say that the clock is right now.
        let said = Entry::new(EventKind::StartAccepted, &act(&clock));
        let said = said.detail(ca::CLOCK_SAID_RIGHT, OfTheInstallation(&told[0]));
        scratch.store.commit(Unit::new(said)).unwrap();
        assert_eq!(objected(clock.now()), Objections::default());
        // What is sealed ahead from then on counts again.
        seal(ahead);
        assert!(objected(clock.now()).clock[0].contains("checkpoint of 2 entries"));
    }

    #[test]
    fn e6_checkpoints_that_all_lie_with_the_database_have_no_witness() {
        let scratch = tempfile::tempdir().unwrap();
        let home = Home::new(scratch.path());
        std::fs::write(home.database(), "").unwrap();
        let outside = |directory: PathBuf| {
            let place = CheckpointPlace { name: "place".to_owned(), directory };
            without_witness(&home, &[place])
        };
        assert!(outside(scratch.path().to_owned()).is_some());
        assert!(outside(scratch.path().join("missing")).is_some());
        assert_eq!(outside(PathBuf::from("/proc")), None, "another file system");
    }
}
