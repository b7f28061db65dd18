//! Where the crates meet: each states what it needs as a trait, and here it gets it.

mod authority;
mod queries;
mod signer;

pub(crate) use authority::WindowAuthority;
pub(crate) use queries::SealedQueryLog;
pub(crate) use signer::AuditSigner;
