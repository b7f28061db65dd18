//! Lets registered verifiers in by their password, for LDAP and the web alike (A 2.4, S 2-6-3).

use std::sync::Arc;

use store::{Store, VerifierRow};

use crate::ldap::Dn;

/// Says whether a password belongs to a hash in PHC string form; a hash that cannot be read belongs
/// to none. It is meant to be slow, so it is called on threads that may block.
pub type PasswordCheck = dyn Fn(&[u8], &str) -> bool + Send + Sync;

/// The verifiers with their passwords, read from the store each time.
#[derive(Clone)]
pub struct VerifierAuth {
    store: Arc<dyn Store>,
    check: Arc<PasswordCheck>,
    decoy: String,
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
        Self { store, check, decoy: decoy.into() }
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
        let fits = !password.is_empty() && (self.check)(password, hash);
        row.filter(|_| fits).ok_or(AuthRefusal::InvalidCredentials)
    }
}
