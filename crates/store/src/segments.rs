//! Query records (OCSP, LDAP), too many for the journal: segments whose hashes are entries in it.
//!
//! A record is one line of text. A segment that is full or old is closed, flushed to disk and
//! hashed; the caller commits a journal entry of kind
//! [`domain::journal::EventKind::QuerySegmentSealed`] with what [`Sealed`] says, and then tells
//! [`QuerySegments::journaled`]; until that the segment comes up again at every start. Whoever
//! cannot append has an error and must not answer its query (no record, no work).

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};

use crate::append::AppendFile;
use crate::{Error, Result};

/// A record is a few hundred octets; more is none of ours.
const MAX_RECORD: usize = 64 * 1024;

/// No name has more digits, and no segment's successor either: at one a second, three hundred years.
const TOO_GREAT: u64 = 9_999_999_999;

/// The name's end while records are appended.
const OPEN: &str = "open";

/// The name's end once no record can be added, until its hash is in the journal.
const CLOSED: &str = "closed";

/// The name's end once the journal has its hash.
const JOURNALED: &str = "log";

/// When a segment is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// After this many records.
    pub records: u64,
    /// Or when its first record is this old.
    pub age: Duration,
    /// How long records are taken after it was asked whether the file under the segment's name is still this
    /// one, and as it was left. Whoever took it away, or shortened it, has what was in it before, and the
    /// records of so long with that.
    pub unasked: Duration,
}

impl Default for Limits {
    /// A million records is some hundred megabytes; an hour bounds what a crash leaves unsealed. To ask
    /// costs as much as the write.
    fn default() -> Self {
        let (age, unasked) = (Duration::from_secs(3600), Duration::from_millis(50));
        Self { records: 1_000_000, age, unasked }
    }
}

/// A segment that was closed: what its journal entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The name of its file in the directory, from when the journal has its hash.
    pub name: String,
    /// How many records it holds.
    pub records: u64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

impl Sealed {
    /// Its number among the segments, which follow each other.
    pub fn number(&self) -> u64 {
        let digits = self.name.split('.').next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}

/// The segments in one directory.
#[derive(Debug)]
pub struct QuerySegments {
    directory: PathBuf,
    limits: Limits,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    next: u64,
    segment: Option<Segment>,
    /// Numbers of segments that take no more records and could not be sealed yet.
    given_up: Vec<u64>,
}

impl QuerySegments {
    /// Opens a directory, creates it when there is none, and seals what the last run left open.
    /// The second value tells of every segment that the journal may not know; commit an entry for
    /// each.
    ///
    /// No new segment has a lower number than `from`: what lies in the directory may not be all there was,
    /// and two of one number cannot be told apart.
    ///
    /// A last record that a crash cut in half is removed before sealing: its query was never
    /// answered.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the directory or a file in it cannot be used.
    pub fn open(
        directory: impl AsRef<Path>,
        limits: Limits,
        from: u64,
    ) -> Result<(Self, Vec<Sealed>)> {
        let directory = directory.as_ref().to_owned();
        std::fs::create_dir_all(&directory).map_err(|e| failed(&directory, e))?;
        let (mut next, mut leftovers) = (from, Vec::new());
        for (number, path) in numbered(&directory)? {
            next = next.max(number + 1);
            if path.extension().is_some_and(|end| end == OPEN || end == CLOSED) {
                leftovers.push((number, path));
            }
        }
        leftovers.sort();
        let sealed = leftovers
            .into_iter()
            .map(|(number, path)| recover(&directory, number, &path).map_err(|e| failed(&path, e)))
            .collect::<Result<Vec<_>>>()?;
        let current = Mutex::new(Current { next, segment: None, given_up: Vec::new() });
        Ok((Self { directory, limits, current }, sealed.into_iter().flatten().collect()))
    }

