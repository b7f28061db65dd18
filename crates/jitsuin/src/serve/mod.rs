//! `serve`: every service of an installation, from bound addresses to an orderly end.

mod background;
mod descriptors;
mod identity;
mod listeners;
mod proof;
mod responders;
mod services;
mod threads;
mod warnings;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use domain::journal::EventKind;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

pub(crate) use self::listeners::{Addresses, Listeners};
pub(crate) use self::proof::at_opening;
use self::threads::{LAST_WORK, Roll};
use crate::join::SealedQueryLog;
use crate::seal::SealLock;
use crate::system::System;

#[cfg(test)]
pub(crate) use self::responders::{configs as responder_configs, responder};
#[cfg(test)]
pub(crate) use self::services::query_log;

/// The services of an installation, running; they stop when this is stopped.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    services: services::Threads,
    background: background::Threads,
    queries: Arc<SealedQueryLog>,
    system: Arc<System>,
}

impl Running {
    /// Settles what a crash left, then starts everything.
    pub(crate) fn start(system: Arc<System>, listeners: Listeners) -> Result<Self> {
        let owned = system.hold.owned()?;
        let connections = descriptors::divide()?;
        // Whoever seals has the records' directory to itself: before this nothing is written, and nothing
        // in that directory touched.
        let seal = SealLock::wait(&system)?;
        system.health.log();
        // Nothing is answered from a database that does not prove itself, and no entry added to it.
        let proof = proof::Proof::at_start(&system)?;
        // The first seal comes before any entry: a journal that does not continue what was sealed is
        // added to by nobody.
        seal.seal(&system.store, system.now())?;
        system.note_places(&seal)?;
        if let Some(warning) = system.auditor().without_witness() {
            tracing::warn!("{warning}");
        }
        if system.machine.lies_open() {
            tracing::warn!(
                "the services' keys open with a file beside them: whoever has the disk has them; \
                 seal them by `[services]` in the configuration, and `jitsuin init`"
            );
        }
        system.record(EventKind::SystemStarted)?;
        system.record_policies()?;
        system.find_left_open(owned)?;
        // What a crash left is signed only once the sealed journal vouches for it.
        seal.seal(&system.store, system.now())?;
        for said in system.settle_left_open(owned)? {
            eprintln!("jitsuin: {said}");
        }
        let (stop, stopping) = watch::channel(false);
        let queries = services::query_log(&system, owned)?;
        system.watch_disk();
        let roll = Roll::default();
        let background = background::start(&system, &queries, proof, seal, &roll)?;
        system.is_sealing.store(true, Ordering::SeqCst);
        let how = services::Start { roll: &roll, stopping: &stopping };
        let services = services::start(&system, listeners, queries.clone(), connections, &how)?;
        Ok(Self { stop, services, background, queries, system })
    }

    /// Stops everything in good order: the answers first, the journal last, whatever fails on the way.
    pub(crate) fn stop(self) -> Result<()> {
        let _ends = threads::end_within(LAST_WORK * 3)?;
        self.stop.send_replace(true);
        let answered = self.services.join();
        // Whatever the threads behind are at: what was answered is recorded.
        let recorded = self.queries.close();
        let (sealing, worked) = self.background.stop_work();
        let stopped = self.system.record(EventKind::SystemStopped);
        let sealed = sealing.stop();
        answered.and(recorded).and(worked).and(stopped.map(drop)).and(sealed)
    }
}

/// Runs until the process is told to stop.
pub(crate) fn until_stopped(system: System) -> Result<()> {
    let stop = StopSignal::listen()?;
    let listeners = Listeners::bind(&system.config.listen)?;
    let addresses = listeners.addresses()?;
    let running = Running::start(Arc::new(system), listeners)?;
    println!("api https://{}/api/v1", addresses.api);
    println!("repository and OCSP http://{}/", addresses.repository);
    println!("ldap://{} ldaps://{}", addresses.ldap, addresses.ldaps);
    println!("holders' page https://{}/", addresses.holder);
    stop.wait();
    running.stop()
}

/// The word to stop, SIGINT or SIGTERM: heard from the moment this is made.
///
/// It is made before anybody is told that everything runs, so that whoever was told can stop it.
pub(crate) struct StopSignal {
    runtime: tokio::runtime::Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// Begins to listen.
    pub(crate) fn listen() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        drop(entered);
        Ok(Self { runtime, interrupt, terminate })
    }

    /// Blocks until the word came.
    pub(crate) fn wait(mut self) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        });
    }
}
