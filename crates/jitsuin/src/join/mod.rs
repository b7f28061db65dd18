//! Where the crates meet: each states what it needs as a trait, and here it gets it.

mod notary;
mod queries;
mod signer;
mod workshop;

pub(crate) use notary::SigningNotary;
pub(crate) use queries::{SealedQueryLog, recall_all, recalled};
pub(crate) use signer::{AuditSigner, audit_key};
pub(crate) use workshop::OwnWorkshop;