    /// Appends a record, one line without its line end, and hands it to the operating
    /// system before it returns. When that fills the segment, or the segment is old, it is
    /// sealed and returned.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the record may not be in the segment.
    pub fn append(&self, record: &[u8]) -> Result<Option<Sealed>> {
        if record.len() > MAX_RECORD || record.contains(&b'\n') {
            let reason = "a query record is one line of at most 64 KiB";
            return Err(Error::Unavailable(reason.into()));
        }
        let mut current = self.lock();
        let segment = match current.segment.take() {
            Some(segment) => segment,
            None => self.start(&mut current)?,
        };
        let segment = current.segment.insert(segment);
        if let Err(error) = segment.append(record, self.limits.unasked) {
            let failure = failed(&segment.path, error);
            // Half a record at its end that cannot be cut off, or somebody else's octets: what there is
            // is sealed later, and the next record begins another segment.
            if !segment.file.is_as_it_was() {
                tracing::error!(%failure, "a query segment is given up");
                let number = segment.number;
                current.given_up.push(number);
                current.segment = None;
            }
            return Err(failure);
        }
        self.seal_when_due(&mut current)
    }

    /// Seals the segment when it is old, though no record comes in, and otherwise one that could not be
    /// sealed before; call it every few seconds.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the segment is tried again at the next call, or the next start.
    pub fn seal_due(&self) -> Result<Option<Sealed>> {
        let mut current = self.lock();
        let sealed = self.seal_when_due(&mut current)?;
        let given_up = if sealed.is_none() { current.given_up.pop() } else { None };
        // It is read whole: nobody's record waits for that.
        drop(current);
        let Some(number) = given_up else { return Ok(sealed) };
        let ends = [OPEN, CLOSED].map(|ending| self.directory.join(name_of(number, ending)));
        let Some(path) = ends.iter().find(|path| path.exists()) else {
            // Nobody can seal it any more; the next start would not know of it.
            let why = "its file is gone, with the records that were in it";
            tracing::error!("query segment {number}: {why}");
            return Err(Error::Unavailable(format!("query segment {number}: {why}")));
        };
        recover(&self.directory, number, path).map_err(|error| {
            self.lock().given_up.insert(0, number);
            failed(path, error)
        })
    }

    /// Seals the segment now, at the end of the program.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the segment is sealed at the next start.
    pub fn close(&self) -> Result<Option<Sealed>> {
        self.seal(&mut self.lock())
    }

    /// Notes that the journal has the hash of a segment; noted again, it is made durable again.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; until it is noted the segment comes up again at every start.
    pub fn journaled(&self, sealed: &Sealed) -> Result<()> {
        let path = self.directory.join(&sealed.name);
        let closed = path.with_extension(CLOSED);
        let is_noted = path.exists() && !closed.exists();
        let renamed = if is_noted { Ok(()) } else { std::fs::rename(&closed, &path) };
        let kept = renamed.and_then(|()| File::open(&self.directory)?.sync_all());
        kept.map_err(|e| failed(&closed, e))
    }

    /// The number of the next segment: it follows on all that lay here or that it was told to follow on.
    pub fn next_number(&self) -> u64 {
        self.lock().next
    }

    fn start(&self, current: &mut Current) -> Result<Segment> {
        let (number, path, file) = loop {
            let number = current.next;
            let path = self.directory.join(name_of(number, OPEN));
            match AppendFile::create(&path) {
                Ok(file) => break (number, path, file),
                // One that was made and could not be used: no record is in it, and none is lost.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    current.given_up.push(number);
                    current.next += 1;
                }
                Err(error) => return Err(failed(&path, error)),
            }
        };
        current.next += 1;
        let (digest, since) = (Context::new(&SHA256), Instant::now());
        Ok(Segment {
            number,
            path,
            file,
            digest,
            line: Vec::new(),
            records: 0,
            since,
            asked: since,
        })
    }

    fn seal_when_due(&self, current: &mut Current) -> Result<Option<Sealed>> {
        match &current.segment {
            Some(s) if s.records >= self.limits.records || s.since.elapsed() >= self.limits.age => {
                self.seal(current)
            }
            _ => Ok(None),
        }
    }

