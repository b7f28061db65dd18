//! Query records in sealed segments, whose hashes are journal entries (E1).

use std::sync::Arc;

use domain::act::{Act, Actor};
use domain::journal::EventKind;
use status::query_log::{LogUnavailable, QueryLog, QueryRecord};
use store::segments::{QuerySegments, Sealed};
use store::{Entry, RoomOnDisk, Store, Unit};

use crate::system::{Clock, new_operation};

/// Keeps every query before its answer leaves.
pub(crate) struct SealedQueryLog {
    segments: QuerySegments,
    store: Arc<dyn Store>,
    clock: Clock,
    room: RoomOnDisk,
}

impl SealedQueryLog {
    /// Where `room` is short, strangers' questions are not recorded, and so not answered.
    pub(crate) fn new(
        segments: QuerySegments,
        store: Arc<dyn Store>,
        clock: Clock,
        room: RoomOnDisk,
    ) -> Self {
        Self { segments, store, clock, room }
    }

    /// Puts the hash of a sealed segment into the journal.
    pub(crate) fn seal(&self, sealed: &Sealed) -> anyhow::Result<()> {
        let act = Act {
            actor: Actor::System("query-log".parse()?),
            at: (self.clock)(),
            operation: new_operation()?,
            standing: None,
            second: None,
        };
        let sha256 = x509::fingerprint::hex(&sealed.sha256);
        let entry = Entry::new(EventKind::QuerySegmentSealed, &act)
            .subject(&sealed.name)
            .detail("records", sealed.records)
            .detail("sha256", sha256);
        self.store.commit(Unit::new(entry))?;
        Ok(self.segments.journaled(sealed)?)
    }

    /// Seals what is due by its age; called now and then.
    pub(crate) fn seal_due(&self) -> anyhow::Result<()> {
        match self.segments.seal_due()? {
            Some(sealed) => self.seal(&sealed),
            None => Ok(()),
        }
    }

    /// Seals what is open; called last.
    pub(crate) fn close(&self) -> anyhow::Result<()> {
        match self.segments.close()? {
            Some(sealed) => self.seal(&sealed),
            None => Ok(()),
        }
    }
}

impl QueryLog for SealedQueryLog {
    fn record(&self, record: &QueryRecord) -> Result<(), LogUnavailable> {
        if record.verifier.is_none() && self.room.is_short() {
            return Err(LogUnavailable("the disk's reserve is for verifiers".to_owned()));
        }
        let line = bounded(record.to_string());
        let sealed = self
            .segments
            .append(line.as_bytes())
            .map_err(|error| LogUnavailable(error.to_string()))?;
        match sealed {
            Some(sealed) => self.seal(&sealed).map_err(|error| LogUnavailable(error.to_string())),
            None => Ok(()),
        }
    }
}

/// The longest line a record makes. What the protocols' own limits let in fits, except where
/// quoting makes a strange name several times as long.
const LONGEST_LINE: usize = 32 << 10;

/// A line that fits into a segment: a long one keeps its beginning and says what was cut, so that
/// nobody's long question can keep the record from being written and so the answer from leaving.
fn bounded(line: String) -> String {
    if line.len() <= LONGEST_LINE {
        return line;
    }
    let sha256 = x509::fingerprint::sha256(line.as_bytes());
    let sha256 = x509::fingerprint::colon_hex(&sha256);
    let kept = &line[..line.floor_char_boundary(LONGEST_LINE)];
    format!("{kept}… cut; {} octets in all, SHA-256 {sha256}", line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e1_where_the_disk_is_short_verifiers_are_recorded_and_strangers_turned_away() {
        let scratch = testkit::Scratch::new();
        let limits = store::segments::Limits::default();
        let place = scratch.path().join("queries");
        let (segments, _) = QuerySegments::open(place, limits).expect("segments");
        let clock: Clock = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
        let room = RoomOnDisk::default();
        let log = SealedQueryLog::new(segments, scratch.store.clone(), clock, room.clone());
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
        room.note(false);
        assert!(log.record(&asked(None)).is_ok());
    }

    #[test]
    fn e1_the_longest_question_is_recorded_and_does_not_block_its_answer() {
        let place = tempfile::tempdir().expect("a directory");
        let limits = store::segments::Limits::default();
        let (segments, _) = QuerySegments::open(place.path(), limits).expect("segments");
        for character in ['x', '\u{1}', '髙'] {
            let long: String = std::iter::repeat_n(character, 60_000).collect();
            let line = bounded(format!("ldap {long:?}"));
            assert!(line.len() < LONGEST_LINE + 200 && line.contains("octets in all"), "{line}");
            assert!(segments.append(line.as_bytes()).is_ok());
        }
        assert_eq!(bounded("short".to_owned()), "short");
    }
}
