//! Where the crates meet: each states what it needs as a trait, and here it gets it.

mod queries;
mod signer;

pub(crate) use queries::SealedQueryLog;
pub(crate) use signer::AuditSigner;