    fn seal(&self, current: &mut Current) -> Result<Option<Sealed>> {
        let Some(segment) = current.segment.take() else { return Ok(None) };
        let (number, path) = (segment.number, segment.path.clone());
        segment.seal(&self.directory).map(Some).map_err(|error| {
            current.given_up.push(number);
            failed(&path, error)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a segment differs from what the journal says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// What was sealed is not there, or something else is.
    Lost(Lost),
    /// It is there without an entry.
    Unknown(String),
}

/// A segment whose records are lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The name of its file.
    pub name: String,
    /// What lies there in its place.
    pub there: There,
}

/// What lies where a segment should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    /// Nothing.
    Nothing,
    /// Something that cannot be read: a bad sector, say.
    Unreadable,
    /// A file with this SHA-256.
    Other([u8; 32]),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost(Lost { name, there }) => match there {
                There::Nothing => write!(f, "{name}: it is missing"),
                There::Unreadable => write!(f, "{name}: it cannot be read"),
                There::Other(_) => write!(f, "{name}: it is not as it was sealed"),
            },
            Self::Unknown(name) => write!(f, "{name}: the journal knows nothing of it"),
        }
    }
}

/// Holds the segments in a directory against what the journal says of each: every one that is not as
/// it was sealed, is missing, or is there without an entry.
///
/// # Errors
/// [`Error::Unavailable`] when the directory cannot be read.
pub fn differences(
    directory: &Path,
    journaled: impl Iterator<Item = Result<Sealed>>,
) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    let mut unknown = std::collections::BTreeSet::new();
    if directory.exists() {
        for path in files(directory)? {
            // One that is open or closed is entered when the program goes on, and may be entered already.
            let goes_on = path.extension().is_some_and(|end| end == OPEN || end == CLOSED);
            if !goes_on || number_of(&path).is_none() {
                unknown.insert(path);
            }
        }
    }
    for sealed in journaled {
        let sealed = sealed?;
        let path = directory.join(&sealed.name);
        unknown.remove(&path);
        let path = match path.with_extension(CLOSED) {
            closed if !path.exists() && closed.exists() => closed,
            _ => path,
        };
        let mut lost = |name, there| found.push(Difference::Lost(Lost { name, there }));
        match digest_of(&path) {
            Ok(sha256) if sha256 == sealed.sha256 => {}
            Ok(sha256) => lost(sealed.name, There::Other(sha256)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                lost(sealed.name, There::Nothing);
            }
            Err(error) => {
                tracing::error!(%error, "a segment of query records: {}", path.display());
                lost(sealed.name, There::Unreadable);
            }
        }
    }
    let name = |path: PathBuf| path.file_name().map(|name| name.display().to_string());
    let unknown = unknown.into_iter().filter_map(name);
    found.extend(unknown.map(Difference::Unknown));
    Ok(found)
}

/// Hands every record of the segments from the number `first` on to `each`, in order, until that fails.
///
/// # Errors
/// [`Error::Unavailable`] when the directory or a file in it cannot be read; those of `each`.
pub fn read_records(
    directory: &Path,
    first: u64,
    mut each: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut files = numbered(directory)?;
    files.retain(|(number, _)| *number >= first);
    files.sort();
    for (_, path) in files {
        let mut reader = BufReader::new(File::open(&path).map_err(|e| failed(&path, e))?);
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut bounded = reader.by_ref().take(MAX_RECORD as u64 + 1);
            bounded.read_until(b'\n', &mut line).map_err(|e| failed(&path, e))?;
            let Some((b'\n', record)) = line.split_last() else { break };
            each(&String::from_utf8_lossy(record))?;
        }
    }
    Ok(())
}

fn digest_of(path: &Path) -> std::io::Result<[u8; 32]> {
    let (mut file, mut digest) = (File::open(path)?, Context::new(&SHA256));
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(finish(digest)),
            length => digest.update(&piece[..length]),
        }
    }
}

struct Segment {
    number: u64,
    path: PathBuf,
    file: AppendFile,
    digest: Context,
    line: Vec<u8>,
    records: u64,
    since: Instant,
    /// When it was last asked whether the file is as it was left.
    asked: Instant,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Segment({}, {} records)", self.number, self.records)
    }
}

