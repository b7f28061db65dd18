//! Who knows the time, and why they may not say it.

use std::io;

use jiff::SignedDuration;

/// Somebody who knows the time.
pub(crate) trait TimeSource: Send + Sync {
    /// What has to be added to our clock to agree with the source.
    ///
    /// # Errors
    /// Where there is no answer, or none that can be believed.
    fn offset(&self) -> Result<SignedDuration, SntpError>;
}

/// Why a source's answer is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SntpError {
    /// The network's fault, or nobody is there.
    #[error("the time source {server} did not answer: {cause}")]
    NoAnswer {
        /// The server.
        server: String,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The server's fault, or somebody else's who answers in its name.
    #[error("the time source {server} gave an answer that is refused: {rule}")]
    Refused {
        /// The server.
        server: String,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The server does not want to be asked (RFC 5905 7.4).
    #[error("the time source {server} sends us away")]
    SentAway {
        /// The server.
        server: String,
    },
    /// Our own fault: no question can be asked.
    #[error("there is no randomness for a question to the time source")]
    NoRandomness,
}
