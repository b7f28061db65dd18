//! What both sides of a card speak: commands and answers, the secure channel, the names and shapes of the
//! application, and the values that cross between the two.
//!
//! # Architecture invariant
//! It holds neither side: nothing here is of the emulator or of [`crate::terminal`]
//! (`cargo xtask layering`).

pub mod apdu;
pub(crate) mod card_keys;
pub(crate) mod card_number;
pub(crate) mod connection;
pub(crate) mod data_encryption;
pub mod data_group;
pub(crate) mod digest_info;
pub(crate) mod handshake;
pub mod jpki;
pub(crate) mod life;
pub(crate) mod possession;
pub mod report;
pub mod scp03;
pub(crate) mod secret;
pub(crate) mod slot;
pub(crate) mod transport;
