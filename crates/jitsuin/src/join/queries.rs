//! Query records in sealed segments, whose hashes are journal entries (E1).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::act::{Act, Actor};
use domain::journal::EventKind;
use domain::rule::{Hex, OfTheInstallation};
use jiff::Timestamp;
use status::ocsp::RequestMemory;
use status::query_log::{LogUnavailable, QueryLog, QueryRecord, Standing, Strangers};
use store::segments::{QuerySegments, Sealed, read_records};
use store::{Entry, HeardRequest, HeardRequests, Opened, RoomOnDisk, Store, Unit};

use crate::clock::Clock;
use crate::evidence::records::NEXT_SEGMENT;
use crate::home::Home;
use crate::random::new_operation;

/// Requests that are read from the records before they are noted together.
const RECALLED_AT_ONCE: usize = 100_000;

/// The memory of signed requests, with all that the records tell: what a cut of power took from it, or
/// everything, where it was lost or damaged.
pub(crate) fn recalled(
    home: &Home,
    (heard, opened): (HeardRequests, Opened),
) -> anyhow::Result<HeardRequests> {
    let (mut some, mut new) = (Vec::new(), 0);
    read_records(&home.queries(), heard.next_segment()?, |record| {
        some.extend(status::query_log::heard(record));
        if some.len() >= RECALLED_AT_ONCE {
            new += heard.remember(&std::mem::take(&mut some))?;
        }
        Ok(())
    })?;
    new += heard.remember(&some)?;
    if let Opened::Anew(Some(damage)) = opened {
        tracing::warn!("{}: {damage}: made again of the query records", home.heard().display());
    }
    if new > 0 {
        tracing::info!("{new} signed requests are remembered from the query records");
    }
    Ok(heard)
}

/// Has the next start read every record again: what was forgotten by a clock that was wrong is
/// remembered.
pub(crate) fn recall_all(home: &Home) -> anyhow::Result<()> {
    let (heard, _) = HeardRequests::open(&home.heard())?;
    Ok(heard.recall_all()?)
}

/// Keeps every query before its answer leaves.
pub(crate) struct SealedQueryLog {
    segments: QuerySegments,
    heard: HeardRequests,
    store: Arc<dyn Store>,
    clock: Clock,
    room: RoomOnDisk,
    strangers: Mutex<Strangers>,
    /// Segments that are to be entered, oldest first. Held while one is, so that of two entries the later
    /// one tells no lower number.
    entering: Mutex<VecDeque<Waiting>>,
}

/// A segment that is closed.
struct Waiting {
    sealed: Sealed,
    is_in_journal: bool,
}

impl SealedQueryLog {
    /// Where `room` is short, strangers' questions are not recorded, and so not answered; the way by
    /// which a verifier proves itself goes on, and is counted.
    pub(crate) fn new(
        segments: QuerySegments,
        heard: HeardRequests,
        store: Arc<dyn Store>,
        clock: Clock,
        room: RoomOnDisk,
    ) -> Self {
        let (strangers, entering) = Default::default();
        Self { segments, heard, store, clock, room, strangers, entering }
    }

    /// Puts the hash of a sealed segment into the journal, with those of all that wait for it: what fails is
    /// tried again at the next turn.
    pub(crate) fn seal(&self, sealed: Option<Sealed>) -> anyhow::Result<()> {
        let mut waiting = self.entering.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(sealed.map(|sealed| Waiting { sealed, is_in_journal: false }));
        if waiting.is_empty() {
            return Ok(());
        }
        while let Some(Waiting { sealed, is_in_journal }) = waiting.front_mut() {
            if !*is_in_journal {
                self.enter(sealed)?;
                *is_in_journal = true;
            }
            self.segments.journaled(sealed)?;
            // Whatever this segment tells of was noted before.
            self.heard.begin_segment(sealed.number() + 1)?;
            waiting.pop_front();
        }
        drop(waiting);
        self.heard.forget_ended((self.clock)())?;
        Ok(())
    }