impl Segment {
    fn append(&mut self, record: &[u8], unasked: Duration) -> std::io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(record);
        self.line.push(b'\n');
        if self.asked.elapsed() < unasked {
            self.file.append_unasked(&self.line)?;
        } else {
            self.file.append(&self.line)?;
            self.asked = Instant::now();
        }
        self.digest.update(&self.line);
        self.records += 1;
        Ok(())
    }

    fn seal(self, directory: &Path) -> std::io::Result<Sealed> {
        self.file.sync()?;
        let name = close(directory, self.number, &self.path)?;
        Ok(Sealed { name, records: self.records, sha256: finish(self.digest) })
    }
}

/// Closes a flushed segment, durably; returns the name it has once the journal knows it.
fn close(directory: &Path, number: u64, path: &Path) -> std::io::Result<String> {
    std::fs::rename(path, directory.join(name_of(number, CLOSED)))?;
    File::open(directory)?.sync_all()?;
    Ok(name_of(number, JOURNALED))
}

/// Seals a segment of an earlier run; an empty one is removed.
fn recover(directory: &Path, number: u64, path: &Path) -> std::io::Result<Option<Sealed>> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let (mut digest, mut records, mut whole) = (Context::new(&SHA256), 0, 0);
    let (mut reader, mut line) = (BufReader::new(&file), Vec::new());
    loop {
        line.clear();
        // A record and its line end; more than that is no record and is cut off as well.
        reader.by_ref().take(MAX_RECORD as u64 + 1).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        digest.update(&line);
        records += 1;
        whole += line.len() as u64;
    }
    if records == 0 {
        return std::fs::remove_file(path).map(|()| None);
    }
    file.set_len(whole)?;
    file.sync_all()?;
    let name = close(directory, number, path)?;
    Ok(Some(Sealed { name, records, sha256: finish(digest) }))
}

/// The files that a segment could have, with their numbers.
fn numbered(directory: &Path) -> Result<Vec<(u64, PathBuf)>> {
    Ok(files(directory)?.into_iter().filter_map(|path| Some((number_of(&path)?, path))).collect())
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let found = std::fs::read_dir(directory).map_err(|e| failed(directory, e))?;
    found.map(|entry| Ok(entry.map_err(|e| failed(directory, e))?.path())).collect()
}

/// The number in a name that [`name_of`] gave.
fn number_of(path: &Path) -> Option<u64> {
    let number: u64 = path.file_stem()?.to_str()?.parse().ok()?;
    let ending = path.extension()?.to_str()?;
    let is_ours = [OPEN, CLOSED, JOURNALED].contains(&ending) && number < TOO_GREAT;
    let named = Path::new(path.file_name()?) == Path::new(&name_of(number, ending));
    (is_ours && named).then_some(number)
}

fn name_of(number: u64, ending: &str) -> String {
    format!("{number:010}.{ending}")
}

