//! The signed requests that were heard, each until its signer's certificate ends: what anybody overheard
//! is not believed a second time.
//!
//! The memory is a file of its own, because it is written once for every question and owes the journal
//! nothing: all of it can be made again of the query records, which are written before every answer.
//! So it need not wait for a disk ([ADR 0039](../../../docs/adr/0039-a-signed-request-is-heard-once.md)).
//! One that is missing, damaged or older than the records is made good when it is opened.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Error, Result};

/// Rows that are held against their sum when the file is opened: some seconds of reading.
const MOST_SUMMED: u64 = 10_000_000;

/// Notes that wait to be written together: one commit for each would cost more than finding it.
const MOST_WAITING: usize = 256;

/// Rows that are forgotten at a time, since questions wait meanwhile.
const FORGOTTEN_AT_ONCE: usize = 10_000;

/// How long another process that reads the file is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
CREATE TABLE heard (
    until INTEGER NOT NULL,
    request BLOB NOT NULL,
    at INTEGER NOT NULL,
    source BLOB NOT NULL,
    PRIMARY KEY (until, request)
) STRICT, WITHOUT ROWID;
CREATE TABLE memory (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    count INTEGER NOT NULL,
    sum BLOB NOT NULL,
    next_segment INTEGER NOT NULL
) STRICT;
INSERT INTO memory VALUES (1, 0, zeroblob(16), 0);
";

/// A signed request, as far as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardRequest {
    /// The first 16 octets of a SHA-256 over signer and content.
    pub digest: [u8; 16],
    /// When the signer's certificate ends; it is not believed afterwards.
    pub until: Timestamp,
    /// When it was heard first.
    pub at: Timestamp,
    /// From where; an IPv4 address is one, by whichever socket it came.
    pub from: IpAddr,
}

/// Where the memory stood when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// As it was left.
    AsItWas,
    /// It is empty: there was none, or it was damaged in this way.
    Anew(Option<String>),
}

/// The requests that were heard.
#[derive(Debug)]
pub struct HeardRequests(Mutex<Memory>);

/// What is written, and what waits for it. One lock is over both: of two that hear the same request at
/// once, one hears it first.
#[derive(Debug)]
struct Memory {
    connection: Connection,
    waiting: HashMap<(i64, [u8; 16]), HeardRequest>,
}

impl HeardRequests {
    /// Opens the memory; one that is damaged is begun anew.
    ///
    /// The caller then remembers what the records from [`HeardRequests::next_segment`] on tell.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where the file cannot be used.
    pub fn open(path: &Path) -> Result<(Self, Opened)> {
        let is_new = !path.exists();
        let named = |error| match error {
            Error::Unavailable(told) => Error::Unavailable(format!("{}: {told}", path.display())),
            other => other,
        };
        Self::opened(path, is_new).map_err(named)
    }

    fn opened(path: &Path, is_new: bool) -> Result<(Self, Opened)> {
        match open(path) {
            Ok(connection) => {
                let opened = if is_new { Opened::Anew(None) } else { Opened::AsItWas };
                Ok((Self::on(connection), opened))
            }
            Err(error @ Error::Corrupt { .. }) => {
                remove(path)?;
                Ok((Self::on(open(path)?), Opened::Anew(Some(error.to_string()))))
            }
            Err(error) => Err(error),
        }
    }

    fn on(connection: Connection) -> Self {
        Self(Mutex::new(Memory { connection, waiting: HashMap::new() }))
    }

    /// Notes a request, unless it was heard before: then what was noted comes back.
    ///
    /// The last notes wait to be written. What a kill takes of them the query records tell again.
    ///
    /// # Errors
    /// [`Error`]; whether it is noted is not known then, and nobody must be answered.
    pub fn hear(&self, request: &HeardRequest) -> Result<Option<HeardRequest>> {
        let mut memory = self.lock();
        if memory.waiting.len() >= MOST_WAITING {
            memory.write()?;
        }
        let key = (request.until.as_second(), request.digest);
        if let Some(before) = memory.waiting.get(&key) {
            return Ok(Some(*before));
        }
        let before = memory.written(request)?;
        if before.is_none() {
            memory.waiting.insert(key, *request);
        }
        Ok(before)
    }

