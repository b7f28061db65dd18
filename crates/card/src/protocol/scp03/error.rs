//! Why a channel goes no further.

/// Why a message is not passed on. It never says what was wrong with it: whoever forges learns
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// A MAC or cryptogram is wrong, or missing, or the channel is at its end.
    #[error("the message is not authentic")]
    NotAuthentic,
    /// The caller's fault: a command longer than an APDU can be.
    #[error("the command does not fit into the secure channel")]
    TooLong,
    /// The cryptographic library failed.
    #[error("the cryptographic provider failed at {0}")]
    Provider(&'static str),
}