    fn enter(&self, sealed: &Sealed) -> anyhow::Result<()> {
        let act = Act {
            actor: Actor::System("query-log".parse()?),
            at: (self.clock)(),
            operation: new_operation()?,
            standing: None,
            second: None,
            present: Default::default(),
        };
        let entry = Entry::new(EventKind::QuerySegmentSealed, &act)
            .subject(OfTheInstallation(&sealed.name))
            .detail("records", sealed.records)
            .detail("sha256", Hex(&sealed.sha256))
            .detail(NEXT_SEGMENT, self.segments.next_number());
        self.store.commit(Unit::new(entry))?;
        Ok(())
    }

    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, line: String, longest: usize) -> Result<(), LogUnavailable> {
        let unavailable = |error: &dyn std::fmt::Display| LogUnavailable::Failed(error.to_string());
        let line = bounded(line, longest);
        match self.segments.append(line.as_bytes()).map_err(|error| unavailable(&error))? {
            Some(sealed) => self.seal(Some(sealed)).map_err(|error| unavailable(&error)),
            None => Ok(()),
        }
    }

    /// Writes what was counted of strangers' queries in a minute that is over, or in the one that runs;
    /// what cannot be written is counted on.
    fn write_sums(&self, now: Timestamp, all: bool) -> Result<(), LogUnavailable> {
        let mut sums = self.strangers().take(now, all).into_iter();
        while let Some(sum) = sums.next() {
            if let Err(fault) = self.write(sum.to_string(), LONGEST_LINE) {
                self.strangers().give_back(std::iter::once(sum).chain(sums));
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Writes and seals what is due by its age; called now and then.
    pub(crate) fn seal_due(&self) -> anyhow::Result<()> {
        let is_short = self.room.is_short();
        let written = if is_short { Ok(()) } else { self.write_sums((self.clock)(), false) };
        // None of these waits for another.
        let sealed = self.segments.seal_due();
        let entered = self.seal(sealed.as_ref().ok().cloned().flatten());
        written?;
        sealed?;
        entered
    }

    /// Writes what was counted and seals what is open; called last.
    pub(crate) fn close(&self) -> anyhow::Result<()> {
        self.write_sums((self.clock)(), true)?;
        self.seal(self.segments.close()?)
    }
}

impl QueryLog for SealedQueryLog {
    fn record(&self, record: &QueryRecord) -> Result<(), LogUnavailable> {
        let is_short = self.room.is_short();
        let is_recorded = match record.standing() {
            Standing::Verifier => return self.write(record.to_string(), LONGEST_LINE),
            Standing::Stranger if is_short => {
                return Err(LogUnavailable::Reserved);
            }
            Standing::OnTheWay if is_short => {
                self.strangers().count(record, (self.clock)());
                false
            }
            Standing::Stranger | Standing::OnTheWay => {
                let now = (self.clock)();
                self.write_sums(now, false)?;
                self.strangers().is_recorded(record, now)
            }
        };
        if is_recorded { self.write(record.to_string(), STRANGERS_LINE) } else { Ok(()) }
    }
}

impl RequestMemory for SealedQueryLog {
    fn hear(&self, request: &HeardRequest) -> store::Result<Option<HeardRequest>> {
        self.heard.hear(request)
    }
}

/// The longest line a record makes. What the protocols' own limits let in fits, except where
/// quoting makes a strange name several times as long.
const LONGEST_LINE: usize = 32 << 10;

/// The same of a stranger's: a hundred serials in one question are no better evidence than its first.
const STRANGERS_LINE: usize = 1_500;

/// A line that fits into a segment: a long one keeps its beginning and says what was cut, so that
/// nobody's long question can keep the record from being written and so the answer from leaving.
fn bounded(line: String, longest: usize) -> String {
    if line.len() <= longest {
        return line;
    }
    let sha256 = x509::digest::sha256(line.as_bytes());
    let sha256 = domain::hexadecimal::colon_hex(&sha256);
    let kept = &line[..line.floor_char_boundary(longest)];
    format!("{kept}… cut; {} octets in all, SHA-256 {sha256}", line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(home: &Home) -> (HeardRequests, Opened) {
        HeardRequests::open(&home.heard()).expect("a memory")
    }

    #[test]
    fn e1_where_the_disk_is_short_verifiers_are_recorded_and_strangers_turned_away() {
        let scratch = testkit::Scratch::new();
        let limits = store::segments::Limits::default();
        let place = scratch.path().join("queries");
        let (segments, _) = QuerySegments::open(place, limits, 0).expect("segments");
        let clock: Clock = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
        let room = RoomOnDisk::default();
        let (heard, _) = HeardRequests::open(&scratch.path().join("heard.db")).expect("a memory");
        let log = SealedQueryLog::new(segments, heard, scratch.store.clone(), clock, room.clone());
        let asked = |verifier: Option<&str>| QueryRecord {
            at: jiff::Timestamp::UNIX_EPOCH,
            peer: std::net::SocketAddr::from(([192, 0, 2, 1], 40_000)),
            verifier: verifier.map(|id| id.parse().expect("an id")),
            query: status::query_log::Query::Web { path: "/crl/x".to_owned(), status: 200 },
        };
        assert!(log.record(&asked(None)).is_ok());
        room.note(true);
        assert!(log.record(&asked(None)).is_err(), "strangers go first");
        assert!(log.record(&asked(Some("verifier-1"))).is_ok(), "and verifiers go on");
        // Nor is the way shut by which a verifier proves itself, or what it asks once more.
        let of_nobody = |query| QueryRecord { query, ..asked(None) };
        let start_tls = status::ldap::Asked::Extended("1.3.6.1.4.1.1466.20037".to_owned());
        let result = status::ldap::ResultCode::Success;
        let query = |asked| status::query_log::Query::Ldap { asked, result };
        assert!(log.record(&of_nobody(query(start_tls))).is_ok());
        let other = status::ldap::Asked::Extended("1.3.6.1.4.1.4203.1.11.3".to_owned());
        assert!(log.record(&of_nobody(query(other))).is_err());
        let heard = HeardRequest {
            digest: [1; 16],
            until: jiff::Timestamp::MAX,
            at: jiff::Timestamp::UNIX_EPOCH,
            from: [192, 0, 2, 1].into(),
        };
        let outcome = status::query_log::OcspOutcome::Signed;
        let retry = status::query_log::Query::Ocsp {
            heard: Some(heard),
            is_retry: true,
            asked: [].into(),
            outcome,
        };
        assert!(log.record(&of_nobody(retry)).is_ok());
        room.note(false);
        assert!(log.record(&asked(None)).is_ok());
        log.close().expect("closed");
        let mut lines = Vec::new();
        let told = read_records(&scratch.path().join("queries"), 0, |line| {
            lines.push(line.to_owned());
            Ok(())
        });
        assert!(told.is_ok() && lines.len() == 5, "{lines:?}");
        assert!(
            lines[4].contains("sum 1") && lines[4].ends_with("ldap Success extended"),
            "{lines:?}"
        );
    }

    /// The place of the checkpoints was away for some seconds at the hour.
    #[test]
    fn e1_a_segment_whose_entry_failed_is_entered_at_a_later_turn() {
        let scratch = testkit::Scratch::new();
        let place = scratch.path().join("queries");
        let limits = store::segments::Limits { records: 1, ..Default::default() };
        let (segments, _) = QuerySegments::open(&place, limits, 0).expect("segments");
        let (heard, _) = HeardRequests::open(&scratch.path().join("heard.db")).expect("a memory");
        let is_away = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let away = is_away.clone();
        let store =
            testkit::HookedStore::committing(scratch.store.clone(), move |store, unit| match away
                .load(std::sync::atomic::Ordering::SeqCst)
            {
                true => Err(store::Error::Unavailable("no place takes it".to_owned())),
                false => store.commit(unit),
            });
        let clock: Clock = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
        let room = RoomOnDisk::default();
        let log = SealedQueryLog::new(segments, heard, Arc::new(store), clock, room);
        let query = status::query_log::Query::Web { path: "/crl/x".to_owned(), status: 200 };
        let peer = std::net::SocketAddr::from(([192, 0, 2, 1], 40_000));
        let at = jiff::Timestamp::UNIX_EPOCH;
        let verifier = Some("verifier-1".parse().expect("an id"));
        let record = QueryRecord { at, peer, verifier, query };
        log.record(&record).expect_err("its segment is not in the journal");
        log.seal_due().expect_err("still away");
        let entered = || {
            let kept = std::fs::read_dir(&place).expect("a directory");
            let names = kept.map(|file| file.expect("a file").file_name().into_string());
            let mut names: Vec<_> = names.map(|name| name.expect("a name")).collect();
            names.sort();
            names
        };
        assert_eq!(entered(), ["0000000000.closed"]);
        is_away.store(false, std::sync::atomic::Ordering::SeqCst);
        log.seal_due().expect("entered");
        assert_eq!(entered(), ["0000000000.log"]);
        log.record(&record).expect("the next");
        assert_eq!(entered(), ["0000000000.log", "0000000001.log"]);
    }

    /// Strangers' questions were once a line each, of hundreds of octets, as fast as they came.
    #[test]
    fn e1_v5_strangers_questions_are_a_bounded_number_of_lines_and_a_verifiers_one_each() {
        let scratch = testkit::Scratch::new();
        let place = scratch.path().join("queries");
        let limits = store::segments::Limits::default();
        let (segments, _) = QuerySegments::open(&place, limits, 0).expect("segments");
        let (heard, _) = HeardRequests::open(&scratch.path().join("heard.db")).expect("a memory");
        let clock: Clock = Arc::new(|| jiff::Timestamp::from_second(60).expect("a time"));
        let room = RoomOnDisk::default();
        let log = SealedQueryLog::new(segments, heard, scratch.store.clone(), clock, room);
        let ask = |verifier: Option<&str>, number: u32| {
            let query = status::query_log::Query::Web { path: "/crl/x".to_owned(), status: 401 };
            let peer = std::net::SocketAddr::from((std::net::Ipv4Addr::from_bits(number), 1));
            let verifier = verifier.map(|id| id.parse().expect("an id"));
            let at = jiff::Timestamp::UNIX_EPOCH;
            log.record(&QueryRecord { at, peer, verifier, query }).expect("recorded");
        };
        (0..20_000).for_each(|number| ask(None, number % 500));
        (0..2_000).for_each(|number| ask(Some("verifier-1"), number));
        log.seal_due().expect("written");
        log.close().expect("closed");
        let (mut of_verifier, mut others, mut counted) = (0, 0, 0);
        let all = read_records(&place, 0, |line| {
            let words: Vec<_> = line.split(' ').collect();
            match (words[2], words[3]) {
                ("verifier-1", _) => of_verifier += 1,
                (_, "sum") => counted += words[4].parse::<u64>().expect("a number"),
                _ => others += 1,
            }
            Ok(())
        });
        all.expect("read");
        assert_eq!((of_verifier, others, counted), (2_000, 1_000, 19_000));
    }

    /// A log as a server has it, without one before it.
    fn begun(scratch: &testkit::Scratch, home: &Home) -> SealedQueryLog {
        let limits = store::segments::Limits::default();
        let (segments, _) = QuerySegments::open(home.queries(), limits, 0).expect("segments");
        let heard = recalled(home, memory(home)).expect("a memory");
        let clock: Clock = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
        let room = RoomOnDisk::default();
        SealedQueryLog::new(segments, heard, scratch.store.clone(), clock, room)
    }

    /// What the files hold now, as a kill would leave them.
    fn lines(home: &Home) -> Vec<String> {
        let mut lines = Vec::new();
        let read = read_records(&home.queries(), 0, |line| {
            lines.push(line.to_owned());
            Ok(())
        });
        read.expect("the files");
        lines
    }

    #[test]
    fn e1_the_sealed_records_keep_what_the_answers_rely_on() {
        let scratch = testkit::Scratch::new();
        let home = Home::new(scratch.path());
        status::query_log::contract::check(&begun(&scratch, &home), &|| lines(&home));
        let scratch = testkit::Scratch::new();
        let home = Home::new(scratch.path());
        let ldap = status::query_log::LdapRecords(Arc::new(begun(&scratch, &home)));
        status::query_log::contract::check_ldap(&ldap, &|| lines(&home));
    }

    /// The records of them are all that is sure to be there after a kill.
    #[test]
    fn v5_the_sealed_records_are_the_memory_that_the_responder_relies_on() {
        let scratch = testkit::Scratch::new();
        let home = Home::new(scratch.path());
        let log = begun(&scratch, &home);
        let noted = status::ocsp::contract::check(&log);
        for first in &noted {
            let query = status::query_log::Query::Ocsp {
                heard: Some(*first),
                is_retry: false,
                asked: [].into(),
                outcome: status::query_log::OcspOutcome::Signed,
            };
            let peer = std::net::SocketAddr::from((first.from, 40_000));
            let record = QueryRecord { at: first.at, peer, verifier: None, query };
            log.record(&record).expect("recorded");
        }
        drop(log);
        status::ocsp::contract::expect_remembered(&begun(&scratch, &home), &noted);
        std::fs::remove_file(home.heard()).expect("lost");
        let _ = std::fs::remove_file(home.heard().with_file_name("heard.db-wal"));
        status::ocsp::contract::expect_remembered(&begun(&scratch, &home), &noted);
    }

    /// An older copy of the memory, as a backup has it, knows by the records what it has missed.
    #[test]
    fn v5_a_memory_that_was_put_back_remembers_what_was_heard_since() {
        let scratch = testkit::Scratch::new();
        let home = Home::new(scratch.path());
        let at = jiff::Timestamp::from_second(1_000).expect("a time");
        let peer = std::net::SocketAddr::from(([192, 0, 2, 1], 40_000));
        let request = |digest| HeardRequest {
            digest: [digest; 16],
            until: jiff::Timestamp::from_second(2_000).expect("a time"),
            at,
            from: peer.ip(),
        };
        // One run of the server, in which this request is asked.
        let run = |digest| {
            let limits = store::segments::Limits::default();
            let (segments, _) = QuerySegments::open(home.queries(), limits, 0).expect("segments");
            let clock: Clock = Arc::new(move || at);
            let heard = recalled(&home, memory(&home)).expect("a memory");
            let room = RoomOnDisk::default();
            let log = SealedQueryLog::new(segments, heard, scratch.store.clone(), clock, room);
            let before = log.hear(&request(digest)).expect("noted");
            let query = status::query_log::Query::Ocsp {
                heard: Some(request(digest)),
                is_retry: false,
                asked: [].into(),
                outcome: status::query_log::OcspOutcome::Signed,
            };
            log.record(&QueryRecord { at, peer, verifier: None, query }).expect("recorded");
            log.close().expect("closed");
            before
        };
        assert_eq!(run(1), None);
        let older = std::fs::read(home.heard()).expect("the file");
        assert_eq!(run(2), None);
        assert_eq!(
            recalled(&home, memory(&home)).expect("a memory").next_segment().expect("a number"),
            2
        );
        std::fs::write(home.heard(), older).expect("put back");
        let _ = std::fs::remove_file(scratch.path().join("heard.db-wal"));
        assert_eq!(run(2), Some(request(2)), "by the record of it");
        assert_eq!(run(1), Some(request(1)));
    }

    /// What a crash left may be entered after what came later: a start believes the last entry alone, which
    /// tells of both.
    #[test]
    fn e1_the_last_entry_tells_the_next_segment_in_whatever_order_they_are_entered() {
        let scratch = testkit::Scratch::new();
        let place = scratch.path().join("queries");
        let limits = store::segments::Limits::default();
        let opened = |from| QuerySegments::open(&place, limits, from).expect("segments");
        opened(3).0.append(b"left open by a crash").expect("appended");
        let (segments, left) = opened(0);
        let (heard, _) = HeardRequests::open(&scratch.path().join("heard.db")).expect("a memory");
        let clock: Clock = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
        let room = RoomOnDisk::default();
        let log = SealedQueryLog::new(segments, heard, scratch.store.clone(), clock, room);
        log.segments.append(b"of this run").expect("appended");
        log.close().expect("sealed");
        let next = || crate::evidence::records::next_number(&*scratch.store).expect("read");
        assert_eq!((left[0].number(), next()), (3, 5));
        log.seal(left.into_iter().next()).expect("entered last");
        assert_eq!(next(), 5);
    }

    #[test]
    fn e1_the_longest_question_is_recorded_and_does_not_block_its_answer() {
        let place = tempfile::tempdir().expect("a directory");
        let limits = store::segments::Limits::default();
        let (segments, _) = QuerySegments::open(place.path(), limits, 0).expect("segments");
        for character in ['x', '\u{1}', '髙'] {
            let long: String = std::iter::repeat_n(character, 60_000).collect();
            let line = bounded(format!("ldap {long:?}"), LONGEST_LINE);
            assert!(line.len() < LONGEST_LINE + 200 && line.contains("octets in all"), "{line}");
            assert!(segments.append(line.as_bytes()).is_ok());
        }
        assert_eq!(bounded("short".to_owned(), STRANGERS_LINE), "short");
    }
}
