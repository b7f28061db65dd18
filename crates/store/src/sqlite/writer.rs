//! The one thread that writes: it commits the units of many callers in one durable transaction.

use std::cell::Cell;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::journal::EventKind;
use domain::staff::Floor;
use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::gate::{Failing, Gate};
use super::ledger::{Digests, Effect};
use super::place::OpenFiles;
use super::seen::{self, Seen};
use super::table::View;
use super::torture::{Passing, Side};
use super::{Options, apply, begin, migrate, pool, prove};
use crate::journal::{Checkpoint, KeyRing, Node};
use crate::state::{Changes, Replaced, StateKey};
use crate::unit::{Entry, Unit};
use crate::{Doubt, Error, Result, Sequence};

/// How many units share a transaction at most: enough that the flush to disk is no longer what
/// costs, few enough that the first caller does not wait long for the last.
const BATCH: usize = 256;

/// How long a busy writer gathers units at most. A commit costs as much for twenty as for two, and a caller
/// among many waits no longer than two flushes of a usual disk take.
const GATHERING: Duration = Duration::from_millis(2);

/// How soon it is tried again to cut the log, where somebody was reading it.
const CUT_AGAIN: Duration = Duration::from_millis(200);

/// Pages in the write-ahead log before they are moved into the database: 16 MB, so that pages which
/// change all the time move once for many commits.
const LOG_PAGES: u32 = 4096;

/// How many units wait before their callers do.
const QUEUE: usize = 1024;

/// What is asked of the writer.
pub(super) enum Job {
    /// Commit a unit.
    Commit(Box<Unit>, SyncSender<Result<Sequence>>),
    /// Store the outcome of a sealing.
    Seal(Box<Sealing>, SyncSender<Result<()>>),
    /// Keep how far everything was proven.
    KeepProven(Box<Digests>, SyncSender<Result<()>>),
    /// Keep so many people of a role from the next unit on.
    Keep(Floor, SyncSender<Result<()>>),
}

/// What one sealing adds to the tree.
pub(super) struct Sealing {
    pub(super) nodes: Vec<Node>,
    pub(super) checkpoint: Checkpoint,
    pub(super) at: Timestamp,
}

/// The writer's end that callers hold. Dropping it ends the thread after what is queued.
pub(super) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// The files that it writes.
    pub(super) place: Arc<OpenFiles>,
}

impl Writer {
    /// Opens the database for writing, brings its schema up to date and starts the thread.
    pub(super) fn start(
        path: &Path,
        options: Options,
        replaced: Replaced,
        seen: Seen,
        doubt: Doubt,
        failing: Failing,
    ) -> Result<Self> {
        let mut connection = open(path, &options)?;
        migrate::migrate(&mut connection)?;
        let ring = KeyRing::new(options.personal_data_key.clone());
        apply::check_ring(&connection, &ring)?;
        begin::begin(&mut connection, &options, &doubt)?;
        let unsealed = apply::journal::unsealed(&connection)?;
        let gate = Gate::new(options.max_unsealed, unsealed, failing);
        let place = Arc::new(OpenFiles::of(path)?);
        let (jobs, queue) = sync_channel(QUEUE);
        let (key, floor) = (options.state_key, options.floor);
        // What was erased may have been in the log when the program was cut.
        let cut_log = Some(Instant::now());
        let (known, version) = (place.clone(), Cell::new(version(&connection)?));
        let written = Written {
            place: known,
            seen,
            key,
            replaced,
            doubt,
            ring,
            version,
            #[cfg(test)]
            units: options.units,
        };
        let ahead = VecDeque::new();
        let state = State { connection, gate, written, floor, cut_log, ahead, expected: 0 };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || state.run(&queue))
            .map_err(|e| Error::Unavailable(format!("no writer thread: {e}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), place })
    }

    /// Has a unit committed and waits until it is on stable storage.
    pub(super) fn commit(&self, unit: Unit) -> Result<Sequence> {
        self.ask(|answer| Job::Commit(Box::new(unit), answer))
    }

    /// Has the outcome of a sealing stored.
    pub(super) fn seal(&self, sealing: Sealing) -> Result<()> {
        self.ask(|answer| Job::Seal(Box::new(sealing), answer))
    }

    /// Has kept how far everything was proven.
    pub(super) fn keep_proven(&self, digests: Digests) -> Result<()> {
        self.ask(|answer| Job::KeepProven(Box::new(digests), answer))
    }

    /// Has so many people of a role kept, from what is committed next on.
    pub(super) fn keep(&self, floor: Floor) -> Result<()> {
        self.ask(|answer| Job::Keep(floor, answer))
    }

    fn ask<T>(&self, job: impl FnOnce(SyncSender<Result<T>>) -> Job) -> Result<T> {
        let gone = || Error::Unavailable("the writer has stopped".into());
        let (answer, answered) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job(answer)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was told to its callers already, by their missing answers.
            let _ = thread.join();
        }
    }
}

fn open(path: &Path, options: &Options) -> Result<Connection> {
    let connection = Connection::open(path)?;
    pool::settle(&connection)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::Unavailable(format!("journal mode {mode} in place of WAL")));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Random serials and hashes touch all of an index: 32 MiB hold the inner pages of millions, and
    // leave as much to whoever builds a long list, which passes through here too (V1: 64 MiB).
    connection.pragma_update(None, "cache_size", -32 * 1024)?;
    // A savepoint's pages as they were before would go through a file of their own.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A destroyed key must not survive in a free page.
    connection.pragma_update(None, "secure_delete", true)?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    #[cfg(test)]
    let connection = super::heard::noted(connection)?;
    Ok(connection)
}

