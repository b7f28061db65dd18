//! Whether the proofs go on: one that fails, is late, or whose thread ended is a condition.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use web::desk::Condition;

/// What is seen of both proofs.
pub(in crate::serve) struct Watch {
    rights: Arc<Mutex<Seen>>,
    whole: Arc<Mutex<Seen>>,
}

/// What is seen of one proof.
struct Seen {
    /// When it was proven, or begun, and for how long that counts.
    proven: Instant,
    within: Duration,
    failed: Option<String>,
    /// Whether whoever proves is gone.
    is_gone: bool,
}

impl Watch {
    /// From now on: the first of each proof is to have ended within so much time.
    pub(super) fn new(rights: Duration, whole: Duration) -> Self {
        let begun = |within| {
            let proven = Instant::now();
            Arc::new(Mutex::new(Seen { proven, within, failed: None, is_gone: false }))
        };
        Self { rights: begun(rights), whole: begun(whole) }
    }

    /// For whoever proves rights, keys and plans.
    pub(super) fn rights(&self) -> Course {
        Course(self.rights.clone())
    }

    /// For whoever proves everything.
    pub(super) fn whole(&self) -> Course {
        Course(self.whole.clone())
    }

    /// What is wrong with the proofs, as of `now`.
    pub(in crate::serve) fn conditions(&self, now: Instant) -> Vec<Condition> {
        let proofs = [("rights, keys and plans", &self.rights), ("the whole state", &self.whole)];
        let wrong = proofs.into_iter().filter_map(|(subject, seen)| {
            let told = lock(seen).wrong(now)?;
            let told = format!("{told}: what is changed by hand is not found meanwhile");
            Some(Condition::failing("proof-overdue", subject, told))
        });
        wrong.collect()
    }
}

impl Seen {
    fn wrong(&self, now: Instant) -> Option<String> {
        let since = now.saturating_duration_since(self.proven);
        if self.is_gone {
            return Some("the thread that proves it ended; start the program again".to_owned());
        }
        if let Some(error) = &self.failed {
            return Some(format!("its proof fails: {error}"));
        }
        (since > self.within).then(|| {
            let (since, within) = (since.as_secs(), self.within.as_secs());
            format!("it was proven {since} s ago, and should be within {within} s")
        })
    }
}

/// What whoever proves tells of it; dropping this says that nobody proves any more.
pub(super) struct Course(Arc<Mutex<Seen>>);

impl Course {
    /// A proof ended, and the next is to have ended within so much time.
    pub(super) fn note(&self, outcome: Result<()>, within: Duration) {
        let mut seen = lock(&self.0);
        match outcome {
            Ok(()) => {
                *seen = Seen { proven: Instant::now(), within, failed: None, is_gone: false };
            }
            Err(error) => seen.failed = Some(format!("{error:#}")),
        }
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        lock(&self.0).is_gone = true;
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// What is wrong, by its words, once so much time has gone.
    fn conditions_after(watch: &Watch, later: Duration) -> Vec<String> {
        let conditions = watch.conditions(Instant::now() + later);
        assert!(conditions.iter().all(|one| one.rule == "proof-overdue"), "{conditions:?}");
        conditions.into_iter().map(|one| format!("{}: {}", one.subject, one.detail)).collect()
    }

    #[test]
    fn e10_a_proof_that_is_late_fails_or_ended_is_a_condition() {
        let watch = Watch::new(MINUTE, 60 * MINUTE);
        let (rights, whole) = (watch.rights(), watch.whole());
        assert_eq!(conditions_after(&watch, Duration::ZERO), Vec::<String>::new());
        let late = conditions_after(&watch, 2 * MINUTE);
        assert!(
            late.len() == 1 && late[0].contains("rights") && late[0].contains("60 s"),
            "{late:?}"
        );
        assert_eq!(conditions_after(&watch, 61 * MINUTE).len(), 2);

        rights.note(Ok(()), 10 * MINUTE);
        assert_eq!(conditions_after(&watch, 2 * MINUTE), Vec::<String>::new());
        whole.note(Err(anyhow!("no such file")), MINUTE);
        let failed = conditions_after(&watch, Duration::ZERO);
        assert!(failed.len() == 1 && failed[0].contains("no such file"), "{failed:?}");
        whole.note(Ok(()), MINUTE);
        assert_eq!(conditions_after(&watch, Duration::ZERO), Vec::<String>::new());

        let broken = std::thread::spawn(move || {
            let _rights = rights;
            panic!("a proof that breaks off");
        });
        assert!(broken.join().is_err());
        let gone = conditions_after(&watch, Duration::ZERO);
        assert!(gone.len() == 1 && gone[0].contains("thread"), "{gone:?}");
    }
}
