//! A clock that jumps, drifts or cannot be confirmed stops signing, and says why.

mod server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keys::SigningGate;

use super::source::SntpError;
use super::*;
use crate::clock::Clock;

/// The clocks of a machine, and a source, in the test's hand.
#[derive(Default)]
struct Machine {
    /// The wall clock, in milliseconds after 2027-01-15.
    wall: Mutex<i64>,
    monotonic: Mutex<u64>,
    /// What the source says at the next question, and how often it was asked.
    offset: Mutex<Option<i64>>,
    sends_away: Mutex<bool>,
    asked: Mutex<u32>,
    changes: Mutex<Vec<&'static str>>,
}

impl Machine {
    /// Time passes, and the wall clock goes its own way by some milliseconds.
    fn pass(&self, milliseconds: u64, and_jump: i64) {
        *self.monotonic.lock().expect("a lock") += milliseconds;
        *self.wall.lock().expect("a lock") += milliseconds.cast_signed() + and_jump;
    }

    fn answers(&self, offset: Option<i64>) {
        *self.offset.lock().expect("a lock") = offset;
    }

    fn asked(&self) -> u32 {
        *self.asked.lock().expect("a lock")
    }

    fn changes(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.changes.lock().expect("a lock"))
    }

    fn wall(self: &Arc<Self>) -> Clock {
        let machine = Arc::clone(self);
        Arc::new(move || {
            let after = *machine.wall.lock().expect("a lock");
            Timestamp::from_millisecond(1_800_000_000_000 + after).expect("a time")
        })
    }

    fn monotonic(self: &Arc<Self>) -> Monotonic {
        let machine = Arc::clone(self);
        Arc::new(move || Duration::from_millis(*machine.monotonic.lock().expect("a lock")))
    }

    fn watch(self: &Arc<Self>, with_source: bool) -> ClockWatch {
        let config = TimeConfig::default();
        let source: Option<Box<dyn TimeSource>> =
            with_source.then(|| Box::new(Source(Arc::clone(self))) as _);
        let machine = Arc::clone(self);
        let on_change = Box::new(move |state: &ClockState| {
            machine.changes.lock().expect("a lock").push(state.name());
        });
        ClockWatch::new(&config, self.wall(), self.monotonic(), source, on_change)
    }
}

struct Source(Arc<Machine>);

impl TimeSource for Source {
    fn offset(&self) -> Result<SignedDuration, SntpError> {
        *self.0.asked.lock().expect("a lock") += 1;
        let server = "simulated".to_owned();
        if *self.0.sends_away.lock().expect("a lock") {
            return Err(SntpError::SentAway { server });
        }
        let cause = std::io::ErrorKind::TimedOut.into();
        let offset = *self.0.offset.lock().expect("a lock");
        offset.map(SignedDuration::from_millis).ok_or(SntpError::NoAnswer { server, cause })
    }
}

fn rule(watch: &ClockWatch) -> String {
    watch.permit().expect_err("signing is stopped")
}

const HOUR: i64 = 3_600_000;

#[test]
fn e9_a_clock_that_jumps_an_hour_stops_signing() {
    for (jump, way) in [(HOUR, "forward"), (-HOUR, "back")] {
        let machine = Arc::new(Machine::default());
        let watch = machine.watch(false);
        machine.pass(10_000, 0);
        assert!(watch.permit().is_ok());
        machine.pass(1_000, jump);
        let expected = format!("the clock jumped {way} by 3600.000 s against the monotonic clock");
        assert_eq!(rule(&watch), expected);
        machine.pass(86_400_000, 0);
        assert_eq!(rule(&watch), expected, "time alone mends nothing");
        // What is done meanwhile is of the time at which the clock would be without the jump.
        let ahead = (machine.wall())().duration_since(watch.now());
        assert_eq!(ahead, SignedDuration::from_millis(jump));
        machine.pass(1_000, -jump);
        assert!(watch.permit().is_ok(), "it is where it was");
        assert_eq!(watch.now(), (machine.wall())());
        assert_eq!(machine.changes(), ["jumped", "trusted"]);
    }
}

#[test]
fn e9_leap_seconds_and_slewing_do_not_stop_signing() {
    let machine = Arc::new(Machine::default());
    let watch = machine.watch(false);
    machine.pass(1_000, 1_000);
    assert!(watch.permit().is_ok(), "a leap second");
    // A day without a look, in which a time daemon made the clock faster by 400 ppm.
    machine.pass(86_400_000, 34_560);
    assert!(watch.permit().is_ok());
    machine.pass(64_000, 26);
    assert!(watch.permit().is_ok());
    machine.pass(1_000, 2_001);
    assert_eq!(watch.look().name(), "jumped");
    assert_eq!(machine.changes(), ["jumped"]);
}

/// A jump that is taken back with a rest leaves the rest, and what strays then comes on top of it.
#[test]
fn e9_what_a_jump_left_and_what_strays_since_add_up() {
    let machine = Arc::new(Machine::default());
    let watch = machine.watch(false);
    for step in [1_800, HOUR, -HOUR] {
        machine.pass(1_300, step);
        watch.look();
    }
    assert!(watch.permit().is_ok(), "within the limit again");
    machine.pass(1_300, 1_800);
    assert_eq!(watch.look().name(), "jumped");
}