/// Another number once any other connection has committed (SQLite, pragma.html, data_version).
fn version(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// A unit that waits to be committed, and its caller.
type Waiting = (Box<Unit>, SyncSender<Result<Sequence>>);

/// A commit that was applied and waits, with its caller, for the transaction's end.
type Applied = (SyncSender<Result<Sequence>>, Result<Sequence>);

/// What the thread owns.
struct State {
    connection: Connection,
    gate: Gate,
    written: Written,
    floor: Vec<Floor>,
    /// When the log is cut next, where it still has something that was erased.
    cut_log: Option<Instant>,
    /// What came while the last transaction was flushed.
    ahead: VecDeque<Job>,
    /// How many units are waited for: of those who were answered last, who come back if they have more, and
    /// of those who came meanwhile. Who is alone waits for nobody, and when all are there, nobody waits.
    expected: usize,
}

/// What one transaction wrote.
struct Wrote {
    passing: Passing,
    /// The rows that each unit changed, by the entry that names them.
    changes: Vec<(Sequence, Changes)>,
}

/// What is written to, and whether it may be.
struct Written {
    place: Arc<OpenFiles>,
    seen: Seen,
    key: StateKey,
    replaced: Replaced,
    doubt: Doubt,
    ring: KeyRing,
    /// Another number once any other connection has committed (SQLite, `PRAGMA data_version`), at the
    /// last look.
    version: Cell<i64>,
    /// How many units were written, each as often as it was.
    #[cfg(test)]
    units: Arc<std::sync::atomic::AtomicUsize>,
}

impl Written {
    /// Begins what is written in one.
    fn begin<'c>(&self, connection: &'c mut Connection) -> Result<Transaction<'c>> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.seen.expect(self.view(&transaction))?;
        self.expect_small_tables(&transaction)?;
        Ok(transaction)
    }

    /// What forbids something may be taken away, something decided without it, and be put back before
    /// any proof looks: a row that is missing proves nothing. So where somebody else has written, the
    /// tables that hold rights, keys and plans must be whole before anything is decided on them, and what
    /// proves the key of personal data must be there still.
    fn expect_small_tables(&self, connection: &Connection) -> Result<()> {
        let version = version(connection)?;
        if version != self.version.get() {
            prove::small(self.view(connection))?;
            if let Some(finding) = apply::journal::other_ring(connection, &self.ring)? {
                self.doubt.raise(finding);
                return Err(Error::Doubted { finding: finding.to_owned() });
            }
            self.version.set(version);
        }
        Ok(())
    }

    /// Counts a unit that is written, for the test that nothing is written twice.
    #[cfg(test)]
    fn count_one(&self) {
        self.units.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }

    #[cfg(not(test))]
    fn count_one(&self) {}

    /// Commits what `write` writes. What was written to a file that was taken away meanwhile is
    /// acknowledged to nobody.
    fn commit(
        &self,
        connection: &mut Connection,
        write: impl FnOnce(&mut Transaction<'_>) -> Result<Wrote>,
    ) -> Result<()> {
        let mut transaction = self.begin(connection)?;
        let Wrote { passing, changes } = write(&mut transaction)?;
        self.place.expect(&self.doubt)?;
        let last = seen::last(&transaction)?;
        passing.reach(Side::Before);
        transaction.commit()?;
        passing.reach(Side::After);
        self.seen.wrote(&self.replaced, &changes, last);
        self.place.expect(&self.doubt)
    }

    fn view<'a>(&'a self, connection: &'a Connection) -> View<'a> {
        let Self { key, replaced, doubt, .. } = self;
        View { connection, key, replaced, doubt }
    }
}

