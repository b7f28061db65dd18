//! The line between the two sides: a card on a reader, whichever kind of either.

/// The reader's fault, or nobody's: the card or the reader is gone. In the reader's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reader failed: {0}")]
pub struct ConnectionError(pub String);

/// A card on a reader, powered, for as long as this lives.
///
/// # Contract
/// - **Order**: one command is answered before the next is sent, and nobody else's command comes
///   between: a connection has its card alone.
/// - **Retries**: none. A command that failed may have reached the card.
pub trait Connection: Send {
    /// Sends a command and returns the card's answer: data and status word, at least 2 octets.
    ///
    /// # Errors
    /// [`ConnectionError`]: the reader's fault, or the card is gone.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError>;
}

impl Connection for Box<dyn Connection> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        (**self).transmit(command)
    }
}
