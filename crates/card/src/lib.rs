//! The JPKI card: the chip, its application as readers see it, the channel in which the office
//! manages it, and the municipality's key pair generator.
//!
//! A [`Card`] goes from blank over personalised but unusable to delivered, and each key of a renewal
//! goes the same way on a delivered card. The [`Emulator`] is the card on a reader: commands in,
//! answers out. A [`Cabinet`] keeps emulated cards, and [`vpcd`] puts one into a virtual reader.
//! [`terminal`] is the other side: what a window sends to whatever lies on its reader.
//! ```
//! use jitsuin_card::terminal::{CardTerminal, Connection, ConnectionError, TerminalError};
//! use jitsuin_card::{Card, CardKeys, CardNumber, CardSlot, Emulator, TransportKey};
//!
//! /// A reader of one: the emulator answers at once.
//! struct Reader(Emulator);
//!
//! impl Connection for Reader {
//!     fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
//!         Ok(self.0.transmit(command))
//!     }
//! }
//!
//! let keys = CardKeys {
//!     encryption: [1; 32].into(),
//!     mac: [2; 32].into(),
//!     data_encryption: [3; 32].into(),
//!     transport: TransportKey::new(&[4; 32]),
//! };
//! let blank = Card::make(CardNumber([0x11; 10]), keys);
//! let mut terminal = CardTerminal::select(Box::new(Reader(Emulator::new(blank))))?;
//! // Nothing was delivered to a holder yet: there is no PIN that could be typed, nor a certificate.
//! assert_eq!(terminal.tries_left(CardSlot::Authentication)?, 0);
//! let refused = terminal.certificates(CardSlot::Authentication, None);
//! assert!(matches!(refused, Err(TerminalError::Refused { .. })), "{refused:?}");
//! # Ok::<(), TerminalError>(())
//! ```
//!
//! Which commands of a real card are covered stands in the crate's README.
//!
//! # Architecture invariant
//! A holder's private key is in clear only while a signature is made or a key is checked, inside
//! this crate; no field, sealed form or message of it holds one. RSA-1024, and with it the `rsa`
//! crate, is used in `small_rsa` and nowhere else in the tree (S 6-1-2-3).

pub mod apdu;
mod cabinet;
mod card;
mod card_keys;
mod card_number;
mod chip;
mod data_encryption;
pub mod data_group;
mod digest_info;
mod emulator;
mod error;
pub mod jpki;
pub mod key_pair_generator;
mod loading;
#[cfg(any(test, feature = "pcsc"))]
mod patient;
#[cfg(feature = "pcsc")]
pub mod pcsc_reader;
mod private_key;
pub mod report;
pub mod scp03;
mod sealed;
mod secret;
mod slot;
mod small_rsa;
mod stored;
pub mod terminal;
mod transport;
pub mod vpcd;

pub use cabinet::{Cabinet, CabinetError, InsertedCard};
pub use card::{Card, LifeState, possession_statement};
pub use card_keys::CardKeys;
pub use card_number::CardNumber;
pub use data_encryption::DataEncryptionKey;
pub use emulator::Emulator;
pub use error::CardError;
pub use sealed::VaultKey;
pub use secret::{
    AuthenticationPin, HolderSecret, HolderSecrets, InvalidSecret, SignaturePassword,
};
pub use slot::{CardSlot, Certificates, SignatureKeys};
pub use transport::TransportKey;
