//! The registry of people and what lets them in.

use domain::id::ActorId;

use crate::{CredentialRow, PasswordRow, PersonRow, Result};

/// The registry of people, and what each is let in by; for whoever authenticates and for the registry's
/// keepers.
///
/// # Contract
/// Passwords and tokens come as their hashes alone. A credential that ended is not here; one that expired is.
pub trait ReadPeople: Send + Sync {
    /// Everybody in the registry, in the order of their ids.
    fn people(&self) -> Result<Vec<PersonRow>>;

    /// A person of the registry.
    fn person(&self, id: &ActorId) -> Result<Option<PersonRow>>;

    /// The credential with this SHA-256, expired or not.
    fn credential(&self, sha256: &[u8; 32]) -> Result<Option<CredentialRow>>;

    /// A person's credentials but for the password, oldest first.
    fn credentials_of(&self, person: &ActorId) -> Result<Vec<CredentialRow>>;

    /// A person's password.
    fn password(&self, person: &ActorId) -> Result<Option<PasswordRow>>;
}