impl State {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(first) = self.ahead.pop_front().map_or_else(|| queue.recv(), Ok) {
            let until = Instant::now() + GATHERING;
            let mut units = Vec::new();
            let mut next = Some(first);
            while let Some(job) = next.take() {
                match job {
                    Job::Commit(unit, answer) => units.push((unit, answer)),
                    Job::Seal(sealing, answer) => {
                        self.commit_all(std::mem::take(&mut units), queue);
                        // A caller that no longer waits needs no answer.
                        let _ = answer.send(self.seal(&sealing));
                    }
                    Job::KeepProven(digests, answer) => {
                        let kept = self.written.doubt.permit();
                        let kept = kept.and_then(|()| {
                            digests.store_verified(&self.connection, &self.written.key)
                        });
                        let _ = answer.send(kept);
                    }
                    Job::Keep(floor, answer) => {
                        self.commit_all(std::mem::take(&mut units), queue);
                        self.floor.retain(|known| known.role != floor.role);
                        self.floor.push(floor);
                        let _ = answer.send(Ok(()));
                    }
                }
                if units.len() < BATCH {
                    let waits = units.len() < self.expected;
                    next =
                        self.ahead.pop_front().or_else(|| following(queue, waits.then_some(until)));
                }
            }
            self.commit_all(units, queue);
        }
        if self.written.doubt.permit().is_err() {
            // What lies in the log may be somebody else's by now: it is moved into the database by
            // whoever opens both next, and reads them anew.
            let kept =
                self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            if let Err(error) = kept {
                tracing::error!(%error, "the log of a database in doubt is moved into it");
            }
        }
    }

    /// Commits `units` in one transaction and answers everybody once it is on disk.
    fn commit_all(&mut self, units: Vec<Waiting>, queue: &Receiver<Job>) {
        if units.is_empty() {
            return;
        }
        let mut applied: Vec<Applied> = Vec::with_capacity(units.len());
        if units.iter().any(|(unit, _)| unit.erases()) {
            self.cut_log = Some(Instant::now());
        }
        let outcome = self.transact(units, &mut applied);
        if let Ok(true) = outcome {
            self.gate.committed();
        }
        if outcome.is_ok() {
            self.cut_log_if_due();
        }
        self.ahead.extend(queue.try_iter().take(QUEUE));
        self.expected = applied.len() + self.ahead.len();
        for (caller, result) in applied {
            let answer = match (&outcome, result) {
                (Err(fault), Ok(_)) => Err(of_all(fault)),
                (_, own) => own,
            };
            let _ = caller.send(answer);
        }
    }

    fn cut_log_if_due(&mut self) {
        if self.cut_log.is_some_and(|due| due <= Instant::now()) {
            self.cut_log = (!self.empty_log()).then(|| Instant::now() + CUT_AGAIN);
        }
    }

    /// Moves the write-ahead log into the database and cuts it, because its pages have what was erased
    /// as it was before; whether nobody was reading it. Nobody is waited for: a proof may read for an
    /// hour.
    fn empty_log(&self) -> bool {
        let cut = || {
            self.connection.busy_timeout(Duration::ZERO)?;
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        };
        let is_cut = matches!(cut(), Ok(0_i64));
        // What it was before, for the next transaction.
        is_cut & self.connection.busy_timeout(pool::BUSY_TIMEOUT).is_ok()
    }

    /// Every unit gets its place in `applied`, whatever becomes of the transaction; whether the
    /// journal has grown.
    fn transact(&mut self, mut units: Vec<Waiting>, applied: &mut Vec<Applied>) -> Result<bool> {
        let mut results = Vec::with_capacity(units.len());
        let outcome = self.permit().and_then(|()| self.write(&mut units, &mut results));
        let mut results = results.into_iter();
        for (_, caller) in units {
            // What is missing was not come to before the transaction ended.
            let ended = || match &outcome {
                Err(fault) => Err(of_all(fault)),
                Ok(_) => Err(Error::Unavailable("the unit was passed over".into())),
            };
            applied.push((caller, results.next().unwrap_or_else(ended)));
        }
        outcome
    }

    /// Writes all units in one transaction; whether the journal has grown.
    ///
    /// To write inside a savepoint costs half as much again, since pages are kept as they were, and few
    /// units are refused. So all are written without one first. What is refused before it has written a row,
    /// as most is, costs its own work alone. What has written some cannot be undone alone (SQLite undoes a
    /// statement, a savepoint or all; lang_savepoint.html): nothing of the batch stays then, and it is written
    /// again, each unit so that its failure is its own. That is one writing more and no flush.
    fn write(
        &mut self,
        units: &mut [Waiting],
        results: &mut Vec<Result<Sequence>>,
    ) -> Result<bool> {
        if units.iter().all(|(unit, _)| unit.can_be_written_again()) {
            let mut is_spoiled = false;
            let outcome = self.write_by(Writing::Together(&mut is_spoiled), units, results);
            if !is_spoiled {
                return outcome;
            }
            results.clear();
            // Which unit failed may have found what stops all of them.
            self.permit()?;
        }
        self.write_by(Writing::EachAlone, units, results)
    }

    /// The same in one way, up to the first failure that leaves something where all are written together.
    fn write_by(
        &mut self,
        mut writing: Writing<'_>,
        units: &mut [Waiting],
        results: &mut Vec<Result<Sequence>>,
    ) -> Result<bool> {
        let Self { connection, written, floor, .. } = self;
        let Written { key, doubt, replaced, ring, .. } = &*written;
        let is_alone = matches!(writing, Writing::EachAlone);
        let applying = Applying { is_alone, key, replaced, doubt, ring, floor };
        let mut has_grown = false;
        written.commit(connection, |transaction| {
            let none = || Error::Unavailable("the database has no state digest".into());
            let mut state = Digests::load(transaction, key, doubt)?.ok_or_else(none)?;
            let before = state.entries;
            let mut wrote = Wrote { passing: Passing::new(), changes: Vec::new() };
            for (unit, _) in units {
                wrote.passing.note(unit);
                written.count_one();
                let (place, rows) = (state.entries, transaction.total_changes());
                let result = applying.one(transaction, &mut state, &mut wrote, unit);
                let has_failed = result.is_err();
                results.push(result.map(|()| place));
                if let (true, Writing::Together(is_spoiled)) = (has_failed, &mut writing) {
                    **is_spoiled = transaction.total_changes() != rows || doubt.permit().is_err();
                }
                // A full disk can end the whole transaction, not only the statement.
                if transaction.is_autocommit() || writing.is_spoiled() {
                    let told = "the database ended the transaction";
                    return Err(Error::Unavailable(told.into()));
                }
            }
            state.store(transaction, key)?;
            has_grown = state.entries > before;
            Ok(wrote)
        })?;
        Ok(has_grown)
    }

    /// Nothing is committed on what is in doubt, or while the journal waits for its seal.
    fn permit(&self) -> Result<()> {
        self.written.doubt.permit()?;
        self.gate.check()
    }

    fn seal(&mut self, sealing: &Sealing) -> Result<()> {
        self.written.doubt.permit()?;
        let mut unsealed = false;
        self.written.commit(&mut self.connection, |transaction| {
            apply::journal::seal(transaction, &self.written.key, sealing)?;
            unsealed = apply::journal::unsealed(transaction)?;
            Ok(Wrote { passing: Passing::sealing(), changes: Vec::new() })
        })?;
        self.gate.sealed(unsealed);
        self.cut_log_if_due();
        Ok(())
    }
}