fn finish(digest: Context) -> [u8; 32] {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    sha256
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    Error::Unavailable(format!("query segments, {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const SMALL: Limits =
        Limits { records: 3, age: Duration::from_secs(3600), unasked: Duration::ZERO };

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        let mut digest = Context::new(&SHA256);
        digest.update(bytes);
        finish(digest)
    }

    #[test]
    fn e1_a_full_segment_is_sealed_with_the_hash_of_its_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let (segments, leftovers) =
            QuerySegments::open(directory.path(), SMALL, 0).expect("segments");
        assert_eq!(leftovers, []);
        assert_eq!(segments.append(b"{\"a\":1}").expect("a record"), None);
        assert_eq!(segments.append(b"{\"a\":2}").expect("a record"), None);
        let sealed = segments.append(b"{\"a\":3}").expect("a record").expect("it is full");
        segments.journaled(&sealed).expect("renamed");
        let file = std::fs::read(directory.path().join(&sealed.name)).expect("the file");
        assert_eq!(file, b"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
        assert_eq!(
            sealed,
            Sealed { name: "0000000000.log".into(), records: 3, sha256: sha256(&file) }
        );
        segments.append(b"{}").expect("a record");
        assert_eq!(segments.close().expect("closed").expect("one").name, "0000000001.log");
        assert_eq!(segments.close().expect("closed"), None);
    }

    /// A descriptor too few, or a disk that fails once, while a segment is begun.
    #[test]
    fn e1_a_segment_that_could_not_be_begun_keeps_nobody_from_the_next() {
        let directory = tempfile::tempdir().expect("a directory");
        let (segments, _) = QuerySegments::open(directory.path(), SMALL, 0).expect("segments");
        std::fs::write(directory.path().join("0000000000.open"), "").expect("it was left behind");
        segments.append(b"{}").expect("a record");
        segments.append(b"{}").expect("a record");
        assert_eq!(segments.seal_due().expect("nothing is lost"), None);
        assert!(!directory.path().join("0000000000.open").exists(), "it had no record");
        assert_eq!(segments.close().expect("closed").expect("one").name, "0000000001.log");
    }

    #[test]
    fn e1_a_segment_that_could_not_be_sealed_is_sealed_at_a_later_turn() {
        let directory = tempfile::tempdir().expect("a directory");
        let (segments, _) = QuerySegments::open(directory.path(), SMALL, 0).expect("segments");
        let closed = directory.path().join("0000000000.closed");
        std::fs::create_dir(&closed).expect("in its way");
        for _ in 0..2 {
            segments.append(b"{}").expect("a record");
        }
        segments.append(b"{}").expect_err("the third fills it");
        segments.append(b"{}").expect("the next segment's first");
        segments.seal_due().expect_err("still in its way");
        std::fs::remove_dir(&closed).expect("removed");
        let sealed = segments.seal_due().expect("sealed").expect("the first");
        assert_eq!((sealed.name.as_str(), sealed.records), ("0000000000.log", 3));
        segments.journaled(&sealed).expect("noted");
        segments.journaled(&sealed).expect("and once more");
        assert_eq!(segments.seal_due().expect("none is left"), None);
    }

    /// A name that no segment can have is nobody's record, and is found by whoever looks.
    #[test]
    fn e1_a_file_whose_name_no_segment_can_have_is_left_alone_and_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let strange = [
            "18446744073709551615.log",
            "9999999999999999999.open",
            "9999999999.open",
            "00000000000000000007.closed",
            "7.open",
            "0000000003.txt",
            "more",
        ];
        for name in strange {
            std::fs::write(directory.path().join(name), "x y z\n").expect("planted");
        }
        let (segments, leftovers) =
            QuerySegments::open(directory.path(), SMALL, 0).expect("segments");
        assert_eq!(leftovers, []);
        segments.append(b"{}").expect("a record");
        let sealed = segments.close().expect("closed").expect("one");
        assert_eq!(sealed.name, "0000000000.log");
        segments.journaled(&sealed).expect("renamed");
        let found = differences(directory.path(), std::iter::once(Ok(sealed))).expect("read");
        assert_eq!(found.len(), strange.len(), "{found:?}");
        for name in strange {
            assert!(found.contains(&Difference::Unknown(name.to_owned())), "{name}: {found:?}");
        }
        let mut read = 0;
        let all = read_records(directory.path(), 0, |_| {
            read += 1;
            Ok(())
        });
        assert!(all.is_ok() && read == 1, "{all:?}: {read}");
    }

    /// The disk of the records was not there for a while: what was begun meanwhile is told apart.
    #[test]
    fn e1_no_segment_has_a_number_that_was_given_before() {
        let directory = tempfile::tempdir().expect("a directory");
        let (segments, _) = QuerySegments::open(directory.path(), SMALL, 7).expect("segments");
        segments.append(b"{}").expect("a record");
        assert_eq!(segments.close().expect("closed").expect("one").name, "0000000007.log");
        let (segments, _) = QuerySegments::open(directory.path(), SMALL, 3).expect("segments");
        segments.append(b"{}").expect("a record");
        assert_eq!(segments.close().expect("closed").expect("one").name, "0000000008.log");
    }

    #[test]
    fn e1_an_old_segment_is_sealed_without_a_record() {
        let directory = tempfile::tempdir().expect("a directory");
        let limits = Limits { records: 100, age: Duration::ZERO, ..SMALL };
        let (segments, _) = QuerySegments::open(directory.path(), limits, 0).expect("segments");
        assert_eq!(segments.seal_due().expect("nothing yet"), None);
        assert_eq!(segments.append(b"{}").expect("a record").expect("old at once").records, 1);
    }

    #[test]
    fn e1_what_a_crash_left_open_is_sealed_at_the_start() {
        let directory = tempfile::tempdir().expect("a directory");
        let (segments, _) = QuerySegments::open(directory.path(), SMALL, 0).expect("segments");
        segments.append(b"{\"a\":1}").expect("a record");
        drop(segments);
        let open = directory.path().join("0000000000.open");
        let mut file = OpenOptions::new().append(true).open(open).expect("the segment");
        file.write_all(b"{\"half").expect("half a record");
        let (segments, leftovers) =
            QuerySegments::open(directory.path(), SMALL, 0).expect("segments");
        let expected =
            Sealed { name: "0000000000.log".into(), records: 1, sha256: sha256(b"{\"a\":1}\n") };
        assert_eq!(leftovers, [expected]);
        let again = QuerySegments::open(directory.path(), SMALL, 0).expect("segments").1;
        assert_eq!(again, leftovers, "it comes up until the journal has it");
        segments.journaled(&leftovers[0]).expect("renamed");
        assert_eq!(QuerySegments::open(directory.path(), SMALL, 0).expect("segments").1, []);
        segments.append(b"{}").expect("a record");
        assert!(directory.path().join("0000000001.open").exists());
    }

    #[test]
    fn e1_a_segment_that_was_changed_removed_or_added_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let (segments, _) = QuerySegments::open(directory.path(), SMALL, 0).expect("segments");
        let mut sealed = Vec::new();
        for _ in 0..9 {
            if let Some(full) = segments.append(b"{}").expect("a record") {
                segments.journaled(&full).expect("renamed");
                sealed.push(full);
            }
        }
        let told = |sealed: &[Sealed]| {
            let found =
                differences(directory.path(), sealed.iter().cloned().map(Ok)).expect("read");
            found.iter().map(Difference::to_string).collect::<Vec<_>>()
        };
        assert_eq!(told(&sealed), [""; 0]);
        std::fs::write(directory.path().join(&sealed[0].name), "{}\n{}\n{ }\n").expect("changed");
        std::fs::remove_file(directory.path().join(&sealed[1].name)).expect("removed");
        assert_eq!(
            told(&sealed[..2]),
            [
                "0000000000.log: it is not as it was sealed",
                "0000000001.log: it is missing",
                "0000000002.log: the journal knows nothing of it",
            ]
        );
    }

    #[test]
    fn e6_a_segment_that_somebody_else_changed_is_left_and_another_begun() {
        let directory = tempfile::tempdir().expect("a directory");
        let (segments, _) = QuerySegments::open(directory.path(), SMALL, 0).expect("segments");
        segments.append(b"{}").expect("a record");
        std::fs::remove_file(directory.path().join("0000000000.open")).expect("removed");
        assert!(matches!(segments.append(b"{}"), Err(Error::Unavailable(_))));
        segments.append(b"{}").expect("a record");
        assert!(directory.path().join("0000000001.open").exists());
    }

    /// A file that went away is noticed after a while, whoever writes without a pause.
    #[test]
    fn e6_a_segment_is_asked_after_now_and_then() {
        let directory = tempfile::tempdir().expect("a directory");
        let limits = Limits { records: u64::MAX, unasked: Duration::from_millis(1), ..SMALL };
        let (segments, _) = QuerySegments::open(directory.path(), limits, 0).expect("segments");
        segments.append(b"{}").expect("a record");
        std::fs::remove_file(directory.path().join("0000000000.open")).expect("removed");
        let begun = Instant::now();
        while segments.append(b"{}").is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody asks");
        }
    }

    #[test]
    fn e1_a_record_that_cannot_be_written_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().join("segments");
        let (segments, _) = QuerySegments::open(&place, SMALL, 0).expect("segments");
        std::fs::remove_dir_all(&place).expect("the disk is gone");
        assert!(matches!(segments.append(b"{}"), Err(Error::Unavailable(_))));
        assert!(matches!(segments.append(b"two\nlines"), Err(Error::Unavailable(_))));
    }
}
