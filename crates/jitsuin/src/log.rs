//! The program's log: lines on standard error, of which nobody can cause more than so many.
//!
//! Whatever is logged goes through here, also what libraries log: so that nothing a stranger does at any
//! port, and no fault that stays, fills the disk on which the log lies. What is told again within a minute
//! is counted and told once, with its number, when the minute is over.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// After so long what was told is told again.
const MINUTE: Duration = Duration::from_secs(60);

/// Different lines that one place in the code writes within a minute; the rest are counted together. Some
/// twenty places can be reached from outside, by faults of ours: a few hundred lines a minute at most.
const KINDS: usize = 16;

/// Octets of a line: whatever an error quotes, its beginning says what it is.
const LONGEST: usize = 8 << 10;

/// Octets of a line that are told with the number of its repetitions.
const TOLD_AGAIN: usize = 256;

/// Starts the log on standard error, in English; `RUST_LOG` chooses, warnings are the default. A choice
/// that cannot be read is told, and the default holds. What is counted is told when the value is dropped.
pub(crate) fn start() -> AtTheEnd {
    let chosen = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|chosen| !chosen.is_empty());
    let read = chosen.as_deref().map(EnvFilter::try_new).transpose();
    let (filter, wrong) = match read {
        Ok(filter) => (filter, None),
        Err(error) => (None, Some(error)),
    };
    let filter = filter.unwrap_or_else(|| EnvFilter::new("warn"));
    let log = Log::to(|octets| io::stderr().write_all(octets));
    let lines = tracing_subscriber::fmt().with_env_filter(filter);
    // What the log itself cannot write it must not write elsewhere, and nobody may break off for it.
    lines.with_writer(log.clone()).log_internal_errors(false).init();
    if let Some(error) = wrong {
        tracing::warn!(%error, "RUST_LOG cannot be read, and warnings are logged");
    }
    AtTheEnd(log)
}

/// Tells what is counted still, when it is dropped.
pub(crate) struct AtTheEnd(Log);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        self.0.tell(Instant::now(), true);
    }
}

/// Where lines go, and what was written within this minute.
#[derive(Clone)]
struct Log {
    to: fn(&[u8]) -> io::Result<()>,
    minute: Arc<Mutex<Minute>>,
}

/// What one place in the code writes of one line; what it writes of all others, once they are too many.
#[derive(PartialEq, Eq, Hash)]
enum Kind {
    Text(Identifier, u64),
    Others(Identifier),
}

/// How often a line came again, and how it began.
struct Again {
    count: u64,
    told: String,
}

/// What was written in a minute.
#[derive(Default)]
struct Minute {
    begun: Option<Instant>,
    seen: HashMap<Kind, Again>,
    of_place: HashMap<Identifier, usize>,
    /// Somebody waits to tell what is counted.
    is_awaited: bool,
}

/// What becomes of a line.
#[derive(PartialEq, Eq, Debug)]
enum Verdict {
    Written,
    Counted,
    /// The first that is counted in its minute.
    FirstCounted,
}

impl Minute {
    fn judge(&mut self, place: Identifier, line: &str, now: Instant) -> Verdict {
        self.begun.get_or_insert(now);
        let told = || bounded(line.trim_end(), TOLD_AGAIN).to_owned();
        // A line begins with its time.
        let text = line.split_once(' ').map_or(line, |(_, text)| text);
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let kind = Kind::Text(place.clone(), hasher.finish());
        let written = self.of_place.entry(place.clone()).or_default();
        if !self.seen.contains_key(&kind) && *written < KINDS {
            *written += 1;
            self.seen.insert(kind, Again { count: 0, told: told() });
            return Verdict::Written;
        }
        let kind = if self.seen.contains_key(&kind) { kind } else { Kind::Others(place) };
        self.seen.entry(kind).or_insert_with(|| Again { count: 0, told: told() }).count += 1;
        match std::mem::replace(&mut self.is_awaited, true) {
            true => Verdict::Counted,
            false => Verdict::FirstCounted,
        }
    }

    /// What was counted in a minute that is over, or in the one that runs.
    fn take(&mut self, now: Instant, all: bool) -> Vec<Again> {
        let is_over = self.begun.is_some_and(|begun| now.duration_since(begun) >= MINUTE);
        if !is_over && !all {
            return Vec::new();
        }
        std::mem::take(self).seen.into_values().filter(|again| again.count > 0).collect()
    }
}

impl Log {
    fn to(to: fn(&[u8]) -> io::Result<()>) -> Self {
        Self { to, minute: Arc::default() }
    }

