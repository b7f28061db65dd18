//! The watch over the clock: looks, asks the source, and says whether signing is permitted.

use std::mem::discriminant;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use keys::SigningGate;

use crate::clock::Clock;
use crate::trusted_time::config::TimeConfig;
use crate::trusted_time::source::{SntpError, TimeSource};
use crate::trusted_time::state::{ClockReport, ClockState};

/// How often the background looks at the clock without asking anybody.
const LOOK: Duration = Duration::from_secs(1);

/// How often the source is asked: NTP's usual shortest interval (RFC 5905 7.2).
const ASK: Duration = Duration::from_secs(64);

/// How often while signing is stopped: NTP's shortest interval, a poll exponent of 4 (RFC 5905 7.2).
const ASK_WHILE_STOPPED: Duration = Duration::from_secs(16);

/// How long a server that sent us away is left alone: NTP's usual longest interval (RFC 5905 7.2).
const SENT_AWAY: Duration = Duration::from_secs(1024);

/// A time daemon may make a clock faster or slower by 500 ppm, one part in this many.
const SLEWING: i32 = 2000;

/// A clock that only goes forward, from any beginning.
pub(crate) type Monotonic = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The machine's monotonic clock.
///
/// It stands still while the machine is suspended, so that a suspension is a jump forward: the lists
/// of that time were missed, and hardware set the clock. Signing waits until the source agrees.
pub(crate) fn monotonic() -> Monotonic {
    let start = Instant::now();
    Arc::new(move || start.elapsed())
}

/// Decides whether the clock may be believed (A 6.8).
///
/// Every signature asks [`permit`](SigningGate::permit), which is a look at two clocks under a lock;
/// the network is asked by [`tick`](Self::tick) alone, outside of it.
pub(crate) struct ClockWatch {
    wall: Clock,
    monotonic: Monotonic,
    source: Option<Box<dyn TimeSource>>,
    limit: SignedDuration,
    holdover: SignedDuration,
    on_change: Box<dyn Fn(&ClockState) + Send + Sync>,
    seen: Mutex<Seen>,
}

/// What was seen so far.
struct Seen {
    wall: Timestamp,
    monotonic: Duration,
    /// By how much the clock is away from where the monotonic clock would have it.
    jumped: SignedDuration,
    /// What steps below the limit add up to.
    strayed: SignedDuration,
    /// How often it jumped: an answer that was asked for before a jump says nothing after it.
    jumps: u64,
    /// The source's last answer: when by either clock, and the offset.
    answer: Option<(Timestamp, Duration, SignedDuration)>,
    failure: Option<String>,
    /// When the source was last asked.
    asked: Option<Duration>,
    /// Until when the source is left alone.
    away_until: Duration,
    state: ClockState,
}

impl ClockWatch {
    /// Watches `wall`; `on_change` is told of every change of state, outside of any lock of ours.
    ///
    /// It is called on the thread that noticed, which may be about to sign: it must neither sign
    /// nor wait for that thread's work, but hand the news on.
    ///
    /// With a source nothing is permitted before it has agreed once, so call
    /// [`tick`](Self::tick) before the first signature.
    pub(crate) fn new(
        config: &TimeConfig,
        wall: Clock,
        monotonic: Monotonic,
        source: Option<Box<dyn TimeSource>>,
        on_change: Box<dyn Fn(&ClockState) + Send + Sync>,
    ) -> Self {
        let state = if source.is_some() { ClockState::Unconfirmed } else { ClockState::Trusted };
        let seen = Mutex::new(Seen {
            wall: wall(),
            monotonic: monotonic(),
            jumped: SignedDuration::ZERO,
            strayed: SignedDuration::ZERO,
            jumps: 0,
            answer: None,
            failure: None,
            asked: None,
            away_until: Duration::ZERO,
            state,
        });
        let (limit, holdover) = (config.limit(), config.holdover());
        Self { wall, monotonic, source, limit, holdover, on_change, seen }
    }

    /// Looks at the clock, and asks the source when its turn has come.
    pub(crate) fn tick(&self) -> ClockState {
        let state = self.look();
        let Some(source) = &self.source else { return state };
        let Some(jumps) = self.take_turn() else { return state };
        let answer = source.offset();
        self.update(|seen| self.take(seen, answer, jumps))
    }

    /// Looks at the clock: whether signing is permitted now.
    pub(crate) fn look(&self) -> ClockState {
        self.update(|_| ())
    }

    /// The time by which acts are dated: the clock's, or where that jumped and nobody confirmed it, the
    /// one from which it jumped away. What was done meanwhile is never of a time that has not come.
    pub(crate) fn now(&self) -> Timestamp {
        self.look();
        let seen = self.lock();
        match seen.state {
            ClockState::Jumped { by } => seen.wall.checked_sub(by).unwrap_or(seen.wall),
            _ => seen.wall,
        }
    }