/// The fault of a transaction as each of its callers hears it.
fn of_all(fault: &Error) -> Error {
    match fault {
        Error::Doubted { finding } => Error::Doubted { finding: finding.clone() },
        other => Error::Unavailable(other.to_string()),
    }
}

/// The next job that is there, or comes before `until`.
fn following(queue: &Receiver<Job>, until: Option<Instant>) -> Option<Job> {
    let waiting = until.map(|until| until.saturating_duration_since(Instant::now()));
    match waiting {
        Some(waiting) if !waiting.is_zero() => queue.recv_timeout(waiting).ok(),
        _ => queue.try_recv().ok(),
    }
}

/// How the units of one transaction are written.
enum Writing<'a> {
    /// As if none of them left anything when it fails: the first that does ends all of it, and says so.
    Together(&'a mut bool),
    /// Each in a savepoint, so that its failure is its own.
    EachAlone,
}

impl Writing<'_> {
    fn is_spoiled(&self) -> bool {
        matches!(self, Self::Together(true))
    }
}

/// What every unit is applied with.
struct Applying<'a> {
    /// Whether each is in a savepoint.
    is_alone: bool,
    key: &'a StateKey,
    replaced: &'a Replaced,
    doubt: &'a Doubt,
    ring: &'a KeyRing,
    floor: &'a [Floor],
}