    fn minute(&self) -> MutexGuard<'_, Minute> {
        self.minute.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line, or counts it. A line that cannot be written is lost: whoever logs goes on, on a disk
    /// that is full above all.
    fn take(&self, place: Identifier, line: &[u8], now: Instant) {
        self.tell(now, false);
        let line = String::from_utf8_lossy(line);
        let verdict = self.minute().judge(place, &line, now);
        match verdict {
            Verdict::Written => {
                let line = format!("{}\n", bounded(line.trim_end(), LONGEST));
                let _ = (self.to)(line.as_bytes());
            }
            Verdict::Counted => {}
            Verdict::FirstCounted => self.tell_later(),
        }
    }

    fn tell(&self, now: Instant, all: bool) {
        for Again { count, told } in self.minute().take(now, all) {
            let _ = (self.to)(format!("{count} more within a minute of: {told}\n").as_bytes());
        }
    }

    /// Has what is counted told when its minute is over, also where nothing is logged any more. Where there
    /// is no thread for it, the next line tells it, or the end.
    fn tell_later(&self) {
        let log = self.clone();
        let wait = move || {
            std::thread::sleep(MINUTE);
            log.tell(Instant::now(), false);
        };
        let _ = std::thread::Builder::new().name("log".to_owned()).spawn(wait);
    }
}

/// Takes one line.
struct Line<'a> {
    log: &'a Log,
    /// None where nothing is counted.
    place: Option<Identifier>,
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { log: self, place: None }
    }

    /// What is for whoever looks for an error, and asked for it, is not bounded.
    fn make_writer_for(&'a self, line: &Metadata<'_>) -> Line<'a> {
        let is_bounded = *line.level() <= Level::INFO;
        Line { log: self, place: is_bounded.then(|| line.callsite()) }
    }
}

impl Write for Line<'_> {
    /// A line comes as a whole. None fails: the library would say so on the same standard error, and break
    /// off where that fails too.
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &self.place {
            Some(place) => self.log.take(place.clone(), octets, Instant::now()),
            None => {
                let _ = (self.log.to)(octets);
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn bounded(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

#[cfg(test)]
mod tests {
    use tracing::callsite::Callsite;
    use tracing::subscriber::Interest;

    use super::*;

    struct Place(&'static str);

    impl Callsite for Place {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            unreachable!("nobody asks what {} is", self.0)
        }
    }

    static PLACES: [Place; 2] = [Place("one"), Place("another")];

    fn places() -> [Identifier; 2] {
        [Identifier(&PLACES[0]), Identifier(&PLACES[1])]
    }

    #[test]
    fn e1_v5_a_line_that_comes_again_within_a_minute_is_counted_and_told_with_its_number() {
        let (mut minute, begun) = (Minute::default(), Instant::now());
        let [place, other] = places();
        let line = |second: u32| format!("2026-11-30T00:00:{second:02}Z ERROR it does not work\n");
        assert_eq!(minute.judge(place.clone(), &line(0), begun), Verdict::Written);
        assert_eq!(minute.judge(place.clone(), &line(1), begun), Verdict::FirstCounted);
        assert_eq!(minute.judge(place.clone(), &line(2), begun), Verdict::Counted);
        assert_eq!(minute.judge(other, &line(2), begun), Verdict::Written);
        assert!(minute.take(begun + MINUTE / 2, false).is_empty());
        let told = minute.take(begun + MINUTE, false);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].count, told[0].told.as_str()), (2, line(0).trim_end()));
        assert_eq!(minute.judge(place, &line(3), begun + MINUTE), Verdict::Written);
    }

    #[test]
    fn e1_v5_however_different_lines_are_one_place_writes_a_bounded_number_of_them() {
        let (mut minute, begun) = (Minute::default(), Instant::now());
        let [place, other] = places();
        let judged = |number: u32| {
            let line = format!("2026-11-30T00:00:00Z ERROR {number} {}\n", "x".repeat(9_000));
            minute.judge(place.clone(), &line, begun)
        };
        let written = (0..10_000).map(judged).filter(|verdict| *verdict == Verdict::Written);
        assert_eq!(written.count(), KINDS);
        assert_eq!(minute.judge(other, "t another", begun), Verdict::Written, "nobody else's");
        let told = minute.take(begun, true);
        assert_eq!(told.iter().map(|again| again.count).sum::<u64>(), 10_000 - KINDS as u64);
        assert!(told.iter().all(|again| again.told.len() <= TOLD_AGAIN));
    }
}
