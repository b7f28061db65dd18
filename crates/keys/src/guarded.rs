//! A key store that sleeps until custodians activate it, and that asks before it signs (K2, E9).

mod opener;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use jiff::{SignedDuration, Timestamp};

use crate::backup::{BackupKey, KeyBackup};
use crate::card_master::backup::CardMasterBackup;
use crate::card_master::{CardKeyPurpose, DerivedKey};
use crate::error::KeyError;
use crate::expected::ExpectedKeys;
use crate::label::KeyLabel;
use crate::quorum::QuorumSecret;
use crate::store::{Administer, CardMasters, KeyStore, MakeCardMasters, PublicKey, Sign, UserKeys};
use crate::wrap::{TransportKey, WrappedPrivateKey};

pub use opener::{EmbeddedOpener, Opener};

/// The injected clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Decides at every signature whether it may be made: the clock's drift stops signing (A 6.8).
pub trait SigningGate: Send + Sync {
    /// Permits a signature now.
    ///
    /// # Errors
    /// The rule that stops signing, in words for the operator.
    fn permit(&self) -> Result<(), String>;
}

/// The gate that is always open, where nothing watches the clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysPermitted;

impl SigningGate for AlwaysPermitted {
    fn permit(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Whether the keys can be used (A 6.2.8, 6.2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// They cannot; custodians have to come.
    Inactive,
    /// They can.
    Active {
        /// Since when.
        since: Timestamp,
        /// The moment from which they cannot any more; without it, until deactivated or restarted.
        until: Option<Timestamp>,
    },
}

/// A store that opens with the custodians' secret only, and closes by command, time or restart.
///
/// While it is inactive it has no store at all: every call, reading public keys too, is answered
/// with [`KeyError::NotActivated`]. Once the time given at activation has come, the next call of any
/// kind drops the store, and with it the keys in memory; signatures under way come to their end.
pub struct GuardedKeyStore {
    opener: Box<dyn Opener>,
    clock: Clock,
    gate: Arc<dyn SigningGate>,
    open: RwLock<Option<Open>>,
}

/// Two threads that look at the clock at once, or a clock that is being slewed, differ by less.
const SET_BACK: SignedDuration = SignedDuration::from_mins(1);

/// The store while it is active.
struct Open {
    store: Arc<dyn KeyStore>,
    since: Timestamp,
    until: Option<Timestamp>,
}

impl Open {
    /// A clock well before the activation cannot be trusted to end it, so that ends it too.
    fn is_over(&self, now: Timestamp) -> bool {
        let set_back = self.since.duration_since(now) > SET_BACK;
        set_back || self.until.is_some_and(|until| now >= until)
    }
}

impl GuardedKeyStore {
    /// A store that is inactive, and will be opened by `opener`.
    pub fn new(opener: Box<dyn Opener>, clock: Clock, gate: Arc<dyn SigningGate>) -> Self {
        Self { opener, clock, gate, open: RwLock::new(None) }
    }

    /// Makes the store, which must not exist, under the secret, and leaves it active.
    ///
    /// # Errors
    /// As [`Opener::create`]; [`KeyError::NotActivated`] when `until` has passed.
    pub fn create(
        &self,
        secret: &QuorumSecret,
        until: Option<Timestamp>,
    ) -> Result<Activation, KeyError> {
        self.enter(until, || self.opener.create(secret))
    }

    /// Opens the store with the secret, anew when it is active already, once it has proven that it has
    /// the keys for which it is opened; the labels of those that are missing.
    ///
    /// # Errors
    /// As [`Opener::open`] and [`ExpectedKeys::prove`], after which an activation that was there goes
    /// on; [`KeyError::NotActivated`] when `until` has passed.
    pub fn activate(
        &self,
        secret: &QuorumSecret,
        keys: &ExpectedKeys,
        until: Option<Timestamp>,
    ) -> Result<Vec<KeyLabel>, KeyError> {
        let mut missing = Vec::new();
        self.enter(until, || {
            let store = self.opener.open(secret)?;
            missing = keys.prove(&*store)?;
            Ok(store)
        })?;
        Ok(missing)
    }

    /// Has the store that the secret opens prove that it has these keys. Whether the store is active
    /// stays as it was; the gate is not asked, since a proof is neither certificate nor list.
    ///
    /// # Errors
    /// As [`Opener::open`] and [`ExpectedKeys::prove`].
    pub fn prove(
        &self,
        secret: &QuorumSecret,
        keys: &ExpectedKeys,
    ) -> Result<Vec<KeyLabel>, KeyError> {
        keys.prove(&*self.opener.open(secret)?)
    }

    /// Closes the store (A 6.2.9) and says whether it was active.
    pub fn deactivate(&self) -> bool {
        self.open.write().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Whether the keys can be used now.
    pub fn state(&self) -> Activation {
        self.close_when_over();
        match &*self.open.read().unwrap_or_else(PoisonError::into_inner) {
            Some(open) => Activation::Active { since: open.since, until: open.until },
            None => Activation::Inactive,
        }
    }

    fn enter(
        &self,
        until: Option<Timestamp>,
        open: impl FnOnce() -> Result<Arc<dyn KeyStore>, KeyError>,
    ) -> Result<Activation, KeyError> {
        let since = (self.clock)();
        if until.is_some_and(|until| until <= since) {
            return Err(KeyError::NotActivated);
        }
        // Opened before the lock is taken: a token may take its time.
        let store = open()?;
        let mut state = self.open.write().unwrap_or_else(PoisonError::into_inner);
        *state = Some(Open { store, since, until });
        Ok(Activation::Active { since, until })
    }

    /// The store, if it is active now. No lock is held while it is used.
    fn store(&self) -> Result<Arc<dyn KeyStore>, KeyError> {
        self.close_when_over();
        let state = self.open.read().unwrap_or_else(PoisonError::into_inner);
        state.as_ref().map(|open| Arc::clone(&open.store)).ok_or(KeyError::NotActivated)
    }

    /// The store for a signature, which the gate has to permit as well.
    fn signer(&self) -> Result<Arc<dyn KeyStore>, KeyError> {
        self.gate.permit().map_err(|rule| KeyError::SigningStopped { rule })?;
        self.store()
    }

    fn close_when_over(&self) {
        let now = (self.clock)();
        let is_over = |state: &Option<Open>| state.as_ref().is_some_and(|open| open.is_over(now));
        if is_over(&self.open.read().unwrap_or_else(PoisonError::into_inner)) {
            let mut state = self.open.write().unwrap_or_else(PoisonError::into_inner);
            // Custodians may have come between the two locks.
            if is_over(&state) {
                *state = None;
            }
        }
    }
}

impl Sign for GuardedKeyStore {
    fn public_key(&self, label: &KeyLabel) -> Result<PublicKey, KeyError> {
        self.store()?.public_key(label)
    }

    fn sign(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.signer()?.sign(label, algorithm, message)
    }

    fn sign_digest(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.signer()?.sign_digest(label, algorithm, digest)
    }

    fn sign_checkpoint(&self, label: &KeyLabel, message: &[u8]) -> Result<[u8; 64], KeyError> {
        self.signer()?.sign_checkpoint(label, message)
    }
}

impl Administer for GuardedKeyStore {
    fn generate(&self, label: &KeyLabel, algorithm: KeyAlgorithm) -> Result<PublicKey, KeyError> {
        self.store()?.generate(label, algorithm)
    }

    fn generate_with_backup(
        &self,
        label: &KeyLabel,
        algorithm: KeyAlgorithm,
        backup: &BackupKey,
    ) -> Result<KeyBackup, KeyError> {
        self.store()?.generate_with_backup(label, algorithm, backup)
    }

    fn restore(&self, backup: &KeyBackup, key: &BackupKey) -> Result<PublicKey, KeyError> {
        self.store()?.restore(backup, key)
    }

    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError> {
        self.store()?.destroy(label)
    }

    fn refresh(&self) -> Result<(), KeyError> {
        self.store()?.refresh()
    }

    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError> {
        self.store()?.labels()
    }
}

impl UserKeys for GuardedKeyStore {
    fn prepare_user_keys(&self, algorithm: KeyAlgorithm, wanted: usize) -> Result<usize, KeyError> {
        self.store()?.prepare_user_keys(algorithm, wanted)
    }

    fn prepared_user_keys(&self, algorithm: KeyAlgorithm) -> Result<usize, KeyError> {
        self.store()?.prepared_user_keys(algorithm)
    }

    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError> {
        self.store()?.generate_for_card(algorithm, transport)
    }
}

impl CardMasters for GuardedKeyStore {
    fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError> {
        self.store()?.derive_card_key(label, purpose, number)
    }
}

impl MakeCardMasters for GuardedKeyStore {
    fn generate_card_master(
        &self,
        label: &KeyLabel,
        backup: &BackupKey,
    ) -> Result<CardMasterBackup, KeyError> {
        self.store()?.generate_card_master(label, backup)
    }

    fn restore_card_master(
        &self,
        backup: &CardMasterBackup,
        key: &BackupKey,
    ) -> Result<(), KeyError> {
        self.store()?.restore_card_master(backup, key)
    }

    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError> {
        self.store()?.card_masters()
    }
}

impl fmt::Debug for GuardedKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuardedKeyStore({:?})", self.state())
    }
}

#[cfg(test)]
mod tests;