    /// Notes what records tell, where it is not noted yet.
    ///
    /// # Errors
    /// [`Error`]; nothing of it is noted then.
    pub fn remember(&self, requests: &[HeardRequest]) -> Result<u64> {
        note_all(&mut self.lock().connection, requests)
    }

    /// The number of the first segment of query records that may tell of requests that are not noted
    /// durably.
    ///
    /// # Errors
    /// [`Error`].
    pub fn next_segment(&self) -> Result<u64> {
        let number: i64 =
            self.lock()
                .connection
                .query_row("SELECT next_segment FROM memory", [], |row| row.get(0))?;
        Ok(number.unsigned_abs())
    }

    /// Notes durably, with all that was heard, that the segments before this one need not be read again.
    ///
    /// # Errors
    /// [`Error`]; the next start then reads more.
    pub fn begin_segment(&self, number: u64) -> Result<()> {
        let number = i64::try_from(number)
            .map_err(|_| Error::Unavailable("a segment's number is too great".to_owned()))?;
        let mut memory = self.lock();
        memory.write()?;
        let connection = &memory.connection;
        connection.execute("UPDATE memory SET next_segment = max(next_segment, ?1)", [number])?;
        // It waits for the disk: the log is flushed before it is copied (SQLite, wal.html 2.2).
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Has the next start read every segment again.
    ///
    /// # Errors
    /// [`Error`]; it reads no more than it would have.
    pub fn recall_all(&self) -> Result<()> {
        self.lock().connection.execute("UPDATE memory SET next_segment = 0", [])?;
        Ok(())
    }

    /// Forgets the requests whose signers' certificates have ended.
    ///
    /// # Errors
    /// [`Error`]; what was not forgotten is at the next call.
    pub fn forget_ended(&self, now: Timestamp) -> Result<u64> {
        let mut forgotten = 0;
        loop {
            let some = self.forget_some(now)?;
            forgotten += some;
            if some == 0 {
                return Ok(forgotten);
            }
        }
    }

    fn forget_some(&self, now: Timestamp) -> Result<u64> {
        let mut memory = self.lock();
        let unit = memory.connection.transaction()?;
        let select = "SELECT until, request, at FROM heard WHERE until < ?1 LIMIT ?2";
        let limit = i64::try_from(FORGOTTEN_AT_ONCE).unwrap_or(i64::MAX);
        let ended: Vec<(i64, [u8; 16], i64)> = unit
            .prepare_cached(select)?
            .query_map([now.as_second(), limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let (mut count, mut sum) = totals(&unit)?;
        for (until, request, at) in &ended {
            unit.prepare_cached("DELETE FROM heard WHERE until = ?1 AND request = ?2")?
                .execute(params![until, request])?;
            count -= 1;
            sum = sum.wrapping_sub(term_of(*until, *request, *at));
        }
        keep_totals(&unit, count, sum)?;
        unit.commit()?;
        Ok(ended.len() as u64)
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// What is written of a request.
    fn written(&self, request: &HeardRequest) -> Result<Option<HeardRequest>> {
        let select = "SELECT at, source FROM heard WHERE until = ?1 AND request = ?2";
        let found: Option<(i64, [u8; 16])> = self
            .connection
            .prepare_cached(select)?
            .query_row(params![request.until.as_second(), request.digest], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((at, source)) = found else { return Ok(None) };
        Ok(Some(HeardRequest { at: time(at)?, from: address(source), ..*request }))
    }

    /// Writes what waits. When this fails, it goes on waiting.
    fn write(&mut self) -> Result<()> {
        let waiting: Vec<HeardRequest> = self.waiting.values().copied().collect();
        note_all(&mut self.connection, &waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

/// Notes all of them in one commit; how many were not there yet.
fn note_all(connection: &mut Connection, requests: &[HeardRequest]) -> Result<u64> {
    let unit = connection.transaction()?;
    let (count, mut sum) = totals(&unit)?;
    let mut new = 0;
    for request in requests {
        if note(&unit, request)? {
            new += 1;
            sum = sum.wrapping_add(term(request));
        }
    }
    keep_totals(&unit, count + new, sum)?;
    unit.commit()?;
    Ok(new)
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    // Whoever copies the file has it for a moment.
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(16);
    // The one process that owns the installation is the only one here; so no index of the log lies
    // beside it.
    for pragma in ["locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"] {
        connection.execute_batch(&format!("PRAGMA {pragma}"))?;
    }
    let tables: u64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        connection.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;"))?;
    }
    expect_sum(&connection)?;
    Ok(connection)
}

/// Holds the rows against what they add up to, where there are not too many to wait for.
fn expect_sum(connection: &Connection) -> Result<()> {
    let corrupt = |reason: String| Error::Corrupt { what: "heard requests".to_owned(), reason };
    let unreadable = |error: Error| corrupt(error.to_string());
    let (count, sum) = totals(connection).map_err(unreadable)?;
    if count > MOST_SUMMED {
        return Ok(());
    }
    let read = || -> Result<(u64, u128)> {
        let mut statement = connection.prepare("SELECT until, request, at FROM heard")?;
        let mut rows = statement.query([])?;
        let mut found = (0_u64, 0_u128);
        while let Some(row) = rows.next()? {
            let term = term_of(row.get(0)?, row.get(1)?, row.get(2)?);
            found = (found.0 + 1, found.1.wrapping_add(term));
        }
        Ok(found)
    };
    match read().map_err(unreadable)? {
        found if found == (count, sum) => Ok(()),
        (found, _) => Err(corrupt(format!("{found} rows are not the {count} that were written"))),
    }
}

/// Whether it was not there yet.
fn note(unit: &Connection, request: &HeardRequest) -> Result<bool> {
    let HeardRequest { digest, until, at, from } = request;
    let source = match from {
        IpAddr::V4(from) => from.to_ipv6_mapped(),
        IpAddr::V6(from) => *from,
    };
    let inserted = unit
        .prepare_cached("INSERT INTO heard VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
        .execute(params![until.as_second(), digest, at.as_second(), source.octets()])?;
    Ok(inserted == 1)
}

fn totals(unit: &Connection) -> Result<(u64, u128)> {
    let mut statement = unit.prepare_cached("SELECT count, sum FROM memory WHERE only = 1")?;
    let (count, sum) =
        statement.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 16]>(1)?)))?;
    Ok((count.unsigned_abs(), u128::from_be_bytes(sum)))
}

fn keep_totals(unit: &Connection, count: u64, sum: u128) -> Result<()> {
    unit.prepare_cached("UPDATE memory SET count = ?1, sum = ?2")?
        .execute(params![count.cast_signed(), sum.to_be_bytes()])?;
    Ok(())
}

/// What a row adds to the sum. It is against accidents: a digest is as good as drawn by chance.
fn term(request: &HeardRequest) -> u128 {
    term_of(request.until.as_second(), request.digest, request.at.as_second())
}

fn term_of(until: i64, request: [u8; 16], at: i64) -> u128 {
    let times = (u128::from(until.cast_unsigned()) << 64) | u128::from(at.cast_unsigned());
    u128::from_be_bytes(request).wrapping_add(times)
}

fn time(second: i64) -> Result<Timestamp> {
    Timestamp::from_second(second).map_err(|error| Error::Corrupt {
        what: "time of a heard request".to_owned(),
        reason: error.to_string(),
    })
}

fn address(source: [u8; 16]) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(source)).to_canonical()
}

/// Takes the file away, and the log that belongs to it.
fn remove(path: &Path) -> Result<()> {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::Unavailable(format!("{}: {error}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: u8, until: i64, at: i64) -> HeardRequest {
        HeardRequest {
            digest: [number; 16],
            until: time(until).expect("a time"),
            at: time(at).expect("a time"),
            from: IpAddr::from([192, 0, 2, number]),
        }
    }

    /// A backup that reads the file while the program starts is waited for.
    #[test]
    fn v5_a_memory_that_somebody_reads_is_waited_for() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("heard.db");
        drop(HeardRequests::open(&path).expect("made"));
        let reader = Connection::open(&path).expect("a backup tool");
        let read = "BEGIN; SELECT count(*) FROM heard;";
        reader.execute_batch(read).expect("it reads");
        std::thread::scope(|scope| {
            let opened = scope.spawn(|| HeardRequests::open(&path));
            std::thread::sleep(Duration::from_millis(300));
            assert!(!opened.is_finished(), "it waits");
            drop(reader);
            opened.join().expect("no panic").expect("then it is opened");
        });
    }

    #[test]
    fn v5_a_request_is_heard_once_until_its_signers_certificate_ends_also_after_a_start() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("heard.db");
        let (memory, opened) = HeardRequests::open(&path).expect("a memory");
        assert_eq!(opened, Opened::Anew(None));
        let first = request(1, 1000, 10);
        assert_eq!(memory.hear(&first).expect("noted"), None);
        let again = HeardRequest { from: IpAddr::from([192, 0, 2, 9]), ..request(1, 1000, 20) };
        assert_eq!(memory.hear(&again).expect("read"), Some(first), "when and whence first");
        assert_eq!(memory.hear(&request(2, 1000, 20)).expect("noted"), None, "another");
        memory.begin_segment(1).expect("written");
        assert_eq!(memory.hear(&again).expect("read"), Some(first), "written or not");
        drop(memory);
        let (memory, opened) = HeardRequests::open(&path).expect("a memory");
        assert_eq!(opened, Opened::AsItWas);
        assert_eq!(memory.hear(&again).expect("read"), Some(first), "after a start too");
        let ends = |second| time(second).expect("a time");
        assert_eq!(memory.forget_ended(ends(1000)).expect("none"), 0, "its last second is its own");
        assert_eq!(memory.hear(&request(3, 2000, 20)).expect("noted"), None);
        assert_eq!(memory.forget_ended(ends(1001)).expect("two"), 2);
        memory.begin_segment(2).expect("written");
        drop(memory);
        let (memory, opened) = HeardRequests::open(&path).expect("a memory");
        assert_eq!(opened, Opened::AsItWas, "the sum is right after forgetting");
        assert!(memory.hear(&request(3, 2000, 30)).expect("read").is_some());
    }

    /// Notes that wait and those that are written are one memory, whoever asks at once.
    #[test]
    fn v5_of_many_who_hear_one_request_at_once_one_hears_it_first() {
        let place = tempfile::tempdir().expect("a directory");
        let (memory, _) = HeardRequests::open(&place.path().join("heard.db")).expect("a memory");
        let numbered =
            |number: u128| HeardRequest { digest: number.to_be_bytes(), ..request(1, 1000, 10) };
        let first = std::sync::atomic::AtomicUsize::new(0);
        let many = 3 * MOST_WAITING + 7;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..many as u128 {
                        let before = memory.hear(&numbered(number)).expect("heard");
                        let firsts = usize::from(before.is_none());
                        first.fetch_add(firsts, std::sync::atomic::Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(first.into_inner(), many);
        assert!(memory.lock().waiting.len() <= MOST_WAITING, "and most are written");
    }

    #[test]
    fn v5_a_damaged_memory_is_begun_anew_and_says_from_which_records_it_is_made_again() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("heard.db");
        let (memory, _) = HeardRequests::open(&path).expect("a memory");
        let all: Vec<_> = (0..200).map(|number| request(number, 1000, 10)).collect();
        assert_eq!(memory.remember(&all).expect("noted"), 200);
        assert_eq!(memory.remember(&all).expect("noted"), 0, "they are there");
        memory.begin_segment(7).expect("durable");
        assert_eq!(memory.next_segment().expect("a number"), 7);
        drop(memory);
        let whole = std::fs::read(&path).expect("the file");
        // A row may lie in pages that are in use no more, too.
        let rows: Vec<_> =
            (0..whole.len() - 16).filter(|&place| whole[place..place + 16] == [77; 16]).collect();
        assert!(!rows.is_empty());
        let flipped = |places: &[usize]| {
            let mut octets = whole.clone();
            places.iter().for_each(|&place| octets[place] ^= 1);
            octets
        };
        let cut = whole[..whole.len() / 2].to_vec();
        for (what, damaged) in [("row", flipped(&rows)), ("head", flipped(&[3])), ("cut", cut)] {
            std::fs::write(&path, damaged).expect("damage");
            let (memory, opened) = HeardRequests::open(&path).expect("a memory");
            assert!(matches!(opened, Opened::Anew(Some(_))), "{what}: {opened:?}");
            assert_eq!(memory.next_segment().expect("a number"), 0, "from the first record on");
            assert_eq!(memory.remember(&all).expect("noted"), 200);
        }
    }
}
