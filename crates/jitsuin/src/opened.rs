//! What an opening has proven of an installation's state, for a server that starts to go on from.

use std::time::Duration;

use store::StateProof;

/// A proof of the whole state.
pub(crate) struct Opened {
    pub(crate) proof: StateProof,
    /// How long it took.
    pub(crate) took: Duration,
}