    /// What `check` and health say.
    pub(crate) fn report(&self) -> ClockReport {
        let state = self.look();
        let seen = self.lock();
        let answer = seen.answer.map(|(at, _, offset)| (at, offset));
        ClockReport::new(state, self.source.is_some(), answer, seen.failure.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One look, what comes of it, and the news of a change.
    fn update(&self, learn: impl FnOnce(&mut Seen)) -> ClockState {
        let mut seen = self.lock();
        // Both clocks under the lock, so that two threads' looks do not cross.
        let (wall, monotonic) = ((self.wall)(), (self.monotonic)());
        self.compare(&mut seen, wall, monotonic);
        learn(&mut seen);
        let now = self.judge(&seen);
        let before = std::mem::replace(&mut seen.state, now);
        drop(seen);
        if discriminant(&before) != discriminant(&now) {
            (self.on_change)(&now);
        }
        now
    }

    /// Holds the way of the clock since the last look against that of the monotonic clock.
    fn compare(&self, seen: &mut Seen, wall: Timestamp, monotonic: Duration) {
        let passed = signed(monotonic.saturating_sub(seen.monotonic));
        let jump = wall.duration_since(seen.wall).saturating_sub(passed);
        // Steps below the limit add up; a clock that is kept right is slewed for ever, and that is
        // taken off again.
        let strayed = seen.strayed.saturating_add(jump);
        seen.strayed = nearer_to_zero(strayed, passed / SLEWING);
        if seen.strayed.abs() > self.limit {
            seen.jumped = seen.jumped.saturating_add(strayed);
            seen.strayed = SignedDuration::ZERO;
            seen.jumps += 1;
        }
        (seen.wall, seen.monotonic) = (wall, monotonic);
    }

    /// The worst of what is known.
    fn judge(&self, seen: &Seen) -> ClockState {
        // What a jump that was taken back left counts with what strayed since.
        let away = seen.jumped.saturating_add(seen.strayed);
        if away.abs() > self.limit {
            return ClockState::Jumped { by: away };
        }
        match seen.answer {
            _ if self.source.is_none() => ClockState::Trusted,
            None => ClockState::Unconfirmed,
            Some((_, _, offset)) if offset.abs() > self.limit => ClockState::Drifted { offset },
            Some((_, at, _)) if signed(seen.monotonic.saturating_sub(at)) > self.holdover => {
                ClockState::Silent { holdover: self.holdover }
            }
            Some(_) => ClockState::Trusted,
        }
    }

    /// Whether the source is asked now, of several threads by one: then, how often the clock jumped.
    fn take_turn(&self) -> Option<u64> {
        let mut seen = self.lock();
        let now = (self.monotonic)();
        let interval = if seen.state.is_trusted() { ASK } else { ASK_WHILE_STOPPED };
        let due = seen.asked.is_none_or(|asked| now.saturating_sub(asked) >= interval);
        if !due || now < seen.away_until {
            return None;
        }
        seen.asked = Some(now);
        Some(seen.jumps)
    }

    /// Notes the source's answer. It alone can say that a clock that jumped is right.
    fn take(&self, seen: &mut Seen, answer: Result<SignedDuration, SntpError>, jumps: u64) {
        match answer {
            Ok(_) if seen.jumps != jumps => {}
            Ok(offset) => {
                if offset.abs() <= self.limit {
                    (seen.jumped, seen.strayed) = (SignedDuration::ZERO, SignedDuration::ZERO);
                }
                seen.answer = Some((seen.wall, seen.monotonic, offset));
                seen.failure = None;
            }
            Err(error) => {
                if matches!(error, SntpError::SentAway { .. }) {
                    seen.away_until = seen.monotonic.saturating_add(SENT_AWAY);
                }
                seen.failure = Some(error.to_string());
            }
        }
    }
}

impl SigningGate for ClockWatch {
    fn permit(&self) -> Result<(), String> {
        self.look().rule().map_or(Ok(()), |rule| Err(rule.told()))
    }
}

/// Watches until told to stop.
pub(crate) fn run(watch: &ClockWatch, stop: &Receiver<()>) {
    while stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        watch.tick();
    }
}

/// A length less so much of its amount.
fn nearer_to_zero(length: SignedDuration, by: SignedDuration) -> SignedDuration {
    let left = length.abs().saturating_sub(by).max(SignedDuration::ZERO);
    if length.is_negative() { -left } else { left }
}

fn signed(length: Duration) -> SignedDuration {
    SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX)
}
