//! How far the secure channel of the selected application has come.

use zeroize::Zeroizing;

use crate::protocol::scp03::{CardChannel, Challenge, SessionKeys};

/// Where the channel is.
#[derive(Debug, Default)]
pub(super) enum Channel {
    /// There is none.
    #[default]
    Closed,
    /// INITIALIZE UPDATE was answered; EXTERNAL AUTHENTICATE must come.
    Begun { keys: SessionKeys, host: Challenge, card: Challenge },
    /// Both sides proved themselves.
    Open { channel: CardChannel, blocks: Blocks },
}

/// The blocks of a STORE DATA that is not complete.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) octets: Zeroizing<Vec<u8>>,
    pub(super) count: usize,
}
