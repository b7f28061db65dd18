//! Lets registered verifiers in by their password, for LDAP and the web alike (A 2.4, S 2-6-3).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use store::{Store, VerifierRow};

use crate::ldap::Dn;

/// Says whether a password belongs to a hash in PHC string form; a hash that cannot be read belongs
/// to none. It is meant to be slow, so it is called on threads that may block.
pub type PasswordCheck = dyn Fn(&[u8], &str) -> bool + Send + Sync;

/// Passwords checked at once, by whatever protocol they came: each check fills some 20 MiB and keeps
/// a core busy, and whoever asks is not known yet.
const CHECKS_AT_ONCE: usize = 4;

/// The verifiers with their passwords, read from the store each time.
#[derive(Clone)]
pub struct VerifierAuth {
    store: Arc<dyn Store>,
    check: Arc<PasswordCheck>,
    decoy: String,
    turns: Arc<Turns>,
}

/// Why a verifier is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthRefusal {
    /// The caller's fault: unknown or wrong, which are not told apart.
    #[error("name or password is wrong")]
    InvalidCredentials,
    /// Ours: the register cannot be read.
    #[error("the register of verifiers cannot be read")]
    Unavailable(#[from] store::Error),
}

impl VerifierAuth {
    /// The verifiers of `store`. `decoy` is the hash of a password nobody knows: it is checked for
    /// unknown names, so that they take as long as known ones.
    pub fn new(store: Arc<dyn Store>, check: Arc<PasswordCheck>, decoy: impl Into<String>) -> Self {
        Self { store, check, decoy: decoy.into(), turns: Arc::default() }
    }

    /// The verifier with this id and password.
    ///
    /// # Errors
    /// [`AuthRefusal`].
    pub fn by_id(&self, id: &str, password: &[u8]) -> Result<VerifierRow, AuthRefusal> {
        let row = match id.parse() {
            Ok(id) => self.store.verifier(&id)?,
            Err(_) => None,
        };
        self.admit(row, password)
    }

    /// The verifier with this bind name and password.
    ///
    /// # Errors
    /// [`AuthRefusal`].
    pub fn by_bind_dn(&self, name: &Dn, password: &[u8]) -> Result<VerifierRow, AuthRefusal> {
        let named = |row: &VerifierRow| row.bind_dn.parse::<Dn>().is_ok_and(|dn| dn == *name);
        let row = self.store.verifiers()?.into_iter().find(named);
        self.admit(row, password)
    }

    fn admit(&self, row: Option<VerifierRow>, password: &[u8]) -> Result<VerifierRow, AuthRefusal> {
        let hash = row.as_ref().map_or(&self.decoy, |row| &row.password_hash);
        let fits = !password.is_empty() && {
            let _turn = self.turns.take();
            (self.check)(password, hash)
        };
        row.filter(|_| fits).ok_or(AuthRefusal::InvalidCredentials)
    }
}

/// How many checks are running, and whoever waits for one to end.
#[derive(Default)]
struct Turns {
    running: Mutex<usize>,
    ended: Condvar,
}

/// One of [`CHECKS_AT_ONCE`], given back when dropped.
struct Turn<'a>(&'a Turns);

impl Turns {
    fn take(&self) -> Turn<'_> {
        let full = |running: &mut usize| *running >= CHECKS_AT_ONCE;
        let running = self.ended.wait_while(self.running(), full);
        *running.unwrap_or_else(PoisonError::into_inner) += 1;
        Turn(self)
    }

    fn running(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.running() -= 1;
        self.0.ended.notify_one();
    }
}
