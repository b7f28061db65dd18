//! The registered verifiers: what they may ask, and by what they prove themselves.

use domain::id::VerifierId;

use crate::{Result, VerifierAccess, VerifierRow};

/// What the registered verifiers may ask; for the services that answer them.
///
/// # Contract
/// Nothing of a verifier's password is told.
pub trait ReadAccess: Send + Sync {
    /// What each verifier may ask.
    fn accesses(&self) -> Result<Vec<VerifierAccess>>;

    /// What a verifier may ask.
    fn access(&self, id: &VerifierId) -> Result<Option<VerifierAccess>>;
}

/// The registered verifiers with the hashes of their passwords; for what compares these, and for whoever
/// registers verifiers.
///
/// # Contract
/// A row has a verifier's password as its hash alone.
pub trait ReadVerifiers: Send + Sync {
    /// Every verifier.
    fn verifiers(&self) -> Result<Vec<VerifierRow>>;

    /// A verifier.
    fn verifier(&self, id: &VerifierId) -> Result<Option<VerifierRow>>;
}
