//! The order of what happened, which no clock gives.

/// The position of a journal entry: dense, from 0, in the order of commits.
pub type Sequence = u64;