#[test]
fn e9_steps_below_the_limit_add_up() {
    for step in [1_800, -1_800] {
        let machine = Arc::new(Machine::default());
        let watch = machine.watch(false);
        machine.pass(1_300, step);
        assert!(watch.permit().is_ok(), "one is within the limit");
        machine.pass(1_300, step);
        assert_eq!(watch.look().name(), "jumped");
        let away = (machine.wall())().duration_since(watch.now());
        // But for what a clock may be slewed meanwhile.
        let left = away - SignedDuration::from_millis(2 * step);
        assert!(left.abs() <= SignedDuration::from_millis(1), "all of it is taken off: {away}");
    }
    // What a time daemon steps within hours is forgotten.
    let machine = Arc::new(Machine::default());
    let watch = machine.watch(false);
    for _ in 0..20 {
        machine.pass(3_600_000, 1_500);
        assert!(watch.permit().is_ok());
    }
}

#[test]
fn e9_nothing_is_signed_before_the_source_agrees() {
    let machine = Arc::new(Machine::default());
    let watch = machine.watch(true);
    assert_eq!(rule(&watch), "the time source has not answered yet");
    machine.answers(Some(-1_999));
    assert_eq!(watch.tick(), ClockState::Trusted);
    assert!(watch.permit().is_ok());
    assert_eq!(machine.changes(), ["trusted"]);
    let report = watch.report();
    assert_eq!((report.state, report.offset_ms, report.rule), ("trusted", Some(-1_999), None));
}

#[test]
fn e9_a_drift_stops_signing_until_the_source_agrees_again() {
    let machine = Arc::new(Machine::default());
    let watch = machine.watch(true);
    machine.answers(Some(0));
    watch.tick();
    machine.answers(Some(2_001));
    machine.pass(63_000, 0);
    assert!(watch.tick().is_trusted(), "not asked again within 64 s");
    machine.pass(1_000, 0);
    watch.tick();
    assert_eq!(rule(&watch), "the clock is 2.001 s behind the time source");
    machine.answers(Some(-5_000));
    machine.pass(16_000, 0);
    watch.tick();
    assert_eq!(rule(&watch), "the clock is 5.000 s ahead of the time source");
    // The clock is put right, which is a jump: only the source can say that it was right.
    machine.answers(Some(0));
    machine.pass(1_000, -5_000);
    assert_eq!(watch.tick().name(), "jumped");
    machine.pass(15_000, 0);
    assert!(watch.tick().is_trusted());
    assert_eq!(machine.changes(), ["trusted", "drifted", "jumped", "trusted"]);
}

#[test]
fn e9_a_suspended_machine_signs_again_when_the_source_agrees() {
    let machine = Arc::new(Machine::default());
    let watch = machine.watch(true);
    machine.answers(Some(0));
    watch.tick();
    machine.pass(20_000, 8 * HOUR);
    assert_eq!(rule(&watch), "the clock jumped forward by 28800.000 s against the monotonic clock");
    assert!(watch.tick().is_trusted(), "asked at once, for the last question was 20 s ago");
    assert_eq!(machine.asked(), 2);
}

#[test]
fn e9_a_silent_source_stops_signing_after_the_holdover() {
    let machine = Arc::new(Machine::default());
    let watch = machine.watch(true);
    machine.answers(Some(0));
    watch.tick();
    machine.answers(None);
    machine.pass(24 * HOUR.cast_unsigned(), 0);
    assert!(watch.tick().is_trusted(), "the last moment belongs to it");
    machine.pass(1, 0);
    assert_eq!(rule(&watch), "the time source has not answered for more than 24 h");
    let failure = watch.report().failure.expect("a failure");
    assert!(failure.contains("simulated did not answer"), "{failure}");
    machine.answers(Some(1));
    machine.pass(16_000, 0);
    assert!(watch.tick().is_trusted());
    assert_eq!(watch.report().failure, None);
    assert_eq!(machine.changes(), ["trusted", "silent", "trusted"]);
}

#[test]
fn e9_a_source_that_sends_us_away_is_left_alone() {
    let machine = Arc::new(Machine::default());
    let watch = machine.watch(true);
    *machine.sends_away.lock().expect("a lock") = true;
    watch.tick();
    machine.pass(1_023_000, 0);
    watch.tick();
    assert_eq!(machine.asked(), 1);
    machine.pass(1_000, 0);
    watch.tick();
    assert_eq!(machine.asked(), 2);
}

#[test]
fn e9_an_answer_from_before_a_jump_does_not_excuse_it() {
    /// Jumps while it is being asked, and then says that all was well.
    struct JumpsMeanwhile(Arc<Machine>);
    impl TimeSource for JumpsMeanwhile {
        fn offset(&self) -> Result<SignedDuration, SntpError> {
            self.0.pass(10, HOUR);
            Ok(SignedDuration::ZERO)
        }
    }
    let machine = Arc::new(Machine::default());
    let source = Box::new(JumpsMeanwhile(Arc::clone(&machine)));
    let config = TimeConfig::default();
    let (wall, monotonic) = (machine.wall(), machine.monotonic());
    let watch = ClockWatch::new(&config, wall, monotonic, Some(source), Box::new(|_| ()));
    assert_eq!(watch.tick().name(), "jumped");
}

#[test]
fn e9_the_background_asks_by_itself_and_ends_when_told() {
    let machine = Arc::new(Machine::default());
    machine.answers(Some(0));
    let watch = machine.watch(true);
    let (stop, stopping) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let watched = &watch;
        let background = scope.spawn(move || run(watched, &stopping));
        while watch.permit().is_err() {
            std::thread::sleep(Duration::from_millis(5));
            assert!(!background.is_finished(), "it watches until told to stop");
        }
        stop.send(()).expect("it listens");
        background.join().expect("it ended");
    });
    assert_eq!(machine.asked(), 1);
}
