//! The JPKI card: the chip, its application as readers see it, the channel in which the office
//! manages it, and the municipality's key pair generator.
//!
//! A [`Card`] goes from blank over personalised but unusable to delivered, and each key of a renewal
//! goes the same way on a delivered card. The [`Emulator`] is the card on a reader: commands in,
//! answers out. A [`Cabinet`] keeps emulated cards, and [`vpcd`] puts one into a virtual reader.
//! [`terminal`] is the other side: what a window sends to whatever lies on its reader.
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
