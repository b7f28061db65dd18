//! Sessions that threads share, one at a time, and never more than the token grants.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::error::Error;

use super::code::{self, Remedy};

/// So many threads use a token at once; more would only wait inside its driver.
const MOST_SESSIONS: usize = 32;

/// Idle sessions of one connection, with their number: each reconnection begins a new epoch, and
/// what an earlier one opened is never used again.
#[derive(Debug)]
pub(super) struct Pool<S> {
    table: Mutex<Table<S>>,
    returned: Condvar,
    /// How long a thread waits for a session when the token grants no more of them.
    timeout: Duration,
}

#[derive(Debug)]
struct Table<S> {
    epoch: u64,
    idle: Vec<S>,
    /// How many are in use.
    taken: usize,
    /// How many there may be: our own bound, or less where the token said so.
    most: usize,
}

impl<S> Pool<S> {
    /// An empty pool before its first epoch.
    pub(super) fn new(timeout: Duration) -> Self {
        let table = Table { epoch: 0, idle: Vec::new(), taken: 0, most: MOST_SESSIONS };
        Self { table: Mutex::new(table), returned: Condvar::new(), timeout }
    }

    /// The present epoch.
    pub(super) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    /// A session of the present epoch: an idle one, a new one, or one that another thread returns.
    pub(super) fn take(&self, open: impl Fn() -> Result<S, Error>) -> Result<(u64, S), Error> {
        let deadline = Instant::now() + self.timeout;
        let mut table = self.lock();
        loop {
            if let Some(session) = table.idle.pop() {
                table.taken += 1;
                return Ok((table.epoch, session));
            }
            let refused = if table.taken < table.most {
                table.taken += 1;
                let epoch = table.epoch;
                drop(table);
                let opened = open();
                table = self.lock();
                match opened {
                    Ok(session) => return Ok((epoch, session)),
                    Err(error) => {
                        table.forget(epoch);
                        if code::remedy(&error) != Remedy::Wait || table.taken == 0 {
                            return Err(error);
                        }
                        table.most = table.taken;
                        error
                    }
                }
            } else {
                Error::Pkcs11(
                    cryptoki::error::RvError::SessionCount,
                    cryptoki::context::Function::OpenSession,
                )
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(refused);
            }
            table = self.wait(table, left);
        }
    }

    /// Gives a session back; it is handed out no more when its epoch is over.
    pub(super) fn give_back(&self, epoch: u64, session: S) -> Option<S> {
        let mut table = self.lock();
        if table.epoch != epoch {
            return Some(session);
        }
        table.taken -= 1;
        table.idle.push(session);
        self.returned.notify_one();
        None
    }

    /// Notes that a session of `epoch` is gone.
    pub(super) fn forget(&self, epoch: u64) {
        self.lock().forget(epoch);
        self.returned.notify_one();
    }

    /// Begins a new epoch with no session, and hands out those that were idle.
    pub(super) fn reset(&self) -> Vec<S> {
        let mut table = self.lock();
        table.epoch += 1;
        table.taken = 0;
        table.most = MOST_SESSIONS;
        self.returned.notify_all();
        std::mem::take(&mut table.idle)
    }

    /// Adds an idle session to the present epoch.
    pub(super) fn add(&self, session: S) {
        self.lock().idle.push(session);
        self.returned.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Table<S>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        table: MutexGuard<'a, Table<S>>,
        left: Duration,
    ) -> MutexGuard<'a, Table<S>> {
        self.returned.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl<S> Table<S> {
    fn forget(&mut self, epoch: u64) {
        if self.epoch == epoch {
            self.taken -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use cryptoki::context::Function;
    use cryptoki::error::RvError;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Opens sessions until there are `most`.
    fn token(most: usize) -> impl Fn() -> Result<usize, Error> {
        let opened = AtomicUsize::new(0);
        move || {
            let number = opened.fetch_add(1, Ordering::SeqCst);
            let full = Error::Pkcs11(RvError::SessionCount, Function::OpenSession);
            if number < most { Ok(number) } else { Err(full) }
        }
    }

    #[test]
    fn k1_a_session_is_opened_once_and_used_again() {
        let (pool, open) = (Pool::new(LONG), token(1));
        for _ in 0..3 {
            let (epoch, session) = pool.take(&open).expect("a session");
            assert_eq!(session, 0);
            assert_eq!(pool.give_back(epoch, session), None);
        }
    }

    #[test]
    fn k1_a_full_session_table_is_waited_out() {
        let (pool, open) = (Pool::new(LONG), token(1));
        let (epoch, session) = pool.take(&open).expect("a session");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| pool.take(&open).expect("the returned session").1);
            pool.give_back(epoch, session);
            assert_eq!(waiting.join().expect("no panic"), session);
        });
    }

    #[test]
    fn k1_a_session_table_full_of_others_is_reported() {
        let full = |error: Error| code::value(&error) == Some(RvError::SessionCount);
        let pool = Pool::new(LONG);
        assert!(full(pool.take(token(0)).expect_err("no session and none to wait for")));
        let (pool, open) = (Pool::new(Duration::ZERO), token(1));
        let _held = pool.take(&open).expect("a session");
        assert!(full(pool.take(&open).expect_err("the timeout is over")));
        assert!(full(pool.take(&open).expect_err("the bound that the token set is kept")));
    }

    #[test]
    fn k1_a_session_of_an_earlier_epoch_is_never_used_again() {
        let (pool, open) = (Pool::new(LONG), token(9));
        let (epoch, used) = pool.take(&open).expect("a session");
        pool.add(77);
        assert_eq!(pool.reset(), [77]);
        assert_eq!(pool.give_back(epoch, used), Some(used), "it comes back to be dropped");
        pool.forget(epoch);
        assert_eq!(pool.take(&open).expect("a session"), (epoch + 1, 1));
    }

    #[test]
    fn k1_another_failure_to_open_is_no_reason_to_wait() {
        let pool: Pool<()> = Pool::new(LONG);
        let _held = pool.take(|| Ok(())).expect("a session");
        let gone = || Err(Error::Pkcs11(RvError::TokenNotPresent, Function::OpenSession));
        assert_eq!(
            code::value(&pool.take(gone).expect_err("refused")),
            Some(RvError::TokenNotPresent)
        );
    }
}