impl Applying<'_> {
    /// Applies a unit, after which `state` is what the state adds up to. One whose author has no right
    /// to it any more leaves nothing but the entry that says so.
    fn one(
        &self,
        transaction: &mut Transaction<'_>,
        state: &mut Digests,
        wrote: &mut Wrote,
        unit: &mut Unit,
    ) -> Result<()> {
        if let Err(refused) = apply::standing::hold(self.view(transaction), unit) {
            if let (Error::StandingEnded { .. }, Some(entry)) = (&refused, unit.entries.first()) {
                self.whole(transaction, state, wrote, &mut Unit::new(late_attempt(entry)))?;
            }
            return Err(refused);
        }
        self.whole(transaction, state, wrote, unit)
    }

    fn whole(
        &self,
        transaction: &mut Transaction<'_>,
        state: &mut Digests,
        wrote: &mut Wrote,
        unit: &mut Unit,
    ) -> Result<()> {
        let before = &*state;
        let mut apply = |within: &Connection| {
            apply::unit(self.view(within), self.ring, self.floor, before, unit)
        };
        let Effect { first, changes, after } = match self.is_alone {
            false => apply(transaction)?,
            true => {
                let savepoint = transaction.savepoint()?;
                let effect = apply(&savepoint)?;
                savepoint.commit()?;
                effect
            }
        };
        wrote.changes.push((first, changes));
        *state = after;
        Ok(())
    }

    fn view<'v>(&'v self, connection: &'v Connection) -> View<'v> {
        let Self { key, replaced, doubt, .. } = *self;
        View { connection, key, replaced, doubt }
    }
}

/// What the journal says of something that came too late.
fn late_attempt(entry: &Entry) -> Entry {
    let rule = "the right to it ended before it took effect";
    Entry {
        kind: EventKind::AccessRefused,
        details: vec![("attempted", entry.kind.to_string())],
        personal: None,
        ..entry.clone()
    }
    .refused(rule)
}
