//! The threads of a server. One that breaks off takes its work with it, and is told to whoever watches.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use web::desk::Condition;

/// How long a stop waits for what is under way; beyond that the process ends as if it was killed. A moment
/// longer than the API waits for its answers.
pub(super) const LAST_WORK: Duration = Duration::from_secs(35);

/// How often it looks whether that has ended.
const LOOK: Duration = Duration::from_millis(5);

/// A thread, until it ends.
pub(super) type Thread = JoinHandle<Result<()>>;

/// The threads that ended by themselves, which none does that is not told to stop.
#[derive(Clone, Default)]
pub(super) struct Roll(Arc<Mutex<Vec<(&'static str, String)>>>);

/// Held by a thread while it works.
struct Presence {
    roll: Roll,
    name: &'static str,
}

impl Drop for Presence {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.roll.note(self.name, "it broke off".to_owned());
        }
    }
}

impl Roll {
    /// Has `work` done on a thread of its own until that is told to stop.
    pub(super) fn spawn(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Result<Thread> {
        let presence = Presence { roll: self.clone(), name };
        Ok(std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let outcome = work();
            if let Err(error) = &outcome {
                presence.roll.note(presence.name, format!("{error:#}"));
            }
            outcome
        })?)
    }

    fn note(&self, name: &'static str, why: String) {
        tracing::error!("the thread {name} ended: {why}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, why));
    }

    /// Each thread that ended.
    pub(super) fn conditions(&self) -> Vec<Condition> {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = |(name, why): &(&'static str, String)| {
            let told = format!("{why}: nothing of its work is done before the next start");
            Condition::failing("thread-ended", name, told)
        };
        ended.iter().map(failing).collect()
    }
}

/// Waits until all of these have ended, or `timeout` is over.
///
/// # Errors
/// What the first of them ended with, or that one is still at work.
pub(super) fn join(threads: Vec<Thread>, timeout: Duration) -> Result<()> {
    let begun = Instant::now();
    while threads.iter().any(|thread| !thread.is_finished()) && begun.elapsed() < timeout {
        std::thread::sleep(LOOK);
    }
    let name = |thread: &Thread| thread.thread().name().unwrap_or_default().to_owned();
    let ended = threads.into_iter().map(|thread| match (name(&thread), thread.is_finished()) {
        (name, true) => thread.join().map_err(|_| anyhow!("the thread {name} broke off"))?,
        (name, false) => Err(anyhow!("what the thread {name} is at does not end")),
    });
    // Every one of them is joined, whatever the first says.
    ended.fold(Ok(()), Result::and)
}

/// Ends the process after so long, as a kill would, unless what comes back is dropped before: what the
/// store or a medium does not let end ends all the same.
pub(super) fn end_within(timeout: Duration) -> Result<Sender<()>> {
    let (done, waiting) = channel();
    std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
        if waiting.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the stop does not end, and is broken off");
            std::process::exit(1);
        }
    })?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_TIME: Duration = Duration::ZERO;
    const A_MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn e1_a_thread_that_ends_by_itself_is_told_and_one_that_hangs_keeps_no_stop() {
        let roll = Roll::default();
        let told = || {
            let seen = roll.conditions().into_iter();
            seen.map(|one| format!("{}: {}", one.subject, one.detail)).collect::<Vec<_>>()
        };
        let fine = roll.spawn("fine", || Ok(())).expect("a thread");
        assert!(join(vec![fine], A_MINUTE).is_ok());
        assert!(told().is_empty(), "it was told to stop: {:?}", told());
        let broken = roll.spawn("broken", || panic!("for a test")).expect("a thread");
        let failed = roll.spawn("failed", || Err(anyhow!("no socket"))).expect("a thread");
        let error = join(vec![broken, failed], A_MINUTE).expect_err("one broke off");
        assert!(error.to_string().contains("broken"), "{error}");
        let told = told();
        let is_told = |what: &str| told.iter().any(|one| one.starts_with(what));
        assert!(is_told("broken: it broke off") && is_told("failed: no socket"), "{told:?}");
        let (go_on, waiting) = channel::<()>();
        let hanging = roll
            .spawn("hanging", move || {
                assert!(waiting.recv().is_err());
                Ok(())
            })
            .expect("a thread");
        let error = join(vec![hanging], NO_TIME).expect_err("it hangs");
        assert!(error.to_string().contains("hanging is at does not end"), "{error}");
        drop(go_on);
    }
}
