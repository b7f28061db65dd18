//! Certificates with throwaway keys, for rehearsals: drafted, linted and signed as all others, and
//! neither intended nor stored. Only a key store that forgets everything may sign them.

use domain::policy::Policy;
use keys::{MemoryKeyStore, Sign};
use x509::read::Certificate;

use super::draft::{Draft, Order};
use super::expect;
use crate::error::Result;
use crate::generation::Generation;
use crate::random;

/// A certificate by a throwaway key.
///
/// # Errors
/// As issuance until its third step.
pub(crate) fn sketch(
    policy: &Policy,
    keys: &MemoryKeyStore,
    order: Order,
    signer: &Generation,
) -> Result<Certificate> {
    let draft = Draft::new(policy, random::serial()?, order, signer)?;
    expect::check(policy, &draft)?;
    let signature = keys.sign(&signer.label, signer.signature, &draft.tbs)?;
    let der = x509::certificate::assemble(&draft.tbs, signer.signature, &signature);
    Ok(Certificate::parse(&der)?)
}
