//! Lets registered verifiers in by their password, for LDAP and the web alike (A 2.4, S 2-6-3).
//!
//! A password is meant to be slow to check, so one that was right is remembered for some minutes by a
//! digest under a key of this process, and one that was wrong is counted where it came from.

mod counts;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::{constant_time, hmac};
use domain::id::VerifierId;
use jiff::Timestamp;
use store::reads::ReadVerifiers;
use store::{VerifierAccess, VerifierRow};

use self::counts::Counts;
use crate::known::Known;
use crate::ldap::Dn;

/// Says whether a password belongs to a hash in PHC string form; a hash that cannot be read belongs
/// to none. It is meant to be slow, so it is called on threads that may block; nothing is said where
/// too many wait already. Whoever comes [`Whence::Home`] waits for no guess from elsewhere.
pub type PasswordCheck = dyn Fn(&[u8], &str, Whence) -> Option<bool> + Send + Sync;

/// From where a verifier's password is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    /// From where that verifier came in lately.
    Home,
    /// From anywhere else.
    Elsewhere,
}

/// Minutes for which a password that was right need not be checked again. It ends at once when the
/// verifier gets another, since the digest is over the stored hash as well.
const REMEMBERED_MINUTES: i64 = 10;

/// The verifiers with their passwords, read from the store each time.
#[derive(Clone)]
pub struct VerifierAuth {
    store: Arc<dyn ReadVerifiers>,
    check: Arc<PasswordCheck>,
    decoy: String,
    known: Known,
    remembered: Arc<Remembered>,
    counts: Arc<Counts>,
}

/// From where and when somebody shows a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The address they come from.
    pub from: IpAddr,
    /// When.
    pub at: Timestamp,
}

/// Why a verifier is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthRefusal {
    /// The caller's fault: unknown, wrong, or wrong too often from there, which are not told apart.
    #[error("name or password is wrong")]
    InvalidCredentials,
    /// Nobody's: too many passwords wait to be checked; this one was not.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// Ours: the register cannot be read.
    #[error("the register of verifiers cannot be read")]
    Unavailable(#[from] store::Error),
}

impl VerifierAuth {
    /// The verifiers of `store`. `decoy` is the hash of a password nobody knows: it is checked for
    /// unknown names, so that they take as long as known ones. From where they come in, `known` is
    /// told.
    pub fn new(
        store: Arc<dyn ReadVerifiers>,
        check: Arc<PasswordCheck>,
        decoy: impl Into<String>,
        known: Known,
    ) -> Self {
        let (remembered, counts) = (Arc::new(Remembered::new()), Arc::default());
        Self { store, check, decoy: decoy.into(), known, remembered, counts }
    }

    /// The verifier with this id and password.
    ///
    /// # Errors
    /// [`AuthRefusal`].
    pub fn by_id(
        &self,
        id: &str,
        password: &[u8],
        attempt: Attempt,
    ) -> Result<VerifierAccess, AuthRefusal> {
        let row = match id.parse() {
            Ok(id) => self.store.verifier(&id)?,
            Err(_) => None,
        };
        self.admit(row, password, attempt)
    }

    /// The verifier with this bind name and password.
    ///
    /// # Errors
    /// [`AuthRefusal`].
    pub fn by_bind_dn(
        &self,
        name: &Dn,
        password: &[u8],
        attempt: Attempt,
    ) -> Result<VerifierAccess, AuthRefusal> {
        let named = |row: &VerifierRow| row.bind_dn.parse::<Dn>().is_ok_and(|dn| dn == *name);
        let row = self.store.verifiers()?.into_iter().find(named);
        self.admit(row, password, attempt)
    }

    fn admit(
        &self,
        row: Option<VerifierRow>,
        password: &[u8],
        attempt: Attempt,
    ) -> Result<VerifierAccess, AuthRefusal> {
        if password.is_empty() {
            return Err(AuthRefusal::InvalidCredentials);
        }
        if let Some(row) =
            row.as_ref().filter(|row| self.remembered.fits(row, password, attempt.at))
        {
            self.known.note(&row.id, attempt.from, attempt.at);
            return Ok(row.clone().into());
        }
        // Who shares an address with a verifier cannot lock it out: from where it came in lately its
        // password is looked at, however often others were wrong there.
        let is_at_home = |row: &VerifierRow| self.known.is_of(&row.id, attempt.from, attempt.at);
        let whose = row.as_ref().map(|row| row.id.clone());
        let from = match row.as_ref().is_some_and(is_at_home) {
            true => Whence::Home,
            false if self.counts.is_locked(&whose, attempt) => {
                return Err(AuthRefusal::InvalidCredentials);
            }
            false => Whence::Elsewhere,
        };
        let hash = row.as_ref().map_or(&self.decoy, |row| &row.password_hash);
        let fits = (self.check)(password, hash, from).ok_or(AuthRefusal::Busy)?;
        let Some(row) = row.filter(|_| fits) else {
            self.counts.wrong(whose, attempt);
            return Err(AuthRefusal::InvalidCredentials);
        };
        // What was counted while this one was being checked holds for it too.
        if !is_at_home(&row) && self.counts.is_locked(&whose, attempt) {
            return Err(AuthRefusal::InvalidCredentials);
        }
        self.counts.right(&whose, attempt);
        self.remembered.note(&row, password, attempt.at);
        self.known.note(&row.id, attempt.from, attempt.at);
        Ok(row.into())
    }
}

/// The passwords that were right, one for each registered verifier, by their digests.
struct Remembered {
    /// Drawn at the start; without randomness nothing is remembered.
    key: Option<hmac::Key>,
    last: Mutex<HashMap<VerifierId, ([u8; 32], Timestamp)>>,
}

impl Remembered {
    fn new() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self { key, last: Mutex::default() }
    }

    fn fits(&self, row: &VerifierRow, password: &[u8], now: Timestamp) -> bool {
        let Some(digest) = self.digest(row, password) else { return false };
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |at: Timestamp| {
            (0..REMEMBERED_MINUTES * 60).contains(&now.duration_since(at).as_secs())
        };
        last.get(&row.id).is_some_and(|(known, at)| {
            constant_time::verify_slices_are_equal(known, &digest).is_ok() && fresh(*at)
        })
    }

    fn note(&self, row: &VerifierRow, password: &[u8], now: Timestamp) {
        let Some(digest) = self.digest(row, password) else { return };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(row.id.clone(), (digest, now));
    }

    fn digest(&self, row: &VerifierRow, password: &[u8]) -> Option<[u8; 32]> {
        let mut context = hmac::Context::with_key(self.key.as_ref()?);
        context.update(row.id.as_str().as_bytes());
        context.update(&[0]);
        context.update(row.password_hash.as_bytes());
        context.update(&[0]);
        context.update(password);
        context.sign().as_ref().try_into().ok()
    }
}
