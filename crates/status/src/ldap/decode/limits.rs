//! What is read of a request at most, and why more or other octets are none.

/// Longest request accepted, in octets: a search with 32 filter levels and every attribute named is
/// under 10 KiB; OpenLDAP gives anonymous clients 256 KiB, but they may write and ours may not.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1_024;
/// Deepest nesting of filters: clients build two or three levels by hand, ten by program.
pub const MAX_FILTER_DEPTH: usize = 32;
/// Most BER elements in one request: bounds the work of a filter whatever its shape.
pub const MAX_ELEMENTS: usize = 2_048;
/// Most controls with one request: two are known here.
pub const MAX_CONTROLS: usize = 16;

/// Why octets cannot be a request; the session ends with a Notice of Disconnection (RFC 4511 section 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The outer length exceeds [`MAX_MESSAGE_BYTES`].
    #[error("a request of {0} octets is longer than the 65,536 that are accepted")]
    TooLong(usize),
    /// The octets are not the BER that RFC 4511 section 5.1 prescribes.
    #[error("malformed request at octet {at}: {rule}")]
    Malformed {
        /// The octet at which reading stopped.
        at: usize,
        /// What was expected.
        rule: &'static str,
    },
}
