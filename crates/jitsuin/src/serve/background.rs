//! What happens without being asked: sealing the journal, publishing lists, following the register.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use store::journal::run_sealer;
use store::reads::ReadHead;
use web::desk::Condition;

use super::proof::{Proof, Watch};
use super::threads::{self, LAST_WORK, Roll, Thread};
use super::warnings::Told;
use crate::join::SealedQueryLog;
use crate::own_tls::Word;
use crate::seal::SealLock;
use crate::system::System;
use crate::trusted_time;

/// How often the journal is sealed: well within the second that evidence may wait.
const SEALING: Duration = Duration::from_millis(250);

/// How often the cycle looks: a list is due once a day, an event of the register now and then.
const CYCLE: Duration = Duration::from_secs(10);

/// How soon the cycle notices that the keys were woken.
const AWAKENING: Duration = Duration::from_millis(250);

/// How often the commands beside this are told how it is.
const WORD: Duration = Duration::from_secs(3);

/// How often everything outside of the database is read: query segments, backups, checkpoints.
const OUTSIDE: Duration = Duration::from_secs(24 * 60 * 60);

/// How soon it is looked again at what was wrong.
const OUTSIDE_AGAIN: Duration = Duration::from_secs(60);

/// How often the pool of users' keys is looked after while it is full.
const POOL: Duration = Duration::from_secs(1);

/// How often it is looked whether there is doubt, which is told at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// How long one part of a turn of the cycle may take before it is told that it does, and before that is
/// a failure: the whole cycle waits for it.
const SLOW: Duration = Duration::from_mins(1);
const STANDSTILL: Duration = Duration::from_mins(10);

