//! The secure channel between whoever manages a card and the card: SCP03 with AES-256.
//!
//! GlobalPlatform Card Specification, Amendment D (v1.1.2): static AES-256 keys, the card's challenge
//! pseudo-random (i = 70), and one security level alone, the highest: commands and answers encrypted
//! and authenticated (33). Pure: no randomness, no reader, no card; both sides of the channel.
//!
//! A channel whose message was not authentic is at its end: every further call says the same.
//!
//! ```
//! use jitsuin_card::apdu::Command;
//! use jitsuin_card::scp03::{CardChannel, ChannelError, HostChannel, StaticKeys, session_keys};
//!
//! let (keys, host, card) = (StaticKeys::new(&[0x0e; 32], &[0x1a; 32]), [1; 8], [2; 8]);
//! let session = || session_keys(&keys, &host, &card);
//! let (mut ours, opens) = HostChannel::open(session()?, &host, &card)?;
//! let mut theirs = CardChannel::open(session()?, &host, &card, &opens)?;
//!
//! let wrapped = ours.wrap(&Command::new(0x80, 0xca, 0, 0).with_data(b"secret"))?;
//! assert!(!wrapped.encode().windows(6).any(|octets| octets == b"secret"));
//! assert_eq!(*theirs.unwrap(&wrapped)?.data, *b"secret");
//! // The same message once more is no message.
//! assert_eq!(theirs.unwrap(&wrapped), Err(ChannelError::NotAuthentic));
//! # Ok::<(), ChannelError>(())
//! ```

mod channel;
mod error;
mod keys;
mod primitives;

pub use channel::{CardChannel, HostChannel};
pub use error::ChannelError;
pub use keys::{
    Challenge, Cryptogram, SequenceCounter, SessionKeys, StaticKeys, card_challenge, session_keys,
};

/// The identifier of the protocol in the answer to INITIALIZE UPDATE.
pub const PROTOCOL: u8 = 0x03;

/// The options of the protocol there: pseudo-random card challenge, R-MAC and R-ENC (Amendment D
/// 5.1, table 5-1).
pub const OPTIONS: u8 = 0x70;

/// The one security level: C-DECRYPTION, C-MAC, R-ENCRYPTION and R-MAC (Amendment D 7.1.2).
pub const SECURITY_LEVEL: u8 = 0x33;

/// The version of a card's first keys (Amendment D 4.1: 30 to 3F are SCP03's).
pub const KEY_VERSION: u8 = 0x30;

/// The octets of a MAC in a message; the MAC itself has 16.
pub const MAC_LENGTH: usize = 8;

/// How many octets of command data fit into one command of a channel, when the card takes at most
/// `longest` octets (ISO 7816-4 Lc) in one.
pub fn room_for_data(longest: usize) -> usize {
    // At least one octet of padding, whole blocks, and the MAC (Amendment D 6.2.4, 6.2.6).
    let blocks = longest.saturating_sub(MAC_LENGTH) / primitives::BLOCK;
    (blocks * primitives::BLOCK).saturating_sub(1)
}
