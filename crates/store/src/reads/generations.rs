//! The keys of a CA from their plan to their compromise.

use domain::crl_series::Partition;
use domain::id::CaId;

use crate::{CompromiseRow, GenerationPlan, Result, Sequence, StatusRow};

/// The keys of a CA in their lives: made, used, compromised; for the CA alone.
///
/// # Contract
/// What a key signed, or may have signed, is told from intents on: a serial is here before its signature.
pub trait ReadGenerations: Send + Sync {
    /// The generation of a CA that is being made, if one is.
    fn generation_plan(&self, ca: &CaId) -> Result<Option<GenerationPlan>>;

    /// The partitions in which a key generation ever certified or intended to.
    fn partitions(&self, ca: &CaId, generation: u32) -> Result<Vec<Partition>>;

    /// What a key generation signed, or may have signed, and is not revoked, in order of issue:
    /// at most `limit` with their places, from the place `from` on.
    fn unrevoked(
        &self,
        ca: &CaId,
        generation: u32,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, StatusRow)>>;

    /// The keys of a CA that count as compromised, oldest first.
    fn compromises(&self, ca: &CaId) -> Result<Vec<CompromiseRow>>;
}
