//! The registered verifiers, by what they prove themselves and what they may ask.

use domain::id::VerifierId;

use crate::{Result, VerifierRow};

/// The registered verifiers; for the services that let them in.
///
/// # Contract
/// A row has a verifier's password as its hash alone.
pub trait ReadVerifiers: Send + Sync {
    /// Every verifier.
    fn verifiers(&self) -> Result<Vec<VerifierRow>>;

    /// A verifier.
    fn verifier(&self, id: &VerifierId) -> Result<Option<VerifierRow>>;
}
