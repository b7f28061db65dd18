//! What happens without being asked: sealing the journal, publishing lists, following the register.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use store::journal::run_sealer;
use web::desk::Condition;

use super::proof::{Proof, Watch};
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

/// The background threads.
pub(super) struct Threads {
    cycle: (Sender<()>, JoinHandle<()>),
    sealer: (Sender<()>, JoinHandle<()>),
    clock: (Sender<()>, JoinHandle<()>),
    pool: (Sender<()>, JoinHandle<()>),
    word: (Sender<()>, JoinHandle<()>),
    /// What only reads, for as long as that takes.
    readers: [(Sender<()>, JoinHandle<()>); 3],
}

pub(super) fn start(
    system: &Arc<System>,
    queries: &Arc<SealedQueryLog>,
    proof: Proof,
) -> Result<Threads> {
    let seal = SealLock::wait(system)?;
    let sealer = {
        let (store, clock) = (system.store.clone(), system.clock.clone());
        spawn("sealer", move |stop| {
            let SealLock { signer, sinks, .. } = &seal;
            run_sealer(store.as_ref(), signer, sinks.clone(), &stop, SEALING, clock.as_ref());
        })?
    };
    let Proof { rights, whole, watch } = proof;
    let cycle = {
        let (system, queries) = (system.clone(), queries.clone());
        spawn("cycle", move |stop| run_cycle(&system, &queries, &watch, &stop))?
    };
    let clock = {
        let watch = system.trusted.watch.clone();
        spawn("clock", move |stop| trusted_time::run(&watch, &stop))?
    };
    let pool = {
        let system = system.clone();
        spawn("pool", move |stop| run_pool(&system, &stop))?
    };
    let word = {
        let system = system.clone();
        spawn("word", move |stop| run_word(&system, &stop))?
    };
    // Rights, keys and plans go on being proven while everything is, which may take an hour.
    let rights = spawn("proof-rights", move |stop| rights.run(&stop))?;
    let whole = spawn("proof-whole", move |stop| whole.run(&stop))?;
    let outside = {
        let system = system.clone();
        spawn("outside", move |stop| run_outside(&system, &stop))?
    };
    Ok(Threads { cycle, sealer, clock, pool, word, readers: [rights, whole, outside] })
}

impl Threads {
    /// Stops everything but the sealer, and waits for what it is doing; not for what only reads, which
    /// may take an hour and changes nothing.
    pub(super) fn stop_work(&self) -> Result<()> {
        for (stop, _) in &self.readers {
            let _ = stop.send(());
        }
        let threads = [&self.cycle, &self.clock, &self.pool, &self.word];
        for (stop, _) in threads {
            let _ = stop.send(());
        }
        for (_, thread) in threads {
            while !thread.is_finished() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }

    /// Stops the sealer, which seals once more.
    pub(super) fn stop_sealer(self) -> Result<()> {
        let (stop, thread) = self.sealer;
        let _ = stop.send(());
        thread.join().map_err(|_| anyhow!("the sealer broke off"))
    }
}

fn spawn(
    name: &str,
    work: impl FnOnce(Receiver<()>) + Send + 'static,
) -> Result<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopping) = channel();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(stopping))?;
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

/// Tells the commands beside this how it is, whatever else takes long.
fn run_word(system: &System, stop: &Receiver<()>) {
    loop {
        system.watch_disk();
        keep_word(system);
        if stop.recv_timeout(WORD) != Err(RecvTimeoutError::Timeout) {
            break;
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

/// Each turn stands alone: what fails is said, is a condition until it works, and is tried again at
/// the next.
fn run_cycle(system: &System, queries: &SealedQueryLog, proofs: &Watch, stop: &Receiver<()>) {
    let mut told = Told::default();
    loop {
        let turns: [(&str, Result<()>); 10] = [
            ("what a crash left", settle(system)),
            ("the TLS certificate", system.keep_tls(&Word::Own).map(drop)),
            ("the clock", system.record_clock(web::desk::SERVER)),
            ("a compromise", system.go_on_with_compromises()),
            ("the register's events", system.apply_register_events().map(drop)),
            ("the holders' requests", system.finish_holder_requests()),
            ("the lists", system.publish_due().map(drop)),
            ("the lists' plan", system.miss_late_lists()),
            ("the query records", queries.seal_due()),
            ("what ends soon", told.tell(system).map(drop)),
        ];
        let mut undone = Vec::new();
        for (what, outcome) in turns {
            if let Err(error) = outcome {
                tracing::error!("{what}: {error:#}");
                undone.push(Condition::failing("work-undone", what, format!("{error:#}")));
            }
        }
        system.health.tell("cycle", undone);
        system.health.tell("proofs", proofs.conditions(Instant::now()));
        system.look_around();
        keep_word(system);
        if is_told_to_stop(system, stop) {
            break;
        }
    }
    if let Err(error) = queries.close() {
        tracing::error!("the query records: {error:#}");
    }
}
