//! The JPKI card: the chip, its application as readers see it, the channel in which the office
//! manages it, and the municipality's key pair generator.
//!
//! A [`Card`] goes from blank over personalised but unusable to delivered, and each key of a renewal
//! goes the same way on a delivered card. The [`Emulator`] is the card on a reader: commands in,
//! answers out. A [`Cabinet`] keeps emulated cards, and [`vpcd`] puts one into a virtual reader.
//! [`terminal`] is the other side: what a window sends to whatever lies on its reader, and the
//! municipality's key pair generator. What both sides speak stands under `protocol`; of each other they
//! know nothing.
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

#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod emulator;
mod error;
mod private_key;
mod protocol;
pub mod terminal;

pub use emulator::{Cabinet, CabinetError, Card, Emulator, InsertedCard, VaultKey, vpcd};
pub use error::CardError;
pub use protocol::card_keys::CardKeys;
pub use protocol::card_number::CardNumber;
pub use protocol::data_encryption::DataEncryptionKey;
pub use protocol::life::LifeState;
pub use protocol::possession::possession_statement;
pub use protocol::secret::{
    AuthenticationPin, HolderSecret, HolderSecrets, InvalidSecret, SignaturePassword,
};
pub use protocol::slot::{CardSlot, Certificates, SignatureKeys};
pub use protocol::transport::TransportKey;
pub use protocol::{apdu, data_group, jpki, report, scp03};
pub use terminal::key_pair_generator;
#[cfg(feature = "pcsc")]
pub use terminal::pcsc_reader;