/// What the cycle is at, and since when, for whoever watches it.
#[derive(Default)]
struct Turn(Mutex<Option<(&'static str, Instant)>>);

impl Turn {
    fn is_at(&self, what: Option<&'static str>) {
        let mut turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *turn = what.map(|what| (what, Instant::now()));
    }

    /// That it has been at one thing for long.
    fn conditions(&self, now: Instant) -> Vec<Condition> {
        let turn = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((what, since)) = turn else { return Vec::new() };
        let lasted = now.saturating_duration_since(since);
        let told = format!(
            "it has been at this for {} s: lists, certificates, events and procedures wait for it",
            lasted.as_secs()
        );
        match lasted {
            lasted if lasted > STANDSTILL => {
                vec![Condition::failing("work-stands-still", what, told)]
            }
            lasted if lasted > SLOW => vec![Condition::warning("work-is-slow", what, told)],
            _ => Vec::new(),
        }
    }
}

/// A thread that ends when it is told to, or nobody can tell it any more.
type Stoppable = (Sender<()>, Thread);

/// The background threads.
pub(super) struct Threads {
    /// The cycle, the clock, the pool, the word.
    workers: Vec<Stoppable>,
    sealer: Stoppable,
    /// What only reads, for as long as that takes.
    readers: Vec<Stoppable>,
}

pub(super) fn start(
    system: &Arc<System>,
    queries: &Arc<SealedQueryLog>,
    proof: Proof,
    seal: SealLock,
    roll: &Roll,
) -> Result<Threads> {
    let sealer = {
        let (store, clock) = (system.store.clone(), system.clock.clone());
        spawn(roll, "sealer", move |stop| {
            let SealLock { signer, sinks, .. } = &seal;
            run_sealer(store.as_ref(), signer, sinks.clone(), &stop, SEALING, clock.as_ref());
        })?
    };
    let Proof { rights, whole, watch } = proof;
    let turn = Arc::new(Turn::default());
    let cycle = {
        let (system, queries, turn) = (system.clone(), queries.clone(), turn.clone());
        let known = roll.clone();
        spawn(roll, "cycle", move |stop| run_cycle(&system, &queries, &turn, &known, &stop))?
    };
    let clock = {
        let watch = system.trusted.watch.clone();
        spawn(roll, "clock", move |stop| trusted_time::run(&watch, &stop))?
    };
    let pool = {
        let system = system.clone();
        spawn(roll, "pool", move |stop| run_pool(&system, &stop))?
    };
    let word = {
        let watched = Watched { turn, proofs: watch, roll: roll.clone() };
        let system = system.clone();
        spawn(roll, "word", move |stop| run_word(&system, &watched, &stop))?
    };
    // Rights, keys and plans go on being proven while everything is, which may take an hour.
    let rights = spawn(roll, "proof-rights", move |stop| rights.run(&stop))?;
    let whole = spawn(roll, "proof-whole", move |stop| whole.run(&stop))?;
    let outside = {
        let system = system.clone();
        spawn(roll, "outside", move |stop| run_outside(&system, &stop))?
    };
    let workers = vec![cycle, clock, pool, word];
    Ok(Threads { workers, sealer, readers: vec![rights, whole, outside] })
}

impl Threads {
    /// Stops everything but the sealer, and waits for what it is doing; not for what only reads, which
    /// may take an hour and changes nothing. The sealer is left, and whether all the others ended well.
    pub(super) fn stop_work(self) -> (Sealing, Result<()>) {
        tell(&self.readers);
        tell(&self.workers);
        let workers = self.workers.into_iter().map(|(_, thread)| thread).collect();
        (Sealing(self.sealer), threads::join(workers, LAST_WORK))
    }
}

/// The thread that seals, the last that is stopped.
pub(super) struct Sealing(Stoppable);

impl Sealing {
    /// Stops the sealer, which seals once more.
    pub(super) fn stop(self) -> Result<()> {
        let (stop, thread) = self.0;
        // Where nobody hears it the thread has ended, and says why.
        let _ = stop.send(());
        threads::join(vec![thread], LAST_WORK)
    }
}

fn tell(threads: &[Stoppable]) {
    for (stop, _) in threads {
        let _ = stop.send(());
    }
}

fn spawn(
    roll: &Roll,
    name: &'static str,
    work: impl FnOnce(Receiver<()>) + Send + 'static,
) -> Result<Stoppable> {
    let (stop, stopping) = channel();
    let thread = roll.spawn(name, move || {
        work(stopping);
        Ok(())
    })?;
    Ok((stop, thread))
}

/// Fills the pool of users' keys while the keys are awake, one key at a time, so that issuance
/// never waits for it and a stop never long.
fn run_pool(system: &System, stop: &Receiver<()>) {
    loop {
        match system.prepare_a_user_key() {
            Ok(true) => {
                if stop.try_recv() != Err(std::sync::mpsc::TryRecvError::Empty) {
                    break;
                }
                continue;
            }
            Ok(false) => {}
            Err(error) => tracing::error!("the pool of users' keys: {error:#}"),
        }
        if stop.recv_timeout(POOL) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
}

fn keep_word(system: &System) {
    if let Err(error) = system.keep_health() {
        tracing::error!("the word to commands: {error:#}");
    }
}

/// What is watched of the work itself.
struct Watched {
    turn: Arc<Turn>,
    proofs: Arc<Watch>,
    roll: Roll,
}

/// Tells how it is, whatever else takes long: what this looks at waits for no disk but its own, no token
/// and no medium.
fn run_word(system: &System, watched: &Watched, stop: &Receiver<()>) {
    let Watched { turn, proofs, roll } = watched;
    loop {
        let (told, begun) = (system.store.doubt().extent(), Instant::now());
        system.watch_disk();
        system.watch_database();
        system.health.tell("proofs", proofs.conditions(Instant::now()));
        system.health.tell("turn", turn.conditions(Instant::now()));
        system.health.tell("threads", roll.conditions());
        keep_word(system);
        while begun.elapsed() < WORD && system.store.doubt().extent() == told {
            if stop.recv_timeout(AT_ONCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }
}

/// Looks at what lies outside of the database, without anybody asking for it.
fn run_outside(system: &System, stop: &Receiver<()>) {
    loop {
        let rest = if system.look_outside() { OUTSIDE } else { OUTSIDE_AGAIN };
        if stop.recv_timeout(rest) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
}

/// What a crash left, as soon as it can be settled.
fn settle(system: &System) -> Result<()> {
    system.hold.owned().and_then(|owned| system.settle_left_open(owned)).map(drop)
}

/// Wipes the share of who is no custodian any more: another process may have suspended them, and knows
/// nothing of the shares that came to this one.
fn dismiss_who_left(system: &System) -> Result<()> {
    Ok(system.custody.dismiss(&system.act("custody")?)?)
}

/// Waits for the next turn of the cycle, which comes at once when custodians wake the keys: what a
/// crash left waits for nothing else.
fn is_told_to_stop(system: &System, stop: &Receiver<()>) -> bool {
    let (began, slept) = (Instant::now(), !system.custody.is_active());
    while began.elapsed() < CYCLE {
        if stop.recv_timeout(AWAKENING) != Err(RecvTimeoutError::Timeout) {
            return true;
        }
        if slept && system.custody.is_active() {
            break;
        }
    }
    false
}

/// Each part of a turn stands alone: what fails is said, is a condition until it works, and is tried again
/// at the next.
fn run_cycle(
    system: &System,
    queries: &SealedQueryLog,
    turn: &Turn,
    roll: &Roll,
    stop: &Receiver<()>,
) {
    let mut told = Told::default();
    loop {
        let parts: [(&'static str, &mut dyn FnMut() -> Result<()>); 11] = [
            ("the custodians' shares", &mut || dismiss_who_left(system)),
            ("what a crash left", &mut || settle(system)),
            ("the TLS certificate", &mut || system.keep_tls(&Word::Own).map(drop)),
            ("the clock", &mut || system.record_clock(web::desk::SERVER)),
            ("a compromise", &mut || system.go_on_with_compromises()),
            ("the register's events", &mut || system.apply_register_events().map(drop)),
            ("the holders' requests", &mut || system.finish_holder_requests()),
            ("the lists", &mut || system.publish_due().map(drop)),
            ("the lists' plan", &mut || system.miss_late_lists()),
            ("the query records", &mut || queries.seal_due()),
            ("what ends soon", &mut || told.tell(system).map(drop)),
        ];
        let mut undone = Vec::new();
        for (what, work) in parts {
            turn.is_at(Some(what));
            if let Err(error) = work() {
                tracing::error!("{what}: {error:#}");
                undone.push(Condition::failing("work-undone", what, format!("{error:#}")));
            }
        }
        system.health.tell("cycle", undone);
        turn.is_at(Some("a look at keys and media"));
        system.look_around();
        turn.is_at(None);
        // Where the thread of the word is one that ended.
        system.health.tell("threads", roll.conditions());
        keep_word(system);
        if is_told_to_stop(system, stop) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use web::desk::Gravity;

    use super::*;

    #[test]
    fn e1_work_that_does_not_go_on_is_told_by_who_watches_it() {
        let turn = Turn::default();
        let told = |after| turn.conditions(Instant::now() + after);
        assert!(told(STANDSTILL * 2).is_empty(), "it rests");
        turn.is_at(Some("the lists"));
        assert!(told(Duration::ZERO).is_empty());
        let [slow] = &told(SLOW + Duration::from_secs(1))[..] else { panic!("it is slow") };
        assert!(slow.gravity == Gravity::Warning && slow.subject == "the lists", "{slow:?}");
        let [stands] = &told(STANDSTILL + Duration::from_secs(1))[..] else { panic!("it stands") };
        assert!(stands.gravity == Gravity::Failing, "{stands:?}");
        turn.is_at(Some("the clock"));
        assert!(told(Duration::ZERO).is_empty());
    }
}
